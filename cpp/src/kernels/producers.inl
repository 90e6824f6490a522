// Producers other than the dot product: each fills `rows` rows of lanes, beginning with element `first`.

template <class T>
inline void produce(const Load&, const Instruction& i, const std::byte* arena, std::size_t first, std::size_t rows,
                    T* lanes) {
    load_rows(lanes, arena, i.operands[0], first, rows);
}

// `n` rows of an operand from element `first` on, moved up to the common grid.
template <class T>
inline void load_aligned(T* lanes, const Operand& x, std::size_t first, std::size_t n, int up, const std::byte* arena) {
    load_rows(lanes, arena, x, first, n);
    for (std::size_t i = 0; i < n * kBlock; ++i) lanes[i] = moved_up(lanes[i], up);
}

// Calls f with the first of some rows, their number and their lanes, until all `rows` of a tile are done.
template <class T, class F>
[[gnu::always_inline]] inline void each_together(std::size_t first, std::size_t rows, T* lanes, F&& f) {
    if constexpr (kTogether >= kTile) return f(first, rows, lanes);
    else
        for (std::size_t r = 0; r < rows; ++r)
            f(first + r, std::integral_constant<std::size_t, 1>{}, lanes + r * kBlock);
}

template <class T>
inline void produce(const BinaryProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    alignas(64) T other[kTogether * kBlock];
    each_together(first, rows, lanes, [&](std::size_t from, auto n, T* x) {
        load_aligned(x, i.operands[0], from, n, p.up_a, arena);
        load_aligned(other, i.operands[1], from, n, p.up_b, arena);
        with_kind(p.kind, [&]<BinaryKind kind>() {
            for (std::size_t e = 0; e < n * kBlock; ++e) x[e] = combined<kind>(x[e], other[e]);
        });
    });
}

template <class T>
inline void produce(const SelectProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    alignas(64) T condition[kTogether * kBlock], other[kTogether * kBlock];
    each_together(first, rows, lanes, [&](std::size_t from, auto n, T* x) {
        load_rows(condition, arena, i.operands[0], from, n);
        load_aligned(x, i.operands[1], from, n, p.up_a, arena);
        load_aligned(other, i.operands[2], from, n, p.up_b, arena);
        for (std::size_t e = 0; e < n * kBlock; ++e) x[e] = condition[e] != 0 ? x[e] : other[e];
    });
}

// The leaves of one group of a reduction.
template <class T>
struct Leaves {
    const ReduceProducer& p;
    const Operand& x;
    const std::byte* arena;
    std::size_t begin;  // element of the first leaf; the next are p.inner apart

    void load(T* lanes, std::size_t k) const {
        load_row(lanes, arena, x.rows[begin + k * p.inner], x.storage);
        for (const auto& cast : p.leaf) quantize_rows(lanes, kBlock, cast.get<T>());
    }
    void add(T* lanes, const T* other) const {
        for (std::size_t e = 0; e < kBlock; ++e)
            lanes[e] = static_cast<T>(static_cast<Unsigned<T>>(lanes[e]) + static_cast<Unsigned<T>>(other[e]));
        for (const auto& cast : p.sum) quantize_rows(lanes, kBlock, cast.get<T>());
    }
    // Sum of n leaves from k on; the left half takes the largest power of two below n.
    [[gnu::noinline]] void tree(T* lanes, std::size_t k, std::size_t n) const {
        if (n == 1) return load(lanes, k);
        const std::size_t left = std::bit_floor(n - 1);
        alignas(64) T right[kBlock];
        tree(lanes, k, left);
        tree(right, k + left, n - left);
        add(lanes, right);
    }
    void sequence(T* lanes) const {
        alignas(64) T next[kBlock];
        load(lanes, 0);
        for (std::size_t k = 1; k < p.size; ++k) load(next, k), add(lanes, next);
    }
    void extreme(T* lanes, bool greatest) const {
        alignas(64) T next[kBlock];
        load(lanes, 0);
        for (std::size_t k = 1; k < p.size; ++k) {
            load(next, k);
            for (std::size_t e = 0; e < kBlock; ++e)
                lanes[e] = greatest ? combined<BinaryKind::max>(lanes[e], next[e])
                                    : combined<BinaryKind::min>(lanes[e], next[e]);
        }
    }
    void argmax(T* lanes) const {
        alignas(64) T best[kBlock], next[kBlock];
        load(best, 0);
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = 0;
        for (std::size_t k = 1; k < p.size; ++k) {
            load(next, k);
            for (std::size_t e = 0; e < kBlock; ++e) {
                const bool more = next[e] > best[e];
                lanes[e] = more ? static_cast<T>(k) : lanes[e];
                best[e] = more ? next[e] : best[e];
            }
        }
    }
};

// Sums of products of two rows each.
template <class T>
struct Products {
    const ReduceProducer& p;
    const Operand &a, &b;
    const std::byte* arena;
    std::size_t begin;  // element of the first product; the next are p.inner apart

    // Two at a time from words of pairs, whose sum has 32 bits.
    template <class Sum>
    [[gnu::noinline]] void add_pairs(T* lanes) const {
        alignas(64) std::int32_t two[kBlock];
        for (std::size_t k = 0; k < p.size; k += 2) {
            const std::byte *x = row_at(arena, a.rows[begin + k]), *y = row_at(arena, b.rows[begin + k]);
            for (std::size_t e = 0; e < kBlock; e += kWords)
                store_words(two + e, multiply_add(Words{}, load_words(x + e * 4), load_words(y + e * 4)));
            for (std::size_t e = 0; e < kBlock; ++e)
                lanes[e] = static_cast<T>(static_cast<Unsigned<T>>(lanes[e]) +
                                          static_cast<Unsigned<T>>(static_cast<Sum>(two[e])));
        }
    }
    // One at a time, of factors in lanes of type F.
    template <class F>
    [[gnu::noinline]] void add_each(T* lanes) const {
        alignas(64) F x[kBlock], y[kBlock];
        for (std::size_t k = begin, end = begin + p.size * p.inner; k < end; k += p.inner) {
            load_row(x, arena, a.rows[k], a.storage), load_row(y, arena, b.rows[k], b.storage);
            for (std::size_t e = 0; e < kBlock; ++e)
                lanes[e] = static_cast<T>(lanes[e] + static_cast<T>(x[e]) * static_cast<T>(y[e]));
        }
    }
    void sum(T* lanes) const {
        std::fill_n(lanes, kBlock, T{});
        using Two = ReduceProducer::Two;
        if constexpr (kBlock > 1) {
            if (p.two_products == Two::fits_unsigned) return add_pairs<std::uint32_t>(lanes);
            if (p.two_products == Two::fits_signed) return add_pairs<std::int32_t>(lanes);
        }
        if (a.storage <= Lane::i32 && b.storage <= Lane::i32) add_each<std::int32_t>(lanes);
        else add_each<T>(lanes);
    }
};

template <class T>
inline void produce(const ReduceProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    for (std::size_t r = 0; r < rows; ++r, lanes += kBlock) {
        const std::size_t outer = (first + r) / p.inner, inner = (first + r) % p.inner;
        if (p.products) {
            Products<T>{p, i.operands[0], i.operands[1], arena, outer * p.size * p.inner + inner}.sum(lanes);
            continue;
        }
        const Leaves<T> leaves{p, i.operands[0], arena, outer * p.size * p.inner + inner};
        switch (p.kind) {
            case ReduceKind::sum:
                // Where no sum is cast, any order gives the number that the proof holds for, modulo 2^bits.
                if (p.order == Order::tree && !p.sum.empty()) leaves.tree(lanes, 0, p.size);
                else leaves.sequence(lanes);
                break;
            case ReduceKind::max: leaves.extreme(lanes, true); break;
            case ReduceKind::min: leaves.extreme(lanes, false); break;
            case ReduceKind::argmax: leaves.argmax(lanes); break;
        }
    }
}

// The same two rows at a time, from pairs to where they are stored.
inline void reduce_pairs(const ReduceProducer& p, const Instruction& i, std::byte* arena) {
    const auto& rows = i.operands[0].rows;
    auto* out = reinterpret_cast<Short*>(row_at(arena, i.at));
    for (std::size_t r = 0; r < i.rows; r += 2, out += 2 * kBlock) {
        const std::size_t begin = r / p.inner * p.size * p.inner + r % p.inner;
        const auto* first = reinterpret_cast<const Short*>(row_at(arena, rows[begin]));
        for (std::size_t e = 0; e < 2 * kBlock; ++e) out[e] = first[e];
        for (std::size_t k = 1; k < p.size; ++k) {
            const auto* x = reinterpret_cast<const Short*>(row_at(arena, rows[begin + k * p.inner]));
            if (p.kind == ReduceKind::max)
                for (std::size_t e = 0; e < 2 * kBlock; ++e) out[e] = out[e] > x[e] ? out[e] : x[e];
            else
                for (std::size_t e = 0; e < 2 * kBlock; ++e) out[e] = out[e] < x[e] ? out[e] : x[e];
        }
    }
}
