// AVX-512 (F, BW, DQ, VL): vectors of 64 bytes, pairs of int16 products by vpmaddwd.
// Compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl.
#if defined(__x86_64__)
#include <immintrin.h>

#include "isa/begin.hpp"

namespace bxnn::isa::avx512 {
namespace {

constexpr std::size_t kBlock = 128, kVectorBytes = 64, kFilters = 8;

// int16 rows in pairs: interleaved, so that every 32-bit lane holds two terms of one event.
struct Pairs {
    static constexpr std::size_t events = 32;  // of one step: two vectors of sums
    using Sums = __m512i;
    static void interleave(const std::int16_t* a, const std::int16_t* b, Sums& low, Sums& high) {
        const __m512i x = _mm512_load_si512(a), y = _mm512_load_si512(b);
        low = _mm512_unpacklo_epi16(x, y), high = _mm512_unpackhi_epi16(x, y);
    }
    static Sums zero() { return _mm512_setzero_si512(); }
    static Sums multiply_add(Sums sum, Sums x, std::int32_t weights) {
        return _mm512_add_epi32(sum, _mm512_madd_epi16(x, _mm512_set1_epi32(weights)));
    }
    // Adds the sums of 32 events, in the order that interleave() left them, to lanes in event order.
    static void add_in_order(std::int32_t* lanes, Sums low, Sums high) {
        const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                      second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
        add(lanes, _mm512_permutex2var_epi64(low, first, high));
        add(lanes + 16, _mm512_permutex2var_epi64(low, second, high));
    }

private:
    static void add(std::int32_t* lanes, Sums sums) {
        _mm512_store_si512(lanes, _mm512_add_epi32(_mm512_load_si512(lanes), sums));
    }
};

#include "kernels/all.inl"
#include "kernels/pairs.inl"

}  // namespace
}  // namespace bxnn::isa::avx512

namespace bxnn::kernels {

const Kernels& avx512() {
    static constexpr Kernels kernels{"avx512",          isa::avx512::kBlock, isa::avx512::prepare,
                                     isa::avx512::load, isa::avx512::run,    isa::avx512::store};
    return kernels;
}

}  // namespace bxnn::kernels
#endif
