#include "cuda/flat_plan.hpp"

#include <cstring>
#include <type_traits>

#include "cuda/fuse.hpp"
#include "runtime/model_impl.hpp"

namespace bxnn::flat {
namespace {

std::uint32_t whole_groups(std::uint32_t n, std::uint32_t group) { return (n + group - 1) / group * group; }

// Calls f with a number of the lane's type.
template <class F>
auto with_lane(plan::Lane lane, F&& f) {
    switch (lane) {
        case plan::Lane::i16:
        case plan::Lane::i32: return f(std::int32_t{});
        case plan::Lane::i64: return f(std::int64_t{});
        case plan::Lane::i128: break;
    }
    return f(i128{});
}

class Writer {
public:
    Writer() : bytes_(sizeof(Header)) {}

    template <class T>
    std::uint64_t put(const T* values, std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kAlign);
        bytes_.resize((bytes_.size() + kAlign - 1) / kAlign * kAlign);
        const std::size_t at = bytes_.size();
        bytes_.resize(at + count * sizeof(T));
        if (count > 0) std::memcpy(bytes_.data() + at, values, count * sizeof(T));
        return at;
    }
    template <class T>
    Array<T> array(const std::vector<T>& values) {
        return {put(values.data(), values.size()), values.size()};
    }
    template <class T>
    LaneArray lanes(const std::vector<T>& values) {
        const auto placed = array(values);
        return {placed.at, placed.size};
    }
    template <class T>
    LaneArray casts(const std::vector<plan::CastParams>& casts) {
        std::vector<fx::Cast<T>> chosen;
        for (const auto& cast : casts) chosen.push_back(cast.template get<T>());
        return lanes(chosen);
    }
    Operand operand(const plan::Operand& x) { return {array(x.rows), x.storage, x.pairs}; }

    std::vector<std::uint8_t> finish(Header header) {
        bytes_.resize((bytes_.size() + kAlign - 1) / kAlign * kAlign);
        header.bytes = bytes_.size();
        std::memcpy(bytes_.data(), &header, sizeof header);
        return std::move(bytes_);
    }

private:
    std::vector<std::uint8_t> bytes_;
};

template <class T>
Step flat_step(Writer& out, const plan::CastStep& step) {
    Step flat;
    flat.kind = Step::Kind::cast;
    flat.casts = out.casts<T>(step.casts);
    flat.shift_up = out.array(step.shift_up);
    return flat;
}

template <class T>
Step flat_step(Writer& out, const plan::LutStep& step) {
    Step flat;
    flat.kind = Step::Kind::lut;
    flat.first = step.first;
    if (step.table32.empty()) flat.table = out.array(step.table);
    else flat.table32 = out.array(step.table32);
    return flat;
}

template <class T>
Step flat_step(Writer& out, const plan::ConstantStep& step) {
    Step flat;
    flat.kind = Step::Kind::constant;
    flat.binary = step.kind;
    flat.constant_first = step.constant_first;
    flat.up = step.up;
    std::vector<T> constants;
    for (const auto& c : step.constants) constants.push_back(static_cast<T>(c));
    flat.constants = out.lanes(constants);
    return flat;
}

void flat_producer(Writer&, Instruction& flat, const plan::Instruction&, const plan::Load&) {
    flat.kind = Instruction::Kind::load;
}

void flat_producer(Writer& out, Instruction& flat, const plan::Instruction&, const plan::BinaryProducer& p) {
    const Binary binary{p.kind};
    flat.kind = Instruction::Kind::binary;
    flat.up_a = p.up_a, flat.up_b = p.up_b;
    flat.detail = out.put(&binary, 1);
}

void flat_producer(Writer&, Instruction& flat, const plan::Instruction&, const plan::SelectProducer& p) {
    flat.kind = Instruction::Kind::select;
    flat.up_a = p.up_a, flat.up_b = p.up_b;
}

void flat_producer(Writer& out, Instruction& flat, const plan::Instruction& i, const plan::ReduceProducer& p) {
    Reduce reduce{p.kind, p.order == ir::Order::tree, p.products, p.size, p.inner, {}, {}};
    with_lane(i.lane, [&]<class T>(T) { reduce.leaf = out.casts<T>(p.leaf), reduce.sum = out.casts<T>(p.sum); });
    flat.kind = Instruction::Kind::reduce;
    flat.detail = out.put(&reduce, 1);
}

Paired flat_paired(Writer& out, const plan::DotProducer& p) {
    const auto& d = *p.paired;
    static_assert(16 % Paired::kFilters == 0, "the stride is a multiple of 16");
    return {p.positions,          p.filters,          d.pairs, d.stride, out.array(d.group),
            out.array(d.weights), out.array(d.start), d.floor, d.finish};
}

// Weights are turned round, so that those that meet one number lie side by side.
template <class T>
Dot flat_dot(Writer& out, const plan::DotProducer& p) {
    Dot d;
    d.path = p.path;
    d.positions = p.positions, d.filters = p.filters, d.terms = p.terms;
    d.stride = whole_groups(p.filters, Dot::kFilters);
    d.group = out.array(p.group);
    d.shift = p.shift;
    d.term_casts = out.casts<T>(p.term_casts), d.sum_cast = out.casts<T>(p.sum_cast);
    const std::size_t groups = p.bias.size() / p.filters;
    std::vector<T> weights(groups * p.terms * d.stride), bias(groups * d.stride);
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f) {
            bias[g * d.stride + f] = static_cast<T>(p.bias[g * p.filters + f]);
            for (std::size_t k = 0; k < p.terms; ++k)
                weights[(g * p.terms + k) * d.stride + f] =
                    static_cast<T>(p.weights[(g * p.filters + f) * p.terms + k]);
        }
    d.weights = out.lanes(weights), d.bias = out.lanes(bias);
    return d;
}

void flat_producer(Writer& out, Instruction& flat, const plan::Instruction& i, const plan::DotProducer& p) {
    if (p.paired) {
        const Paired paired = flat_paired(out, p);
        flat.kind = Instruction::Kind::paired;
        flat.detail = out.put(&paired, 1);
        return;
    }
    const Dot dot = with_lane(i.lane, [&]<class T>(T) { return flat_dot<T>(out, p); });
    flat.kind = Instruction::Kind::dot;
    flat.detail = out.put(&dot, 1);
}

Array<Step> flat_steps(Writer& out, const plan::Instruction& i) {
    std::vector<Step> steps;
    with_lane(i.lane, [&]<class T>(T) {
        for (const auto& step : i.steps)
            steps.push_back(std::visit([&](const auto& s) { return flat_step<T>(out, s); }, step));
    });
    return out.array(steps);
}

Instruction flat_instruction(Writer& out, const plan::Instruction& i) {
    Instruction flat;
    flat.lane = i.lane, flat.storage = i.storage;
    flat.rows = i.rows, flat.at = i.at;
    for (std::size_t o = 0; o < i.operands.size(); ++o) flat.operands[o] = out.operand(i.operands[o]);
    std::visit([&](const auto& producer) { flat_producer(out, flat, i, producer); }, i.producer);
    flat.steps = flat_steps(out, i);
    return flat;
}

Input flat_input(Writer& out, const plan::Edge& edge) {
    const auto& f = edge.tensor.format;
    return {out.operand(edge.rows),
            f.frac(),
            f.width,
            edge.lo,
            edge.hi,
            fx::make_cast<std::int64_t>(f.frac(), f, false),
            fx::make_cast<i128>(f.frac(), f, false)};
}

Fused flat_fused(Writer& out, const plan::Plan& plan) {
    Fused fused;
    auto found = fuse(plan);
    if (const auto* why = std::get_if<std::string>(&found)) {
        fused.otherwise = {out.put(why->data(), why->size()), why->size()};
        return fused;
    }
    auto& chain = std::get<Chain>(found);
    std::vector<FusedLayer> layers;
    for (auto& layer : chain.layers) {
        for (std::size_t s = 0; s < layer.sinks.size(); ++s) layer.sinks[s].element = out.array(layer.elements[s]);
        layer.facts.rest = flat_steps(out, *layer.instruction);
        layer.facts.sinks = out.array(layer.sinks);
        layers.push_back(layer.facts);
        fused.stepped |= layer.facts.rest.size > 0;
    }
    std::vector<Squares> squares;
    if (chain.squares) squares.push_back(*chain.squares), squares[0].subtracted = out.array(chain.subtracted);
    fused.layers = out.array(layers), fused.image = out.array(chain.image), fused.squares = out.array(squares);
    fused.width = chain.width, fused.out_bytes = chain.out_bytes;
    return fused;
}

}  // namespace

std::vector<std::uint8_t> flatten(const plan::Plan& plan) {
    Writer out;
    Header header;
    header.bytes_per_event = plan.bytes_per_event;
    std::vector<Input> inputs;
    for (const auto& edge : plan.inputs) inputs.push_back(flat_input(out, edge));
    std::vector<Output> outputs;
    for (const auto& edge : plan.outputs) {
        const auto& f = edge.tensor.format;
        outputs.push_back({out.operand(edge.rows), f.frac(), f.width, f.is_signed});
    }
    std::vector<Instruction> instructions;
    for (const auto& i : plan.instructions) instructions.push_back(flat_instruction(out, i));
    std::vector<Constant> constants;
    for (const auto& c : plan.constants) constants.push_back({c.raw, c.at, c.storage});
    header.inputs = out.array(inputs), header.outputs = out.array(outputs);
    header.instructions = out.array(instructions), header.constants = out.array(constants);
    header.fused = flat_fused(out, plan);
    return out.finish(header);
}

std::vector<std::uint8_t> flat_plan(const Model& model, bool trace) { return flatten(model.impl().plan(true, trace)); }

}  // namespace bxnn::flat
