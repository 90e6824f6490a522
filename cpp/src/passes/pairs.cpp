// Exact and floored dot products of 16-bit rows and weights: two terms at a time, and the first casts applied to the
// sums. docs/spec/exactness.md has the proofs.
#include <algorithm>

#include "passes/plan.hpp"

namespace bxnn::plan {
namespace {

constexpr std::uint32_t kWidestVector = 16;  // 32-bit lanes

bool fits16(std::int64_t w) { return INT16_MIN <= w && w <= INT16_MAX; }

// Whether the low 32 bits of a sum in units of 2^-shift hold what is needed of it, and half a step for rounding.
bool floors(const DotProducer& p) {
    return p.path == DotPath::floored && p.shift <= 15 && p.sum_bits + 1 + p.shift <= 32;
}

bool qualifies(const Instruction& i, const DotProducer& p) {
    return (p.path == DotPath::exact || floors(p)) && i.lane <= Lane::i32 && i.operands[0].storage == Lane::i16 &&
           std::all_of(p.weights.begin(), p.weights.end(), fits16);
}

std::int32_t word(std::int64_t low, std::int64_t high) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint16_t>(high)) << 16 |
                                     static_cast<std::uint16_t>(low));
}

PairedDot paired(const DotProducer& p) {
    PairedDot d;
    d.floor = p.path == DotPath::floored ? p.shift : 0;
    d.pairs = (p.terms + 1) / 2;
    d.stride = (p.filters + kWidestVector - 1) / kWidestVector * kWidestVector;
    const std::size_t groups = p.bias.size() / p.filters;
    d.weights.resize(groups * d.pairs * d.stride + kWidestVector);  // whole vectors may be read from any filter on
    d.start.resize(groups * d.stride + kWidestVector);
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f) {
            d.start[g * d.stride + f] = static_cast<std::int32_t>(p.bias[g * p.filters + f]);
            const std::int64_t* w = p.weights.data() + (g * p.filters + f) * p.terms;
            for (std::size_t k = 0; k < p.terms; k += 2)
                d.weights[(g * d.pairs + k / 2) * d.stride + f] = word(w[k], k + 1 < p.terms ? w[k + 1] : 0);
        }
    return d;
}

TiledWeights::Bytes bytes_of_range(std::int64_t lo, std::int64_t hi) {
    if (0 <= lo && hi <= UINT8_MAX) return TiledWeights::Bytes::low_unsigned;
    if (INT8_MIN <= lo && hi <= INT8_MAX) return TiledWeights::Bytes::low_signed;
    return TiledWeights::Bytes::both;
}

// Costs below are in units of a multiplication of two vectors, which takes half a cycle for 16 events.

// Without the pairs of zeros, unless they are few: a term takes longer where filters do not share loads.
std::optional<SparsePairs> sparse(const DotProducer& p, const PairedDot& d) {
    constexpr double term = 1.25;
    SparsePairs s;
    const std::size_t groups = p.bias.size() / p.filters;
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f) {
            s.begin.push_back(static_cast<std::uint32_t>(s.terms.size()));
            for (std::uint32_t k = 0; k < d.pairs; ++k)
                if (const std::int32_t w = d.weights[(g * d.pairs + k) * d.stride + f]; w != 0)
                    s.terms.push_back({k, w});
        }
    s.begin.push_back(static_cast<std::uint32_t>(s.terms.size()));
    const auto terms = static_cast<double>(s.terms.size());
    if (terms * term >= static_cast<double>(groups * p.filters) * d.pairs) return {};
    return s;
}

// Tiles, where weights have 8 bits and tiles take less time: a product of tiles takes 16 cycles for 16 events, bringing
// in and finishing a set of 16 filters about 64 for 32 events.
std::optional<TiledWeights> tiled(const DotProducer& p, const PairedDot& d) {
    constexpr std::uint32_t side = TiledWeights::side;
    const auto fits8 = [](std::int64_t w) { return INT8_MIN <= w && w <= INT8_MAX; };
    if (d.floor > 0 || !std::all_of(p.weights.begin(), p.weights.end(), fits8)) return {};
    TiledWeights t;
    t.bytes = bytes_of_range(p.x_lo, p.x_hi);
    t.sets = (p.filters + side - 1) / side;
    t.depth = (d.pairs + side - 1) / side;
    const std::uint32_t planes = t.bytes == TiledWeights::Bytes::both ? 2 : 1;
    const std::uint64_t otherwise =
        d.sparse ? d.sparse->terms.size() * p.filters / (p.bias.size()) : std::uint64_t{d.pairs} * p.filters;
    if (otherwise <= std::uint64_t{planes} * t.sets * (32ull * t.depth + 64)) return {};
    const std::size_t groups = p.bias.size() / p.filters;
    t.rows.resize(groups * t.sets * t.depth * planes * side);
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f)
            for (std::size_t k = 0; k < p.terms; ++k)
                for (std::size_t plane = 0; plane < planes; ++plane) {
                    const std::size_t tile = ((g * t.sets + f / side) * t.depth + k / (2 * side)) * planes + plane;
                    t.rows[tile * side + f % side].weights[k % (2 * side) * 2 + plane] =
                        static_cast<std::int8_t>(p.weights[(g * p.filters + f) * p.terms + k]);
                }
    return t;
}

// Two rows for every pair: where terms are odd in number, the last has weight zero and may be any row.
void complete_pairs(Operand& x, std::size_t terms) {
    if (terms % 2 == 0) return;
    std::vector<Ref> refs;
    for (std::size_t k = 0; k < x.refs.size(); ++k) {
        refs.push_back(x.refs[k]);
        if ((k + 1) % terms != 0) continue;
        Ref last = x.refs[k];
        if (last.node != kConstantRow) last.element |= 1;
        refs.push_back(last);
    }
    x.refs = std::move(refs);
}

// Whether the cast became part of the finish.
bool take_cast(PairedDot& d, const CastStep& step) {
    if (step.casts.size() != 1 || !step.shift_up.empty()) return false;
    const auto& cast = step.casts.front().i32;
    const bool rounds = cast.down > 0 && cast.round == Round::RND;
    if (cast.up > 0 || cast.down > 31 || cast.fit == fx::Fit::zero) return false;
    if (cast.down > 0 && !rounds && cast.round != Round::TRN) return false;
    if (rounds)
        for (auto& start : d.start)
            start = static_cast<std::int32_t>(static_cast<std::uint32_t>(start) + (1u << (cast.down - 1)));
    auto& finish = d.finish;
    finish.down = cast.down;
    if (cast.fit == fx::Fit::clamp) finish.lo = cast.lo, finish.hi = cast.hi;
    else if (cast.fit != fx::Fit::none) finish.wrap = cast.fit, finish.spare = cast.spare;
    if (cast.fit == fx::Fit::wrap_unsigned) finish.mask = cast.hi;
    return true;
}

// Likewise for the maximum or minimum with one constant, which narrows the clamp.
bool take_constant(PairedDot& d, const ConstantStep& step) {
    const bool is_max = step.kind == ir::BinaryKind::max;
    if ((!is_max && step.kind != ir::BinaryKind::min) || step.up != 0 || step.constants.size() != 1) return false;
    auto& finish = d.finish;
    const auto c = static_cast<std::int32_t>(step.constants.front());
    if (is_max) finish.lo = std::max(finish.lo, c), finish.hi = std::max(finish.hi, c);
    else finish.lo = std::min(finish.lo, c), finish.hi = std::min(finish.hi, c);
    return true;
}

// Moves steps into the finish, from the first on.
void take_steps(PairedDot& d, std::vector<Step>& steps) {
    bool casts = true;
    while (!steps.empty()) {
        const auto* cast = std::get_if<CastStep>(&steps.front());
        const auto* constant = std::get_if<ConstantStep>(&steps.front());
        if (!(cast && casts && take_cast(d, *cast)) && !(constant && take_constant(d, *constant))) return;
        casts = false;
        steps.erase(steps.begin());
    }
}

}  // namespace

void use_pairs(Plan& plan) {
    for (auto& i : plan.instructions) {
        auto* p = std::get_if<DotProducer>(&i.producer);
        if (!p || !qualifies(i, *p)) continue;
        PairedDot d = paired(*p);
        d.sparse = sparse(*p, d);
        d.tiles = tiled(*p, d);
        complete_pairs(i.operands[0], p->terms);
        take_steps(d, i.steps);
        for (auto& start : d.start) start = static_cast<std::int32_t>(static_cast<std::uint32_t>(start) << d.floor);
        d.packs = i.steps.empty() && i.storage == Lane::i16 && (p->positions == 1 || p->filters % 2 == 0);
        auto& finish = d.finish;
        if (d.packs && finish.wrap == fx::Fit::wrap_signed && finish.spare == 16 && finish.lo == INT32_MIN &&
            finish.hi == INT32_MAX)
            finish.wrap = fx::Fit::none;  // the store keeps the low 16 bits
        p->paired = std::move(d);
    }
}

}  // namespace bxnn::plan
