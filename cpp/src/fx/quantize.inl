// The only rounding and overflow code of the project (docs/spec/ir.md, "quantize").
//
// Bodies are generic over the lane type T (int32_t, int64_t, i128) and are included inside each instruction set's
// namespace, so that loops over events vectorise for that target. No include guard: one inclusion per namespace.
//
// A Cast<T> may be applied to x only where bits_for_cast (ops/interval.hpp) is at most the bits of T.

// x / 2^s, rounded to an integer. s >= 1.
template <Round mode, class T>
BXNN_ANYWHERE inline T round_off(T x, int s) {
    const T half = static_cast<T>(T{1} << (s - 1));
    const T sign = static_cast<T>(x >> (sizeof(T) * 8 - 1));  // -1 for negative x, else 0
    if constexpr (mode == Round::TRN) return static_cast<T>(x >> s);
    if constexpr (mode == Round::TRN_ZERO) return static_cast<T>((x + (sign & static_cast<T>(half + half - 1))) >> s);
    if constexpr (mode == Round::RND) return static_cast<T>((x + half) >> s);
    if constexpr (mode == Round::RND_MIN_INF) return static_cast<T>((x + half - 1) >> s);
    if constexpr (mode == Round::RND_INF) return static_cast<T>((x + half + sign) >> s);
    if constexpr (mode == Round::RND_ZERO) return static_cast<T>((x + half - 1 - sign) >> s);
    if constexpr (mode == Round::RND_CONV) return static_cast<T>((x + half - 1 + ((x >> s) & 1)) >> s);
}

// Brings x * 2^up into the target's range.
template <Fit fit, class T>
BXNN_ANYWHERE inline T bring_into_range(T x, const Cast<T>& c) {
    using U = Unsigned<T>;
    const T moved = static_cast<T>(static_cast<U>(x) << c.up);
    if constexpr (fit == Fit::none) return moved;
    if constexpr (fit == Fit::wrap_signed)
        return static_cast<T>(static_cast<T>(static_cast<U>(moved) << c.spare) >> c.spare);
    if constexpr (fit == Fit::wrap_unsigned) return static_cast<T>(moved & c.hi);
    if constexpr (fit == Fit::clamp) return x > c.pre_hi ? c.hi : x < c.pre_lo ? c.lo : moved;
    if constexpr (fit == Fit::zero) return (x > c.pre_hi) | (x < c.pre_lo) ? T{0} : moved;
}

// Calls f with the two modes as compile-time constants.
template <class F>
BXNN_ANYWHERE inline void with_modes(Round round, Fit fit, bool rounds, F&& f) {
    const auto with_fit = [&]<Round r, bool s>() {
        switch (fit) {
            case Fit::none: return f.template operator()<r, s, Fit::none>();
            case Fit::wrap_signed: return f.template operator()<r, s, Fit::wrap_signed>();
            case Fit::wrap_unsigned: return f.template operator()<r, s, Fit::wrap_unsigned>();
            case Fit::clamp: return f.template operator()<r, s, Fit::clamp>();
            case Fit::zero: return f.template operator()<r, s, Fit::zero>();
        }
    };
    if (!rounds) return with_fit.template operator()<Round::TRN, false>();
    switch (round) {
        case Round::TRN: return with_fit.template operator()<Round::TRN, true>();
        case Round::TRN_ZERO: return with_fit.template operator()<Round::TRN_ZERO, true>();
        case Round::RND: return with_fit.template operator()<Round::RND, true>();
        case Round::RND_ZERO: return with_fit.template operator()<Round::RND_ZERO, true>();
        case Round::RND_INF: return with_fit.template operator()<Round::RND_INF, true>();
        case Round::RND_MIN_INF: return with_fit.template operator()<Round::RND_MIN_INF, true>();
        case Round::RND_CONV: return with_fit.template operator()<Round::RND_CONV, true>();
    }
}

// x[i] = quantize(x[i]) for i < n.
template <class T>
BXNN_ANYWHERE inline void quantize_rows(T* x, std::size_t n, const Cast<T>& cast) {
    const Cast<T> c = cast;  // a local copy: the stores below can't change it
    with_modes(c.round, c.fit, c.down > 0, [&]<Round round, bool rounds, Fit fit>() {
        for (std::size_t i = 0; i < n; ++i) {
            T v = x[i];
            if constexpr (rounds) v = round_off<round>(v, c.down);
            x[i] = bring_into_range<fit>(v, c);
        }
    });
}
