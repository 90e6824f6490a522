#include "cuda/fuse.hpp"

#include <algorithm>
#include <sstream>

#include "runtime/model_impl.hpp"

namespace bxnn::flat {
namespace {

using plan::Instruction;
using Bytes = plan::TiledWeights::Bytes;
constexpr std::uint32_t kColumns = FusedLayer::kColumns, kStep = FusedLayer::kStep;
constexpr std::uint32_t kLanes = 32, kQuad = 4;

std::uint32_t whole(std::uint32_t n, std::uint32_t of) { return (n + of - 1) / of; }

// The activation that the A and B fragments of mma.m16n8k32 have as byte b of half h in the lanes that are q-th of
// their four, at step s: any order does, as long as both have the same.
struct Slot {
    std::uint32_t s, h, q, b;
};
// A lane reads its activations from memory as one run.
std::uint32_t element_of_input(Slot k, std::uint32_t steps) { return 8 * (k.q * steps + k.s) + 4 * k.h + k.b; }
// A lane has made them itself: two columns of each of two tiles.
std::uint32_t column_before(Slot k) { return kColumns * (2 * k.s + k.h) + 8 * (k.b / 2) + 2 * k.q + k.b % 2; }

// Weights by column and activation, and what sums start with.
struct Matrix {
    std::uint32_t columns = 0, inputs = 0;
    std::vector<std::int64_t> weights;
    std::vector<std::int32_t> start;

    std::int64_t& at(std::uint32_t column, std::uint32_t input) {
        return weights[std::size_t{column} * inputs + input];
    }
    bool fit(std::int64_t lo, std::int64_t hi) const {
        return std::all_of(weights.begin(), weights.end(), [=](auto w) { return lo <= w && w <= hi; });
    }
};

std::int32_t wrapping(std::int64_t x) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(x)); }

// A value's rows in the arena.
struct Placed {
    std::uint32_t at = 0, rows = 0;
    plan::Lane storage = plan::Lane::i16;

    // The element whose row this is, if it is the value's.
    std::optional<std::uint32_t> element(std::uint32_t row) const {
        const std::uint32_t size = plan::bytes_of(storage);
        const std::uint32_t e = storage == plan::Lane::i16 ? ((row & ~1u) - at) / 4 * 2 + row % 2 : (row - at) / size;
        if (row < at || e >= rows) return {};
        return e;
    }
};

class Fusing {
public:
    explicit Fusing(const plan::Plan& plan) : plan_(plan) {}

    std::variant<Chain, std::string> run() {
        if (plan_.inputs.size() != 1) return "it has several inputs";
        const auto& input = plan_.inputs[0].rows;
        if (input.storage != plan::Lane::i16) return "its input does not fit 16 signed bits";
        source_ = {input.rows[0], static_cast<std::uint32_t>(input.rows.size()), input.storage};
        std::size_t n = 0;
        for (; n < plan_.instructions.size(); ++n)
            if (std::string why = add(plan_.instructions[n]); !why.empty()) {
                if (n > 0 && take_squares(n)) break;
                return "instruction " + std::to_string(n + 1) + ": " + why;
            }
        if (chain_.layers.empty()) return "it has no dot product";
        for (std::uint32_t o = 0; o < plan_.outputs.size(); ++o)
            if (!sink(o)) return "output " + std::to_string(o + 1) + " is not made of one layer's results";
        return std::move(chain_);
    }

private:
    // Why the instruction cannot be the next layer, or nothing.
    std::string add(const Instruction& i) {
        const auto* dot = std::get_if<plan::DotProducer>(&i.producer);
        if (!dot || !dot->paired) return "no exact dot product of 16-bit numbers in 32-bit sums";
        if (dot->paired->floor > 0) return "products are rounded one by one";
        if (source_.rows > FusedLayer::kWidest || i.rows > FusedLayer::kWidest)
            return "more than " + std::to_string(FusedLayer::kWidest) + " numbers wide";
        Matrix m;
        if (std::string why = read(i, *dot, m); !why.empty()) return why;
        if (!m.fit(INT16_MIN, INT16_MAX)) return "weights of one number do not fit 16 bits together";
        ChainLayer layer;
        layer.instruction = &i;
        auto& facts = layer.facts;
        facts.columns = m.columns, facts.units = whole(m.columns, kColumns), facts.steps = whole(source_.rows, kStep);
        facts.bytes = 0 <= dot->x_lo && dot->x_hi <= UINT8_MAX         ? Bytes::low_unsigned
                      : INT8_MIN <= dot->x_lo && dot->x_hi <= INT8_MAX ? Bytes::low_signed
                                                                       : Bytes::both;
        facts.wide_weights = !m.fit(INT8_MIN, INT8_MAX);
        facts.halves = i.storage == plan::Lane::i16;
        facts.finish = dot->paired->finish;
        pack(facts, m);
        chain_.width = std::max({chain_.width, facts.steps * kStep, whole(facts.columns, kStep) * kStep});
        chain_.layers.push_back(std::move(layer));
        source_ = {i.at, i.rows, i.storage};
        return {};
    }

    // The weights of a dot product at any number of positions as one matrix.
    std::string read(const Instruction& i, const plan::DotProducer& dot, Matrix& m) const {
        const auto& d = *dot.paired;
        m.columns = dot.positions * dot.filters, m.inputs = source_.rows;
        m.weights.resize(std::size_t{m.columns} * m.inputs), m.start.resize(m.columns);
        for (std::uint32_t p = 0; p < dot.positions; ++p)
            for (std::uint32_t f = 0; f < dot.filters; ++f) {
                const std::uint32_t column = p * dot.filters + f;
                m.start[column] = d.start[std::size_t{d.group[p]} * d.stride + f];
                for (std::uint32_t k = 0; k < 2 * d.pairs; ++k) {
                    const std::int32_t word = d.weights[(std::size_t{d.group[p]} * d.pairs + k / 2) * d.stride + f];
                    const std::int64_t w = k % 2 ? word >> 16 : static_cast<std::int16_t>(word);
                    if (w == 0) continue;
                    const std::uint32_t row = i.operands[0].rows[std::size_t{p} * 2 * d.pairs + k];
                    if (const auto e = source_.element(row)) m.at(column, *e) += w;
                    else if (const auto* c = constant(row)) m.start[column] = wrapping(m.start[column] + w * c->raw);
                    else return "reads other numbers than the results in front of it";
                }
            }
        return {};
    }

    // The constant whose row this is: such rows are never used for anything else.
    const plan::ConstantRow* constant(std::uint32_t row) const {
        for (const auto& c : plan_.constants)
            if (c.at == (row & ~1u)) return &c;
        return nullptr;
    }

    // Weights as B fragments, behind one another in the order in which a warp reads them.
    void pack(FusedLayer& l, Matrix& m) {
        const bool first = chain_.layers.empty();
        l.weights = static_cast<std::uint32_t>(chain_.image.size() * 4);
        for (std::uint32_t u = 0; u < l.units; ++u)
            for (std::uint32_t s = 0; s < l.steps; ++s)
                for (std::uint32_t plane = 0; plane <= l.wide_weights; ++plane)
                    for (std::uint32_t lane = 0; lane < kLanes; ++lane)
                        for (std::uint32_t word = 0; word < 4; ++word) {
                            const std::uint32_t column = u * kColumns + word / 2 * 8 + lane / kQuad;
                            std::uint32_t bytes = 0;
                            for (std::uint32_t b = 0; b < 4; ++b) {
                                const Slot slot{s, word % 2, lane % kQuad, b};
                                const auto k = first ? element_of_input(slot, l.steps) : column_before(slot);
                                if (column >= m.columns || k >= m.inputs) continue;
                                const auto w = static_cast<std::uint32_t>(m.at(column, k));
                                bytes |= (w >> 8 * plane & 0xffu) << 8 * b;
                            }
                            chain_.image.push_back(bytes);
                        }
        l.start = static_cast<std::uint32_t>(chain_.image.size() * 4);
        for (std::uint32_t c = 0; c < l.units * kColumns; ++c)
            chain_.image.push_back(c < m.columns ? static_cast<std::uint32_t>(m.start[c]) : 0);
    }

    // The binary operation that instruction n is, with nothing behind it, in lanes of at most so many bits.
    const plan::BinaryProducer* binary(std::size_t n, ir::BinaryKind kind, plan::Lane most) const {
        if (n >= plan_.instructions.size()) return nullptr;
        const Instruction& i = plan_.instructions[n];
        const auto* p = std::get_if<plan::BinaryProducer>(&i.producer);
        return p && p->kind == kind && i.steps.empty() && i.lane <= most ? p : nullptr;
    }

    // Whether the instructions from n on are the sum of the squares of the last layer's results, or of differences, as
    // one output. The proof has no cast in it, so that any order of additions in 64 bits is exact.
    bool take_squares(std::size_t n) {
        Squares squares;
        std::vector<std::int32_t> subtracted(chain_.layers.back().facts.units * kColumns, Squares::kLeftOut);
        std::vector<std::uint32_t> columns;  // of the terms
        Placed terms = source_;
        if (const auto* sub = binary(n, ir::BinaryKind::sub, plan::Lane::i32)) {
            const Instruction& i = plan_.instructions[n++];
            const bool first = source_.element(i.operands[0].rows[0]).has_value();
            const auto &y = i.operands[first ? 0 : 1].rows, &x = i.operands[first ? 1 : 0].rows;
            squares.up = first ? sub->up_a : sub->up_b, squares.up_subtracted = first ? sub->up_b : sub->up_a;
            const auto& in = plan_.inputs[0].rows;
            const Placed input{in.rows[0], static_cast<std::uint32_t>(in.rows.size()), in.storage};
            for (std::uint32_t e = 0; e < i.rows; ++e) {
                const auto column = source_.element(y[e]), element = input.element(x[e]);
                if (!column || !element || subtracted[*column] != Squares::kLeftOut) return false;
                subtracted[*column] = static_cast<std::int32_t>(*element);
                columns.push_back(*column);
            }
            terms = {i.at, i.rows, i.storage};
        } else {
            for (std::uint32_t c = 0; c < source_.rows; ++c) columns.push_back(c), subtracted[c] = Squares::kNothing;
        }
        if (n + 1 != plan_.instructions.size()) return false;
        const Instruction& i = plan_.instructions[n];
        const auto* sum = std::get_if<plan::ReduceProducer>(&i.producer);
        if (!sum || !sum->products || i.rows != 1 || !i.steps.empty() || i.lane > plan::Lane::i64) return false;
        const auto& factors = i.operands[0].rows;
        if (factors != i.operands[1].rows) return false;
        std::vector<bool> seen(columns.size());
        for (const auto row : factors) {
            const auto e = terms.element(row);
            if (!e || seen[*e]) return false;
            seen[*e] = true;
        }
        for (std::size_t e = 0; e < seen.size(); ++e)
            if (!seen[e]) subtracted[columns[e]] = Squares::kLeftOut;
        return take_squares_output(n, squares, std::move(subtracted));
    }

    bool take_squares_output(std::size_t n, Squares squares, std::vector<std::int32_t> subtracted) {
        const std::uint32_t row = plan_.instructions[n].at;
        for (std::uint32_t o = 0; o < plan_.outputs.size(); ++o) {
            const auto& rows = plan_.outputs[o].rows.rows;
            if (rows.size() != 1 || rows[0] != row || chain_.squares) continue;
            squares.output = o;
            chain_.squares = squares, chain_.subtracted = std::move(subtracted);
        }
        return chain_.squares.has_value();
    }

    // Notes whose columns the elements of an output are.
    bool sink(std::uint32_t o) {
        if (chain_.squares && chain_.squares->output == o) return true;
        const auto& rows = plan_.outputs[o].rows.rows;
        // A place that several layers had belongs to the last of them.
        for (auto layer = chain_.layers.rbegin(); layer != chain_.layers.rend() && !rows.empty(); ++layer) {
            const auto& i = *layer->instruction;
            const Placed placed{i.at, i.rows, i.storage};
            if (!placed.element(rows[0])) continue;
            std::vector<std::int32_t> element(layer->facts.units * kColumns, -1);
            for (std::size_t e = 0; e < rows.size(); ++e) {
                const auto column = placed.element(rows[e]);
                if (!column || element[*column] >= 0) return false;
                element[*column] = static_cast<std::int32_t>(e);
            }
            layer->elements.push_back(std::move(element));
            layer->sinks.push_back({o, static_cast<std::uint32_t>(rows.size()), place(rows.size()), {}});
            return true;
        }
        return false;
    }

    // Where 16 events of so many elements have room, in 32 bits.
    std::uint32_t place(std::size_t elements) {
        const std::uint32_t at = chain_.out_bytes;
        chain_.out_bytes += FusedLayer::kEvents * 4 * static_cast<std::uint32_t>(elements);
        return at;
    }

    const plan::Plan& plan_;
    Placed source_;  // the value that the next layer must read
    Chain chain_;
};

std::string_view name_of(Bytes bytes) {
    return bytes == Bytes::both ? "int16" : bytes == Bytes::low_signed ? "int8" : "uint8";
}

// Tensor core products of a layer for 16 events.
std::uint32_t products(const FusedLayer& l) {
    return 2 * l.units * l.steps * (l.bytes == Bytes::both ? 2 : 1) * (l.wide_weights ? 2 : 1);
}

}  // namespace

std::variant<Chain, std::string> fuse(const plan::Plan& plan) { return Fusing(plan).run(); }

std::string explain(const Model& model) {
    const auto found = fuse(model.impl().plan(true, false));
    std::ostringstream out;
    if (const auto* why = std::get_if<std::string>(&found)) {
        out << "{\"kernel\": \"generic\", \"because\": \"" << *why << "\", \"layers\": []}";
        return out.str();
    }
    const auto& chain = std::get<Chain>(found);
    out << "{\"kernel\": \"fused\", \"because\": \"exact dot products in 32-bit sums, one behind the other\", "
        << "\"shared_bytes\": " << chain.image.size() * 4 << ", \"squares\": " << (chain.squares ? "true" : "false")
        << ", \"layers\": [";
    for (const auto& layer : chain.layers) {
        const auto& l = layer.facts;
        out << (&layer == chain.layers.data() ? "" : ", ") << "{\"results\": " << l.columns << ", \"activations\": \""
            << name_of(l.bytes) << "\", \"weights\": \"" << (l.wide_weights ? "int16" : "int8")
            << "\", \"products\": " << products(l) << ", \"steps_behind\": " << layer.instruction->steps.size() << "}";
    }
    out << "]}";
    return out.str();
}

}  // namespace bxnn::flat
