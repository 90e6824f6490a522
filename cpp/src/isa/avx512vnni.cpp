// AVX-512 with VNNI: pairs of 16-bit products added by vpdpwssd (never its saturating form); the edges
// are those of avx512. Compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx512vnni {
namespace {

template <class Words>
inline Words multiply_add(Words sum, Words x, Words w) {
    return (Words)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}

namespace block {
constexpr std::size_t kBlock = 96, kVectorBytes = 64, kFilters = 8, kGroup = 3;
#include "kernels/all.inl"
}  // namespace block

namespace single {
constexpr std::size_t kBlock = 1, kVectorBytes = 64, kFilters = 8, kGroup = 1;
#include "kernels/all.inl"
}  // namespace single

}  // namespace
}  // namespace bxnn::isa::avx512vnni

namespace bxnn::kernels {

const Kernels& avx512vnni() {
    namespace isa = isa::avx512vnni;
    static const Bodies &block = avx512().block, &single = avx512().single;
    static const Kernels kernels{"avx512vnni",
                                 {block.events, isa::block::prepare, block.load, isa::block::run, block.store},
                                 {single.events, isa::single::prepare, single.load, isa::single::run, single.store}};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
