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

// Raw integers of one element for `count` events, `stride` apart; false if one lies outside [lo, hi].
template <class S, class D>
inline bool load_raw(S* row, const D* data, std::size_t stride, std::size_t count, std::int64_t lo, std::int64_t hi) {
    bool fine = true;
    for (std::size_t e = 0; e < count; ++e) {
        const D value = data[e * stride];
        if constexpr (std::is_same_v<D, std::uint64_t>) fine &= value <= static_cast<std::uint64_t>(hi);
        else fine &= (static_cast<std::int64_t>(value) >= lo) & (static_cast<std::int64_t>(value) <= hi);
        row[e] = static_cast<S>(value);
    }
    return fine;
}

// x quantised by the input's own format; the fast branch is exact because every number in it is.
template <class S>
inline bool load_real(S* row, const double* x, std::size_t count, const Format& format) {
    const fx::Cast<std::int64_t> cast = fx::make_cast<std::int64_t>(format.frac(), format, false);
    const double scale = std::ldexp(1.0, format.frac());
    bool fine = true;
    for (std::size_t e = 0; e < count; ++e) {
        const double scaled = x[e] * scale;  // exact unless it leaves the range of doubles
        const double whole = std::floor(scaled);
        std::int64_t raw;
        if (whole == scaled && std::fabs(scaled) < 0x1p62 && (scaled != 0 || x[e] == 0) && format.width <= 62) {
            raw = static_cast<std::int64_t>(whole);
            with_modes(Round::TRN, cast.fit, false, [&]<Round, bool, Fit fit>() { raw = bring_into_range<fit>(raw, cast); });
        } else if (std::isfinite(x[e])) {
            raw = static_cast<std::int64_t>(fx::quantize_double(x[e], format));
        } else {
            fine = false;
            raw = 0;
        }
        row[e] = static_cast<S>(raw);
    }
    return fine;
}

template <class D>
inline std::size_t first_bad(const D* data, std::size_t stride, std::size_t count, std::int64_t lo, std::int64_t hi) {
    for (std::size_t e = 0; e < count; ++e) {
        if constexpr (std::is_floating_point_v<D>) {
            if (!std::isfinite(data[e * stride])) return e;
        } else {
            std::int64_t raw = 0;
            if (!load_raw(&raw, data + e * stride, 1, 1, lo, hi)) return e;
        }
    }
    return count;
}

inline BadValue load(const Plan& plan, std::size_t i, const void* data, DType type, std::size_t count, std::byte* arena) {
    const auto& edge = plan.inputs[i];
    const auto& format = edge.tensor.format;
    const std::size_t n = edge.rows.rows.size();
    const auto lo = static_cast<std::int64_t>(fx::min_raw(format)), hi = static_cast<std::int64_t>(std::min<i128>(fx::max_raw(format), INT64_MAX));
    BadValue bad;
    with_dtype(type, [&]<class D>(D) {
        const D* events = static_cast<const D*>(data);
        with_storage(edge.rows.storage, [&]<class S>(S) {
            for (std::size_t element = 0; element < n; ++element) {
                S* row = reinterpret_cast<S*>(row_at(arena, edge.rows.rows[element]));
                bool fine;
                if constexpr (std::is_floating_point_v<D>) {
                    double x[kBlock];
                    for (std::size_t e = 0; e < count; ++e) x[e] = static_cast<double>(events[e * n + element]);
                    fine = load_real(row, x, count, format);
                } else {
                    fine = load_raw(row, events + element, n, count, lo, hi);
                }
                if (!fine) report(bad, first_bad(events + element, n, count, lo, hi), element);
                for (std::size_t e = count; e < kBlock; ++e) row[e] = row[count - 1];
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
                    if constexpr (std::is_floating_point_v<D>) events[e * n + element] = static_cast<D>(static_cast<double>(row[e]) * scale);
                    else events[e * n + element] = static_cast<D>(row[e]);
                }
            }
        });
    });
}
