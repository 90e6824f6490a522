#include "ir/graph.hpp"

#include "ops/rules.hpp"

namespace bxnn::ir {

std::size_t Value::size() const {
    std::size_t n = 1;
    for (auto dim : shape) n *= dim;
    return n;
}

std::vector<Id> Graph::inputs() const {
    std::vector<Id> ids;
    for (Id id = 0; id < nodes.size(); ++id)
        if (std::holds_alternative<Input>(nodes[id].op)) ids.push_back(id);
    return ids;
}

Tensor Graph::tensor(Id id, std::string tensor_name) const {
    const auto& node = nodes[id];
    const auto* input = std::get_if<Input>(&node.op);
    return {std::move(tensor_name), node.value.shape, input ? input->format : node.value.type};
}

std::string place(const Graph& graph, Id id) {
    const auto& node = graph.nodes[id];
    std::string text(name_of(node.op));
    if (!node.name.empty()) text += " '" + node.name + "'";
    return text + " (node " + std::to_string(id) + ")";
}

namespace {

std::size_t checked_size(const Shape& shape, const std::string& where) {
    std::size_t n = 1;
    if (shape.size() > 16) ops::bad_graph(where, "more than 16 dimensions");
    for (const auto dim : shape) {
        if (dim == 0) ops::bad_graph(where, "a dimension is zero");
        if (n * dim > kMaxElements) ops::bad_graph(where, "more than 2^20 elements");
        n *= dim;
    }
    return n;
}

}  // namespace

Value infer(const Attributes& op, std::span<const Value* const> operands, const Shape& wanted_shape,
            const std::string& where) {
    const ops::Result result = std::visit([&](const auto& o) { return ops::check(o, operands, where); }, op);
    Value value;
    value.shape = wanted_shape.empty() && result.size != 0 ? result.natural_shape : wanted_shape;
    const std::size_t size = checked_size(value.shape, where);
    if (result.size != 0 && size != result.size)
        ops::bad_graph(
            where, "the shape has " + std::to_string(size) + " elements, the result " + std::to_string(result.size));
    if (std::holds_alternative<Constant>(op) && std::get<Constant>(op).raw.empty())
        ops::bad_graph(where, "no elements");
    if (std::holds_alternative<Gather>(op) && std::get<Gather>(op).index.empty()) ops::bad_graph(where, "no elements");
    if (result.type) {
        value.type = *result.type;
        return value;
    }
    // An exact type: what the formats of the operands allow, on the grid that the operation states.
    std::vector<Ranges> ranges;
    std::vector<Known> known;
    ranges.reserve(operands.size());
    for (const auto* x : operands) {
        ranges.emplace_back(x->size(), ops::range_of(x->type));
        known.push_back({*x, ranges.back()});
    }
    value.type = Format{kMaxBits, kMaxBits - result.frac, true};
    const Interval all = ops::hull(range(op, value, known, where));
    value.type = fx::exact_type(all.lo, all.hi, result.frac);
    fx::check_format(value.type, kMaxBits, where);
    return value;
}

Ranges range(const Attributes& op, const Value& result, std::span<const Known> operands, const std::string& where) {
    return std::visit([&](const auto& o) { return ops::range(o, result, operands, where); }, op);
}

}  // namespace bxnn::ir
