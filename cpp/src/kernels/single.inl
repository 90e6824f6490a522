// Between the caller's arrays and the rows of a single event.
#include "kernels/numbers.inl"

// The event's numbers lie one after the other, and so do the rows of an input.
inline BadValue load(const Plan& plan, std::size_t i, const void* data, DType type, std::size_t, std::byte* arena) {
    const auto& edge = plan.inputs[i];
    const std::size_t n = edge.rows.rows.size();
    BadValue bad;
    with_dtype(type, [&]<class D>(D) {
        const D* numbers = static_cast<const D*>(data);
        with_storage(edge.rows.storage, [&]<class S>(S) {
            using Stored = std::conditional_t<std::is_same_v<S, Half>, std::int16_t, S>;
            auto* row = reinterpret_cast<Stored*>(row_at(arena, edge.rows.rows[0]));
            if (load_numbers(row, numbers, n, edge)) return;
            for (std::size_t element = n; element-- > 0;)
                if (!load_numbers(row, numbers + element, 1, edge)) bad = {0, element};
        });
    });
    return bad;
}

inline void store(const Plan& plan, std::size_t i, void* data, DType type, std::size_t, const std::byte* arena) {
    const auto& edge = plan.outputs[i];
    const std::size_t n = edge.rows.rows.size();
    with_dtype(type, [&]<class D>(D) {
        D* numbers = static_cast<D*>(data);
        const auto put = [&]<class T>(T) {
            for (std::size_t element = 0; element < n; ++element) {
                T raw;
                load_row(&raw, arena, edge.rows.rows[element], edge.rows.storage);
                if constexpr (std::is_floating_point_v<D>)
                    numbers[element] = static_cast<D>(static_cast<double>(raw) * edge.unit);
                else numbers[element] = static_cast<D>(raw);
            }
        };
        if (edge.rows.storage <= Lane::i64) put(std::int64_t{});
        else put(i128{});
    });
}

constexpr kernels::Bodies kBodies{kBlock, produce_paired, prepare, load, run, store};
