// NEON, which every AArch64 CPU has: pairs of 16-bit products by smlal; the rest is that of portable.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "isa/begin.hpp"

namespace bxnn::isa::neon {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    const auto low = [](Words words) { return vmovn_s32((int32x4_t)words); };
    const auto high = [](Words words) { return vshrn_n_s32((int32x4_t)words, 16); };
    return (Words)vmlal_s16(vmlal_s16((int32x4_t)sum, low(x), low(w)), high(x), high(w));
}

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 16, kFilters = 4, kGroup = 4;
#include "kernels/paired.inl"
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 16, kFilters = 4, kGroup = 1;
#include "kernels/paired.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::neon

namespace bxnn::kernels {

const Kernels& neon() noexcept {
    static const Kernels kernels{"neon",
                                 with_paired(portable().block, isa::neon::block::produce_paired),
                                 with_paired(portable().single, isa::neon::single::produce_paired),
                                 {16, 1.2}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
