// The scalar executor: one event at a time, for plans made without proofs.
#include "isa/begin.hpp"

namespace bxnn::isa::reference {
namespace {

constexpr std::size_t kBlock = 1, kVectorBytes = 16, kFilters = 1, kGroup = 1;

#include "isa/plain_pairs.inl"
#include "kernels/all.inl"

}  // namespace
}  // namespace bxnn::isa::reference

namespace bxnn::kernels {

const Kernels& reference() {
    static constexpr Kernels kernels{"reference",          isa::reference::kBlock, isa::reference::prepare,
                                     isa::reference::load, isa::reference::run,    isa::reference::store};
    return kernels;
}

}  // namespace bxnn::kernels
