// Vectors of 16 bytes, which every target that the library is built for has or imitates. With BXNN_SOFTWARE_TILES, for
// tests on any CPU, quads too.
#include "isa/begin.hpp"

namespace bxnn::isa::portable {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return sum + ((x << 16) >> 16) * ((w << 16) >> 16) + (x >> 16) * (w >> 16);
}

#if defined(BXNN_SOFTWARE_TILES)
template <class Words>
inline Words multiply_add_quads(Words sum, Words x, Words w) {
    for (int up = 0; up < 32; up += 8) sum += ((x >> (24 - up)) & 0xff) * ((w << up) >> 24);
    return sum;
}
constexpr bool kSignedBytes = false;
#endif

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 16, kFilters = 4, kGroup = 2;
#include "kernels/all.inl"
#include "kernels/edges.inl"
#if defined(BXNN_SOFTWARE_TILES)
#include "kernels/quads.inl"
constexpr auto kBest = kernels::with_paired(kBodies, produce_quads);
#else
constexpr auto kBest = kBodies;
#endif
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 16, kFilters = 4, kGroup = 1;
#include "kernels/all.inl"
#include "kernels/single.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::portable

namespace bxnn::kernels {

const Kernels& portable() noexcept {
    static constexpr Kernels kernels{
        "portable", isa::portable::block::kBest, isa::portable::single::kBodies, {16, 2.5}};
    return kernels;
}

}  // namespace bxnn::kernels
