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
                                    Room& room) {
    std::byte* to = room.words;
    for (std::size_t k = 0; k < d.pairs; k += 2, to += kBlock * 4)
        for (std::size_t at = 0; at < kBlock * 4; at += kVectorBytes) {
            const Words next = pair_at<layout>(arena, rows, std::min<std::size_t>(k + 1, d.pairs - 1), at);
            store_words(to + at, bytes_of_pairs(pair_at<layout>(arena, rows, k, at), next) ^ flip);
        }
}

// Rows [first, first + rows) of the result: to lanes or, packed, to where they are stored.
inline void produce_quads(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first,
                          std::size_t rows, std::int32_t* lanes, std::byte* packed) {
    const auto& d = *p.paired;
    if (!d.quads) return produce_paired(p, x, arena, first, rows, lanes, packed);
    const auto& q = *d.quads;
    Room room;
    // x + 128 or x - 128, where that is a byte of the other kind: the lowest 8 bits, the highest of them turned round
    const bool fits = kSignedBytes ? q.fits_signed : q.fits_unsigned;
    const Words flip = all(fits ? 0 : static_cast<std::int32_t>(0x80808080));
    const std::int32_t* start = (kSignedBytes ? q.start_signed : q.start_unsigned).data();
    for (std::size_t done = 0, n = 0; done < rows; done += n) {
        const std::size_t position = (first + done) / p.filters, filter = (first + done) % p.filters;
        const std::size_t group = d.group[position];
        const std::uint32_t* x_rows = x.rows.data() + position * 2 * d.pairs;
        n = std::min(rows - done, p.filters - filter);
        if (x.pairs == Operand::Pairs::scattered) gather_quads<Operand::Pairs::scattered>(d, x_rows, flip, arena, room);
        else gather_quads<Operand::Pairs::whole>(d, x_rows, flip, arena, room);
        const Terms terms{&kGathered, q.weights.data() + group * q.count * d.stride + filter,
                          start + group * d.stride + filter, q.count};
        dense_filters<ExactQuads>(d, Operand::Pairs::in_line, terms, n, room.words,
                                  packed ? nullptr : lanes + done * kBlock,
                                  packed ? packed + done * kBlock * 2 : nullptr);
    }
}
