// Exact results that a proof has shown to fit, for every instruction set and for the GPU. No include guard: one
// inclusion per namespace.

// Calls f with the kind as a compile-time constant.
template <class F>
BXNN_ANYWHERE inline void with_kind(BinaryKind kind, F&& f) {
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

// Of numbers on one grid.
template <BinaryKind kind, class T>
BXNN_ANYWHERE inline T combined(T a, T b) {
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

template <class T>
BXNN_ANYWHERE inline T moved_up(T x, int up) {
    return static_cast<T>(static_cast<Unsigned<T>>(x) << up);
}

// What ends a sum of pairs: a 32-bit lane, or a vector of them with the finish's bounds in every lane.
template <class V>
[[gnu::always_inline]] BXNN_ANYWHERE inline V finished(V sum, const Finish& finish, V lo, V hi) {
    sum >>= finish.down;
    if (finish.wrap != Fit::none) sum = ((sum << finish.spare) >> finish.spare) & finish.mask;
    sum = sum > lo ? sum : lo;
    return sum < hi ? sum : hi;
}
