#include "ops/rules.hpp"

namespace bxnn::ops {

Result check(const ir::CastOp& op, Operands operands, const std::string& where) {
    expect_operands(operands, 1, where);
    const auto& x = *operands[0];
    if (op.formats.size() != 1 && op.formats.size() != x.size())
        bad_graph(where,
                  "expected 1 or " + std::to_string(x.size()) + " formats, got " + std::to_string(op.formats.size()));
    if (op.shift < -1024 || op.shift > 1024)
        bad_graph(where, "shift " + std::to_string(op.shift) + " is outside ±1024");
    int frac = op.formats.front().frac();
    for (const auto& format : op.formats) {
        fx::check_format(format, 64, where);
        frac = std::max(frac, format.frac());
    }
    Result result{x.size(), x.shape, frac, type_of(op.formats.front())};
    if (op.formats.size() > 1) {  // a type that holds all of them
        Interval all{0, 0};
        for (const auto& format : op.formats) all = hull(all, shl(range_of(format), frac - format.frac(), where));
        result.type = fx::exact_type(all.lo, all.hi, frac);
    }
    return result;
}

ir::Ranges range(const ir::CastOp& op, const ir::Value& result, KnownOperands operands, const std::string& where) {
    const auto& x = operands[0];
    ir::Ranges ranges;
    ranges.reserve(x.ranges.size());
    for (std::size_t i = 0; i < x.ranges.size(); ++i) {
        const auto& format = op.formats[op.formats.size() > 1 ? i : 0];
        const auto cast = cast_range(x.ranges[i], x.value.type.frac() - op.shift, format);
        ranges.push_back(shl(cast.result, result.type.frac() - format.frac(), where));
    }
    return ranges;
}

}  // namespace bxnn::ops
