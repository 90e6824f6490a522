// Vectors of 16 bytes, which every target that the library is built for has or imitates.
#include "isa/begin.hpp"

namespace bxnn::isa::portable {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return sum + ((x << 16) >> 16) * ((w << 16) >> 16) + (x >> 16) * (w >> 16);
}

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 16, kFilters = 4, kGroup = 2;
#include "kernels/all.inl"
#include "kernels/edges.inl"
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
        "portable", isa::portable::block::kBodies, isa::portable::single::kBodies, {16, 2.5}};
    return kernels;
}

}  // namespace bxnn::kernels
