#include "ops/interval.hpp"
#include "passes/plan.hpp"

namespace bxnn::plan {

std::vector<ir::Ranges> prove_ranges(const ir::Graph& graph, bool from_types_only) {
    std::vector<ir::Ranges> ranges;
    ranges.reserve(graph.nodes.size());
    for (ir::Id id = 0; id < graph.nodes.size(); ++id) {
        const auto& node = graph.nodes[id];
        if (from_types_only && !std::holds_alternative<ir::Constant>(node.op)) {
            ranges.emplace_back(node.value.size(), ops::range_of(node.value.type));
            continue;
        }
        std::vector<ir::Known> operands;
        for (const ir::Id x : node.operands) operands.push_back({graph.nodes[x].value, ranges[x]});
        ranges.push_back(ir::range(node.op, node.value, operands, ir::place(graph, id)));
    }
    return ranges;
}

}  // namespace bxnn::plan
