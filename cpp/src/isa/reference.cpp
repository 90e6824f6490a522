// The scalar executor: one event at a time, for plans made without proofs.
#include "isa/begin.hpp"

namespace bxnn::isa::reference {
namespace {

constexpr std::size_t kBlock = 1, kVectorBytes = 16, kFilters = 1, kGroup = 1;

template <class Words>
inline Words multiply_add(Words sum, Words, Words) {
    return sum;  // plans without proofs have no pairs
}

#include "kernels/all.inl"
#include "kernels/single.inl"

}  // namespace
}  // namespace bxnn::isa::reference

namespace bxnn::kernels {

const Kernels& reference() noexcept {
    static constexpr Kernels kernels{"reference", isa::reference::kBodies, isa::reference::kBodies, {4, 2.5}};
    return kernels;
}

}  // namespace bxnn::kernels
