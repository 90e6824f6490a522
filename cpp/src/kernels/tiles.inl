// The exact dot product of 16-bit rows and 8-bit weights by products of tiles: 16 filters by 16 events in 32-bit sums
// modulo 2^32. A row of a right-hand tile is the words of a pair of rows at 16 events, as they are stored; a row of a
// left-hand tile has a filter's weights beside the low bytes of the pair, or beside the high bytes, and zeros.
// The instruction set has tiles 0 to 7 and declares
//   zero_tile<t>(), load_tile<t>(from, stride), store_tile<t>(to, stride), multiply_tiles<sum, left, right,
//   is_signed>()
// where the left-hand bytes are signed and the right-hand ones are signed or not; and kNext, the body of other dot
// products.

constexpr std::size_t kSide = TiledWeights::side;  // filters, pairs and events of a tile
constexpr std::size_t kStrip = 2 * kSide;          // events at a time
constexpr std::size_t kDeepest = TiledWeights::most_gathered;
static_assert(kBlock % kStrip == 0 && kSide % kWords == 0);

// Sums of up to two left-hand tiles by two right-hand ones, as the tiles are stored.
struct alignas(64) Sums {
    std::int32_t at[2][2][kSide][kSide];
};

// The operand's pairs at kStrip events: where they lie if they lie in line, else brought together.
struct Strip {
    const std::byte* words;
    std::size_t stride;  // bytes from pair to pair
};

inline Strip strip_of(const PairedDot& d, const Operand& x, const std::uint32_t* rows, const std::byte* arena,
                      std::size_t event, std::byte* room) {
    if (x.pairs == Operand::Pairs::in_line) return {row_at(arena, rows[0]) + event * 4, kBlock * 4};
    for (std::size_t k = 0; k < d.pairs; ++k)
        for (std::size_t v = 0; v < kStrip; v += kWords) {
            Words words = load_words(row_at(arena, rows[2 * k]) + (event + v) * 4);
            if (x.pairs == Operand::Pairs::scattered)
                words =
                    joined(words, half_shift(rows[2 * k]), load_words(row_at(arena, rows[2 * k + 1]) + (event + v) * 4),
                           half_shift(rows[2 * k + 1]));
            store_words(room + (k * kStrip + v) * 4, words);
        }
    return {room, kStrip * 4};
}

// Tiles 0 to 3 become the products of one or two left-hand tiles by the strip's two. `left` is the first left-hand
// tile; `next` tiles on lies that of the next 16 filters. With two planes, low and high bytes have tiles of their own.
template <bool planes, bool two, bool is_signed>
inline void multiply_strip(const Strip& x, const TiledWeights::Row* left, std::size_t next, std::size_t depth) {
    static_assert(!(planes && two));
    zero_tile<0>(), zero_tile<1>();
    if constexpr (planes || two) zero_tile<2>(), zero_tile<3>();
    for (std::size_t k = 0; k < depth; ++k) {
        const TiledWeights::Row* tile = left + k * (planes ? 2 : 1) * kSide;
        const std::byte* words = x.words + k * kSide * x.stride;
        load_tile<4>(tile, sizeof *tile);
        if constexpr (planes || two) load_tile<5>(tile + (planes ? 1 : next) * kSide, sizeof *tile);
        load_tile<6>(words, x.stride);
        load_tile<7>(words + kSide * 4, x.stride);
        multiply_tiles<0, 4, 6, is_signed && !planes>();
        multiply_tiles<1, 4, 7, is_signed && !planes>();
        if constexpr (planes || two) {
            multiply_tiles<2, 5, 6, is_signed || planes>();
            multiply_tiles<3, 5, 7, is_signed || planes>();
        }
    }
}

inline void store_sums(Sums& sums, bool both) {
    store_tile<0>(sums.at[0][0], kSide * 4), store_tile<1>(sums.at[0][1], kSide * 4);
    if (both) store_tile<2>(sums.at[1][0], kSide * 4), store_tile<3>(sums.at[1][1], kSide * 4);
}

// Rows of one strip: n filters from `filter` on, to row `row` of lanes or, packed, of what is stored.
struct Share {
    const std::int32_t* start = nullptr;
    std::size_t filter = 0, n = 0, row = 0, event = 0;
    std::int32_t* lanes = nullptr;
    std::byte* packed = nullptr;
};

template <bool planes>
inline void finish_set(const PairedDot& d, const Sums& sums, std::size_t set, const Share& share) {
    const Words lo = all(d.finish.lo), hi = all(d.finish.hi);
    for (std::size_t v = 0; v < kStrip; v += kWords) {
        const auto row = [&](std::size_t f) {
            const std::size_t g = v / kSide, e = v % kSide, at = (share.filter + f) % kSide;
            const auto start = (UnsignedWords)all(share.start[share.filter + f]);
            auto sum = (UnsignedWords)load_words(&sums.at[set][g][at][e]) + start;
            if constexpr (planes) sum += (UnsignedWords)load_words(&sums.at[1][g][at][e]) << 8;
            return finished((Words)sum, d.finish, lo, hi);
        };
        if (share.packed)
            for (std::size_t f = 0; f < share.n; f += 2) {
                const Words low = row(f), high = row(std::min(f + 1, share.n - 1));
                store_words(share.packed + ((share.row + f) / 2 * kBlock + share.event + v) * 4, zipped(low, high));
            }
        else
            for (std::size_t f = 0; f < share.n; ++f)
                store_words(share.lanes + (share.row + f) * kBlock + share.event + v, row(f));
    }
}

template <bool planes>
inline void finish_share(const PairedDot& d, const Sums& sums, Share share) {
    const std::size_t end = share.filter + share.n;
    for (std::size_t set = 0; share.filter < end; ++set) {
        share.n = std::min(end - share.filter, kSide - share.filter % kSide);
        finish_set<planes>(d, sums, set, share);
        share.filter += share.n, share.row += share.n;
    }
}

// Sums are stored and finished one share later: meanwhile the next are multiplied.
template <bool planes, bool is_signed>
inline void produce_tiles(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first,
                          std::size_t rows, std::int32_t* lanes, std::byte* packed) {
    const auto& d = *p.paired;
    const auto& tiles = *d.tiles;
    const std::size_t set_rows = tiles.depth * (planes ? 2 : 1) * kSide;  // of 16 filters
    alignas(64) std::byte room[kDeepest * kStrip * 4];
    Sums sums;
    Share last;
    for (std::size_t done = 0, n = 0; done < rows; done += n) {
        const std::size_t position = (first + done) / p.filters, filter = (first + done) % p.filters;
        const std::size_t group = d.group[position];
        n = std::min(rows - done, p.filters - filter);
        for (std::size_t event = 0; event < kBlock; event += kStrip) {
            const Strip strip = strip_of(d, x, x.rows.data() + position * 2 * d.pairs, arena, event, room);
            for (std::size_t f = filter, some = 0; f < filter + n; f += some) {
                const std::size_t left = filter + n - f, of_set = kSide - f % kSide;
                const bool two = !planes && left > of_set;
                const auto* tile = tiles.rows.data() + (group * tiles.sets + f / kSide) * set_rows;
                if (two) multiply_strip<planes, !planes, is_signed>(strip, tile, tiles.depth, tiles.depth);
                else multiply_strip<planes, false, is_signed>(strip, tile, tiles.depth, tiles.depth);
                finish_share<planes>(d, sums, last);
                store_sums(sums, planes || two);
                some = std::min(left, two ? of_set + kSide : of_set);
                last = {d.start.data() + group * d.stride, f, some, done + f - filter, event, lanes, packed};
            }
        }
    }
    finish_share<planes>(d, sums, last);
}

// Rows [first, first + rows) of the result: to lanes or, packed, to where they are stored.
inline void produce_tiled(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first,
                          std::size_t rows, std::int32_t* lanes, std::byte* packed) {
    const auto& d = *p.paired;
    if (!d.tiles) return kNext(p, x, arena, first, rows, lanes, packed);
    switch (d.tiles->bytes) {
        case TiledWeights::Bytes::low_unsigned:
            return produce_tiles<false, false>(p, x, arena, first, rows, lanes, packed);
        case TiledWeights::Bytes::low_signed:
            return produce_tiles<false, true>(p, x, arena, first, rows, lanes, packed);
        case TiledWeights::Bytes::both: return produce_tiles<true, true>(p, x, arena, first, rows, lanes, packed);
    }
}
