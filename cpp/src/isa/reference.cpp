// The scalar executor: one event at a time, for plans made without proofs.
#include "isa/begin.hpp"

namespace bxnn::isa::reference {
namespace {

constexpr std::size_t kBlock = 1, kVectorBytes = 0, kFilters = 1;

template <class T>
bool dot_in_pairs(const DotProducer&, const Operand&, const std::byte*, const std::uint32_t*, std::size_t, std::size_t,
                  T*) {
    return false;
}

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
