// AVX2: vectors of 32 bytes, pairs of 16-bit products by vpmaddwd.
// Compiled with -mavx2.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx2 {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16((__m256i)x, (__m256i)w));
}

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 32, kFilters = 4, kGroup = 3;
#include "kernels/all.inl"
#include "kernels/edges.inl"
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 32, kFilters = 4, kGroup = 1;
#include "kernels/paired.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::avx2

namespace bxnn::kernels {

const Kernels& avx2() noexcept {
    static const Kernels kernels{"avx2",
                                 isa::avx2::block::kBodies,
                                 with_paired(portable().single, isa::avx2::single::produce_paired),
                                 {32, 0.7}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
