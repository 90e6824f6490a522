// The dot product, in the way that the plan has proven (plan::DotPath): some filters at a time share one load of x.
// Sums are taken modulo 2^bits(T).

// One position of an exact or floored dot product.
template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void dot_any_order(const flat::Dot& d, const flat::Operand& x, Column c, const std::uint32_t* rows,
                                        const T* weights, int shift, T (&sums)[n]) {
    for (std::uint32_t k = 0; k < d.terms; ++k, weights += d.stride) {
        const auto number = static_cast<Unsigned<T>>(load_row<T>(c, rows[k], x.storage));
        BXNN_UNROLL
        for (std::uint32_t f = 0; f < n; ++f) {
            const T product = static_cast<T>(number * static_cast<Unsigned<T>>(weights[f]));
            sums[f] = static_cast<T>(static_cast<Unsigned<T>>(sums[f]) + static_cast<Unsigned<T>>(product >> shift));
        }
    }
}

// One position, every term cast on its own; in the stated order also every sum.
template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void dot_by_terms(const Program& p, const flat::Dot& d, const flat::Operand& x, Column c,
                                       const std::uint32_t* rows, const T* weights, T (&sums)[n]) {
    const Cast<T>* term_casts = p.lanes<Cast<T>>(d.term_casts);
    const Cast<T>* sum_cast = p.lanes<Cast<T>>(d.sum_cast);
    for (std::uint32_t k = 0; k < d.terms; ++k, weights += d.stride) {
        const T number = load_row<T>(c, rows[k], x.storage);
        BXNN_UNROLL
        for (std::uint32_t f = 0; f < n; ++f) {
            if (weights[f] == 0) continue;  // adding a zero changes nothing
            T term = static_cast<T>(number * weights[f]);
            for (std::uint64_t t = 0; t < d.term_casts.size; ++t) term = quantized(term, term_casts[t]);
            sums[f] = static_cast<T>(static_cast<Unsigned<T>>(sums[f]) + static_cast<Unsigned<T>>(term));
            if (d.sum_cast.size > 0) sums[f] = quantized(sums[f], *sum_cast);
        }
    }
}

template <class T>
BXNN_ANYWHERE inline void run_dot(const Program& p, const flat::Instruction& i, Column c) {
    constexpr std::uint32_t n = flat::Dot::kFilters;
    const auto& d = p.detail<flat::Dot>(i);
    const flat::Operand& x = i.operands[0];
    for (std::uint32_t position = 0; position < d.positions; ++position) {
        const std::uint32_t* rows = p.get(x.rows) + std::size_t{position} * d.terms;
        const std::size_t group = p.get(d.group)[position];
        for (std::uint32_t filter = 0; filter < d.filters; filter += n) {
            const T* weights = p.lanes<T>(d.weights) + group * d.terms * d.stride + filter;
            const T* bias = p.lanes<T>(d.bias) + group * d.stride + filter;
            T sums[n];
            BXNN_UNROLL
            for (std::uint32_t f = 0; f < n; ++f) sums[f] = bias[f];
            if (d.path == DotPath::exact || d.path == DotPath::floored)
                dot_any_order(d, x, c, rows, weights, d.path == DotPath::floored ? d.shift : 0, sums);
            else dot_by_terms(p, d, x, c, rows, weights, sums);
            const std::uint32_t count = d.filters - filter < n ? d.filters - filter : n;
            finish_rows(p, i, c, position * d.filters + filter, count, sums);
        }
    }
}

// Eight weights of a group of filters, read together.
struct alignas(16) PairedWeights {
    std::int32_t at[flat::Paired::kFilters];
};

// One position of a paired dot product, in units of 2^-floor: a product less its remainder modulo 2^floor has the
// same sum as the products rounded down.
template <bool floors, std::uint32_t n>
BXNN_ANYWHERE inline void sum_pairs(const flat::Paired& d, const flat::Operand& x, Column c, const std::uint32_t* rows,
                                    const std::int32_t* weights, std::uint32_t (&sums)[n]) {
    const std::uint32_t whole = ~std::uint32_t{0} << d.floor;
    const bool scattered = x.pairs == Operand::Pairs::scattered, in_line = x.pairs == Operand::Pairs::in_line;
    for (std::uint32_t k = 0; k < d.pairs; ++k, weights += d.stride) {
        const std::uint32_t at = in_line ? rows[0] + 4 * k : rows[2 * k];
        const std::int32_t word = load_word(c, at);
        std::int32_t low = static_cast<std::int16_t>(word), high = word >> 16;
        if (scattered) {
            const std::uint32_t next = rows[2 * k + 1];
            low = half_of(word, at);
            high = half_of(load_word(c, next), next);
        }
        const PairedWeights w = *reinterpret_cast<const PairedWeights*>(weights);
        BXNN_UNROLL
        for (std::uint32_t f = 0; f < n; ++f) {
            const auto a = static_cast<std::uint32_t>(low * static_cast<std::int16_t>(w.at[f]));
            const auto b = static_cast<std::uint32_t>(high * (w.at[f] >> 16));
            sums[f] += floors ? (a & whole) + (b & whole) : a + b;
        }
    }
}

BXNN_ANYWHERE inline void run_paired(const Program& p, const flat::Instruction& i, Column c) {
    constexpr std::uint32_t n = flat::Paired::kFilters;
    const auto& d = p.detail<flat::Paired>(i);
    const flat::Operand& x = i.operands[0];
    for (std::uint32_t position = 0; position < d.positions; ++position) {
        const std::uint32_t* rows = p.get(x.rows) + std::size_t{position} * 2 * d.pairs;
        const std::size_t group = p.get(d.group)[position];
        for (std::uint32_t filter = 0; filter < d.filters; filter += n) {
            const std::int32_t* weights = p.get(d.weights) + group * d.pairs * d.stride + filter;
            const std::int32_t* start = p.get(d.start) + group * d.stride + filter;
            std::uint32_t sums[n];
            std::int32_t lanes[n];
            BXNN_UNROLL
            for (std::uint32_t f = 0; f < n; ++f) sums[f] = static_cast<std::uint32_t>(start[f]);
            if (d.floor > 0) sum_pairs<true>(d, x, c, rows, weights, sums);
            else sum_pairs<false>(d, x, c, rows, weights, sums);
            BXNN_UNROLL
            for (std::uint32_t f = 0; f < n; ++f)
                lanes[f] = finished(static_cast<std::int32_t>(sums[f]) >> d.floor, d.finish, d.finish.lo, d.finish.hi);
            const std::uint32_t count = d.filters - filter < n ? d.filters - filter : n;
            finish_rows(p, i, c, position * d.filters + filter, count, lanes);
        }
    }
}
