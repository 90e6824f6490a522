// Rows between storage and lanes. T: lane type; a tile is `rows` rows of kBlock lanes, one after the other.

template <class F>
inline void with_storage(Lane storage, F&& f) {
    switch (storage) {
        case Lane::i16: return f(std::int16_t{});
        case Lane::i32: return f(std::int32_t{});
        case Lane::i64: return f(std::int64_t{});
        case Lane::i128: return f(i128{});
    }
    __builtin_unreachable();
}

inline std::byte* row_at(std::byte* arena, std::uint32_t at) { return arena + std::size_t{at} * kBlock; }
inline const std::byte* row_at(const std::byte* arena, std::uint32_t at) { return arena + std::size_t{at} * kBlock; }

template <class T>
inline void load_row(T* lanes, const std::byte* row, Lane storage) {
    with_storage(storage, [&]<class S>(S) {
        const S* stored = reinterpret_cast<const S*>(row);
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = static_cast<T>(stored[e]);
    });
}

template <class T>
inline void store_rows(std::byte* rows, Lane storage, const T* lanes, std::size_t n) {
    with_storage(storage, [&]<class S>(S) {
        S* stored = reinterpret_cast<S*>(rows);
        for (std::size_t i = 0; i < n; ++i) stored[i] = static_cast<S>(lanes[i]);
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

// Calls f with the kind as a compile-time constant.
template <class F>
inline void with_kind(BinaryKind kind, F&& f) {
    switch (kind) {
        case BinaryKind::add: return f.template operator()<BinaryKind::add>();
        case BinaryKind::sub: return f.template operator()<BinaryKind::sub>();
        case BinaryKind::mul: return f.template operator()<BinaryKind::mul>();
        case BinaryKind::min: return f.template operator()<BinaryKind::min>();
        case BinaryKind::max: return f.template operator()<BinaryKind::max>();
        case BinaryKind::lt: return f.template operator()<BinaryKind::lt>();
        case BinaryKind::le: return f.template operator()<BinaryKind::le>();
        case BinaryKind::gt: return f.template operator()<BinaryKind::gt>();
        case BinaryKind::ge: return f.template operator()<BinaryKind::ge>();
        case BinaryKind::eq: return f.template operator()<BinaryKind::eq>();
        case BinaryKind::ne: return f.template operator()<BinaryKind::ne>();
    }
}

// The exact result for numbers on one grid; the proof says that it fits T.
template <BinaryKind kind, class T>
inline T apply(T a, T b) {
    if constexpr (kind == BinaryKind::add) return static_cast<T>(a + b);
    if constexpr (kind == BinaryKind::sub) return static_cast<T>(a - b);
    if constexpr (kind == BinaryKind::mul) return static_cast<T>(a * b);
    if constexpr (kind == BinaryKind::min) return a < b ? a : b;
    if constexpr (kind == BinaryKind::max) return a > b ? a : b;
    if constexpr (kind == BinaryKind::lt) return static_cast<T>(a < b);
    if constexpr (kind == BinaryKind::le) return static_cast<T>(a <= b);
    if constexpr (kind == BinaryKind::gt) return static_cast<T>(a > b);
    if constexpr (kind == BinaryKind::ge) return static_cast<T>(a >= b);
    if constexpr (kind == BinaryKind::eq) return static_cast<T>(a == b);
    if constexpr (kind == BinaryKind::ne) return static_cast<T>(a != b);
}
