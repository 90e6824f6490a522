// AVX-512 (F, BW, DQ, VL): vectors of 64 bytes, pairs of 16-bit products by vpmaddwd.
// Compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx512 {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm512_add_epi32((__m512i)sum, _mm512_madd_epi16((__m512i)x, (__m512i)w));
}

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 64, kFilters = 8, kGroup = 3;
#include "kernels/all.inl"
#include "kernels/edges.inl"
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 64, kFilters = 8, kGroup = 1;
#include "kernels/paired.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::avx512

namespace bxnn::kernels {

const Kernels& avx512() noexcept {
    static const Kernels kernels{"avx512",
                                 isa::avx512::block::kBodies,
                                 with_paired(portable().single, isa::avx512::single::produce_paired),
                                 {64, 1.0}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
