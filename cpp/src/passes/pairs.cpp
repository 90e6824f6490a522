// Exact and floored dot products of 16-bit rows and weights: two terms at a time, and the first casts applied to the
// sums. docs/spec/exactness.md has the proofs.
#include <algorithm>
#include <map>

#include "passes/plan.hpp"

namespace bxnn::plan {
namespace {

constexpr std::uint32_t kWidestVector = 16;  // 32-bit lanes

bool fits16(std::int64_t w) { return INT16_MIN <= w && w <= INT16_MAX; }

// Whether the low 32 bits of a sum in units of 2^-shift hold what is needed of it, and up to as much for rounding.
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

// Which pairs of rows a dot product reads, and its weights for them.
struct Arrangement {
    std::uint32_t pairs = 0;            // a position
    std::vector<Ref> refs;              // [P][pairs][2]
    std::vector<std::uint32_t> group;   // [P]
    std::vector<std::uint32_t> origin;  // [G]: the group of the dot product whose weights and bias these are
    std::vector<std::int64_t> term;     // [G][pairs][2]: the number of the term that a row is for; -1: none
    bool whole = true;                  // every pair is two rows that lie together
};

bool lie_together(const Ref& low, const Ref& high) {
    return low.node == high.node &&
           (low.node == kConstantRow ? low.element == high.element
                                     : low.element % 2 == 0 && high.element == low.element + 1);
}

// Terms two by two as they come. Where they are odd in number, the last is beside any row.
Arrangement as_they_come(const DotProducer& p, const Operand& x) {
    Arrangement a{(p.terms + 1) / 2, {}, p.group, {}, {}, true};
    for (std::size_t position = 0; position < p.positions; ++position)
        for (std::size_t k = 0; k < 2 * a.pairs; ++k) {
            Ref ref = x.refs[position * p.terms + std::min<std::size_t>(k, p.terms - 1)];
            if (k == p.terms && ref.node != kConstantRow) ref.element |= 1;
            a.refs.push_back(ref);
            if (k % 2 == 1) a.whole &= lie_together(a.refs[a.refs.size() - 2], ref);
        }
    for (std::uint32_t g = 0; g < p.bias.size() / p.filters; ++g) {
        a.origin.push_back(g);
        for (std::int64_t k = 0; k < 2 * std::int64_t{a.pairs}; ++k) a.term.push_back(k < p.terms ? k : -1);
    }
    return a;
}

// The pairs in which terms lie, with no term beside a row that is not wanted. Positions whose terms lie alike share
// weights. Rows of zeros are left out.
Arrangement as_they_lie(const DotProducer& p, const Operand& x, const std::vector<ConstantRow>& constants) {
    using Slots = std::map<std::pair<ir::Id, std::uint32_t>, std::array<std::int64_t, 2>>;
    std::vector<Slots> positions(p.positions);
    std::size_t most = 1;
    for (std::size_t position = 0; position < p.positions; ++position) {
        auto& slots = positions[position];
        for (std::uint32_t k = 0; k < p.terms; ++k) {
            const Ref& ref = x.refs[position * p.terms + k];
            const bool constant = ref.node == kConstantRow;
            if (constant && constants[ref.element].raw == 0) continue;
            const std::uint32_t element = constant ? 2 * ref.element : ref.element;
            auto& halves =
                slots.try_emplace({ref.node, element / 2}, std::array<std::int64_t, 2>{-1, -1}).first->second;
            auto& half = halves[element % 2];
            // a row that several terms read: each needs a slot of its own, which the key can't give
            if (half >= 0) return {};
            half = k;
        }
        most = std::max(most, slots.size());
    }
    Arrangement a;
    a.pairs = static_cast<std::uint32_t>(most);
    std::map<std::pair<std::uint32_t, std::vector<std::int64_t>>, std::uint32_t> known;
    for (std::size_t position = 0; position < p.positions; ++position) {
        std::vector<std::int64_t> term;
        Ref low{kConstantRow, 0}, high{kConstantRow, 0};
        for (const auto& [place, terms] : positions[position]) {
            const bool constant = place.first == kConstantRow;
            low = {place.first, constant ? place.second : 2 * place.second};
            high = {place.first, constant ? place.second : 2 * place.second + 1};
            a.refs.push_back(low), a.refs.push_back(high);
            term.insert(term.end(), terms.begin(), terms.end());
        }
        if (positions[position].empty()) low = high = x.refs[position * p.terms];
        for (; term.size() < 2 * a.pairs; term.insert(term.end(), 2, -1)) a.refs.push_back(low), a.refs.push_back(high);
        const auto [found, is_new] =
            known.try_emplace({p.group[position], term}, static_cast<std::uint32_t>(a.origin.size()));
        if (is_new) {
            a.origin.push_back(p.group[position]);
            a.term.insert(a.term.end(), term.begin(), term.end());
        }
        a.group.push_back(found->second);
    }
    return a;
}

// Joining the halves of two words takes about as long as seven multiplications, shared by the filters; as they lie,
// pairs are more in number.
Arrangement arrangement(const DotProducer& p, const Operand& x, const std::vector<ConstantRow>& constants) {
    constexpr std::size_t join = 7, most_patterns = 64;
    Arrangement come = as_they_come(p, x);
    if (come.whole) return come;
    Arrangement lie = as_they_lie(p, x, constants);
    const std::size_t filters = 2 * std::size_t{p.filters};
    const bool better = lie.pairs > 0 && lie.pairs * (filters + 1) < come.pairs * (filters + join);
    return better && lie.origin.size() <= most_patterns * come.origin.size() ? lie : come;
}

PairedDot paired(const DotProducer& p, const Arrangement& a) {
    PairedDot d;
    d.floor = p.path == DotPath::floored ? p.shift : 0;
    d.pairs = a.pairs;
    d.group = a.group;
    d.stride = (p.filters + kWidestVector - 1) / kWidestVector * kWidestVector;
    const std::size_t groups = a.origin.size();
    d.weights.resize(groups * d.pairs * d.stride + kWidestVector);  // whole vectors may be read from any filter on
    d.start.resize(groups * d.stride + kWidestVector);
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f) {
            const std::size_t row = a.origin[g] * p.filters + f;
            d.start[g * d.stride + f] = static_cast<std::int32_t>(p.bias[row]);
            const auto weight = [&](std::size_t place) {
                const std::int64_t k = a.term[g * 2 * d.pairs + place];
                return k < 0 ? 0 : p.weights[row * p.terms + static_cast<std::size_t>(k)];
            };
            for (std::size_t k = 0; k < d.pairs; ++k)
                d.weights[(g * d.pairs + k) * d.stride + f] = word(weight(2 * k), weight(2 * k + 1));
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
    SparsePairs s;
    const std::size_t groups = d.groups();
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f) {
            s.begin.push_back(static_cast<std::uint32_t>(s.terms.size()));
            for (std::uint32_t k = 0; k < d.pairs; ++k)
                if (const std::int32_t w = d.weights[(g * d.pairs + k) * d.stride + f]; w != 0)
                    s.terms.push_back({k, w});
        }
    s.begin.push_back(static_cast<std::uint32_t>(s.terms.size()));
    const auto terms = static_cast<double>(s.terms.size());
    if (terms * SparsePairs::term_cost >= static_cast<double>(groups * p.filters) * d.pairs) return {};
    return s;
}

bool fits8(std::int64_t w) { return INT8_MIN <= w && w <= INT8_MAX; }

// What a position takes without quads or tiles.
double cost(const DotProducer& p, const PairedDot& d) {
    return d.sparse
               ? SparsePairs::term_cost * static_cast<double>(d.sparse->terms.size()) / static_cast<double>(d.groups())
               : double{1} * d.pairs * p.filters;
}

// The low bytes of two words of pairs.
std::int32_t bytes_of_pairs(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(a) & 0x00ff00ffu) |
                                     (static_cast<std::uint32_t>(b) << 8 & 0xff00ff00u));
}

// Quads, where operand and weights have 8 bits and quads take less time.
std::optional<QuadWeights> quads(const DotProducer& p, const PairedDot& d) {
    QuadWeights q;
    q.fits_unsigned = 0 <= p.x_lo && p.x_hi <= UINT8_MAX;
    q.fits_signed = INT8_MIN <= p.x_lo && p.x_hi <= INT8_MAX;
    q.count = (d.pairs + 1) / 2;
    if (d.floor > 0 || !(q.fits_unsigned || q.fits_signed) || q.count > QuadWeights::most ||
        !std::all_of(p.weights.begin(), p.weights.end(), fits8))
        return {};
    if (cost(p, d) <= q.cost(p.filters)) return {};
    const std::size_t groups = d.groups();
    q.weights.resize(groups * q.count * d.stride);
    q.start_unsigned = q.start_signed = d.start;
    for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t f = 0; f < p.filters; ++f) {
            const auto pair = [&](std::size_t k) {
                return k < d.pairs ? d.weights[(g * d.pairs + k) * d.stride + f] : 0;
            };
            std::int32_t sum = 0;
            for (std::size_t k = 0; k < q.count; ++k) {
                const std::int32_t a = pair(2 * k), b = pair(2 * k + 1);
                q.weights[(g * q.count + k) * d.stride + f] = bytes_of_pairs(a, b);
                for (const std::int32_t w : {a, b}) sum += static_cast<std::int16_t>(w) + (w >> 16);
            }
            const auto start = static_cast<std::uint32_t>(d.start[g * d.stride + f]);
            const auto offset = static_cast<std::uint32_t>(128 * sum);
            if (!q.fits_unsigned) q.start_unsigned[g * d.stride + f] = static_cast<std::int32_t>(start - offset);
            if (!q.fits_signed) q.start_signed[g * d.stride + f] = static_cast<std::int32_t>(start + offset);
        }
    return q;
}

// Tiles, where weights have 8 bits and tiles take less time.
std::optional<TiledWeights> tiled(const DotProducer& p, const PairedDot& d) {
    constexpr std::uint32_t side = TiledWeights::side;
    if (d.floor > 0 || !std::all_of(p.weights.begin(), p.weights.end(), fits8)) return {};
    TiledWeights t;
    t.bytes = bytes_of_range(p.x_lo, p.x_hi);
    t.sets = (p.filters + side - 1) / side;
    t.depth = (d.pairs + side - 1) / side;
    const std::uint32_t planes = t.planes();
    const double otherwise = d.quads ? d.quads->cost(p.filters) : cost(p, d);
    if (otherwise <= static_cast<double>(t.cycles())) return {};
    t.rows.resize(d.groups() * t.sets * t.depth * planes * side);
    for (std::size_t g = 0; g < d.groups(); ++g)
        for (std::size_t f = 0; f < p.filters; ++f)
            for (std::size_t k = 0; k < d.pairs; ++k)
                for (std::size_t plane = 0; plane < planes; ++plane) {
                    const std::size_t tile = ((g * t.sets + f / side) * t.depth + k / side) * planes + plane;
                    auto& row = t.rows[tile * side + f % side].weights;
                    const std::int32_t w = d.weights[(g * d.pairs + k) * d.stride + f];
                    row[k % side * 4 + plane] = static_cast<std::int8_t>(w);
                    row[k % side * 4 + 2 + plane] = static_cast<std::int8_t>(w >> 16);
                }
    return t;
}

// Whether the cast became part of the finish.
bool take_cast(PairedDot& d, const CastStep& step) {
    if (step.casts.size() != 1 || !step.shift_up.empty()) return false;
    const auto& cast = step.casts.front().i32;
    const bool rounds = cast.down > 0 && cast.round == Round::RND;
    if (cast.up > 0 || cast.down > 31 || cast.fit == fx::Fit::zero) return false;
    if (cast.down > 0 && !rounds && cast.round != Round::TRN) return false;
    if (rounds && d.floor > 0 && cast.down + 1 + d.floor > 32) return false;  // half a step is more than the sum
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
        Arrangement pairs = arrangement(*p, i.operands[0], plan.constants);
        PairedDot d = paired(*p, pairs);
        take_steps(d, i.steps);
        for (auto& start : d.start) start = static_cast<std::int32_t>(static_cast<std::uint32_t>(start) << d.floor);
        d.sparse = sparse(*p, d);
        d.quads = quads(*p, d);
        d.tiles = tiled(*p, d);
        i.operands[0].refs = std::move(pairs.refs);
        d.packs = i.steps.empty() && i.storage == Lane::i16 && (p->positions == 1 || p->filters % 2 == 0);
        auto& finish = d.finish;
        if (d.packs && finish.wrap == fx::Fit::wrap_signed && finish.spare == 16 && finish.lo == INT32_MIN &&
            finish.hi == INT32_MAX)
            finish.wrap = fx::Fit::none;  // the store keeps the low 16 bits
        p->paired = std::move(d);
    }
}

}  // namespace bxnn::plan
