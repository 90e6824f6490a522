// Clocks a pipelined module: an event a cycle in, its answer `latency` cycles later out, as 32-bit words.
#include <cstdio>
#include <cstdlib>

#include "Vjets_wrapper.h"

int main(int, char** argv) {
    const long events = std::atol(argv[1]), latency = std::atol(argv[2]);
    Vjets_wrapper module;
    for (long cycle = 0; cycle < events + latency; cycle++) {
        if (cycle < events && std::fread(&module.model_inp, sizeof(module.model_inp), 1, stdin) != 1) return 1;
        module.clk = 0;
        module.eval();
        module.clk = 1;
        module.eval();
        if (cycle >= latency && std::fwrite(&module.model_out, sizeof(module.model_out), 1, stdout) != 1) return 1;
    }
    return 0;
}
