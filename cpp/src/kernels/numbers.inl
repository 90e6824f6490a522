// The caller's numbers, one after the other in memory, as raw integers of an input's format.

constexpr std::size_t kNumbers = kBlock == 1 ? 64 : kBlock;

template <class F>
inline void with_dtype(DType type, F&& f) {
    switch (type) {
        case DType::i8: return f(std::int8_t{});
        case DType::u8: return f(std::uint8_t{});
        case DType::i16: return f(std::int16_t{});
        case DType::u16: return f(std::uint16_t{});
        case DType::i32: return f(std::int32_t{});
        case DType::u32: return f(std::uint32_t{});
        case DType::i64: return f(std::int64_t{});
        case DType::u64: return f(std::uint64_t{});
        case DType::f32: return f(float{});
        case DType::f64: return f(double{});
    }
}

inline void report(BadValue& bad, std::size_t event, std::size_t element) {
    if (event < bad.event) bad = {event, element};
}

// Raw integers; false if one lies outside [lo, hi].
template <class S, class D>
inline bool load_raw(S* row, const D* data, std::size_t count, std::int64_t lo, std::int64_t hi) {
    // The bounds as far as D can tell: a value of D is inside if and only if it is inside these.
    constexpr auto least = static_cast<std::int64_t>(std::numeric_limits<D>::min());
    constexpr auto most = static_cast<std::int64_t>(std::min<std::uint64_t>(std::numeric_limits<D>::max(), INT64_MAX));
    if (lo <= least && most <= hi && !std::is_same_v<D, std::uint64_t>) {
        for (std::size_t e = 0; e < count; ++e) row[e] = static_cast<S>(data[e]);
        return true;
    }
    if (hi < least || lo > most) return count == 0;
    const D low = static_cast<D>(std::max(lo, least)), high = static_cast<D>(std::min(hi, most));
    D outside = 0;
    for (std::size_t e = 0; e < count; ++e) {
        outside = static_cast<D>(outside | static_cast<D>((data[e] < low) | (data[e] > high)));
        row[e] = static_cast<S>(data[e]);
    }
    return outside == 0;
}

// floor(x * scale), or the nearest integer, ties up, of up to kNumbers numbers; false if one may not be computed so.
// Exact: scaling by a power of two loses nothing where the result is an ordinary number; below 2^30 its floor is a
// number of type D again; and their difference compares with a half as the exact one does, being at most rounded up
// to 1.
template <bool nearest, class D>
inline bool scaled_integers(std::int32_t* whole, const D* x, std::size_t count, D scale) {
    using Bits = std::conditional_t<sizeof(D) == 4, std::uint32_t, std::uint64_t>;
    // Subnormal numbers, which the processor may take for zero, are not computed so, nor may any become one.
    const D least = std::numeric_limits<D>::min() * std::max(scale, D{0x1p26});
    int fine = 1;
    for (std::size_t i = 0; i < count; ++i) {
        const D scaled = x[i] * scale, size = std::fabs(scaled);
        fine &= static_cast<int>(size < D{0x1p30}) &
                (static_cast<int>(size >= least) | static_cast<int>(std::bit_cast<Bits>(x[i]) << 1 == 0));
        const D safe = size < D{0x1p30} ? scaled : D{0};
        const auto toward_zero = static_cast<std::int32_t>(safe);
        const std::int32_t below = toward_zero - static_cast<int>(safe < static_cast<D>(toward_zero));
        whole[i] = nearest ? below + static_cast<int>(safe - static_cast<D>(below) >= D{0.5}) : below;
    }
    return fine != 0;
}

// Real numbers, up to kNumbers of them; false if one is not finite.
template <class S, class D>
inline bool load_real(S* row, const D* data, std::size_t count, const Format& format) {
    const bool nearest = format.round == Round::RND;
    if ((nearest || format.round == Round::TRN) && format.width <= 30 && std::abs(format.frac()) <= 100) {
        alignas(64) std::int32_t whole[kNumbers];
        const D scale = std::ldexp(D{1}, format.frac());
        if (nearest ? scaled_integers<true>(whole, data, count, scale)
                    : scaled_integers<false>(whole, data, count, scale)) {
            quantize_rows(whole, count, fx::make_cast<std::int32_t>(format.frac(), format, false));
            for (std::size_t i = 0; i < count; ++i) row[i] = static_cast<S>(whole[i]);
            return true;
        }
    }
    bool fine = true;
    for (std::size_t i = 0; i < count; ++i) {
        if (std::isfinite(data[i])) row[i] = static_cast<S>(fx::quantize(data[i], format));
        else fine = false;
    }
    return fine;
}

// Either of them; false if a number is not allowed. Inlined, its forty instances would take most of the compiler's
// time.
template <class S, class D>
[[gnu::noinline]] bool load_numbers(S* row, const D* data, std::size_t count, const Edge& edge) {
    if constexpr (std::is_floating_point_v<D>) {
        bool fine = true;
        for (std::size_t i = 0; i < count; i += kNumbers)
            fine &= load_real(row + i, data + i, std::min(kNumbers, count - i), edge.tensor.format);
        return fine;
    } else {
        return load_raw(row, data, count, edge.lo, edge.hi);
    }
}
