// NEON with dot products (Armv8.2): quads of 8-bit products added by sdot; the rest is that of neon.
// Compiled with -march=armv8.2-a+dotprod.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "isa/begin.hpp"

namespace bxnn::isa::neondot {
namespace {

constexpr std::size_t kBlock = 96, kVectorBytes = 16, kFilters = 4, kGroup = 4;
constexpr bool kSignedBytes = true;

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    const auto low = [](Words words) { return vmovn_s32((int32x4_t)words); };
    const auto high = [](Words words) { return vshrn_n_s32((int32x4_t)words, 16); };
    return (Words)vmlal_s16(vmlal_s16((int32x4_t)sum, low(x), low(w)), high(x), high(w));
}
template <class Words>
inline Words multiply_add_quads(Words sum, Words x, Words w) {
    return (Words)vdotq_s32((int32x4_t)sum, (int8x16_t)x, (int8x16_t)w);
}

// clang-format off
#include "kernels/paired.inl"
#include "kernels/quads.inl"
// clang-format on

}  // namespace
}  // namespace bxnn::isa::neondot

namespace bxnn::kernels {

const Kernels& neondot() noexcept {
    static const Kernels kernels{
        "neondot", with_paired(neon().block, isa::neondot::produce_quads), neon().single, {16, 1.2, 0.6}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
