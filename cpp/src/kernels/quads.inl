// The exact dot product of 8-bit rows and weights, four terms an instruction, in 32-bit sums modulo 2^32, after what it
// uses. The instruction set declares multiply_add_quads(sum, x, w), whose weights are signed bytes, and kSignedBytes:
// whether the bytes of x are signed too.

// Words of four bytes: the low bytes of two words of pairs.
template <class W>
inline W bytes_of_pairs(W a, W b) {
    return (a & 0x00ff00ff) | ((b << 8) & static_cast<std::int32_t>(0xff00ff00));
}

template <std::size_t n>
struct ExactQuads : ExactPairs<n> {
    using ExactPairs<n>::ExactPairs;
    [[gnu::always_inline]] void add(Words (&sums)[n], std::size_t i, Words x, Words w) {
        sums[i] = multiply_add_quads(sums[i], x, w);
    }
};

// Brings the pairs of a position together as quads, two by two; the last may be alone.
template <Operand::Pairs layout>
[[gnu::noinline]] void gather_quads(const PairedDot& d, const std::uint32_t* rows, Words flip, const std::byte* arena,
                                    std::byte* quads) {
    const auto pair = [&](std::size_t k, std::size_t at) {
        const Words x = load_words(row_at(arena, rows[2 * k]) + at);
        if constexpr (layout != Operand::Pairs::scattered) return x;
        return joined(x, half_shift(rows[2 * k]), load_words(row_at(arena, rows[2 * k + 1]) + at),
                      half_shift(rows[2 * k + 1]));
    };
    for (std::size_t k = 0; k < d.pairs; k += 2, quads += kBlock * 4)
        for (std::size_t at = 0; at < kBlock * 4; at += kVectorBytes)
            store_words(quads + at,
                        bytes_of_pairs(pair(k, at), pair(std::min<std::size_t>(k + 1, d.pairs - 1), at)) ^ flip);
}

// Rows [first, first + rows) of the result: to lanes or, packed, to where they are stored.
inline void produce_quads(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first,
                          std::size_t rows, std::int32_t* lanes, std::byte* packed) {
    const auto& d = *p.paired;
    if (!d.quads) return produce_paired(p, x, arena, first, rows, lanes, packed);
    const auto& q = *d.quads;
    alignas(64) std::byte room[QuadWeights::most * kBlock * 4];
    // x + 128 or x - 128, where that is a byte of the other kind: its lowest 8 bits with the highest of them turned
    // round
    const bool flips = kSignedBytes ? !q.fits_signed : !q.fits_unsigned;
    const Words flip = all(flips ? static_cast<std::int32_t>(0x80808080) : 0);
    constexpr std::uint32_t in_room = 0;
    for (std::size_t done = 0, n = 0; done < rows; done += n) {
        const std::size_t position = (first + done) / p.filters, filter = (first + done) % p.filters;
        const std::size_t group = d.group[position];
        const std::uint32_t* x_rows = x.rows.data() + position * 2 * d.pairs;
        n = std::min(rows - done, p.filters - filter);
        if (x.pairs == Operand::Pairs::scattered) gather_quads<Operand::Pairs::scattered>(d, x_rows, flip, arena, room);
        else gather_quads<Operand::Pairs::whole>(d, x_rows, flip, arena, room);
        for (std::size_t f = 0, some = 0; f < n; f += some) {
            some = std::min(n - f, kFilters);
            std::int32_t start[kFilters];
            for (std::size_t i = 0; i < some; ++i) {
                const std::size_t at = group * d.stride + filter + f + i;
                const auto moved = flips ? static_cast<std::uint32_t>(q.offset[at]) : 0;
                const auto from = static_cast<std::uint32_t>(d.start[at]);
                start[i] = static_cast<std::int32_t>(kSignedBytes ? from + moved : from - moved);
            }
            const auto* weights = q.weights.data() + group * q.count * d.stride + filter + f;
            const Terms terms{&in_room, weights, start, q.count};
            with_count(some, [&]<std::size_t count>() {
                paired_filters<count, kGroup, ExactQuads>(d, Operand::Pairs::in_line, terms, room,
                                                          packed ? nullptr : lanes + (done + f) * kBlock,
                                                          packed ? packed + (done + f) * kBlock * 2 : nullptr);
            });
        }
    }
}
