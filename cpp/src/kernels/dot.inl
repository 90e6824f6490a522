// The dot product: acc[row] = bias + sum of weight * x, in the way that the plan has proven (plan::DotPath).
// Sums are taken modulo 2^bits(T): the proof says that either nothing overflows or that a wrap follows.

// x[e...] of a stored row as unsigned lanes of width T.
template <class T, class S>
inline auto load_lanes(const std::byte* arena, std::uint32_t at, std::size_t event) {
    using Stored = std::conditional_t<std::is_same_v<S, Half>, std::int32_t, S>;
    constexpr std::size_t n = VectorOf<T>::lanes;
    typename VectorType<Stored, n * sizeof(Stored)>::type x;
    std::memcpy(&x, row_at(arena, at) + event * sizeof(Stored), sizeof x);
    if constexpr (std::is_same_v<S, Half>) x = (x << half_shift(at)) >> 16;
    if constexpr (n == 1) return static_cast<Unsigned<T>>(static_cast<T>(x));
    else
        return (typename VectorType<Unsigned<T>, n * sizeof(T)>::type) __builtin_convertvector(
            x, typename VectorType<T, n * sizeof(T)>::type);
}

// acc[f] += sum over k of w[f][k] * x[k], or of the products shifted right, for `n` filters and one vector of events.
template <std::size_t n, bool shifted, class T, class S, class W>
inline void dot_vector(const DotProducer& p, const std::uint32_t* rows, const W* weights, const std::byte* arena,
                       std::size_t event, T* lanes) {
    using Lanes = typename VectorType<Unsigned<T>, VectorOf<T>::bytes>::type;
    using Signed = typename VectorType<T, VectorOf<T>::bytes>::type;
    Lanes acc[n];
    for (std::size_t f = 0; f < n; ++f) acc[f] = *reinterpret_cast<const Lanes*>(lanes + f * kBlock + event);
    for (std::size_t k = 0; k < p.terms; ++k) {
        const Lanes x = load_lanes<T, S>(arena, rows[k], event);
        for (std::size_t f = 0; f < n; ++f) {
            const Lanes product = x * static_cast<Unsigned<T>>(static_cast<T>(weights[f * p.terms + k]));
            if constexpr (shifted) acc[f] += (Lanes)((Signed)product >> p.shift);
            else acc[f] += product;
        }
    }
    for (std::size_t f = 0; f < n; ++f) *reinterpret_cast<Lanes*>(lanes + f * kBlock + event) = acc[f];
}

template <bool shifted, class T>
inline void dot_any_order(const DotProducer& p, const Operand& x, const std::byte* arena, const std::uint32_t* rows,
                          std::size_t w_row, std::size_t n, T* lanes) {
    with_storage(x.storage, [&]<class S>(S) {
        if constexpr (std::is_same_v<S, Half> || sizeof(S) <= sizeof(T)) {
            const auto run = [&](const auto* weights) {
                with_count(n, [&]<std::size_t count>() {
                    for (std::size_t e = 0; e < kBlock; e += VectorOf<T>::lanes)
                        dot_vector<count, shifted, T, S>(p, rows, weights + w_row * p.terms, arena, e, lanes);
                });
            };
            if constexpr (sizeof(T) == 4) run(p.weights32.data());
            else run(p.weights.data());
        }
    });
}

// One row, every term cast on its own; in_order also casts every sum.
template <class T>
inline void dot_by_terms(const DotProducer& p, const Operand& x, const std::byte* arena, const std::uint32_t* rows,
                         std::size_t w_row, T* lanes) {
    alignas(64) T term[kBlock];
    for (std::size_t k = 0; k < p.terms; ++k) {
        const T w = static_cast<T>(p.weights[w_row * p.terms + k]);
        if (w == 0) continue;  // adding a zero changes nothing
        load_row(term, arena, rows[k], x.storage);
        for (std::size_t e = 0; e < kBlock; ++e) term[e] = static_cast<T>(term[e] * w);
        for (const auto& cast : p.term_casts) quantize_rows(term, kBlock, cast.get<T>());
        for (std::size_t e = 0; e < kBlock; ++e)
            lanes[e] = static_cast<T>(static_cast<Unsigned<T>>(lanes[e]) + static_cast<Unsigned<T>>(term[e]));
        for (const auto& cast : p.sum_cast) quantize_rows(lanes, kBlock, cast.get<T>());
    }
}

template <class T>
inline void produce(const DotProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    const auto& x = i.operands[0];
    for (std::size_t done = 0; done < rows;) {
        const std::size_t position = (first + done) / p.filters, filter = (first + done) % p.filters;
        const std::size_t n = std::min({rows - done, p.filters - filter, kFilters});
        const std::size_t w_row = std::size_t{p.group[position]} * p.filters + filter;
        const std::uint32_t* x_rows = x.rows.data() + position * p.terms;
        T* out = lanes + done * kBlock;
        for (std::size_t f = 0; f < n; ++f) std::fill_n(out + f * kBlock, kBlock, static_cast<T>(p.bias[w_row + f]));
        switch (p.path) {
            case DotPath::exact: dot_any_order<false>(p, x, arena, x_rows, w_row, n, out); break;
            case DotPath::floored: dot_any_order<true>(p, x, arena, x_rows, w_row, n, out); break;
            case DotPath::per_term:
            case DotPath::in_order:
                for (std::size_t f = 0; f < n; ++f) dot_by_terms(p, x, arena, x_rows, w_row + f, out + f * kBlock);
                break;
        }
        done += n;
    }
}
