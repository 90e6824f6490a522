// One block of events through a plan. Everything in kernels/*.inl is included inside one instruction set's namespace,
// where kBlock (events), kVectorBytes, kFilters (filters that share one load of x), kGroup (vectors of events that
// share one load of the weights) are set, and multiply_add is declared.

template <class T>
inline void run_instruction(const Instruction& i, std::byte* arena, kernels::Paired paired) {
    const auto* dot = std::get_if<DotProducer>(&i.producer);
    if (dot && !dot->paired) dot = nullptr;
    if (dot && dot->paired->packs) return paired(*dot, i.operands[0], arena, 0, i.rows, nullptr, row_at(arena, i.at));
    if (const auto* reduce = std::get_if<ReduceProducer>(&i.producer); reduce && reduce->on_pairs)
        return reduce_pairs(*reduce, i, arena);
    alignas(64) T lanes[kTile * kBlock];
    const std::size_t row_bytes = std::size_t{bytes_of(i.storage)} * kBlock;
    for (std::size_t first = 0; first < i.rows; first += kTile) {
        const std::size_t rows = std::min<std::size_t>(kTile, i.rows - first);
        if constexpr (sizeof(T) == 4)
            if (dot) paired(*dot, i.operands[0], arena, first, rows, lanes, nullptr);
        if (!dot) visit(i.producer, [&](const auto& producer) { produce(producer, i, arena, first, rows, lanes); });
        for (const auto& step : i.steps) visit(step, [&](const auto& s) { apply_step(s, first, rows, lanes); });
        store_rows(row_at(arena, i.at) + first * row_bytes, i.storage, lanes, rows);
    }
}

// `ahead` is what will be read next. It is brought into the cache meanwhile, a part with every instruction: all at
// once, it would be waited for.
inline void run(const Plan& plan, std::byte* arena, kernels::Paired paired, std::span<const std::byte> ahead) {
    constexpr std::size_t line = 64;
    const auto lines = (ahead.size() + line - 1) / line, instructions = plan.instructions.size();
    const std::size_t part = lines == 0 || instructions == 0 ? 0 : (lines + instructions - 1) / instructions;
    std::size_t fetched = 0;
    for (const auto& i : plan.instructions) {
        for (const std::size_t end = std::min(lines, fetched + part); fetched < end; ++fetched)
            __builtin_prefetch(ahead.data() + fetched * line);
        switch (i.lane) {
            case Lane::i16:
            case Lane::i32: run_instruction<std::int32_t>(i, arena, paired); break;
            case Lane::i64: run_instruction<std::int64_t>(i, arena, paired); break;
            case Lane::i128: run_instruction<i128>(i, arena, paired); break;
        }
    }
}

inline void prepare(const Plan& plan, std::byte* arena) {
    for (const auto& c : plan.constants)
        with_storage(c.storage, [&]<class S>(S) {
            std::byte* row = row_at(arena, c.at);
            if constexpr (std::is_same_v<S, Half>) {
                const auto raw = static_cast<std::int32_t>(c.raw);
                std::fill_n(reinterpret_cast<Word*>(row), kBlock, pack(raw, raw));
            } else {
                std::fill_n(reinterpret_cast<S*>(row), kBlock, static_cast<S>(c.raw));
            }
        });
}
