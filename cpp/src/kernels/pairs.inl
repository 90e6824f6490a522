// The exact dot product of 16-bit rows and weights, two terms an instruction, in 32-bit sums modulo 2^32.
// multiply_add() and kGroup (vectors of events that share one load of the weights) are the instruction set's own.

constexpr std::size_t kWords = kVectorBytes / 4;  // in a vector
using Words = typename VectorType<std::int32_t, kVectorBytes>::type;
constexpr std::size_t kStep = kBlock == 1 ? 1 : kGroup * kWords;  // events at a time
static_assert(kBlock % kStep == 0);

inline Words load_words(const void* from) {
    Words x;
    std::memcpy(&x, from, sizeof x);
    return x;
}
inline void store_words(void* to, Words x) { std::memcpy(to, &x, sizeof x); }
inline Words all(std::int32_t x) { return Words{} + x; }

// f(0), f(1) ... f(n - 1) with constants: arrays that are indexed by them stay in registers.
template <std::size_t n, class F>
[[gnu::always_inline]] inline void each(F&& f) {
    [&]<std::size_t... i>(std::index_sequence<i...>)
        [[gnu::always_inline]] { (f(std::integral_constant<std::size_t, i>{}), ...); }(std::make_index_sequence<n>());
}

// What ends a sum.
[[gnu::always_inline]] inline Words finished(Words sum, const Finish& finish, Words lo, Words hi) {
    sum >>= finish.down;
    if (finish.wrap != Fit::none) sum = ((sum << finish.spare) >> finish.spare) & finish.mask;
    sum = sum > lo ? sum : lo;
    return sum < hi ? sum : hi;
}

// The word of rows a and b at an event, whichever halves they are.
inline Words joined(Words a, int up_a, Words b, int up_b) {
    using Unsigned = typename VectorType<std::uint32_t, kVectorBytes>::type;
    const Unsigned low = ((Unsigned)a << up_a) >> 16, high = ((Unsigned)b << up_b) >> 16;
    return (Words)(low | high << 16);
}

// One position of the dot product, filters [filter, filter + n), kGroup vectors of events: to lanes or, packed, to
// rows.
template <std::size_t n, Operand::Pairs layout>
inline void paired_events(const PairedDot& d, const std::uint32_t* rows, const std::int32_t* weights,
                          const std::int32_t* start, const std::byte* arena, std::size_t event, std::int32_t* lanes,
                          std::byte* packed) {
    Words sums[n * kGroup];
    each<n * kGroup>([&](auto i) { sums[i] = all(start[i / kGroup]); });
    const std::byte* x = row_at(arena, rows[0]) + event * 4;
    for (std::size_t k = 0; k < d.pairs; ++k, weights += d.stride, x += kBlock * 4) {
        if constexpr (layout != Operand::Pairs::in_line) x = row_at(arena, rows[2 * k]) + event * 4;
        Words words[kGroup];
        each<kGroup>([&](auto v) { words[v] = load_words(x + v * kVectorBytes); });
        if constexpr (layout == Operand::Pairs::scattered) {
            const std::byte* y = row_at(arena, rows[2 * k + 1]) + event * 4;
            const int up_x = half_shift(rows[2 * k]), up_y = half_shift(rows[2 * k + 1]);
            each<kGroup>([&](auto v) { words[v] = joined(words[v], up_x, load_words(y + v * kVectorBytes), up_y); });
        }
        each<n>([&](auto f) {
            const Words w = all(weights[f]);
            each<kGroup>([&](auto v) { sums[f * kGroup + v] = multiply_add(sums[f * kGroup + v], words[v], w); });
        });
    }
    const Words lo = all(d.finish.lo), hi = all(d.finish.hi);
    each<n * kGroup>([&](auto i) { sums[i] = finished(sums[i], d.finish, lo, hi); });
    if (packed)
        each<(n + 1) / 2>([&](auto half) {
            constexpr std::size_t low = 2 * half, high = low + 1 < n ? low + 1 : low;
            each<kGroup>([&](auto v) {
                store_words(packed + (half * kBlock + event + v * kWords) * 4,
                            joined(sums[low * kGroup + v], 16, sums[high * kGroup + v], 16));
            });
        });
    else
        each<n * kGroup>(
            [&](auto i) { store_words(lanes + i / kGroup * kBlock + event + i % kGroup * kWords, sums[i]); });
}

// The same for a block.
template <std::size_t n>
[[gnu::noinline]] void paired_filters(const PairedDot& d, const Operand& x, const std::uint32_t* rows,
                                      std::size_t group, std::size_t filter, const std::byte* arena,
                                      std::int32_t* lanes, std::byte* packed) {
    const std::int32_t* start = d.start.data() + group * d.stride + filter;
    const std::int32_t* weights = d.weights.data() + group * d.pairs * d.stride + filter;
    const auto run = [&]<Operand::Pairs layout>() {
        for (std::size_t event = 0; event < kBlock; event += kStep)
            paired_events<n, layout>(d, rows, weights, start, arena, event, lanes, packed);
    };
    switch (x.pairs) {
        case Operand::Pairs::scattered: return run.template operator()<Operand::Pairs::scattered>();
        case Operand::Pairs::whole: return run.template operator()<Operand::Pairs::whole>();
        case Operand::Pairs::in_line: return run.template operator()<Operand::Pairs::in_line>();
    }
}

inline std::int16_t half_at(const std::byte* arena, std::uint32_t at) {
    return *reinterpret_cast<const Short*>(row_at(arena, at) + (at & 1) * 2);
}

// One event, outputs across lanes: n vectors of filters, to lanes or, packed, to 16-bit rows.
template <std::size_t n>
inline void paired_outputs(const PairedDot& d, const Operand& x, const std::uint32_t* rows, const std::int32_t* weights,
                           const std::int32_t* start, const std::byte* arena, std::int32_t* lanes, Short* packed) {
    Words sums[n];
    each<n>([&](auto v) { sums[v] = load_words(start + v * kWords); });
    const auto add = [&](std::int32_t word) [[gnu::always_inline]] {
        const Words pair = all(word);
        each<n>([&](auto v) { sums[v] = multiply_add(sums[v], pair, load_words(weights + v * kWords)); });
        weights += d.stride;
    };
    if (x.pairs == Operand::Pairs::in_line) {
        const auto* words = reinterpret_cast<const Word*>(row_at(arena, rows[0]));
        for (std::size_t k = 0; k < d.pairs; ++k) add(words[k]);
    } else {
        for (std::size_t k = 0; k < d.pairs; ++k)
            add(pack(half_at(arena, rows[2 * k]), half_at(arena, rows[2 * k + 1])));
    }
    const Words lo = all(d.finish.lo), hi = all(d.finish.hi);
    each<n>([&](auto v) {
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
        with_count(vectors,
                   [&]<std::size_t n>() { paired_outputs<n>(d, x, rows, weights, start, arena, to_lanes, to_rows); });
        if (whole) continue;
        if (packed) std::memcpy(packed + f, shorts, some * sizeof(Short));
        else std::memcpy(lanes + f, words, some * sizeof(std::int32_t));
    }
}

// Rows [first, first + rows) of the result: to lanes or, packed, to where they are stored.
inline void produce_paired(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first,
                           std::size_t rows, std::int32_t* lanes, std::byte* packed) {
    const auto& d = *p.paired;
    for (std::size_t done = 0; done < rows;) {
        const std::size_t position = (first + done) / p.filters, filter = (first + done) % p.filters;
        const std::size_t group = p.group[position];
        const std::uint32_t* x_rows = x.rows.data() + position * 2 * d.pairs;
        std::int32_t* to_lanes = packed ? nullptr : lanes + done * kBlock;
        std::byte* to_rows = packed ? packed + done * kBlock * 2 : nullptr;
        std::size_t n = std::min(rows - done, p.filters - filter);
        if constexpr (kBlock == 1) {
            paired_filters_of_one(d, x, x_rows, group, filter, n, arena, to_lanes, reinterpret_cast<Short*>(to_rows));
        } else {
            n = std::min(n, kFilters);
            with_count(n, [&]<std::size_t count>() {
                paired_filters<count>(d, x, x_rows, group, filter, arena, to_lanes, to_rows);
            });
        }
        done += n;
    }
}
