// The exact or floored dot product of 16-bit rows and weights, two terms an instruction, in 32-bit sums modulo 2^32.
// multiply_add() and kGroup (vectors of events that share one load of the weights) are the instruction set's own.

// Remainders need registers too: fewer filters and vectors of events at a time.
constexpr std::size_t kFloorGroup = kFilters == 8 ? 3 : kGroup < 2 ? kGroup : 2;
constexpr std::size_t kFloorFilters = kFilters / 2 > 0 ? kFilters / 2 : 1;
// With 16 vector registers there is none for each word of x beside the sums: one is read again from where it lies, and
// the compiler must not know that it is the same, or it keeps a sum in memory.
constexpr bool kFewRegisters = kVectorBytes == 32 && kGroup == 3;
static_assert(kBlock == 1 || (kBlock % (kGroup * kWords) == 0 && kBlock % (kFloorGroup * kWords) == 0));

// How words of terms are multiplied and added to n sums: pairs as they are.
template <std::size_t n>
struct ExactPairs {
    static constexpr bool floors = false;
    static constexpr std::size_t most = ~std::size_t{0} / 2;
    explicit ExactPairs(int) {}
    [[gnu::always_inline]] void add(Words (&sums)[n], std::size_t i, Words x, Words w) {
        sums[i] = multiply_add(sums[i], x, w);
    }
    void finish(Words (&)[n]) {}
};

// Pairs whose products are rounded down: remainders modulo 2^floor, two in a word, beside the sums of the products
// themselves. The sum of floor(p / 2^floor) is that of p less that of the remainders, divided by 2^floor.
template <std::size_t n>
struct FlooredPairs {
    static constexpr bool floors = true;
    Words halves[n];
    const Words mask;
    const std::size_t most;  // pairs until a half may overflow

    explicit FlooredPairs(int floor)
        : mask(all(pack((1 << floor) - 1, (1 << floor) - 1))), most(std::size_t{1} << (16 - floor)) {
        each<n>([&](auto i) { halves[i] = Words{}; });
    }
    [[gnu::always_inline]] void add(Words (&sums)[n], std::size_t i, Words x, Words w) {
        sums[i] = multiply_add(sums[i], x, w);
        halves[i] = (Words)((Halves)halves[i] + (((Halves)x * (Halves)w) & (Halves)mask));
    }
    [[gnu::always_inline]] void finish(Words (&sums)[n]) {
        each<n>([&](auto i) {
            sums[i] -= (Words)(((UnsignedWords)halves[i] >> 16) + ((UnsignedWords)halves[i] & 0xffffu));
            halves[i] = Words{};
        });
    }
};

// Of one position: `count` words of terms at `rows`, their weights, and what the sums start from.
struct Terms {
    const std::uint32_t* rows;
    const std::int32_t* weights;
    const std::int32_t* start;
    std::uint32_t count;
};

template <class F>
inline void with_layout(Operand::Pairs layout, F&& f) {
    switch (layout) {
        case Operand::Pairs::scattered: return f.template operator()<Operand::Pairs::scattered>();
        case Operand::Pairs::whole: return f.template operator()<Operand::Pairs::whole>();
        case Operand::Pairs::in_line: return f.template operator()<Operand::Pairs::in_line>();
    }
}

// Finishes the sums of n filters and `group` vectors of events: to lanes or, packed, to rows.
template <std::size_t n, std::size_t group, bool floors>
[[gnu::always_inline]] inline void put(const PairedDot& d, Words (&sums)[n * group], std::size_t event,
                                       std::int32_t* lanes, std::byte* packed) {
    const Words lo = all(d.finish.lo), hi = all(d.finish.hi);
    each<n * group>([&](auto i) {
        if constexpr (floors) sums[i] >>= d.floor;
        sums[i] = finished(sums[i], d.finish, lo, hi);
    });
    if (packed)
        each<(n + 1) / 2>([&](auto half) {
            constexpr std::size_t low = 2 * half, high = low + 1 < n ? low + 1 : low;
            each<group>([&](auto v) {
                store_words(packed + (half * kBlock + event + v * kWords) * 4,
                            zipped(sums[low * group + v], sums[high * group + v]));
            });
        });
    else
        each<n * group>([&](auto i) { store_words(lanes + i / group * kBlock + event + i % group * kWords, sums[i]); });
}

// One position of the dot product, n filters, `group` vectors of events: to lanes or, packed, to rows.
template <std::size_t n, std::size_t group, template <std::size_t> class Multiply, Operand::Pairs layout>
[[gnu::always_inline]] inline void paired_events(const PairedDot& d, const Terms& terms, const std::byte* arena,
                                                 std::size_t event, std::int32_t* lanes, std::byte* packed) {
    const std::uint32_t* rows = terms.rows;
    const std::int32_t* weights = terms.weights;
    Words sums[n * group];
    each<n * group>([&](auto i) { sums[i] = all(terms.start[i / group]); });
    Multiply<n * group> multiply(d.floor);
    const std::byte* events = arena + event * 4;
    const std::byte* x = row_at(events, rows[0]);
    for (std::size_t k = 0; k < terms.count;) {
        for (const std::size_t end = std::min<std::size_t>(terms.count, k + multiply.most); k < end;
             ++k, weights += d.stride, x += kBlock * 4) {
            if constexpr (layout == Operand::Pairs::whole) x = events + std::size_t{rows[2 * k]} * kBlock;
            if constexpr (layout == Operand::Pairs::scattered) x = row_at(events, rows[2 * k]);
            Words words[group];
            each<group>([&](auto v) { words[v] = load_words(x + v * kVectorBytes); });
            if constexpr (layout == Operand::Pairs::scattered) {
                const std::byte* y = row_at(events, rows[2 * k + 1]);
                const int up_x = half_shift(rows[2 * k]), up_y = half_shift(rows[2 * k + 1]);
                each<group>([&](auto v) { words[v] = joined(words[v], up_x, load_words(y + v * kVectorBytes), up_y); });
            }
            each<n>([&](auto f) {
                const Words w = all(weights[f]);
                if constexpr (layout == Operand::Pairs::whole && kFewRegisters && group == 3) {
                    asm("" : "+r"(x));
                    words[group - 1] = load_words(x + (group - 1) * kVectorBytes);
                }
                each<group>([&](auto v) { multiply.add(sums, f * group + v, words[v], w); });
            });
        }
        multiply.finish(sums);
    }
    put<n, group, Multiply<1>::floors>(d, sums, event, lanes, packed);
}

// The same for a block.
template <std::size_t n, std::size_t group, template <std::size_t> class Multiply>
[[gnu::noinline]] void paired_filters(const PairedDot& d, Operand::Pairs pairs, const Terms& terms,
                                      const std::byte* arena, std::int32_t* lanes, std::byte* packed) {
    with_layout(pairs, [&]<Operand::Pairs layout>() {
        for (std::size_t event = 0; event < kBlock; event += group * kWords)
            paired_events<n, group, Multiply, layout>(d, terms, arena, event, lanes, packed);
    });
}

// Pair k of a position at `at` bytes from the block's first event.
template <Operand::Pairs layout>
inline Words pair_at(const std::byte* arena, const std::uint32_t* rows, std::size_t k, std::size_t at) {
    const Words x = load_words(row_at(arena, rows[2 * k]) + at);
    if constexpr (layout != Operand::Pairs::scattered) return x;
    return joined(x, half_shift(rows[2 * k]), load_words(row_at(arena, rows[2 * k + 1]) + at),
                  half_shift(rows[2 * k + 1]));
}

// Where a position's words are brought together in line, once for all filters.
constexpr std::size_t kMostGathered = QuadWeights::most;
constexpr std::uint32_t kGathered = 0;  // the row of the first
struct alignas(64) Room {
    std::byte words[kMostGathered * kBlock * 4];
};
[[gnu::noinline]] inline void gather_pairs(std::size_t pairs, const std::uint32_t* rows, const std::byte* arena,
                                           Room& room) {
    std::byte* to = room.words;
    for (std::size_t k = 0; k < pairs; ++k, to += kBlock * 4)
        for (std::size_t at = 0; at < kBlock * 4; at += kVectorBytes)
            store_words(to + at, pair_at<Operand::Pairs::scattered>(arena, rows, k, at));
}

// One position of the dot product, n filters one after the other without their zeros.
template <std::size_t n, template <std::size_t> class Multiply, Operand::Pairs layout>
[[gnu::noinline]] void sparse_filters(const PairedDot& d, const std::uint32_t* rows, std::size_t filter,
                                      const std::int32_t* start, const std::byte* arena, std::int32_t* lanes,
                                      std::byte* packed) {
    constexpr std::size_t group = Multiply<1>::floors ? kFloorGroup : kGroup;
    const SparsePairs::Term* terms = d.sparse->terms.data();
    const std::uint32_t* begin = d.sparse->begin.data() + filter;
    for (std::size_t event = 0; event < kBlock; event += group * kWords) {
        Words sums[n * group];
        each<n>([&](auto f) {
            Words some[group];
            each<group>([&](auto v) { some[v] = all(start[f]); });
            Multiply<group> multiply(d.floor);
            const SparsePairs::Term *t = terms + begin[f], *last = terms + begin[f + 1];
            while (t < last) {
                const auto* end = t + std::min<std::size_t>(static_cast<std::size_t>(last - t), multiply.most);
                for (; t < end; ++t) {
                    const std::byte* x = row_at(arena, layout == Operand::Pairs::in_line ? rows[0] : rows[2 * t->pair]);
                    if constexpr (layout == Operand::Pairs::in_line) x += std::size_t{t->pair} * kBlock * 4;
                    const Words w = all(t->weights);
                    each<group>([&](auto v) {
                        Words words = load_words(x + event * 4 + v * kVectorBytes);
                        if constexpr (layout == Operand::Pairs::scattered) {
                            const std::byte* y = row_at(arena, rows[2 * t->pair + 1]) + event * 4;
                            words = joined(words, half_shift(rows[2 * t->pair]), load_words(y + v * kVectorBytes),
                                           half_shift(rows[2 * t->pair + 1]));
                        }
                        multiply.add(some, v, words, w);
                    });
                }
                multiply.finish(some);
            }
            each<group>([&](auto v) { sums[f * group + v] = some[v]; });
        });
        put<n, group, Multiply<1>::floors>(d, sums, event, lanes, packed);
    }
}

// One event, outputs across lanes: n vectors of filters, to lanes or, packed, to 16-bit rows.
template <std::size_t n, template <std::size_t> class Multiply>
inline void paired_outputs(const PairedDot& d, const Operand& x, const std::uint32_t* rows, const std::int32_t* weights,
                           const std::int32_t* start, const std::byte* arena, std::int32_t* lanes, Short* packed) {
    Words sums[n];
    each<n>([&](auto v) { sums[v] = load_words(start + v * kWords); });
    Multiply<n> multiply(d.floor);
    const auto* words = reinterpret_cast<const Word*>(row_at(arena, rows[0]));
    const bool in_line = x.pairs == Operand::Pairs::in_line;
    for (std::size_t k = 0; k < d.pairs;) {
        for (const std::size_t end = std::min<std::size_t>(d.pairs, k + multiply.most); k < end;
             ++k, weights += d.stride) {
            const Words pair = all(in_line ? std::int32_t{words[k]}
                                           : pack(half_at(arena, rows[2 * k]), half_at(arena, rows[2 * k + 1])));
            each<n>([&](auto v) { multiply.add(sums, v, pair, load_words(weights + v * kWords)); });
        }
        multiply.finish(sums);
    }
    const Words lo = all(d.finish.lo), hi = all(d.finish.hi);
    each<n>([&](auto v) {
        if constexpr (Multiply<1>::floors) sums[v] >>= d.floor;
        const Words sum = finished(sums[v], d.finish, lo, hi);
        if (packed) {
            const auto halves = __builtin_convertvector(sum, typename VectorType<std::int16_t, kVectorBytes / 2>::type);
            std::memcpy(packed + v * kWords, &halves, sizeof halves);
        } else {
            store_words(lanes + v * kWords, sum);
        }
    });
}

// One position of a single event: filters [filter, filter + count).
inline void paired_filters_of_one(const PairedDot& d, const Operand& x, const std::uint32_t* rows, std::size_t group,
                                  std::size_t filter, std::size_t count, const std::byte* arena, std::int32_t* lanes,
                                  Short* packed) {
    constexpr std::size_t most = kFilters * kWords;
    for (std::size_t f = 0; f < count; f += most) {
        const std::size_t some = std::min(count - f, most), vectors = (some + kWords - 1) / kWords;
        alignas(64) std::int32_t words[most];
        alignas(64) Short shorts[most];
        const bool whole = some == vectors * kWords;  // no element is written beyond the last
        std::int32_t* to_lanes = packed ? nullptr : whole ? lanes + f : words;
        Short* to_rows = !packed ? nullptr : whole ? packed + f : shorts;
        const std::int32_t* start = d.start.data() + group * d.stride + filter + f;
        const std::int32_t* weights = d.weights.data() + group * d.pairs * d.stride + filter + f;
        with_count(vectors, [&]<std::size_t n>() {
            if (d.floor > 0) paired_outputs<n, FlooredPairs>(d, x, rows, weights, start, arena, to_lanes, to_rows);
            else paired_outputs<n, ExactPairs>(d, x, rows, weights, start, arena, to_lanes, to_rows);
        });
        if (whole) continue;
        if (packed) std::memcpy(packed + f, shorts, some * sizeof(Short));
        else std::memcpy(lanes + f, words, some * sizeof(std::int32_t));
    }
}

// One position of a block: filters from the terms' own on, a few at a time.
template <template <std::size_t> class Multiply>
inline void dense_filters(const PairedDot& d, Operand::Pairs pairs, Terms terms, std::size_t n, const std::byte* arena,
                          std::int32_t* lanes, std::byte* packed) {
    constexpr std::size_t most = Multiply<1>::floors ? kFloorFilters : kFilters;
    constexpr std::size_t group = Multiply<1>::floors ? kFloorGroup : kGroup;
    for (std::size_t f = 0; f < n; f += most, terms.weights += most, terms.start += most)
        with_count<most>(std::min(n - f, most), [&]<std::size_t count>() {
            paired_filters<count, group, Multiply>(d, pairs, terms, arena, packed ? nullptr : lanes + f * kBlock,
                                                   packed ? packed + f * kBlock * 2 : nullptr);
        });
}

inline void exact_or_floored(const PairedDot& d, Operand::Pairs pairs, const Terms& terms, std::size_t n,
                             const std::byte* arena, std::int32_t* lanes, std::byte* packed) {
    if (d.floor > 0) dense_filters<FlooredPairs>(d, pairs, terms, n, arena, lanes, packed);
    else dense_filters<ExactPairs>(d, pairs, terms, n, arena, lanes, packed);
}

// The same with halves joined once for all filters.
[[gnu::noinline]] inline void gathered_filters(const PairedDot& d, const Terms& terms, std::size_t n,
                                               const std::byte* arena, std::int32_t* lanes, std::byte* packed) {
    Room room;
    gather_pairs(d.pairs, terms.rows, arena, room);
    const Terms in_line{&kGathered, terms.weights, terms.start, terms.count};
    exact_or_floored(d, Operand::Pairs::in_line, in_line, n, room.words, lanes, packed);
}

inline void sparse_filters_of_block(const PairedDot& d, const Operand& x, const std::uint32_t* rows, std::size_t w_row,
                                    const std::int32_t* start, std::size_t n, const std::byte* arena,
                                    std::int32_t* lanes, std::byte* packed) {
    for (std::size_t f = 0; f < n; f += 2) {
        const auto run = [&]<std::size_t count, template <std::size_t> class Multiply>() {
            with_layout(x.pairs, [&]<Operand::Pairs layout>() {
                sparse_filters<count, Multiply, layout>(d, rows, w_row + f, start + f, arena,
                                                        packed ? nullptr : lanes + f * kBlock,
                                                        packed ? packed + f * kBlock * 2 : nullptr);
            });
        };
        with_count<2>(std::min<std::size_t>(n - f, 2), [&]<std::size_t count>() {
            if (d.floor > 0) run.template operator()<count, FlooredPairs>();
            else run.template operator()<count, ExactPairs>();
        });
    }
}

// Rows [first, first + rows) of the result: to lanes or, packed, to where they are stored.
inline void produce_paired(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first,
                           std::size_t rows, std::int32_t* lanes, std::byte* packed) {
    const auto& d = *p.paired;
    for (std::size_t done = 0, n = 0; done < rows; done += n) {
        const std::size_t position = (first + done) / p.filters, filter = (first + done) % p.filters;
        const std::size_t group = d.group[position];
        const std::uint32_t* x_rows = x.rows.data() + position * 2 * d.pairs;
        std::int32_t* to_lanes = packed ? nullptr : lanes + done * kBlock;
        std::byte* to_rows = packed ? packed + done * kBlock * 2 : nullptr;
        n = std::min(rows - done, p.filters - filter);
        if constexpr (kBlock == 1)
            paired_filters_of_one(d, x, x_rows, group, filter, n, arena, to_lanes, reinterpret_cast<Short*>(to_rows));
        else if (d.sparse)
            sparse_filters_of_block(d, x, x_rows, group * p.filters + filter,
                                    d.start.data() + group * d.stride + filter, n, arena, to_lanes, to_rows);
        else {
            const Terms terms{x_rows, d.weights.data() + group * d.pairs * d.stride + filter,
                              d.start.data() + group * d.stride + filter, d.pairs};
            if (x.pairs == Operand::Pairs::scattered && n > kFilters && d.pairs <= kMostGathered)
                gathered_filters(d, terms, n, arena, to_lanes, to_rows);
            else exact_or_floored(d, x.pairs, terms, n, arena, to_lanes, to_rows);
        }
    }
}
