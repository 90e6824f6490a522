#include <sstream>

#include "passes/plan.hpp"

namespace bxnn::plan {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            constexpr char hex[] = "0123456789abcdef";
            out += std::string("\\u00") + hex[c >> 4] + hex[c & 15];
        } else {
            out += c;
        }
    }
    return out + '"';
}

// The first layer whose output a node's instruction makes, or the node's own name.
std::string layer_of(const ir::Graph& graph, const Instruction& i) {
    for (const auto id : i.covers)
        for (const auto& probe : graph.probes)
            if (probe.id == id) return probe.name;
    for (const auto id : i.covers)
        if (!graph.nodes[id].name.empty()) return graph.nodes[id].name;
    return {};
}

// How its numbers are multiplied, if they are.
std::string_view kernel_of(const Instruction& i, const Speed& speed) {
    if (const auto* sum = std::get_if<ReduceProducer>(&i.producer); sum && sum->products)
        return sum->two_products == ReduceProducer::Two::wide ? "lanes" : "pairs";
    const auto* dot = std::get_if<DotProducer>(&i.producer);
    if (!dot || !dot->paired) return dot ? "lanes" : "none";
    if (speed.has_tiles && dot->paired->tiles) return "tiles";
    if (speed.quad > 0 && dot->paired->quads) return "quads";
    return dot->paired->sparse ? "sparse pairs" : "pairs";
}

std::size_t multiplications(const Instruction& i) {
    if (const auto* dot = std::get_if<DotProducer>(&i.producer))
        return std::size_t{dot->positions} * dot->filters * dot->terms;
    const auto* sum = std::get_if<ReduceProducer>(&i.producer);
    return sum && sum->products ? std::size_t{i.rows} * sum->size : 0;
}

double rounded(double x) { return std::round(x * 10) / 10; }

}  // namespace

std::string explain(const ir::Graph& graph, const Plan& plan, std::string_view isa, const Speed& speed) {
    std::ostringstream out;
    double sum = edge_cycles(plan, speed);
    for (const auto& i : plan.instructions) sum += cycles(i, speed);
    out << "{\"model\": " << quoted(graph.name) << ", \"isa\": " << quoted(isa)
        << ", \"expected_cycles_per_event\": " << std::ceil(sum) << ", \"bytes_per_event\": " << plan.bytes_per_event
        << ", \"steps\": [";
    for (std::size_t n = 0; n < plan.instructions.size(); ++n) {
        const auto& i = plan.instructions[n];
        out << (n ? ", " : "") << "{\"layer\": " << quoted(layer_of(graph, i)) << ", \"operations\": [";
        for (std::size_t k = 0; k < i.covers.size(); ++k)
            out << (k ? ", " : "") << quoted(ir::name_of(graph.nodes[i.covers[k]].op));
        const auto* dot = std::get_if<DotProducer>(&i.producer);
        out << "], \"elements\": " << i.rows << ", \"multiplications\": " << multiplications(i)
            << ", \"path\": " << quoted(dot ? kDotPathNames[static_cast<std::size_t>(dot->path)] : "element-wise")
            << ", \"kernel\": " << quoted(kernel_of(i, speed)) << ", \"cycles\": " << rounded(cycles(i, speed))
            << ", \"lanes\": " << quoted(kLaneNames[static_cast<std::size_t>(i.lane)])
            << ", \"stored_as\": " << quoted(kLaneNames[static_cast<std::size_t>(i.storage)])
            << ", \"type\": " << quoted(graph.nodes[i.node].value.type.str()) << ", \"proof\": " << quoted(i.proof)
            << "}";
    }
    out << "]}";
    return out.str();
}

}  // namespace bxnn::plan
