// Rows between storage and lanes. T: lane type; a tile is `rows` rows of kBlock lanes, one after the other.

constexpr std::size_t kTile = kBlock == 1 ? 64 : 2 * kFilters;  // rows in flight between a producer and its steps
// Rows of a tile that are computed together: a row of a block is long enough for itself.
constexpr std::size_t kTogether = kBlock == 1 ? kTile : 1;

// Events that fill one vector register; one where T has no vectors or blocks are single events.
template <class T>
struct VectorOf {
    static constexpr std::size_t bytes = sizeof(T) == 16 || kBlock == 1 ? sizeof(T) : kVectorBytes;
    static constexpr std::size_t lanes = bytes / sizeof(T);
};
template <class T, std::size_t bytes>
struct VectorType {
    typedef T type __attribute__((vector_size(bytes), aligned(alignof(T)), may_alias));
};
template <class T>
struct VectorType<T, sizeof(T)> {
    using type = T;
};

// A pair of 16-bit rows, the even element in the low half; Half stands for one of them.
typedef std::int32_t Word __attribute__((may_alias));
typedef std::int16_t Short __attribute__((may_alias));
struct Half {};
static_assert(std::endian::native == std::endian::little);

template <class F>
inline void with_storage(Lane storage, F&& f) {
    switch (storage) {
        case Lane::i16: return f(Half{});
        case Lane::i32: return f(std::int32_t{});
        case Lane::i64: return f(std::int64_t{});
        case Lane::i128: return f(i128{});
    }
    __builtin_unreachable();
}

inline std::byte* row_at(std::byte* arena, std::uint32_t at) { return arena + std::size_t{at & ~1u} * kBlock; }
inline const std::byte* row_at(const std::byte* arena, std::uint32_t at) {
    return arena + std::size_t{at & ~1u} * kBlock;
}
// By how many bits the half of a row's words must move left to be the upper one.
inline int half_shift(std::uint32_t at) { return at & 1 ? 0 : 16; }

inline std::int16_t half_at(const std::byte* arena, std::uint32_t at) {
    return *reinterpret_cast<const Short*>(row_at(arena, at) + (at & 1) * 2);
}

template <class S, class T>
[[gnu::always_inline]] inline void load_stored(T* lanes, const std::byte* arena, std::uint32_t at) {
    if constexpr (!std::is_same_v<S, Half>) {
        const S* stored = reinterpret_cast<const S*>(row_at(arena, at));
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = static_cast<T>(stored[e]);
    } else if constexpr (kBlock == 1) {
        *lanes = static_cast<T>(half_at(arena, at));
    } else {
        const auto* words = reinterpret_cast<const Word*>(row_at(arena, at));
        const int up = half_shift(at);
        for (std::size_t e = 0; e < kBlock; ++e)
            lanes[e] = static_cast<T>(static_cast<std::int32_t>(static_cast<std::uint32_t>(words[e]) << up) >> 16);
    }
}

template <class T>
inline void load_row(T* lanes, const std::byte* arena, std::uint32_t at, Lane storage) {
    with_storage(storage, [&]<class S>(S) { load_stored<S>(lanes, arena, at); });
}

// Rows [first, first + n) of an operand.
template <class T>
inline void load_rows(T* lanes, const std::byte* arena, const Operand& x, std::size_t first, std::size_t n) {
    const std::uint32_t* at = x.rows.data() + first;
    with_storage(x.storage, [&]<class S>(S) {
        if (kBlock == 1 && x.in_order) {
            if constexpr (std::is_same_v<S, Half>) {
                const auto* halves = reinterpret_cast<const Short*>(row_at(arena, at[0]) + (at[0] & 1) * 2);
                for (std::size_t r = 0; r < n; ++r) lanes[r] = static_cast<T>(halves[r]);
            } else {
                const S* stored = reinterpret_cast<const S*>(row_at(arena, at[0]));
                for (std::size_t r = 0; r < n; ++r) lanes[r] = static_cast<T>(stored[r]);
            }
            return;
        }
        for (std::size_t r = 0; r < n; ++r) load_stored<S>(lanes + r * kBlock, arena, at[r]);
    });
}

inline Word pack(std::int32_t low, std::int32_t high) {
    return static_cast<Word>((static_cast<std::uint32_t>(low) & 0xffffu) | static_cast<std::uint32_t>(high) << 16);
}

// `n` rows of lanes, the first of them an even element, to where they are stored.
template <class T>
inline void store_rows(std::byte* rows, Lane storage, const T* lanes, std::size_t n) {
    with_storage(storage, [&]<class S>(S) {
        if constexpr (!std::is_same_v<S, Half>) {
            S* stored = reinterpret_cast<S*>(rows);
            for (std::size_t r = 0; r < n; ++r, stored += kBlock, lanes += kBlock)
                for (std::size_t e = 0; e < kBlock; ++e) stored[e] = static_cast<S>(lanes[e]);
        } else if constexpr (kBlock == 1) {
            auto* halves = reinterpret_cast<Short*>(rows);
            for (std::size_t r = 0; r < n; ++r) halves[r] = static_cast<std::int16_t>(lanes[r]);
        } else {
            auto* words = reinterpret_cast<Word*>(rows);
            for (std::size_t r = 0; r < n; r += 2, lanes += 2 * kBlock, words += kBlock) {
                const T* next = r + 1 < n ? lanes + kBlock : lanes;  // what fills up the last word is never used
                for (std::size_t e = 0; e < kBlock; ++e)
                    words[e] = pack(static_cast<std::int32_t>(lanes[e]), static_cast<std::int32_t>(next[e]));
            }
        }
    });
}

// Calls f with n, 1 <= n <= kFilters, as a compile-time constant.
template <std::size_t count = kFilters, class F>
inline void with_count(std::size_t n, F&& f) {
    if constexpr (count > 1)
        if (n < count) return with_count<count - 1>(n, f);
    f.template operator()<count>();
}

// std::visit without its exception, whose code must not be compiled for one instruction set and linked for all.
template <class F, class... A>
inline void visit(const std::variant<A...>& v, F&& f) {
    static_cast<void>((... || (std::get_if<A>(&v) ? (f(*std::get_if<A>(&v)), true) : false)));
}
