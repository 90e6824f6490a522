#include <set>

#include "ops/rules.hpp"

namespace bxnn::ir {
namespace {

std::vector<const Value*> values_of(const Graph& graph, const std::vector<Id>& operands, std::size_t below,
                                    const std::string& where) {
    std::vector<const Value*> values;
    for (const Id id : operands) {
        if (id >= below) ops::bad_graph(where, "operand " + std::to_string(id) + " does not come before it");
        values.push_back(&graph.nodes[id].value);
    }
    return values;
}

// Multiplications of a dot; kMaxWork + 1 if they are more than that.
std::size_t products(const Dot& dot) {
    const std::size_t outputs = std::size_t{dot.positions} * dot.filters;
    return outputs > kMaxWork || outputs * std::min<std::size_t>(dot.terms, kMaxWork) > kMaxWork ? kMaxWork + 1
                                                                                                 : outputs * dot.terms;
}

void verify_marks(const Graph& graph, const std::vector<Mark>& marks, const char* what) {
    std::set<std::string> names;
    std::size_t total = 0;
    for (const auto& mark : marks) {
        if (mark.id >= graph.nodes.size())
            ops::bad_graph(what,
                           "'" + mark.name + "' refers to node " + std::to_string(mark.id) + ", which does not exist");
        if (!names.insert(mark.name).second) ops::bad_graph(what, "the name '" + mark.name + "' is used twice");
        if ((total += graph.nodes[mark.id].value.size()) > kMaxTotalElements)
            ops::bad_graph(what, "'" + mark.name + "': more than 2^22 elements in all " + what + "s together");
    }
}

// What goes in and out are 64-bit integers.
void expect_int64(const Graph& graph, const Mark& mark) {
    const auto& type = graph.nodes[mark.id].value.type;
    if (type.width > (type.is_signed ? 64 : 63))
        throw Error(ErrorKind::unsupported,
                    "'" + mark.name + "' has " + type.str() + ", which does not fit 64-bit integers; cast it first");
}

void verify_golden(const Graph& graph, const std::vector<Integers>& arrays, const std::vector<Tensor>& tensors,
                   const char* what) {
    const auto where = std::string("golden ") + what;
    if (arrays.size() != tensors.size()) ops::bad_graph(where, "one array for each is needed");
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        const auto n = tensors[i].size();
        if (graph.golden.events > (std::uint64_t{1} << 40) || arrays[i].size() != graph.golden.events * n)
            ops::bad_graph(where,
                           "'" + tensors[i].name + "' must have events x " + std::to_string(n) + " raw integers");
        for (const auto raw : arrays[i])
            if (!ops::contains(ops::range_of(tensors[i].format), {raw, raw}))
                ops::bad_graph(where, "'" + tensors[i].name + "': raw value " + std::to_string(raw) + " is outside " +
                                          tensors[i].format.str());
    }
}

}  // namespace

Id append(Graph& graph, Attributes op, std::vector<Id> operands, const Shape& shape, std::string name) {
    const auto id = static_cast<Id>(graph.nodes.size());
    graph.nodes.push_back({std::move(name), std::move(operands), std::move(op), {}});
    auto& node = graph.nodes.back();
    const auto where = place(graph, id);
    try {
        node.value = infer(node.op, values_of(graph, node.operands, id, where), shape, where);
    } catch (...) {
        graph.nodes.pop_back();
        throw;
    }
    return id;
}

void verify(const Graph& graph) {
    std::size_t total = 0, work = 0;
    std::set<std::string> input_names;
    for (Id id = 0; id < graph.nodes.size(); ++id) {
        const auto& node = graph.nodes[id];
        const auto where = place(graph, id);
        const auto operands = values_of(graph, node.operands, id, where);
        if (const auto* dot = std::get_if<Dot>(&node.op)) work += products(*dot);
        for (const auto* x : operands) work += 4 * x->size();
        if (work > kMaxWork) ops::bad_graph(where, "more than 2^26 multiplications and operand elements together");
        const auto value = infer(node.op, operands, node.value.shape, where);
        if (value.shape != node.value.shape) ops::bad_graph(where, "its shape is missing");
        if (!(value.type == node.value.type))
            ops::bad_graph(where, "has type " + node.value.type.str() + ", but its operands give " + value.type.str());
        if ((total += value.size()) > kMaxTotalElements)
            ops::bad_graph(where, "more than 2^22 elements in all values together");
        if (std::holds_alternative<Input>(node.op) && !input_names.insert(node.name).second)
            ops::bad_graph(where, "the input's name is used twice");
    }
    if (graph.outputs.empty()) ops::bad_graph("graph '" + graph.name + "'", "has no output");
    if (input_names.empty()) ops::bad_graph("graph '" + graph.name + "'", "has no input");
    verify_marks(graph, graph.outputs, "output");
    verify_marks(graph, graph.probes, "probe");
    for (const Id id : graph.inputs()) expect_int64(graph, {id, graph.nodes[id].name});
    for (const auto* marks : {&graph.outputs, &graph.probes})
        for (const auto& mark : *marks) expect_int64(graph, mark);
    if (graph.golden.events == 0) return;
    std::vector<Tensor> inputs, outputs;
    for (const Id id : graph.inputs()) inputs.push_back(graph.tensor(id, graph.nodes[id].name));
    for (const auto& mark : graph.outputs) outputs.push_back(graph.tensor(mark.id, mark.name));
    verify_golden(graph, graph.golden.inputs, inputs, "input");
    verify_golden(graph, graph.golden.outputs, outputs, "output");
}

}  // namespace bxnn::ir
