// AVX2: vectors of 32 bytes, pairs of int16 products by vpmaddwd. Compiled with -mavx2.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx2 {
namespace {

constexpr std::size_t kBlock = 96, kVectorBytes = 32, kFilters = 4, kGroup = 3;

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16((__m256i)x, (__m256i)w));
}

#include "kernels/all.inl"

}  // namespace
}  // namespace bxnn::isa::avx2

namespace bxnn::kernels {

const Kernels& avx2() {
    static constexpr Kernels kernels{"avx2",          isa::avx2::kBlock, isa::avx2::prepare,
                                     isa::avx2::load, isa::avx2::run,    isa::avx2::store};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
