// The library with CUDA's runtime imitated: <cuda_runtime.h> is the one beside this file.
#include "cuda/backend.cu"

// How often the runtime was asked for memory, and to wait, so far.
BXNN_CUDA_API void imitation_calls(std::size_t* allocations, std::size_t* waits) {
    *allocations = imitation::allocations, *waits = imitation::waits;
}
