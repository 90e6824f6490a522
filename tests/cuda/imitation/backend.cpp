// The library with CUDA's runtime imitated: <cuda_runtime.h> is the one beside this file.
#include "cuda/backend.cu"
