// Fused element-wise steps, in place on `rows` rows of lanes; `first` is the element of the first row.

template <class T>
inline void apply_step(const CastStep& step, std::size_t first, std::size_t rows, T* lanes) {
    if (step.shift_up.empty()) return quantize_rows(lanes, rows * kBlock, step.casts.front().get<T>());
    for (std::size_t r = 0; r < rows; ++r, lanes += kBlock) {
        quantize_rows(lanes, kBlock, step.casts[first + r].get<T>());
        const int up = step.shift_up[first + r];
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = static_cast<T>(static_cast<Unsigned<T>>(lanes[e]) << up);
    }
}

template <class T>
inline void apply_step(const LutStep& step, std::size_t, std::size_t rows, T* lanes) {
    const T first = static_cast<T>(step.first);
    if (!step.table32.empty()) {
        const std::int32_t* table = step.table32.data();
        for (std::size_t i = 0; i < rows * kBlock; ++i) lanes[i] = table[lanes[i] - first];
    } else {
        const std::int64_t* table = step.table.data();
        for (std::size_t i = 0; i < rows * kBlock; ++i) lanes[i] = static_cast<T>(table[lanes[i] - first]);
    }
}

template <class T>
inline void apply_step(const ConstantStep& step, std::size_t first, std::size_t rows, T* lanes) {
    const int up = step.up;
    const bool swapped = step.constant_first;
    with_kind(step.kind, [&]<BinaryKind kind>() {
        const auto on_rows = [&](T* x, std::size_t n, T constant) {
            if (swapped)
                for (std::size_t e = 0; e < n; ++e)
                    x[e] = apply<kind>(constant, static_cast<T>(static_cast<Unsigned<T>>(x[e]) << up));
            else
                for (std::size_t e = 0; e < n; ++e)
                    x[e] = apply<kind>(static_cast<T>(static_cast<Unsigned<T>>(x[e]) << up), constant);
        };
        if (step.constants.size() == 1) return on_rows(lanes, rows * kBlock, static_cast<T>(step.constants.front()));
        for (std::size_t r = 0; r < rows; ++r)
            on_rows(lanes + r * kBlock, kBlock, static_cast<T>(step.constants[first + r]));
    });
}
