// How long a plan is expected to take: counts of vector operations, with weights measured on one AVX2 CPU (Zen 3) and
// scaled to other instruction sets by the width of their vectors and the throughput of their multiplications.
#include "passes/plan.hpp"

namespace bxnn::plan {
namespace {

constexpr double kMove = 1, kStep = 2.5, kLookup = 8, kFinish = 2;  // cycles a vector

double vectors(Lane lane, const Speed& speed) {  // an element, as a part of a vector
    return lane == Lane::i128 ? 4.0 : bits_of(std::max(lane, Lane::i32)) / 8.0 / speed.vector_bytes;
}

double tiles(const DotProducer& p, const TiledWeights& t, bool in_line) {
    constexpr double events = 2 * TiledWeights::side;
    const double gather = in_line ? 0 : 2.0 * p.paired->pairs;
    return p.positions * (static_cast<double>(t.cycles()) + gather) / events;
}

double dot(const Instruction& i, const DotProducer& p, const Speed& speed) {
    const double element = vectors(i.lane, speed), outputs = double{1} * p.positions * p.filters;
    if (speed.has_tiles && p.paired && p.paired->tiles)
        return tiles(p, *p.paired->tiles, i.operands[0].pairs == Operand::Pairs::in_line) + outputs * element * kFinish;
    if (speed.quad > 0 && p.paired && p.paired->quads)
        return element * (p.positions * p.paired->quads->cost(p.filters) * speed.quad + outputs * kFinish);
    if (p.paired) {
        const double pair = speed.pair * (p.paired->floor > 0 ? 2.2 : 1) +
                            (i.operands[0].pairs == Operand::Pairs::scattered ? 4.0 / p.filters : 0);
        const double kept = p.paired->sparse
                                ? SparsePairs::term_cost * static_cast<double>(p.paired->sparse->terms.size()) /
                                      static_cast<double>(p.paired->groups() * p.filters)
                                : p.paired->pairs;
        return outputs * element * (kept * pair + kFinish);
    }
    const double multiply = i.lane <= Lane::i32 ? 2 : 6;
    const double casts = kStep * static_cast<double>(p.term_casts.size() + p.sum_cast.size());
    return outputs * element * p.terms * (multiply + casts);
}

double produced(const Instruction& i, const Speed& speed) {
    const double element = vectors(i.lane, speed);
    if (const auto* p = std::get_if<DotProducer>(&i.producer)) return dot(i, *p, speed);
    if (const auto* r = std::get_if<ReduceProducer>(&i.producer); r && r->products)
        return (r->two_products == ReduceProducer::Two::wide ? 4 : 1) * element * i.rows * r->size * kMove;
    if (const auto* r = std::get_if<ReduceProducer>(&i.producer); r && r->on_pairs)
        return element / 2 * i.rows * r->size * kMove;
    if (const auto* r = std::get_if<ReduceProducer>(&i.producer))
        return element * i.rows * r->size * (2 * kMove + kStep * static_cast<double>(r->leaf.size() + r->sum.size()));
    if (std::holds_alternative<Load>(i.producer)) return element * i.rows * kMove;
    return element * i.rows * 3 * kMove;
}

}  // namespace

double cycles(const Instruction& i, const Speed& speed) {
    double sum = produced(i, speed);
    for (const auto& step : i.steps)
        sum += vectors(i.lane, speed) * i.rows * (std::holds_alternative<LutStep>(step) ? kLookup : kStep);
    return sum;
}

double edge_cycles(const Plan& plan, const Speed& speed) {
    double sum = 0;
    for (const auto* edges : {&plan.inputs, &plan.outputs})
        for (const auto& edge : *edges)
            sum += 2 * kMove * vectors(edge.rows.storage, speed) * static_cast<double>(edge.size);
    return sum;
}

}  // namespace bxnn::plan
