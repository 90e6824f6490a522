// Fused element-wise steps, in place on `rows` rows of lanes; `first` is the element of the first row.

template <class T>
inline void apply_step(const CastStep& step, std::size_t first, std::size_t rows, T* lanes) {
    if (step.shift_up.empty()) return quantize_rows(lanes, rows * kBlock, step.casts.front().get<T>());
    for (std::size_t r = 0; r < rows; ++r, lanes += kBlock) {
        quantize_rows(lanes, kBlock, step.casts[first + r].get<T>());
        const int up = step.shift_up[first + r];
        for (std::size_t e = 0; e < kBlock; ++e) lanes[e] = moved_up(lanes[e], up);
    }
}

// Entries by their own number: the first is not subtracted from each.
template <class T, class Entry>
[[gnu::noinline]] void look_up(T* lanes, std::size_t n, const Entry* table, std::int64_t first) {
    const auto origin = reinterpret_cast<std::intptr_t>(table) - first * static_cast<std::int64_t>(sizeof(Entry));
    const auto* entries = reinterpret_cast<const Entry*>(origin);
    constexpr std::size_t unrolled = kBlock % 8 == 0 ? 8 : 1;
    for (std::size_t i = 0; i < n; i += unrolled)
        for (std::size_t k = 0; k < unrolled; ++k)
            lanes[i + k] = static_cast<T>(entries[static_cast<std::ptrdiff_t>(lanes[i + k])]);
}

template <class T>
inline void apply_step(const LutStep& step, std::size_t, std::size_t rows, T* lanes) {
    if (!step.table32.empty()) look_up(lanes, rows * kBlock, step.table32.data(), step.first);
    else look_up(lanes, rows * kBlock, step.table.data(), step.first);
}

template <class T>
inline void apply_step(const ConstantStep& step, std::size_t first, std::size_t rows, T* lanes) {
    const int up = step.up;
    const bool swapped = step.constant_first;
    with_kind(step.kind, [&]<BinaryKind kind>() {
        const auto on_rows = [&](T* x, std::size_t n, T constant) {
            if (swapped)
                for (std::size_t e = 0; e < n; ++e) x[e] = combined<kind>(constant, moved_up(x[e], up));
            else
                for (std::size_t e = 0; e < n; ++e) x[e] = combined<kind>(moved_up(x[e], up), constant);
        };
        if (step.constants.size() == 1) return on_rows(lanes, rows * kBlock, static_cast<T>(step.constants.front()));
        for (std::size_t r = 0; r < rows; ++r)
            on_rows(lanes + r * kBlock, kBlock, static_cast<T>(step.constants[first + r]));
    });
}
