// AVX-512 (F, BW, DQ, VL): vectors of 64 bytes, pairs of int16 products by vpmaddwd.
// Compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx512 {
namespace {

constexpr std::size_t kBlock = 96, kVectorBytes = 64, kFilters = 8, kGroup = 3;

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm512_add_epi32((__m512i)sum, _mm512_madd_epi16((__m512i)x, (__m512i)w));
}

#include "kernels/all.inl"

}  // namespace
}  // namespace bxnn::isa::avx512

namespace bxnn::kernels {

const Kernels& avx512() {
    static constexpr Kernels kernels{"avx512",          isa::avx512::kBlock, isa::avx512::prepare,
                                     isa::avx512::load, isa::avx512::run,    isa::avx512::store};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
