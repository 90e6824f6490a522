// AVX2: vectors of 32 bytes, pairs of int16 products by vpmaddwd. Compiled with -mavx2.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx2 {
namespace {

constexpr std::size_t kBlock = 128, kVectorBytes = 32, kFilters = 4;

// int16 rows in pairs: interleaved, so that every 32-bit lane holds two terms of one event.
struct Pairs {
    static constexpr std::size_t events = 16;  // of one step: two vectors of sums
    using Sums = __m256i;
    static void interleave(const std::int16_t* a, const std::int16_t* b, Sums& low, Sums& high) {
        const __m256i x = _mm256_load_si256(reinterpret_cast<const __m256i*>(a));
        const __m256i y = _mm256_load_si256(reinterpret_cast<const __m256i*>(b));
        low = _mm256_unpacklo_epi16(x, y), high = _mm256_unpackhi_epi16(x, y);
    }
    static Sums zero() { return _mm256_setzero_si256(); }
    static Sums multiply_add(Sums sum, Sums x, std::int32_t weights) {
        return _mm256_add_epi32(sum, _mm256_madd_epi16(x, _mm256_set1_epi32(weights)));
    }
    // Adds the sums of 16 events, in the order that interleave() left them, to lanes in event order.
    static void add_in_order(std::int32_t* lanes, Sums low, Sums high) {
        auto* out = reinterpret_cast<__m256i*>(lanes);
        const __m256i first = _mm256_permute2x128_si256(low, high, 0x20),
                      second = _mm256_permute2x128_si256(low, high, 0x31);
        _mm256_store_si256(out, _mm256_add_epi32(_mm256_load_si256(out), first));
        _mm256_store_si256(out + 1, _mm256_add_epi32(_mm256_load_si256(out + 1), second));
    }
};

#include "kernels/all.inl"
#include "kernels/pairs.inl"

}  // namespace
}  // namespace bxnn::isa::avx2

namespace bxnn::kernels {

const Kernels& avx2() {
    static constexpr Kernels kernels{"avx2",          isa::avx2::kBlock, isa::avx2::prepare,
                                     isa::avx2::load, isa::avx2::run,    isa::avx2::store};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
