// Models for the tests, built operation by operation.
#pragma once

#include <map>
#include <numeric>
#include <random>

#include "ir/graph.hpp"
#include "runtime/model_impl.hpp"

namespace models {

using namespace bxnn;

// Appends operations; ids of values come back.
struct Maker {
    ir::Graph graph;
    std::mt19937_64 random{7};

    ir::Id add(ir::Attributes op, std::vector<ir::Id> operands, Shape shape = {}, std::string name = "") {
        return ir::append(graph, std::move(op), std::move(operands), shape, std::move(name));
    }
    ir::Id input(const std::string& name, const std::string& format, std::uint32_t n) {
        return add(ir::Input{Format::parse(format)}, {}, {n}, name);
    }
    ir::Id constant(const std::string& format, ir::Integers raw) {
        return add(ir::Constant{Format::parse(format), std::move(raw)}, {});
    }
    ir::Id cast(ir::Id x, const std::string& format, int shift = 0) {
        return add(ir::CastOp{{Format::parse(format)}, shift}, {x});
    }
    ir::Id binary(ir::BinaryKind kind, ir::Id a, ir::Id b) { return add(ir::Binary{kind, {}}, {a, b}); }
    // A dense layer; its weights are random integers of so many bits.
    ir::Id dense(ir::Id x, std::uint32_t filters, int weight_bits, const std::string& product,
                 const std::string& accum) {
        ir::Dot dot;
        dot.filters = filters;
        dot.terms = static_cast<std::uint32_t>(graph.nodes[x].value.size());
        std::uniform_int_distribution<std::int64_t> weight(-(std::int64_t{1} << (weight_bits - 1)),
                                                           (std::int64_t{1} << (weight_bits - 1)) - 1);
        for (std::size_t i = 0; i < std::size_t{dot.filters} * dot.terms; ++i) dot.weights.push_back(weight(random));
        for (std::size_t i = 0; i < filters; ++i) dot.bias.push_back(static_cast<std::int64_t>(i) - 3);
        dot.w_frac = 4, dot.b_frac = 2;
        dot.index.resize(dot.terms);
        std::iota(dot.index.begin(), dot.index.end(), 0);
        dot.group = {0};
        if (!product.empty()) dot.product = Format::parse(product);
        if (!accum.empty()) dot.accum = Format::parse(accum);
        return add(dot, {x});
    }
    void output(ir::Id x, const std::string& name) { graph.outputs.push_back({x, name}); }
    Model build() const { return make_model(graph); }
};

// Every operation, dot path, lane type and kind of step.
inline ir::Graph every_instruction_graph() {
    using Kind = ir::BinaryKind;
    Maker m;
    m.graph.name = "every instruction";
    m.graph.meta["origin"] = "tests";
    const auto x = m.input("x", "ap_fixed<8,3>", 12), wide = m.input("wide", "ap_fixed<60,20,AP_RND,AP_SAT>", 5);
    const auto narrow = m.input("narrow", "ap_ufixed<5,5,AP_TRN,AP_SAT>", 12);
    const auto exact = m.dense(x, 7, 8, "", "");
    const auto wrapped = m.dense(x, 6, 8, "", "ap_fixed<16,6>");                       // floored
    const auto rounded = m.dense(x, 6, 8, "ap_fixed<14,6,AP_RND>", "ap_fixed<16,6>");  // cast per term
    const auto saturated = m.dense(x, 6, 9, "", "ap_fixed<10,5,AP_RND_CONV,AP_SAT>");  // in order
    const auto heavy = m.dense(x, 3, 24, "", "ap_fixed<48,30>");
    const auto very_wide = m.dense(wide, 3, 30, "", "ap_fixed<64,24,AP_RND,AP_SAT_SYM>");  // int128 lanes
    const auto sum =
        m.add(ir::Binary{Kind::add, Format::parse("ap_fixed<12,6,AP_RND_ZERO,AP_SAT_ZERO>")}, {wrapped, saturated});
    const auto relu =
        m.binary(Kind::max, m.cast(exact, "ap_fixed<10,6,AP_RND_INF,AP_SAT>", 1), m.constant("ap_uint<1>", {0}));
    ir::Integers table(1 << 8);
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<std::int64_t>(i * i % 97) - 40;
    const auto looked_up = m.add(ir::Lut{Format::parse("ap_fixed<8,2>"), -128, table}, {x});
    for (auto& entry : table) entry *= std::int64_t{1} << 40;
    const auto far = m.add(ir::Lut{Format::parse("ap_fixed<56,20>"), -128, table}, {x});
    std::vector<Format> formats;
    for (int i = 0; i < 12; ++i)
        formats.push_back(Format{4 + i % 3, 3 - i % 2, i % 4 != 0, Round::RND_MIN_INF, Overflow::SAT});
    const auto each = m.add(ir::CastOp{formats, 0}, {x});
    const auto greater = m.binary(Kind::gt, looked_up, x);
    const auto chosen = m.add(ir::Select{{}}, {greater, looked_up, narrow});
    const auto gathered = m.add(ir::Gather{{3, -1, 14, 0, 5, 5, 23, 9}, 2}, {x, x}, {2, 4});
    const auto tree = m.add(
        ir::Reduce{ir::ReduceKind::sum, 1, 12, 1, Format::parse("ap_fixed<9,5,AP_RND,AP_SAT>"), ir::Order::tree}, {x});
    const auto line = m.add(ir::Reduce{ir::ReduceKind::sum, 2, 3, 2, {}, ir::Order::sequential}, {each});
    const auto peak = m.add(ir::Reduce{ir::ReduceKind::max, 2, 2, 2, {}, {}}, {gathered});
    const auto least = m.add(ir::Reduce{ir::ReduceKind::min, 1, 7, 1, {}, {}}, {relu});
    const auto best = m.add(ir::Reduce{ir::ReduceKind::argmax, 1, 12, 1, {}, {}}, {chosen});
    const auto scaled = m.binary(Kind::mul, sum, m.constant("ap_fixed<6,2>", {5, -7, 3, 31, -32, 0}));
    std::map<std::string, ir::Id> named{{"relu", relu},     {"scaled", scaled},       {"rounded", rounded},
                                        {"heavy", heavy},   {"very_wide", very_wide}, {"far", far},
                                        {"chosen", chosen}, {"tree", tree},           {"line", line},
                                        {"peak", peak},     {"least", least},         {"best", best}};
    for (const Kind kind : {Kind::sub, Kind::min, Kind::lt, Kind::le, Kind::ge, Kind::eq, Kind::ne})
        named["x_" + std::string(ir::kBinaryNames[static_cast<std::size_t>(kind)])] = m.binary(kind, x, narrow);
    for (const auto& [name, id] : named) m.output(id, name);
    m.graph.probes = {{saturated, "saturated"}, {looked_up, "looked_up"}};
    return m.graph;
}

// A small network: 16 inputs, a dense layer, relu, a dense layer.
inline ir::Graph network_graph() {
    Maker m;
    m.graph.name = "network";
    const auto x = m.input("x", "ap_fixed<10,4>", 16);
    const auto hidden =
        m.binary(ir::BinaryKind::max, m.cast(m.dense(x, 12, 7, "", "ap_fixed<18,8>"), "ap_fixed<9,3,AP_RND,AP_SAT>"),
                 m.constant("ap_uint<1>", {0}));
    m.output(m.dense(hidden, 4, 7, "", "ap_fixed<16,6>"), "score");
    return m.graph;
}

// Two dot products of 8-bit weights, large enough for tiles and quads: the first over windows of channels, the second
// of all.
inline ir::Graph tiled_graph(std::uint64_t seed) {
    Maker m;
    m.random.seed(seed);
    m.graph.name = "tiles " + std::to_string(seed);
    const auto any = [&](std::uint32_t lo, std::uint32_t hi) {
        return std::uniform_int_distribution<std::uint32_t>(lo, hi)(m.random);
    };
    const char* const inputs[] = {"ap_fixed<8,3>", "ap_ufixed<8,3>", "ap_fixed<16,6>", "ap_ufixed<12,6>",
                                  "ap_ufixed<7,3>"};
    const char* const results[] = {"ap_fixed<16,6>",
                                   "ap_fixed<8,3,AP_RND,AP_SAT>",
                                   "ap_ufixed<8,4,AP_TRN,AP_SAT>",
                                   "ap_fixed<11,5,AP_RND>",
                                   "ap_ufixed<13,5>",
                                   "ap_fixed<24,16>"};
    const std::uint32_t length = any(2, 6), channels = any(10, 70), window = any(1, 2);
    const std::uint32_t step = any(1, 2);  // 2: no two terms lie in one word
    ir::Dot dot;
    dot.positions = length - window + 1, dot.terms = window * channels / step, dot.groups = any(1, 2);
    dot.filters = any(9, 70);
    for (std::uint32_t i = 0; i < dot.groups * dot.filters * dot.terms; ++i) dot.weights.push_back(any(0, 255) - 128ll);
    for (std::uint32_t i = 0; i < dot.groups * dot.filters; ++i) dot.bias.push_back(any(0, 1000) - 500ll);
    dot.w_frac = 4, dot.b_frac = 4;
    const std::uint32_t padding = any(0, 1);  // without it, pairs lie in line where channels are even
    for (std::uint32_t p = 0; p < dot.positions; ++p)
        for (std::uint32_t k = 0, none = 0; k < dot.terms; ++k) {
            if (k % 2 == 0) none = padding && any(0, 20) == 0;
            dot.index.push_back(none ? -1 : static_cast<std::int32_t>(p * channels + k * step));
        }
    for (std::uint32_t p = 0; p < dot.positions; ++p) dot.group.push_back(static_cast<std::int32_t>(p % dot.groups));
    auto x = m.add(dot, {m.input("x", inputs[seed % 5], length * channels)});
    x = m.cast(x, results[any(0, 5)]);
    if (any(0, 1) == 0) x = m.binary(ir::BinaryKind::max, x, m.constant("ap_uint<1>", {0}));
    m.output(m.cast(m.dense(x, any(9, 40), 8, "", ""), results[any(0, 5)]), "y");
    return m.graph;
}

// Arrays of one call: random raw inputs, outputs as int64.
struct Arrays {
    std::vector<std::vector<std::int64_t>> inputs, outputs;

    Arrays(const Model& model, std::size_t events, std::uint64_t seed, bool trace = false) {
        std::mt19937_64 random(seed);
        for (const auto& tensor : model.inputs()) {
            const auto lo = static_cast<std::int64_t>(fx::min_raw(tensor.format)),
                       hi = static_cast<std::int64_t>(fx::max_raw(tensor.format));
            std::uniform_int_distribution<std::int64_t> raw(lo, hi);
            auto& array = inputs.emplace_back(events * tensor.size());
            for (auto& v : array) v = random() % 8 == 0 ? lo : random() % 8 == 0 ? hi : raw(random);
        }
        for (const auto& tensor : model.outputs()) outputs.emplace_back(events * tensor.size());
        if (trace)
            for (const auto& tensor : model.probes()) outputs.emplace_back(events * tensor.size());
    }
    std::vector<ConstArray> in() const {
        std::vector<ConstArray> arrays;
        for (const auto& array : inputs) arrays.emplace_back(array.data());
        return arrays;
    }
    std::vector<Array> out() {
        std::vector<Array> arrays;
        for (auto& array : outputs) arrays.emplace_back(array.data());
        return arrays;
    }
};

}  // namespace models
