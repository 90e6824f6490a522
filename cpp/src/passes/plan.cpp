#include "passes/plan.hpp"

#include <numeric>

#include "ops/rules.hpp"
#include "passes/lower.hpp"

namespace bxnn::plan {

Lane lane_for(int bits, const std::string& where, Lane least) {
    for (const Lane lane : {Lane::i16, Lane::i32, Lane::i64, Lane::i128})
        if (lane >= least && bits <= bits_of(lane)) return lane;
    throw Error(ErrorKind::unsupported, where + ": an intermediate number may need " + std::to_string(bits) +
                                            " bits, more than the 128 supported; use narrower formats");
}

namespace {

class Planner {
public:
    Planner(const ir::Graph& graph, const Options& options)
        : graph_(graph),
          options_(options),
          ranges_(prove_ranges(graph, !options.prove)),
          places_(graph.nodes.size()),
          uses_(graph.nodes.size(), 0),
          storage_(graph.nodes.size(), Lane::i16),
          kept_(graph.nodes.size(), false) {}

    Plan run() {
        mark_live();
        for (ir::Id id = 0; id < graph_.nodes.size(); ++id)
            steps_.push_back(uses_[id] > 0 ? element_wise_steps(id) : std::nullopt);
        choose_storage();
        for (ir::Id id = 0; id < graph_.nodes.size(); ++id)
            if (uses_[id] > 0 || std::holds_alternative<ir::Input>(graph_.nodes[id].op)) {
                if (auto& steps = steps_[id]) element_wise(id, steps->operand, std::move(steps->lowered));
                else std::visit([&](const auto& op) { lower(id, op); }, graph_.nodes[id].op);
            }
        const auto keep = [&](const std::vector<ir::Mark>& marks) {
            for (const auto& mark : marks)
                plan_.outputs.push_back({mark.id, graph_.tensor(mark.id, mark.name), operand(mark.id)});
        };
        keep(graph_.outputs);
        if (options_.probes) keep(graph_.probes);
        use_pairs(plan_);
        place_rows(plan_);
        return std::move(plan_);
    }

private:
    // Counts readers, from the kept values backwards.
    void mark_live() {
        const auto keep = [&](const ir::Mark& mark) { ++uses_[mark.id], kept_[mark.id] = true; };
        for (const auto& mark : graph_.outputs) keep(mark);
        if (options_.probes)
            for (const auto& mark : graph_.probes) keep(mark);
        for (ir::Id id = static_cast<ir::Id>(graph_.nodes.size()); id-- > 0;)
            if (uses_[id] > 0)
                for (const ir::Id x : graph_.nodes[id].operands) ++uses_[x];
    }

    // The narrowest container of every value; a gather's operands and result share theirs, because they share rows.
    void choose_storage() {
        for (ir::Id id = 0; id < graph_.nodes.size(); ++id) {
            const auto& type = graph_.nodes[id].value.type;
            const bool whole_type = !options_.prove || std::holds_alternative<ir::Input>(graph_.nodes[id].op);
            const int bits = whole_type ? ops::bits_of(ops::range_of(type)) : ops::bits_of(ops::hull(ranges_[id]));
            storage_[id] = lane_for(bits, ir::place(graph_, id), options_.prove ? Lane::i16 : Lane::i64);
        }
        std::vector<ir::Id> group(graph_.nodes.size());
        std::iota(group.begin(), group.end(), ir::Id{0});
        const auto root = [&](ir::Id id) {
            for (; group[id] != id; id = group[id]) group[id] = group[group[id]];
            return id;
        };
        for (ir::Id id = 0; id < graph_.nodes.size(); ++id)
            if (uses_[id] > 0 && shares_rows(id))
                for (const ir::Id x : graph_.nodes[id].operands) group[root(x)] = root(id);
        for (ir::Id id = 0; id < graph_.nodes.size(); ++id)
            storage_[root(id)] = std::max(storage_[root(id)], storage_[id]);
        for (ir::Id id = 0; id < graph_.nodes.size(); ++id) storage_[id] = storage_[root(id)];
    }

    // An element-wise operation on one operand that is not constant.
    struct ElementWise {
        ir::Id operand;
        Lowered lowered;
    };
    std::optional<ElementWise> element_wise_steps(ir::Id id) const {
        const auto& node = graph_.nodes[id];
        const ir::Id x = node.operands.empty() ? id : node.operands[0];
        if (const auto* cast = std::get_if<ir::CastOp>(&node.op))
            return ElementWise{x, lower_cast(*cast, known(x), node.value.type, options_.prove, where(id))};
        if (const auto* lut = std::get_if<ir::Lut>(&node.op)) return ElementWise{x, lower_lut(*lut, known(x))};
        const auto* binary = std::get_if<ir::Binary>(&node.op);
        if (!binary || !options_.prove) return {};
        for (const bool constant_first : {false, true}) {
            const ir::Id c = node.operands[constant_first ? 0 : 1], y = node.operands[constant_first ? 1 : 0];
            if (is_constant(c) && !is_constant(y) && graph_.nodes[y].value.size() == node.value.size())
                return ElementWise{y, lower_constant(*binary, known(y), known(c), constant_first, where(id))};
        }
        return {};
    }

    // Whether a node's value may be nothing but rows of its operands.
    bool shares_rows(ir::Id id) const {
        if (std::holds_alternative<ir::Gather>(graph_.nodes[id].op)) return true;
        return options_.prove && steps_[id] && steps_[id]->lowered.steps.empty();
    }

    ir::Known known(ir::Id id) const { return {graph_.nodes[id].value, ranges_[id]}; }
    std::string where(ir::Id id) const { return ir::place(graph_, id); }

    Operand operand(ir::Id id) const { return {places_[id], storage_[id], {}}; }
    // An operand of n rows: one row stands for all.
    Operand operand(ir::Id id, std::size_t n) const {
        Operand x = operand(id);
        if (x.refs.size() < n) x.refs.resize(n, x.refs.front());
        return x;
    }
    bool is_constant(ir::Id id) const { return std::holds_alternative<ir::Constant>(graph_.nodes[id].op); }

    void lower(ir::Id id, const ir::Input&) {
        own_rows(id);
        plan_.inputs.push_back({id, graph_.tensor(id, graph_.nodes[id].name), operand(id)});
    }
    void lower(ir::Id id, const ir::Constant& op) {
        for (const auto raw : op.raw) places_[id].push_back(constant_row(raw, storage_[id]));
    }
    void lower(ir::Id id, const ir::Gather& op) {
        if (const ir::Id x = graph_.nodes[id].operands[0]; is_identity(op, x) && may_extend(x)) {
            adopt(id, x);
            return;
        }
        std::vector<Ref> all;
        for (const ir::Id x : graph_.nodes[id].operands) all.insert(all.end(), places_[x].begin(), places_[x].end());
        for (const auto i : op.index)
            places_[id].push_back(i < 0 ? constant_row(op.fill, storage_[id]) : all[static_cast<std::size_t>(i)]);
    }
    void lower(ir::Id, const ir::CastOp&) {}  // always element-wise
    void lower(ir::Id, const ir::Lut&) {}     // likewise
    void lower(ir::Id id, const ir::Binary& op) {
        const auto& x = graph_.nodes[id].operands;
        const std::size_t n = graph_.nodes[id].value.size();
        produce(id, lower_binary(op, known(x[0]), known(x[1]), where(id)), {operand(x[0], n), operand(x[1], n), {}});
    }
    void lower(ir::Id id, const ir::Select& op) {
        const auto& x = graph_.nodes[id].operands;
        const std::size_t n = graph_.nodes[id].value.size();
        produce(id, lower_select(op, known(x[1]), known(x[2]), where(id)),
                {operand(x[0], n), operand(x[1], n), operand(x[2], n)});
    }
    void lower(ir::Id id, const ir::Reduce& op) {
        const ir::Id x = graph_.nodes[id].operands[0];
        Lowered lowered = lower_reduce(op, known(x), where(id));
        if (!add_products(id, x, lowered)) produce(id, std::move(lowered), {operand(x), {}, {}});
    }

    // A sum without casts of products that nobody else reads: both are one instruction.
    bool add_products(ir::Id id, ir::Id x, Lowered& lowered) {
        auto& sum = std::get<ReduceProducer>(lowered.producer);
        if (sum.kind != ir::ReduceKind::sum || !sum.leaf.empty() || !sum.sum.empty() || !may_extend(x)) return false;
        const auto& product = plan_.instructions[made_by_.at(x)];
        const auto* binary = std::get_if<BinaryProducer>(&product.producer);
        if (!binary || binary->kind != ir::BinaryKind::mul || !product.steps.empty()) return false;
        const auto one = ops::hull(ranges_[x]);
        sum.products = true;
        if (one.lo >= 0 && 2 * one.hi <= UINT32_MAX) sum.two_products = ReduceProducer::Two::fits_unsigned;
        else if (2 * one.lo >= INT32_MIN && 2 * one.hi <= INT32_MAX)
            sum.two_products = ReduceProducer::Two::fits_signed;
        auto& instruction = adopt(id, x);
        instruction.producer = std::move(sum);
        instruction.steps = std::move(lowered.steps);
        instruction.lane = std::max(instruction.lane, lane_for(lowered.bits, where(id), Lane::i32));
        instruction.rows = static_cast<std::uint32_t>(graph_.nodes[id].value.size());
        instruction.proof = std::move(lowered.proof);
        return true;
    }
    void lower(ir::Id id, const ir::Dot& op) {
        const ir::Id x = graph_.nodes[id].operands[0];
        Operand gathered{{}, storage_[x], {}};
        for (const auto i : op.index)
            gathered.refs.push_back(i < 0 ? constant_row(0, storage_[x]) : places_[x][static_cast<std::size_t>(i)]);
        produce(id, lower_dot(op, known(x), options_.prove, where(id)), {std::move(gathered), {}, {}});
    }

    void own_rows(ir::Id id) {
        const auto n = static_cast<std::uint32_t>(graph_.nodes[id].value.size());
        for (std::uint32_t i = 0; i < n; ++i) places_[id].push_back({id, i});
    }

    Ref constant_row(std::int64_t raw, Lane storage) {
        const auto [at, is_new] =
            constant_rows_.try_emplace({raw, storage}, static_cast<std::uint32_t>(plan_.constants.size()));
        if (is_new) plan_.constants.push_back({0, storage, raw});
        return {kConstantRow, at->second};
    }

    bool is_identity(const ir::Gather& op, ir::Id x) const {
        if (op.index.size() != graph_.nodes[x].value.size()) return false;
        for (std::size_t i = 0; i < op.index.size(); ++i)
            if (op.index[i] != static_cast<std::int32_t>(i)) return false;
        return true;
    }

    // Whether x is made by an instruction that nobody else reads.
    bool may_extend(ir::Id x) const { return options_.prove && uses_[x] == 1 && !kept_[x] && made_by_.contains(x); }

    // The instruction that made x makes `id` instead.
    Instruction& adopt(ir::Id id, ir::Id x) {
        const std::size_t at = made_by_.at(x);
        auto& instruction = plan_.instructions[at];
        made_by_.erase(x);
        made_by_[id] = at;
        instruction.node = id;
        instruction.storage = storage_[id];
        instruction.lane = std::max(instruction.lane, compute_lane(storage_[id]));
        instruction.covers.push_back(id);
        own_rows(id);
        return instruction;
    }

    // A step on one operand: appended to the instruction that makes the operand if nobody else reads that, nothing at
    // all if there is nothing to do, else an instruction of its own.
    void element_wise(ir::Id id, ir::Id x, Lowered lowered) {
        const Lane lane = std::max(lane_for(lowered.bits, where(id), Lane::i32), compute_lane(storage_[id]));
        if (may_extend(x) && lane <= plan_.instructions[made_by_.at(x)].lane) {
            auto& producer = adopt(id, x);
            for (auto& step : lowered.steps) producer.steps.push_back(std::move(step));
            return;
        }
        if (options_.prove && lowered.steps.empty()) {
            places_[id] = places_[x];
            return;
        }
        lowered.producer = Load{};
        produce(id, std::move(lowered), {operand(x), {}, {}});
    }

    void produce(ir::Id id, Lowered lowered, std::array<Operand, 3> operands) {
        Instruction i;
        i.node = id;
        i.lane = std::max(lane_for(lowered.bits, where(id), Lane::i32), compute_lane(storage_[id]));
        for (const auto& operand : operands)
            if (!operand.refs.empty()) i.lane = std::max(i.lane, compute_lane(operand.storage));
        if (!options_.prove) i.lane = std::max(i.lane, Lane::i64);
        i.producer = std::move(lowered.producer);
        i.operands = std::move(operands);
        i.steps = std::move(lowered.steps);
        i.storage = storage_[id];
        i.rows = static_cast<std::uint32_t>(graph_.nodes[id].value.size());
        i.covers = {id};
        i.proof = std::move(lowered.proof);
        own_rows(id);
        made_by_[id] = plan_.instructions.size();
        plan_.instructions.push_back(std::move(i));
    }

    // Rows are widened when loaded, never narrowed: lanes are at least as wide as what they read and write.
    static Lane compute_lane(Lane storage) { return std::max(storage, Lane::i32); }

    const ir::Graph& graph_;
    const Options& options_;
    std::vector<ir::Ranges> ranges_;
    std::vector<std::vector<Ref>> places_;
    std::vector<std::size_t> uses_;
    std::vector<std::optional<ElementWise>> steps_;  // of live nodes
    std::vector<Lane> storage_;
    std::vector<bool> kept_;
    std::map<ir::Id, std::size_t> made_by_;  // the instruction whose result a node is
    std::map<std::pair<std::int64_t, Lane>, std::uint32_t> constant_rows_;
    Plan plan_;
};

}  // namespace

Plan make(const ir::Graph& graph, const Options& options) { return Planner(graph, options).run(); }

}  // namespace bxnn::plan
