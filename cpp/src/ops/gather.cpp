#include "ops/rules.hpp"

namespace bxnn::ops {

Result check(const ir::Gather& op, Operands operands, const std::string& where) {
    if (operands.empty()) bad_graph(where, "expected at least one operand");
    const Format type = operands[0]->type;
    std::size_t total = 0;
    for (const auto* x : operands) {
        if (!(x->type == type))
            bad_graph(where,
                      "operands must have one type, got " + type.str() + " and " + x->type.str() + "; cast them first");
        total += x->size();
    }
    expect_index(op.index, total, where);
    if (!contains(range_of(type), {op.fill, op.fill}))
        bad_graph(where, "fill " + std::to_string(op.fill) + " is outside " + type.str());
    return {op.index.size(), {static_cast<std::uint32_t>(op.index.size())}, type.frac(), type};
}

ir::Ranges range(const ir::Gather& op, const ir::Value&, KnownOperands operands, const std::string&) {
    std::vector<std::size_t> ends;  // of each operand, in the concatenation
    for (const auto& x : operands) ends.push_back((ends.empty() ? 0 : ends.back()) + x.ranges.size());
    ir::Ranges ranges;
    for (const auto i : op.index) {
        const auto at = static_cast<std::size_t>(std::max(i, 0));
        const auto x = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), at) - ends.begin());
        const std::size_t first = x == 0 ? 0 : ends[x - 1];
        ranges.push_back(i < 0 ? Interval{op.fill, op.fill} : operands[x].ranges[at - first]);
    }
    return ranges;
}

}  // namespace bxnn::ops
