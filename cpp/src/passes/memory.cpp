#include <algorithm>

#include "passes/plan.hpp"

namespace bxnn::plan {
namespace {

constexpr std::uint32_t kAlign = 16;  // bytes per event: the widest lane, so that rows of any block size are aligned

// First-fit allocation of byte ranges.
class Arena {
public:
    std::uint32_t take(std::uint32_t bytes) {
        bytes = (bytes + kAlign - 1) / kAlign * kAlign;
        for (auto hole = holes_.begin(); hole != holes_.end(); ++hole)
            if (hole->second >= bytes) {
                const std::uint32_t at = hole->first, rest = hole->second - bytes;
                holes_.erase(hole);
                if (rest > 0) holes_[at + bytes] = rest;
                return at;
            }
        const std::uint32_t at = end_;
        end_ += bytes;
        return at;
    }
    void give(std::uint32_t at, std::uint32_t bytes) {
        bytes = (bytes + kAlign - 1) / kAlign * kAlign;
        auto next = holes_.lower_bound(at);
        if (next != holes_.end() && at + bytes == next->first) bytes += next->second, next = holes_.erase(next);
        if (next != holes_.begin())
            if (auto before = std::prev(next); before->first + before->second == at) {
                before->second += bytes;
                return;
            }
        holes_[at] = bytes;
    }
    std::uint32_t end() const { return end_; }

private:
    std::map<std::uint32_t, std::uint32_t> holes_;  // start -> length
    std::uint32_t end_ = 0;
};

struct Placed {
    std::uint32_t at = 0, row_bytes = 0, bytes = 0;
    std::size_t last_use = 0;
};

}  // namespace

void place_rows(Plan& plan) {
    const std::size_t n = plan.instructions.size();
    std::map<ir::Id, Placed> values;
    const auto add = [&](ir::Id node, std::size_t rows, Lane storage) {
        auto& value = values[node];
        value.row_bytes = bytes_of(storage);
        value.bytes = static_cast<std::uint32_t>(rows) * value.row_bytes;
    };
    for (const auto& input : plan.inputs) add(input.node, input.tensor.size(), input.rows.storage);
    for (const auto& i : plan.instructions) add(i.node, i.rows, i.storage);

    // Constant rows stay for ever; the others are known to be free after their last reader.
    const auto use = [&](const Operand& operand, std::size_t when) {
        for (const auto& ref : operand.refs)
            if (auto v = values.find(ref.node); v != values.end())
                v->second.last_use = std::max(v->second.last_use, when);
    };
    for (std::size_t i = 0; i < n; ++i)
        for (const auto& operand : plan.instructions[i].operands) use(operand, i);
    for (const auto& output : plan.outputs) use(output.rows, n);

    Arena arena;
    for (auto& c : plan.constants) c.at = arena.take(bytes_of(c.storage));
    for (auto& input : plan.inputs) values[input.node].at = arena.take(values[input.node].bytes);
    std::multimap<std::size_t, ir::Id> ends;
    for (const auto& input : plan.inputs) ends.emplace(values[input.node].last_use, input.node);
    std::size_t freed = 0;
    for (std::size_t i = 0; i < n; ++i) {
        for (; freed < i; ++freed)
            for (auto [e, last] = ends.equal_range(freed); e != last; ++e)
                arena.give(values[e->second].at, values[e->second].bytes);
        auto& instruction = plan.instructions[i];
        auto& value = values[instruction.node];
        instruction.at = value.at = arena.take(value.bytes);
        ends.emplace(value.last_use, instruction.node);
    }
    plan.bytes_per_event = arena.end();

    const auto resolve = [&](Operand& operand) {
        operand.rows.clear();
        for (const auto& ref : operand.refs)
            if (auto v = values.find(ref.node); v != values.end())
                operand.rows.push_back(v->second.at + ref.element * v->second.row_bytes);
            else operand.rows.push_back(plan.constants[ref.element].at);  // kConstantRow
        operand.refs.clear();
        operand.refs.shrink_to_fit();
    };
    for (auto& input : plan.inputs) resolve(input.rows);
    for (auto& instruction : plan.instructions)
        for (auto& operand : instruction.operands) resolve(operand);
    for (auto& output : plan.outputs) resolve(output.rows);
}

}  // namespace bxnn::plan
