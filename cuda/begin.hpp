// What a file needs before it opens the namespace that bodies.inl is included in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/flat_plan.hpp"

#ifdef __CUDACC__
#define BXNN_INLINE __host__ __device__ __forceinline__
#else
#define BXNN_INLINE inline
#endif
#ifdef __CUDA_ARCH__
#define BXNN_APART __noinline__
#define BXNN_UNROLL _Pragma("unroll")
#else
#define BXNN_APART
#define BXNN_UNROLL
#endif

namespace bxnn::cuda {

using bxnn::DType;
using fx::Cast;
using fx::Fit;
using fx::Unsigned;
using ir::BinaryKind;
using ir::ReduceKind;
using plan::DotPath;
using plan::Finish;
using plan::Lane;
using plan::Operand;

constexpr std::uint32_t kEvents = 128;  // of an arena: the threads of a block

}  // namespace bxnn::cuda
