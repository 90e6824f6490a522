#include "ops/rules.hpp"

namespace bxnn::ops {

Result check(const ir::Input& op, Operands operands, const std::string& where) {
    expect_operands(operands, 0, where);
    fx::check_format(op.format, 64, where);
    return {0, {}, op.format.frac(), type_of(op.format)};  // size 0: any shape is right
}

ir::Ranges range(const ir::Input&, const ir::Value& result, KnownOperands, const std::string&) {
    return ir::Ranges(result.size(), range_of(result.type));
}

Result check(const ir::Constant& op, Operands operands, const std::string& where) {
    expect_operands(operands, 0, where);
    fx::check_format(op.type, 64, where);
    for (const auto raw : op.raw)
        if (!contains(range_of(op.type), {raw, raw}))
            bad_graph(where, "raw value " + std::to_string(raw) + " is outside " + op.type.str());
    return {op.raw.size(), {static_cast<std::uint32_t>(op.raw.size())}, op.type.frac(), type_of(op.type)};
}

ir::Ranges range(const ir::Constant& op, const ir::Value&, KnownOperands, const std::string&) {
    ir::Ranges ranges;
    for (const auto raw : op.raw) ranges.push_back({raw, raw});
    return ranges;
}

}  // namespace bxnn::ops
