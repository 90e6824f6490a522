#include "ops/rules.hpp"

namespace bxnn::ops {

Result check(const ir::Lut& op, Operands operands, const std::string& where) {
    expect_operands(operands, 1, where);
    fx::check_format(op.type, 64, where);
    if (op.table.empty()) bad_graph(where, "the table is empty");
    const auto& x = *operands[0];
    const Interval covered{op.first, i128{op.first} + static_cast<i128>(op.table.size()) - 1};
    if (!contains(covered, range_of(x.type)))
        bad_graph(where, "the table covers raw inputs " + to_string(covered.lo) + " to " + to_string(covered.hi) +
                             ", but " + x.type.str() + " allows others");
    for (const auto raw : op.table)
        if (!contains(range_of(op.type), {raw, raw}))
            bad_graph(where, "table entry " + std::to_string(raw) + " is outside " + op.type.str());
    return {x.size(), x.shape, op.type.frac(), type_of(op.type)};
}

ir::Ranges range(const ir::Lut& op, const ir::Value&, KnownOperands operands, const std::string&) {
    constexpr std::size_t kManyEntries = std::size_t{1} << 26;  // then one answer for all must do
    const bool one_by_one = operands[0].ranges.size() * op.table.size() <= kManyEntries;
    const Interval all = hull(operands[0].ranges);
    ir::Ranges ranges;
    Interval asked{1, 0}, answer{};
    for (const auto& element : operands[0].ranges) {
        const Interval x = one_by_one ? element : all;
        if (!(x == asked)) {  // neighbours mostly share their range
            asked = x;
            const auto* entry = op.table.data() + static_cast<std::ptrdiff_t>(x.lo - op.first);
            const auto [lo, hi] = std::minmax_element(entry, entry + static_cast<std::ptrdiff_t>(x.hi - x.lo) + 1);
            answer = {*lo, *hi};
        }
        ranges.push_back(answer);
    }
    return ranges;
}

}  // namespace bxnn::ops
