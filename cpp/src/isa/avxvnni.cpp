// AVX2 with VNNI: pairs of 16-bit products added by vpdpwssd, quads of 8-bit ones by vpdpbusd (never their saturating
// forms); the rest is that of avx2. Compiled with -mavx2 -mavxvnni.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avxvnni {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm256_dpwssd_avx_epi32((__m256i)sum, (__m256i)x, (__m256i)w);
}
template <class Words>
inline Words multiply_add_quads(Words sum, Words x, Words w) {
    return (Words)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)x, (__m256i)w);
}
constexpr bool kSignedBytes = false;

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 32, kFilters = 4, kGroup = 3;
#include "kernels/paired.inl"
#include "kernels/quads.inl"
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 32, kFilters = 4, kGroup = 1;
#include "kernels/paired.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::avxvnni

namespace bxnn::kernels {

const Kernels& avxvnni() noexcept {
    static const Kernels kernels{"avxvnni",
                                 with_paired(avx2().block, isa::avxvnni::block::produce_quads),
                                 with_paired(avx2().single, isa::avxvnni::single::produce_paired),
                                 {32, 0.5, 0.5}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
