// Between the caller's event-major arrays and rows of a block of events.
#include "kernels/numbers.inl"

// A square of kSquare<D> events by as many elements fills vectors of 16 bytes, which every target has.
template <class D>
constexpr std::size_t kSquare = 16 / sizeof(D);
template <class D>
using Column = typename VectorType<D, 16>::type;

// Lanes of a and b in turn, from lane `from` on.
template <std::size_t from, class D, std::size_t... i>
inline Column<D> zip(Column<D> a, Column<D> b, std::index_sequence<i...>) {
    return __builtin_shufflevector(a, b, (from + i / 2 + (i % 2) * kSquare<D>)...);
}

// Element k of event e goes to to[k][e]; `from` and `to` are distances in bytes. Works in both directions.
template <class D>
inline void transpose_square(const std::byte* events, std::size_t from, std::byte* columns, std::size_t to) {
    constexpr std::size_t n = kSquare<D>;
    Column<D> a[n], b[n];
    for (std::size_t e = 0; e < n; ++e) std::memcpy(&a[e], events + e * from, sizeof a[e]);
    for (std::size_t round = 1; round < n; round *= 2) {
        for (std::size_t k = 0; k < n / 2; ++k) {
            b[2 * k] = zip<0, D>(a[k], a[k + n / 2], std::make_index_sequence<n>());
            b[2 * k + 1] = zip<n / 2, D>(a[k], a[k + n / 2], std::make_index_sequence<n>());
        }
        std::copy(b, b + n, a);
    }
    for (std::size_t k = 0; k < n; ++k) std::memcpy(columns + k * to, &a[k], sizeof a[k]);
}

// kSquare<D> elements of `count` events, `from` bytes apart, to rows of kBlock.
template <class D>
[[gnu::noinline]] void transpose(const std::byte* events, std::size_t from, std::size_t count, std::byte* columns) {
    constexpr std::size_t square = kSquare<D>, to = kBlock * sizeof(D);
    std::size_t e = 0;
    for (; e + square <= count; e += square) transpose_square<D>(events + e * from, from, columns + e * sizeof(D), to);
    for (; e < count; ++e)
        for (std::size_t k = 0; k < square; ++k)
            std::memcpy(columns + k * to + e * sizeof(D), events + e * from + k * sizeof(D), sizeof(D));
}

// The other way round.
template <class D>
[[gnu::noinline]] void transpose_back(const std::byte* columns, std::size_t to, std::size_t count, std::byte* events) {
    constexpr std::size_t square = kSquare<D>, from = kBlock * sizeof(D);
    std::size_t e = 0;
    for (; e + square <= count; e += square) transpose_square<D>(columns + e * sizeof(D), from, events + e * to, to);
    for (; e < count; ++e)
        for (std::size_t k = 0; k < square; ++k)
            std::memcpy(events + e * to + k * sizeof(D), columns + k * from + e * sizeof(D), sizeof(D));
}

// Puts one half of the words of a pair; the low half is put first.
inline void put_half(Word* words, const std::int16_t* half, bool high) {
    if (high)
        for (std::size_t e = 0; e < kBlock; ++e) words[e] = pack(words[e], half[e]);
    else
        for (std::size_t e = 0; e < kBlock; ++e) words[e] = pack(half[e], half[e]);
}

// One input being loaded.
struct Loading {
    const Edge& edge;
    const std::size_t n, count;  // elements, events
    std::byte* arena;
    BadValue bad{};

    // One element of every event.
    template <class S, class D>
    void take(std::size_t element, const D* values) {
        const std::uint32_t at = edge.rows.rows[element];
        using Stored = std::conditional_t<std::is_same_v<S, Half>, std::int16_t, S>;
        alignas(64) Stored half[kBlock];
        Stored* row = half;
        if constexpr (!std::is_same_v<S, Half>) row = reinterpret_cast<S*>(row_at(arena, at));
        const bool fine = load_numbers(row, values, count, edge);
        std::fill(row + count, row + kBlock, row[count - 1]);
        if constexpr (std::is_same_v<S, Half>) put_half(reinterpret_cast<Word*>(row_at(arena, at)), half, at & 1);
        if (fine) return;
        for (std::size_t e = 0; e < count; ++e)
            if (!load_numbers(half, values + e, 1, edge)) return report(bad, e, element);
    }

    template <class S, class D>
    void elements(const D* events) {
        constexpr std::size_t square = kSquare<D>;
        alignas(64) D columns[square * kBlock];
        std::size_t first = 0;
        for (; first + square <= n && count >= square; first += square) {
            transpose<D>(reinterpret_cast<const std::byte*>(events + first), n * sizeof(D), count,
                         reinterpret_cast<std::byte*>(columns));
            for (std::size_t k = 0; k < square; ++k) take<S>(first + k, columns + k * kBlock);
        }
        for (; first < n; ++first) {
            for (std::size_t e = 0; e < count; ++e) columns[e] = events[e * n + first];
            take<S>(first, columns);
        }
    }

    // Integers of 8 or 16 bits two by two; those of 16 without a copy on the way. A D of 16 bits that is unsigned has
    // lo = 0, so that numbers beyond int16 are outside as negative ones are.
    template <class D>
    void pairs(const D* events) {
        using Two = std::conditional_t<sizeof(D) == 2, std::uint32_t, std::uint16_t>;
        constexpr std::size_t square = kSquare<Two>;
        const auto* bytes = reinterpret_cast<const std::byte*>(events);
        const std::size_t stride = n * sizeof(D), whole = n / 2;
        auto* words = reinterpret_cast<Word*>(row_at(arena, edge.rows.rows[0]));
        alignas(64) D columns[sizeof(D) == 2 ? 1 : 2 * square * kBlock];
        for (std::size_t k = 0, some = 0; k < whole; k += some) {
            // The last square may overlap the one before.
            const std::size_t pair = whole < square ? k : std::min(k, whole - square);
            some = whole < square ? 1 : square;
            auto* to =
                reinterpret_cast<std::byte*>(sizeof(D) == 2 ? static_cast<void*>(words + pair * kBlock) : columns);
            if (some == square) transpose<Two>(bytes + pair * sizeof(Two), stride, count, to);
            for (std::size_t e = 0; some < square && e < count; ++e)
                std::memcpy(to + e * sizeof(Two), bytes + e * stride + pair * sizeof(Two), sizeof(Two));
            if constexpr (sizeof(D) == 1) {
                auto* halves = reinterpret_cast<Short*>(words + pair * kBlock);
                for (std::size_t i = 0; i < 2 * some * kBlock; ++i) halves[i] = columns[i];
            }
        }
        if (n % 2)
            for (std::size_t e = 0; e < count; ++e) {
                const auto last = static_cast<std::int16_t>(events[e * n + n - 1]);
                words[whole * kBlock + e] = pack(last, last);
            }
        for (std::size_t p = 0; count < kBlock && p < (n + 1) / 2; ++p)
            std::fill(words + p * kBlock + count, words + (p + 1) * kBlock, words[p * kBlock + count - 1]);
        const auto lo = static_cast<std::int32_t>(edge.lo), hi = static_cast<std::int32_t>(edge.hi);  // of 16 bits
        if (lo <= std::numeric_limits<D>::min() && std::numeric_limits<D>::max() <= hi) return;
        std::int32_t outside = 0;
        for (std::size_t i = 0; i < (n + 1) / 2 * kBlock; ++i) {
            const std::int32_t low = static_cast<std::int16_t>(words[i]), high = words[i] >> 16;
            outside |= static_cast<std::int32_t>((low < lo) | (low > hi) | (high < lo) | (high > hi));
        }
        for (std::size_t e = 0; outside && e < count; ++e)
            for (std::size_t k = 0; k < n; ++k)
                if (const auto x = std::int32_t{events[e * n + k]}; x < lo || x > hi) return report(bad, e, k);
    }
};

inline BadValue load(const Plan& plan, std::size_t i, const void* data, DType type, std::size_t count,
                     std::byte* arena) {
    const auto& edge = plan.inputs[i];
    const auto& format = edge.tensor.format;
    Loading loading{edge, edge.rows.rows.size(), count, arena};
    with_dtype(type, [&]<class D>(D) {
        const D* events = static_cast<const D*>(data);
        if constexpr (sizeof(D) <= 2)
            if (edge.rows.storage == Lane::i16 && (sizeof(D) == 1 || std::is_signed_v<D> || !format.is_signed))
                return loading.pairs(events);
        with_storage(edge.rows.storage, [&]<class S>(S) { loading.template elements<S>(events); });
    });
    return loading.bad;
}

// A row as the caller's numbers.
template <class T, class D>
[[gnu::noinline]] void convert_row(const std::byte* arena, std::uint32_t at, Lane storage, double scale, D* column) {
    alignas(64) T lanes[kBlock];
    load_row(lanes, arena, at, storage);
    for (std::size_t e = 0; e < kBlock; ++e) {
        if constexpr (std::is_floating_point_v<D>) column[e] = static_cast<D>(static_cast<double>(lanes[e]) * scale);
        else column[e] = static_cast<D>(lanes[e]);
    }
}

inline void store(const Plan& plan, std::size_t i, void* data, DType type, std::size_t count, const std::byte* arena) {
    const auto& edge = plan.outputs[i];
    const std::size_t n = edge.rows.rows.size();
    const double scale = edge.unit;
    with_dtype(type, [&]<class D>(D) {
        constexpr std::size_t square = kSquare<D>;
        D* events = static_cast<D*>(data);
        alignas(64) D columns[square * kBlock];
        for (std::size_t first = 0; first < n; first += square) {
            const std::size_t some = std::min(square, n - first);
            for (std::size_t k = 0; k < some; ++k) {
                const std::uint32_t at = edge.rows.rows[first + k];
                if (edge.rows.storage <= Lane::i32)
                    convert_row<std::int32_t>(arena, at, edge.rows.storage, scale, columns + k * kBlock);
                else if (edge.rows.storage == Lane::i64)
                    convert_row<std::int64_t>(arena, at, edge.rows.storage, scale, columns + k * kBlock);
                else convert_row<i128>(arena, at, edge.rows.storage, scale, columns + k * kBlock);
            }
            const auto* from = reinterpret_cast<const std::byte*>(columns);
            if (some == square) {
                transpose_back<D>(from, n * sizeof(D), count, reinterpret_cast<std::byte*>(events + first));
            } else {
                alignas(64) D narrow[kBlock * square];
                transpose_back<D>(from, square * sizeof(D), count, reinterpret_cast<std::byte*>(narrow));
                for (std::size_t e = 0; e < count; ++e)
                    std::memcpy(events + e * n + first, narrow + e * square, some * sizeof(D));
            }
        }
    });
}

constexpr kernels::Bodies kBodies{kBlock, produce_paired, prepare, load, run, store};
