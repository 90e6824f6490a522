// Between the caller's event-major arrays and rows of events.

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

// columns[k] = element k of kSquare events, from rows of events `stride` apart.
template <class D>
inline void transpose_square(const D* events, std::size_t stride, D* columns) {
    constexpr std::size_t n = kSquare<D>;
    Column<D> a[n], b[n];
    for (std::size_t e = 0; e < n; ++e) std::memcpy(&a[e], events + e * stride, sizeof a[e]);
    for (std::size_t round = 1; round < n; round *= 2) {
        for (std::size_t k = 0; k < n / 2; ++k) {
            b[2 * k] = zip<0, D>(a[k], a[k + n / 2], std::make_index_sequence<n>());
            b[2 * k + 1] = zip<n / 2, D>(a[k], a[k + n / 2], std::make_index_sequence<n>());
        }
        std::copy(b, b + n, a);
    }
    for (std::size_t k = 0; k < n; ++k) std::memcpy(columns + k * kBlock, &a[k], sizeof a[k]);
}

// `columns` rows of kBlock: elements [first, first + kSquare) of `count` events that have `n` >= kSquare elements each.
template <class D>
[[gnu::noinline]] void transpose(const D* events, std::size_t n, std::size_t first, std::size_t count, D* columns) {
    constexpr std::size_t square = kSquare<D>;
    std::size_t e = 0;
    for (; e + square <= count; e += square) transpose_square(events + e * n + first, n, columns + e);
    for (; e < count; ++e)
        for (std::size_t k = 0; k < square; ++k) columns[k * kBlock + e] = events[e * n + first + k];
}

// Raw integers of `count` events; false if one lies outside [lo, hi].
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

// x quantised by the input's own format; the fast branch is exact because every number in it is.
template <class S, class D>
inline bool load_real(S* row, const D* data, std::size_t count, const Format& format) {
    const fx::Cast<std::int64_t> cast = fx::make_cast<std::int64_t>(format.frac(), format, false);
    const double scale = std::ldexp(1.0, format.frac());
    bool fine = true;
    for (std::size_t e = 0; e < count; ++e) {
        const auto x = static_cast<double>(data[e]);
        const double scaled = x * scale;  // exact unless it leaves the range of doubles
        const double whole = std::floor(scaled);
        std::int64_t raw;
        if (whole == scaled && std::fabs(scaled) < 0x1p62 && (scaled != 0 || x == 0) && format.width <= 62) {
            raw = static_cast<std::int64_t>(whole);
            with_modes(Round::TRN, cast.fit, false,
                       [&]<Round, bool, Fit fit>() { raw = bring_into_range<fit>(raw, cast); });
        } else if (std::isfinite(x)) {
            raw = static_cast<std::int64_t>(fx::quantize_double(x, format));
        } else {
            fine = false;
            raw = 0;
        }
        row[e] = static_cast<S>(raw);
    }
    return fine;
}

// One element of `count` events into its row; false if a value is not allowed. Inlined, its forty instances would take
// most of the compiler's time.
template <class S, class D>
[[gnu::noinline]] bool load_element(S* row, const D* data, std::size_t count, const Format& format, std::int64_t lo,
                                    std::int64_t hi) {
    bool fine;
    if constexpr (std::is_floating_point_v<D>) fine = load_real(row, data, count, format);
    else fine = load_raw(row, data, count, lo, hi);
    for (std::size_t e = count; e < kBlock; ++e) row[e] = row[count - 1];
    return fine;
}

inline BadValue load(const Plan& plan, std::size_t i, const void* data, DType type, std::size_t count,
                     std::byte* arena) {
    const auto& edge = plan.inputs[i];
    const auto& format = edge.tensor.format;
    const std::size_t n = edge.rows.rows.size();
    const auto lo = static_cast<std::int64_t>(fx::min_raw(format)), hi = static_cast<std::int64_t>(fx::max_raw(format));
    BadValue bad;
    with_dtype(type, [&]<class D>(D) {
        constexpr std::size_t square = kSquare<D>;
        const D* events = static_cast<const D*>(data);
        alignas(64) D columns[square * kBlock];
        with_storage(edge.rows.storage, [&]<class S>(S) {
            const auto take = [&](std::size_t element, const D* values) {
                S* row = reinterpret_cast<S*>(row_at(arena, edge.rows.rows[element]));
                if (load_element(row, values, count, format, lo, hi)) return;
                for (std::size_t e = 0; e < count; ++e)
                    if (!load_element(row, values + e, 1, format, lo, hi)) return report(bad, e, element);
            };
            std::size_t first = 0;
            if constexpr (kBlock >= square)
                for (; first + square <= n && count >= square; first += square) {
                    transpose(events, n, first, count, columns);
                    for (std::size_t k = 0; k < square; ++k) take(first + k, columns + k * kBlock);
                }
            for (; first < n; ++first) {
                for (std::size_t e = 0; e < count; ++e) columns[e] = events[e * n + first];
                take(first, columns);
            }
        });
    });
    return bad;
}

inline void store(const Plan& plan, std::size_t i, void* data, DType type, std::size_t count, const std::byte* arena) {
    const auto& edge = plan.outputs[i];
    const std::size_t n = edge.rows.rows.size();
    const double scale = std::ldexp(1.0, -edge.tensor.format.frac());
    with_dtype(type, [&]<class D>(D) {
        D* events = static_cast<D*>(data);
        with_storage(edge.rows.storage, [&]<class S>(S) {
            for (std::size_t element = 0; element < n; ++element) {
                const S* row = reinterpret_cast<const S*>(row_at(arena, edge.rows.rows[element]));
                for (std::size_t e = 0; e < count; ++e) {
                    if constexpr (std::is_floating_point_v<D>)
                        events[e * n + element] = static_cast<D>(static_cast<double>(row[e]) * scale);
                    else events[e * n + element] = static_cast<D>(row[e]);
                }
            }
        });
    });
}
