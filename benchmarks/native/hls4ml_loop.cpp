// The C-simulation's top function in a plain loop over events. TOP, INPUT and RESULT name the project's own
// function and types; its source is included before this file.
#include <cstddef>
#include <cstdint>

extern "C" void hls4ml_loop(const int16_t* raw, int16_t* mean, size_t events) {
    for (size_t e = 0; e < events; ++e) {
        INPUT x[57];
        RESULT y[8];
        for (int i = 0; i < 57; ++i) x[i].range(15, 0) = raw[e * 57 + i];
        TOP(x, y);
        for (int i = 0; i < 8; ++i) mean[e * 8 + i] = static_cast<int16_t>(y[i].range(15, 0).to_int64());
    }
}
