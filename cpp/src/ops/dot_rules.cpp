#include "ops/dot.hpp"
#include "ops/rules.hpp"

namespace bxnn::ops {

Result check(const ir::Dot& op, Operands operands, const std::string& where) {
    expect_operands(operands, 1, where);
    const auto& x = *operands[0];
    const std::size_t outputs = std::size_t{op.positions} * op.filters;
    if (op.positions == 0 || op.filters == 0 || op.terms == 0 || op.groups == 0 || outputs > ir::kMaxElements)
        bad_graph(where, "positions, filters, terms and groups must be positive, and the result at most 2^20 elements");
    if (op.groups > op.positions)
        bad_graph(where, "has " + std::to_string(op.groups) + " groups, more than its " + std::to_string(op.positions) +
                             " positions can use");
    const auto expect_size = [&](const char* what, std::size_t got, std::size_t a, std::size_t b, std::size_t c) {
        if (a * b > (std::size_t{1} << 40) || a * b * c != got)
            bad_graph(where, std::string(what) + " has " + std::to_string(got) + " elements, expected " +
                                 std::to_string(a) + " x " + std::to_string(b) + " x " + std::to_string(c));
    };
    expect_size("weights", op.weights.size(), op.groups, op.filters, op.terms);
    expect_size("bias", op.bias.size(), op.groups, op.filters, 1);
    expect_size("index", op.index.size(), op.positions, op.terms, 1);
    expect_size("group", op.group.size(), op.positions, 1, 1);
    expect_index(op.index, x.size(), where);
    expect_index(op.group, op.groups, where, 0);
    for (const int frac : {op.w_frac, op.b_frac})
        if (frac < -1024 || frac > 1024)
            bad_graph(where, "fraction bits " + std::to_string(frac) + " are outside ±1024");
    for (const auto& format : {op.product, op.accum})
        if (format) fx::check_format(*format, 64, where);
    Result result{outputs, {static_cast<std::uint32_t>(outputs)}, accumulator_frac(op, x.type.frac()), {}};
    if (op.accum) result.type = type_of(*op.accum);
    return result;
}

ir::Ranges range(const ir::Dot& op, const ir::Value&, KnownOperands operands, const std::string& where) {
    return bounds(op, operands[0], where).results;
}

}  // namespace bxnn::ops
