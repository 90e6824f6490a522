// One event through a flat plan, the same functions on a GPU and, for tests, on a CPU. Included inside a namespace with
// the names of plan, fx and flat. Lanes are a thread's registers; other threads' events are its neighbours in the
// arena.
// clang-format off
#include "fx/quantize.inl"
#include "fx/real.inl"
#include "kernels/arithmetic.inl"
#include "cuda/numbers.inl"
#include "cuda/rows.inl"
// clang-format on

// A flat plan, wherever it lies.
struct Program {
    const std::byte* bytes;

    BXNN_ANYWHERE const flat::Header& header() const { return *reinterpret_cast<const flat::Header*>(bytes); }
    template <class T>
    BXNN_ANYWHERE const T* get(const flat::Array<T>& array) const {
        return reinterpret_cast<const T*>(bytes + array.at);
    }
    template <class T>
    BXNN_ANYWHERE const T* lanes(const flat::LaneArray& array) const {
        return reinterpret_cast<const T*>(bytes + array.at);
    }
    template <class T>
    BXNN_ANYWHERE const T& detail(const flat::Instruction& i) const {
        return *reinterpret_cast<const T*>(bytes + i.detail);
    }
};

// Rows that a producer other than a dot product makes at a time: both halves of a word.
constexpr std::uint32_t kRows = 2;

template <class T>
BXNN_APART BXNN_ANYWHERE inline T quantized(T x, const Cast<T>& cast) {
    quantize_rows(&x, 1, cast);
    return x;
}

template <class T>
BXNN_ANYWHERE inline T combined(BinaryKind kind, T a, T b) {
    T result{};
    with_kind(kind, [&]<BinaryKind k>() { result = combined<k>(a, b); });
    return result;
}

// Rows [first, first + count) of lanes in place. Lanes beyond come from weights of zero: any cast may be done on them.
template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void apply_cast(const Program& p, const flat::Step& step, std::uint32_t first, std::uint32_t count,
                                     T (&lanes)[n]) {
    const Cast<T>* casts = p.lanes<Cast<T>>(step.casts);
    if (step.shift_up.size == 0) {
        if constexpr (sizeof(T) == 4 && n > kRows) {
            quantize_rows(lanes, n, casts[0]);
        } else {
            BXNN_UNROLL
            for (std::uint32_t r = 0; r < n; ++r) lanes[r] = quantized(lanes[r], casts[0]);
        }
        return;
    }
    const std::uint8_t* ups = p.get(step.shift_up);
    BXNN_UNROLL
    for (std::uint32_t r = 0; r < n; ++r)
        if (r < count) {
            const std::uint32_t row = first + r;
            lanes[r] = moved_up(quantized(lanes[r], casts[row]), ups[row]);
        }
}

template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void apply_table(const Program& p, const flat::Step& step, std::uint32_t count, T (&lanes)[n]) {
    const T first = static_cast<T>(step.first);
    BXNN_UNROLL
    for (std::uint32_t r = 0; r < n; ++r)
        if (r < count) {
            const auto index = static_cast<std::int64_t>(lanes[r] - first);
            lanes[r] = step.table32.size > 0 ? static_cast<T>(p.get(step.table32)[index])
                                             : static_cast<T>(p.get(step.table)[index]);
        }
}

template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void apply_constant(const Program& p, const flat::Step& step, std::uint32_t first,
                                         std::uint32_t count, T (&lanes)[n]) {
    const T* constants = p.lanes<T>(step.constants);
    BXNN_UNROLL
    for (std::uint32_t r = 0; r < n; ++r)
        if (r < count) {
            const T c = constants[step.constants.size == 1 ? 0 : first + r];
            const T x = moved_up(lanes[r], step.up);
            lanes[r] = step.constant_first ? combined(step.binary, c, x) : combined(step.binary, x, c);
        }
}

template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void apply_step(const Program& p, const flat::Step& step, std::uint32_t first, std::uint32_t count,
                                     T (&lanes)[n]) {
    switch (step.kind) {
        case flat::Step::Kind::cast: return apply_cast(p, step, first, count, lanes);
        case flat::Step::Kind::lut: return apply_table(p, step, count, lanes);
        case flat::Step::Kind::constant: return apply_constant(p, step, first, count, lanes);
    }
}

// What every tile of rows goes through once it is made.
template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void finish_rows(const Program& p, const flat::Instruction& i, Column c, std::uint32_t first,
                                      std::uint32_t count, T (&lanes)[n]) {
    const flat::Step* steps = p.get(i.steps);
    for (std::uint64_t s = 0; s < i.steps.size; ++s) apply_step(p, steps[s], first, count, lanes);
    store_rows(c, i.at, i.storage, first, count, lanes);
}

// clang-format off
#include "cuda/producers.inl"
#include "cuda/dots.inl"
// clang-format on

// One call: the arrays of inputs, then of outputs; where the first bad number of an input is noted, as
// (event * elements of all inputs) + its place among them.
constexpr std::size_t kMostArrays = 120;
struct Call {
    void* data[kMostArrays];
    DType types[kMostArrays];
    std::uint64_t events;
    unsigned long long* bad;
};
constexpr unsigned long long kNoneBad = ~0ull;

BXNN_ANYWHERE inline void note_bad(const Call& call, unsigned long long place) {
#ifdef __CUDA_ARCH__
    atomicMin(call.bad, place);
#else
    if (place < *call.bad) *call.bad = place;
#endif
}

// Reads one input of one event, two elements at a time; false and the element if one is not allowed.
template <class T>
BXNN_ANYWHERE inline std::uint64_t load_input(const flat::Input& input, std::uint32_t at, DType type, const void* data,
                                              std::uint64_t event, Column c) {
    const std::uint64_t n = input.rows.rows.size;
    std::uint64_t bad = n;
    for (std::uint64_t first = 0; first < n; first += kRows) {
        const std::uint32_t count = n - first < kRows ? static_cast<std::uint32_t>(n - first) : kRows;
        T lanes[kRows] = {};
        BXNN_UNROLL
        for (std::uint32_t r = 0; r < kRows; ++r)
            if (r < count && !read_number(input, type, data, event * n + first + r, lanes[r]) && bad == n)
                bad = first + r;
        store_rows(c, at, input.rows.storage, static_cast<std::uint32_t>(first), count, lanes);
    }
    return bad;
}

BXNN_ANYWHERE inline void load_inputs(const Program& p, const Call& call, std::uint64_t event, Column c) {
    const auto& header = p.header();
    const flat::Input* inputs = p.get(header.inputs);
    std::uint64_t elements = 0, bad = kNoneBad;
    for (std::uint64_t i = 0; i < header.inputs.size; ++i) {
        const auto& input = inputs[i];
        const std::uint64_t n = input.rows.rows.size;
        const std::uint32_t at = n > 0 ? p.get(input.rows.rows)[0] : 0;
        const std::uint64_t element = input.width <= flat::kNarrowWidth
                                          ? load_input<std::int64_t>(input, at, call.types[i], call.data[i], event, c)
                                          : load_input<i128>(input, at, call.types[i], call.data[i], event, c);
        if (element < n && bad == kNoneBad) bad = elements + element;
        elements += n;
    }
    if (bad != kNoneBad) note_bad(call, event * elements + bad);
}

BXNN_ANYWHERE inline void store_outputs(const Program& p, const Call& call, std::uint64_t event, Column c) {
    const auto& header = p.header();
    const flat::Output* outputs = p.get(header.outputs);
    for (std::uint64_t o = 0; o < header.outputs.size; ++o) {
        const auto& rows = outputs[o].rows;
        const std::uint64_t n = rows.rows.size, array = header.inputs.size + o;
        for (std::uint64_t element = 0; element < n; ++element) {
            const auto raw = load_row<std::int64_t>(c, p.get(rows.rows)[element], rows.storage);
            write_number(outputs[o], call.types[array], call.data[array], event * n + element, raw);
        }
    }
}

template <class T>
BXNN_APART BXNN_ANYWHERE inline void run_instruction(const Program& p, const flat::Instruction& i, Column c) {
    if (i.kind == flat::Instruction::Kind::dot) run_dot<T>(p, i, c);
    else run_simple<T>(p, i, c);
}

// Constant rows of an arena, once before its first event.
BXNN_ANYWHERE inline void prepare(const Program& p, Column c) {
    const auto& header = p.header();
    const flat::Constant* constants = p.get(header.constants);
    for (std::uint64_t k = 0; k < header.constants.size; ++k) {
        const std::int64_t lanes[kRows] = {constants[k].raw, constants[k].raw};
        store_rows(c, constants[k].at, constants[k].storage, 0, 1, lanes);
    }
}

// One event from its numbers to its results.
BXNN_ANYWHERE inline void run_event(const Program& p, const Call& call, std::uint64_t event, Column c) {
    load_inputs(p, call, event, c);
    const auto& header = p.header();
    const flat::Instruction* instructions = p.get(header.instructions);
    for (std::uint64_t k = 0; k < header.instructions.size; ++k) {
        const auto& i = instructions[k];
        if (i.kind == flat::Instruction::Kind::paired) run_paired(p, i, c);
        else if (i.lane <= Lane::i32) run_instruction<std::int32_t>(p, i, c);
        else if (i.lane == Lane::i64) run_instruction<std::int64_t>(p, i, c);
        else run_instruction<i128>(p, i, c);
    }
    store_outputs(p, call, event, c);
}

// clang-format off
#include "cuda/warp.inl"
#include "cuda/fused.inl"
// clang-format on
