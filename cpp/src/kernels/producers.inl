// Producers other than the dot product: each fills `rows` rows of lanes, beginning with element `first`.

template <class T>
inline void produce(const Load&, const Instruction& i, const std::byte* arena, std::size_t first, std::size_t rows,
                    T* lanes) {
    const auto& x = i.operands[0];
    for (std::size_t r = 0; r < rows; ++r) load_row(lanes + r * kBlock, arena, x.rows[first + r], x.storage);
}

// Row `element` of an operand, moved up to the common grid.
template <class T>
inline void load_aligned(T* lanes, const Operand& x, std::size_t element, int up, const std::byte* arena) {
    load_row(lanes, arena, x.rows[element], x.storage);
    for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = static_cast<T>(static_cast<Unsigned<T>>(lanes[e]) << up);
}

template <class T>
inline void produce(const BinaryProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    alignas(64) T other[kBlock];
    for (std::size_t r = 0; r < rows; ++r, lanes += kBlock) {
        load_aligned(lanes, i.operands[0], first + r, p.up_a, arena);
        load_aligned(other, i.operands[1], first + r, p.up_b, arena);
        with_kind(p.kind, [&]<BinaryKind kind>() {
            for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = apply<kind>(lanes[e], other[e]);
        });
    }
}

template <class T>
inline void produce(const SelectProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    alignas(64) T condition[kBlock], other[kBlock];
    for (std::size_t r = 0; r < rows; ++r, lanes += kBlock) {
        load_row(condition, arena, i.operands[0].rows[first + r], i.operands[0].storage);
        load_aligned(lanes, i.operands[1], first + r, p.up_a, arena);
        load_aligned(other, i.operands[2], first + r, p.up_b, arena);
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = condition[e] != 0 ? lanes[e] : other[e];
    }
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
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = static_cast<T>(lanes[e] + other[e]);
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
                lanes[e] =
                    greatest ? apply<BinaryKind::max>(lanes[e], next[e]) : apply<BinaryKind::min>(lanes[e], next[e]);
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

template <class T>
inline void produce(const ReduceProducer& p, const Instruction& i, const std::byte* arena, std::size_t first,
                    std::size_t rows, T* lanes) {
    for (std::size_t r = 0; r < rows; ++r, lanes += kBlock) {
        const std::size_t outer = (first + r) / p.inner, inner = (first + r) % p.inner;
        const Leaves<T> leaves{p, i.operands[0], arena, outer * p.size * p.inner + inner};
        switch (p.kind) {
            case ReduceKind::sum:
                if (p.order == Order::tree) leaves.tree(lanes, 0, p.size);
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
