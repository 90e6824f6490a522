// Vectors of 16 bytes, which every target that the library is built for has or imitates.
#include "isa/begin.hpp"

namespace bxnn::isa::portable {
namespace {

constexpr std::size_t kBlock = 96, kVectorBytes = 16, kFilters = 4, kGroup = 2;

#include "isa/plain_pairs.inl"
#include "kernels/all.inl"

}  // namespace
}  // namespace bxnn::isa::portable

namespace bxnn::kernels {

const Kernels& portable() {
    static constexpr Kernels kernels{"portable",          isa::portable::kBlock, isa::portable::prepare,
                                     isa::portable::load, isa::portable::run,    isa::portable::store};
    return kernels;
}

}  // namespace bxnn::kernels
