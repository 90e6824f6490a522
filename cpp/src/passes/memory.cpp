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

// Whether the pairs of every position (`terms` rows) follow one another.
void note_lines(Operand& operand, std::size_t terms) {
    bool in_line = operand.pairs == Operand::Pairs::whole;
    for (std::size_t i = 0; in_line && i < operand.rows.size(); i += 2)
        in_line = i % terms == 0 || operand.rows[i] == operand.rows[i - 2] + 4;
    if (in_line) operand.pairs = Operand::Pairs::in_line;
}

// Whether leaves 2k and 2k + 1 of every sum are products of whole pairs.
bool has_whole_pairs(const Instruction& i, const ReduceProducer& p) {
    if (p.inner != 1 || p.size % 2 == 1) return false;
    const auto whole = [](const Operand& x) { return x.pairs != Operand::Pairs::scattered; };
    return whole(i.operands[0]) && whole(i.operands[1]);
}

// Whether what results 2i and 2i + 1 are reduced from are two rows that lie together, all along.
bool may_reduce_pairs(const Instruction& i, const ReduceProducer& p) {
    const auto& x = i.operands[0];
    if ((p.kind != ir::ReduceKind::max && p.kind != ir::ReduceKind::min) || !p.leaf.empty() || !i.steps.empty() ||
        x.storage != Lane::i16 || i.storage != Lane::i16)
        return false;
    const auto row = [&](std::size_t r, std::size_t k) {
        return x.rows[r / p.inner * p.size * p.inner + r % p.inner + k * p.inner];
    };
    for (std::size_t r = 0; r < i.rows; r += 2)
        for (std::size_t k = 0; k < p.size; ++k)
            if (row(r, k) % 2 == 1 || (r + 1 < i.rows && row(r + 1, k) != row(r, k) + 1)) return false;
    return true;
}

}  // namespace

void place_rows(Plan& plan) {
    const std::size_t n = plan.instructions.size();
    std::map<ir::Id, Placed> values;
    const auto add = [&](ir::Id node, std::size_t rows, Lane storage) {
        auto& value = values[node];
        value.row_bytes = bytes_of(storage);
        value.bytes = static_cast<std::uint32_t>(storage == Lane::i16 ? rows + rows % 2 : rows) * value.row_bytes;
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
    for (auto& c : plan.constants) c.at = arena.take(std::max(bytes_of(c.storage), std::uint32_t{4}));  // both halves
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
        const bool halves = operand.storage == Lane::i16;
        bool whole = halves && operand.refs.size() % 2 == 0;
        std::uint32_t next = 0;  // where the row behind the last begins
        operand.in_order = true;
        for (const auto& ref : operand.refs) {
            const std::uint32_t place = operand.rows.size() % 2;
            std::uint32_t at;
            if (auto v = values.find(ref.node); v == values.end())  // kConstantRow, whose halves are alike
                at = plan.constants[ref.element].at | (halves ? place : 0);
            else if (halves) at = (v->second.at + ref.element / 2 * 4) | ref.element % 2;
            else at = v->second.at + ref.element * v->second.row_bytes;
            const std::uint32_t begin = halves ? (at & ~1u) + (at & 1u) * 2 : at;
            operand.in_order &= operand.rows.empty() || begin == next;
            next = begin + bytes_of(operand.storage);
            if (at % 2 != place || (place == 1 && at != operand.rows.back() + 1)) whole = false;
            operand.rows.push_back(at);
        }
        operand.pairs = whole ? Operand::Pairs::whole : Operand::Pairs::scattered;
        operand.refs.clear();
        operand.refs.shrink_to_fit();
    };
    for (auto& input : plan.inputs) resolve(input.rows);
    for (auto& instruction : plan.instructions) {
        for (auto& operand : instruction.operands) resolve(operand);
        if (auto* reduce = std::get_if<ReduceProducer>(&instruction.producer)) {
            reduce->on_pairs = may_reduce_pairs(instruction, *reduce);
            if (!has_whole_pairs(instruction, *reduce)) reduce->two_products = ReduceProducer::Two::wide;
        }
        auto* dot = std::get_if<DotProducer>(&instruction.producer);
        if (!dot || !dot->paired) continue;
        auto& x = instruction.operands[0];
        note_lines(x, 2 * std::size_t{dot->paired->pairs});
        if (x.pairs != Operand::Pairs::in_line && dot->paired->pairs > TiledWeights::most_gathered)
            dot->paired->tiles.reset();  // there is no room to bring them together
    }
    for (auto& output : plan.outputs) resolve(output.rows);
}

}  // namespace bxnn::plan
