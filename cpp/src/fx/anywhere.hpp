// Marks functions that compilers for GPUs compile for both sides.
#pragma once

#ifdef __CUDACC__
#define BXNN_ANYWHERE __host__ __device__
#else
#define BXNN_ANYWHERE
#endif
