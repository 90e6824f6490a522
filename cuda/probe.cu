// Whether the compiler works: it finds the host's headers, and links the runtime.
#include <cuda_runtime.h>

#include <vector>

__global__ void add_one(int* x) { *x += 1; }

extern "C" int probe(int* x) {
    std::vector<int> some(1);
    add_one<<<1, 1>>>(x);
    return static_cast<int>(cudaGetLastError()) + some.front();
}
