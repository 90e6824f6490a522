#include "ops/rules.hpp"

namespace bxnn::ops {

using Kind = ir::BinaryKind;

std::size_t broadcast_size(Operands operands, Shape& shape, const std::string& where) {
    const ir::Value* widest = operands[0];
    for (const auto* x : operands)
        if (x->size() > widest->size()) widest = x;
    for (const auto* x : operands)
        if (x->shape != widest->shape && x->size() != 1)
            bad_graph(where, "operands have " + std::to_string(widest->size()) + " and " + std::to_string(x->size()) +
                                 " elements or different shapes; expected equal shapes, or one element");
    shape = widest->shape;
    return widest->size();
}

Result check(const ir::Binary& op, Operands operands, const std::string& where) {
    expect_operands(operands, 2, where);
    Result result;
    result.size = broadcast_size(operands, result.natural_shape, where);
    const int fa = operands[0]->type.frac(), fb = operands[1]->type.frac();
    result.frac = op.kind == Kind::mul ? fa + fb : is_comparison(op.kind) ? 0 : std::max(fa, fb);
    if (is_comparison(op.kind)) result.type = Format{1, 1, false};
    if (op.format) {
        fx::check_format(*op.format, 64, where);
        result.frac = op.format->frac();
        result.type = type_of(*op.format);
    }
    return result;
}

namespace {

Interval compare(Kind kind, Interval a, Interval b) {
    const auto decided = [](bool always, bool never) { return Interval{always ? 1 : 0, never ? 0 : 1}; };
    switch (kind) {
        case Kind::lt: return decided(a.hi < b.lo, a.lo >= b.hi);
        case Kind::le: return decided(a.hi <= b.lo, a.lo > b.hi);
        case Kind::gt: return decided(a.lo > b.hi, a.hi <= b.lo);
        case Kind::ge: return decided(a.lo >= b.hi, a.hi < b.lo);
        case Kind::eq: return decided(a.lo == a.hi && a == b, a.hi < b.lo || a.lo > b.hi);
        default: return decided(a.hi < b.lo || a.lo > b.hi, a.lo == a.hi && a == b);
    }
}

Interval exact(Kind kind, Interval a, Interval b, const std::string& where) {
    switch (kind) {
        case Kind::add: return add(a, b, where);
        case Kind::sub: return add(a, {-b.hi, -b.lo}, where);
        case Kind::mul: return mul(a, b, where);
        case Kind::min: return {std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
        case Kind::max: return {std::max(a.lo, b.lo), std::max(a.hi, b.hi)};
        default: return compare(kind, a, b);
    }
}

}  // namespace

ir::Ranges range(const ir::Binary& op, const ir::Value& result, KnownOperands operands, const std::string& where) {
    const auto& [a, b] = std::pair(operands[0], operands[1]);
    const int fa = a.value.type.frac(), fb = b.value.type.frac();
    const auto grid = op.kind == Kind::mul ? Aligned{0, 0, fa + fb} : align(fa, fb);
    ir::Ranges ranges;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const Interval x = shl(a.ranges[a.ranges.size() > 1 ? i : 0], grid.up_a, where);
        const Interval y = shl(b.ranges[b.ranges.size() > 1 ? i : 0], grid.up_b, where);
        Interval r = exact(op.kind, x, y, where);
        if (op.kind == Kind::mul && &a.ranges == &b.ranges) r.lo = std::max(r.lo, i128{0});  // a square
        if (op.format) r = cast_range(r, is_comparison(op.kind) ? 0 : grid.frac, *op.format).result;
        ranges.push_back(r);
    }
    return ranges;
}

Result check(const ir::Select& op, Operands operands, const std::string& where) {
    expect_operands(operands, 3, where);
    Result result;
    result.size = broadcast_size(operands, result.natural_shape, where);
    result.frac = std::max(operands[1]->type.frac(), operands[2]->type.frac());
    if (op.format) {
        fx::check_format(*op.format, 64, where);
        result.frac = op.format->frac();
        result.type = type_of(*op.format);
    }
    return result;
}

ir::Ranges range(const ir::Select& op, const ir::Value& result, KnownOperands operands, const std::string& where) {
    const auto& [c, a, b] = std::tuple(operands[0], operands[1], operands[2]);
    const auto grid = align(a.value.type.frac(), b.value.type.frac());
    ir::Ranges ranges;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const auto at = [i](const ir::Known& x) { return x.ranges[x.ranges.size() > 1 ? i : 0]; };
        const Interval x = shl(at(a), grid.up_a, where), y = shl(at(b), grid.up_b, where);
        const Interval condition = at(c);
        const bool always = condition.lo > 0 || condition.hi < 0, never = condition == Interval{0, 0};
        Interval r = always ? x : never ? y : hull(x, y);
        if (op.format) r = cast_range(r, grid.frac, *op.format).result;
        ranges.push_back(r);
    }
    return ranges;
}

}  // namespace bxnn::ops
