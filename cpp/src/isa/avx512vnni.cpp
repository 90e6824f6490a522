// AVX-512 with VNNI: pairs of 16-bit products added by vpdpwssd, quads of 8-bit ones by vpdpbusd (never their
// saturating forms); the rest is that of avx512. Compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx512vnni {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}
template <class Words>
inline Words multiply_add_quads(Words sum, Words x, Words w) {
    return (Words)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}
constexpr bool kSignedBytes = false;

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 64, kFilters = 8, kGroup = 3;
#include "kernels/paired.inl"
#include "kernels/quads.inl"
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 64, kFilters = 8, kGroup = 1;
#include "kernels/paired.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::avx512vnni

namespace bxnn::kernels {

const Kernels& avx512vnni() noexcept {
    static const Kernels kernels{"avx512vnni",
                                 with_paired(avx512().block, isa::avx512vnni::block::produce_quads),
                                 with_paired(avx512().single, isa::avx512vnni::single::produce_paired),
                                 {64, 0.55, 0.55}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
