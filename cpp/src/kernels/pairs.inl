// The exact dot product of int16 rows and int16 weights, two terms an instruction, in 32-bit sums modulo 2^32.
// `Pairs` is the instruction set's own.

inline const std::int16_t* row16(const std::byte* arena, std::uint32_t at) {
    return reinterpret_cast<const std::int16_t*>(arena + std::size_t{at} * kBlock);
}

template <std::size_t n>
inline void dot_pairs(const DotProducer& p, const std::byte* arena, const std::uint32_t* rows,
                      const std::int32_t* weights, std::int32_t* lanes) {
    const std::size_t pairs = (p.terms + 1) / 2;
    for (std::size_t event = 0; event < kBlock; event += Pairs::events) {
        Pairs::Sums low[n], high[n];
        for (std::size_t f = 0; f < n; ++f) low[f] = high[f] = Pairs::zero();
        for (std::size_t k = 0; k < pairs; ++k) {
            const std::int16_t* a = row16(arena, rows[2 * k]);
            const std::int16_t* b = 2 * k + 1 < p.terms ? row16(arena, rows[2 * k + 1]) : a;  // its weight is zero
            Pairs::Sums x, y;
            Pairs::interleave(a + event, b + event, x, y);
            const std::int32_t* w = weights + k * p.filters;
            for (std::size_t f = 0; f < n; ++f) {
                low[f] = Pairs::multiply_add(low[f], x, w[f]);
                high[f] = Pairs::multiply_add(high[f], y, w[f]);
            }
        }
        for (std::size_t f = 0; f < n; ++f) Pairs::add_in_order(lanes + f * kBlock + event, low[f], high[f]);
    }
}

// True if it did the work: 32-bit lanes, int16 rows, int16 weights.
template <class T>
bool dot_in_pairs(const DotProducer& p, const Operand& x, const std::byte* arena, const std::uint32_t* rows,
                  std::size_t w_row, std::size_t n, T* lanes) {
    if constexpr (sizeof(T) != 4) {
        return false;
    } else {
        if (x.storage != Lane::i16 || !p.narrow_weights) return false;
        const std::size_t group = w_row / p.filters, filter = w_row % p.filters;
        const std::int32_t* weights = p.pairs.data() + group * ((p.terms + 1) / 2) * p.filters + filter;
        with_count(n, [&]<std::size_t count>() { dot_pairs<count>(p, arena, rows, weights, lanes); });
        return true;
    }
}
