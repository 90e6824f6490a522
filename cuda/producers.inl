// Producers other than the dot product: each makes one row of one event.

template <class T>
BXNN_ANYWHERE inline T load_element(const Program& p, const flat::Operand& x, Column c, std::uint32_t element) {
    return load_row<T>(c, p.get(x.rows)[element], x.storage);
}

template <class T>
BXNN_ANYWHERE inline T produce_binary(const Program& p, const flat::Instruction& i, Column c, std::uint32_t row) {
    const T a = moved_up(load_element<T>(p, i.operands[0], c, row), i.up_a);
    const T b = moved_up(load_element<T>(p, i.operands[1], c, row), i.up_b);
    return combined(p.detail<flat::Binary>(i).kind, a, b);
}

template <class T>
BXNN_ANYWHERE inline T produce_select(const Program& p, const flat::Instruction& i, Column c, std::uint32_t row) {
    const bool first = load_element<T>(p, i.operands[0], c, row) != 0;
    const flat::Operand& chosen = i.operands[first ? 1 : 2];
    return moved_up(load_element<T>(p, chosen, c, row), first ? i.up_a : i.up_b);
}

// The leaves of one group of a reduction.
template <class T>
struct Leaves {
    const Program& p;
    const flat::Reduce& r;
    const flat::Operand &x, &y;  // y: of products
    Column c;
    std::uint32_t begin;  // element of the first leaf; the next are r.inner apart

    BXNN_ANYWHERE T leaf(std::uint32_t k) const {
        const T x_k = load_element<T>(p, x, c, begin + k * r.inner);
        if (r.products) return static_cast<T>(x_k * load_element<T>(p, y, c, begin + k * r.inner));
        return r.leaf.size > 0 ? quantized(x_k, *p.lanes<Cast<T>>(r.leaf)) : x_k;
    }
    BXNN_ANYWHERE T sum(T a, T b) const {
        const T total = static_cast<T>(a + b);
        return r.sum.size > 0 ? quantized(total, *p.lanes<Cast<T>>(r.sum)) : total;
    }
    BXNN_ANYWHERE T sequence() const {
        T total = leaf(0);
        for (std::uint32_t k = 1; k < r.size; ++k) total = sum(total, leaf(k));
        return total;
    }
    // The left half of a tree takes the largest power of two below its size, so that the tree consists of whole trees,
    // one for every bit of the size, which are made like a counter's carries and then added from the right.
    BXNN_ANYWHERE T tree() const {
        T whole[32];
        for (std::uint32_t k = 0; k < r.size; ++k) {
            T total = leaf(k);
            int level = 0;
            for (; k >> level & 1; ++level) total = sum(whole[level], total);
            whole[level] = total;
        }
        int level = 0;
        while (!(r.size >> level & 1)) ++level;
        T total = whole[level];
        while (++level < 32)
            if (r.size >> level & 1) total = sum(whole[level], total);
        return total;
    }
    BXNN_ANYWHERE T extreme(BinaryKind kind) const {
        T best = leaf(0);
        for (std::uint32_t k = 1; k < r.size; ++k) best = combined(kind, best, leaf(k));
        return best;
    }
    BXNN_ANYWHERE T argmax() const {
        T best = leaf(0), at = 0;
        for (std::uint32_t k = 1; k < r.size; ++k) {
            const T next = leaf(k);
            if (next > best) best = next, at = static_cast<T>(k);
        }
        return at;
    }
    BXNN_ANYWHERE T reduced() const {
        switch (r.kind) {
            case ReduceKind::sum: return r.tree ? tree() : sequence();
            case ReduceKind::max: return extreme(BinaryKind::max);
            case ReduceKind::min: return extreme(BinaryKind::min);
            case ReduceKind::argmax: break;
        }
        return argmax();
    }
};

// Two rows at a time, each as make(row) gives it; rows come in order.
template <class T, class F>
BXNN_ANYWHERE inline void run_rows(const Program& p, const flat::Instruction& i, Column c, F&& make) {
    for (std::uint32_t first = 0; first < i.rows; first += kRows) {
        const std::uint32_t count = i.rows - first < kRows ? i.rows - first : kRows;
        T lanes[kRows] = {make(first), T{}};
        if (count == kRows) lanes[1] = make(first + 1);
        finish_rows(p, i, c, first, count, lanes);
    }
}

template <class T>
BXNN_ANYWHERE inline void run_reduce(const Program& p, const flat::Instruction& i, Column c) {
    const auto& r = p.detail<flat::Reduce>(i);
    std::uint32_t inner = 0, begin = 0;
    run_rows<T>(p, i, c, [&](std::uint32_t) {
        const T made = Leaves<T>{p, r, i.operands[0], i.operands[1], c, begin + inner}.reduced();
        if (++inner == r.inner) inner = 0, begin += r.size * r.inner;
        return made;
    });
}

template <class T>
BXNN_ANYWHERE inline void run_simple(const Program& p, const flat::Instruction& i, Column c) {
    switch (i.kind) {
        case flat::Instruction::Kind::binary:
            return run_rows<T>(p, i, c, [&](std::uint32_t row) { return produce_binary<T>(p, i, c, row); });
        case flat::Instruction::Kind::select:
            return run_rows<T>(p, i, c, [&](std::uint32_t row) { return produce_select<T>(p, i, c, row); });
        case flat::Instruction::Kind::reduce: return run_reduce<T>(p, i, c);
        default:
            return run_rows<T>(p, i, c, [&](std::uint32_t row) { return load_element<T>(p, i.operands[0], c, row); });
    }
}
