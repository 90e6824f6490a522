// fused_test [N]: chains of dense layers drawn at random, by the warp that tensor cores are for, with the lanes'
// registers on this CPU: every value is the reference's, and a number that is not allowed is found.
#include <cstdlib>
#include <set>

#include "check.hpp"
#include "host_executor.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

struct Count {
    std::uint64_t models = 0, fused = 0, compared = 0, differing = 0;
    std::set<std::string> seen;  // what was met
};

const char* const kInputs[] = {"ap_fixed<8,3>",  "ap_ufixed<8,3>",   "ap_fixed<6,2>", "ap_fixed<16,6>",
                               "ap_fixed<11,6>", "ap_ufixed<15,10>", "ap_ufixed<1,1>"};
const char* const kResults[] = {"ap_fixed<16,6>",
                                "ap_fixed<16,8,AP_RND,AP_SAT>",
                                "ap_fixed<8,3,AP_RND,AP_SAT>",
                                "ap_ufixed<8,4,AP_TRN,AP_SAT>",
                                "ap_fixed<11,5,AP_RND>",
                                "ap_ufixed<13,5>",
                                "ap_ufixed<14,6,AP_RND_CONV,AP_SAT>",
                                "ap_fixed<9,4,AP_TRN_ZERO,AP_SAT_SYM>",
                                "ap_fixed<7,3,AP_RND_INF,AP_SAT_ZERO>",
                                "ap_ufixed<6,2,AP_RND_ZERO>",
                                "ap_fixed<10,4,AP_RND_MIN_INF,AP_SAT>"};

struct Draw {
    models::Maker m;

    std::uint32_t any(std::uint32_t lo, std::uint32_t hi) {
        return std::uniform_int_distribution<std::uint32_t>(lo, hi)(m.random);
    }
    std::uint32_t width() { return any(0, 3) == 0 ? any(1, 128) : any(1, 60); }

    // Up to five layers with casts, relu, tables and formats of their own for each element between them.
    Model chain(std::uint64_t seed) {
        m.random.seed(seed);
        m.graph.name = "chain " + std::to_string(seed);
        auto x = m.input("x", kInputs[any(0, std::size(kInputs) - 1)], width());
        const std::uint32_t layers = any(1, 5);
        for (std::uint32_t l = 0; l < layers; ++l) {
            const char* const accums[] = {"", "", "ap_fixed<31,17>", "ap_fixed<24,12>"};
            x = m.dense(x, width(), any(0, 3) == 0 ? static_cast<int>(any(2, 16)) : static_cast<int>(any(2, 8)), "",
                        accums[any(0, 3)]);
            const bool last = l + 1 == layers;
            if (!last || any(0, 2) > 0) x = between(x);
            if (last && m.graph.nodes[x].value.type.width <= 26 && any(0, 2) == 0) x = squares(x);
            if (last || any(0, 4) == 0) m.graph.outputs.push_back({x, "y" + std::to_string(l)});
        }
        return m.build();
    }

    // The sum of squares, or of differences from some of the input.
    ir::Id squares(ir::Id y) {
        const auto n = static_cast<std::uint32_t>(m.graph.nodes[y].value.size());
        const auto inputs = static_cast<std::uint32_t>(m.graph.nodes[0].value.size());
        if (any(0, 1) == 0 && m.graph.nodes[y].value.type.width <= 16) {
            std::vector<std::int32_t> index;
            for (std::uint32_t i = 0; i < n; ++i) index.push_back(static_cast<std::int32_t>(any(0, inputs - 1)));
            const auto x = m.add(ir::Gather{index, 0}, {ir::Id{0}}, {n});
            y = any(0, 1) == 0 ? m.binary(ir::BinaryKind::sub, y, x) : m.binary(ir::BinaryKind::sub, x, y);
        }
        y = m.binary(ir::BinaryKind::mul, y, y);
        return m.add(
            ir::Reduce{ir::ReduceKind::sum, 1, n, 1, {}, any(0, 1) == 0 ? ir::Order::tree : ir::Order::sequential},
            {y});
    }

    ir::Id between(ir::Id x) {
        const std::size_t n = m.graph.nodes[x].value.size();
        switch (any(0, 7)) {
            case 0: {  // a format for each
                std::vector<Format> formats;
                for (std::size_t i = 0; i < n; ++i)
                    formats.push_back(Format{static_cast<int>(any(2, 9)), static_cast<int>(any(2, 5)), any(0, 1) == 0,
                                             static_cast<Round>(any(0, 6)), Overflow::SAT});
                return m.add(ir::CastOp{formats, 0}, {x});
            }
            case 1: {  // a table
                ir::Integers table(1 << 8);
                for (auto& entry : table) entry = static_cast<std::int64_t>(any(0, 4000)) - 2000;
                return m.add(ir::Lut{Format::parse("ap_fixed<12,3>"), -128, table},
                             {m.cast(x, "ap_fixed<8,3,AP_RND,AP_SAT>")});
            }
            default: x = m.cast(x, kResults[any(0, std::size(kResults) - 1)]);
        }
        if (any(0, 1) == 0) x = m.binary(ir::BinaryKind::max, x, m.constant("ap_uint<1>", {0}));
        return x;
    }
};

// What the plan makes of a model's layers.
void note(const std::vector<std::uint8_t>& plan, Count& count) {
    std::vector<i128> words((plan.size() + 15) / 16);
    std::copy(plan.begin(), plan.end(), reinterpret_cast<std::uint8_t*>(words.data()));
    const cuda::Program p{reinterpret_cast<const std::byte*>(words.data())};
    const auto& fused = p.header().fused;
    count.seen.insert(fused.width > 64 ? "wide" : "narrow");
    if (fused.squares.size > 0)
        count.seen.insert(p.get(p.get(fused.squares)->subtracted)[0] < 0 ? "squares" : "squares of differences");
    for (std::uint64_t k = 0; k < fused.layers.size; ++k) {
        const auto& l = p.get(fused.layers)[k];
        count.seen.insert("bytes " + std::to_string(static_cast<int>(l.bytes)) +
                          (l.wide_weights ? " wide" : " narrow"));
        count.seen.insert(l.finish.wrap == fx::Fit::none ? "no wrap" : "wrap");
        if (l.rest.size > 0) count.seen.insert("steps");
        if (!l.halves) count.seen.insert("words");
        if (l.sinks.size > 0 && k + 1 < fused.layers.size) count.seen.insert("an output on the way");
    }
}

// The reference's outputs for a call, as this type or as int64, whose elements the other kernel's must be.
template <class T>
void compare(const Model& model, const std::vector<std::uint8_t>& plan, std::size_t events, std::uint64_t seed,
             Count& count) {
    models::Arrays expected(model, events, seed);
    Context reference(model, "reference");
    model.predict(reference, expected.in(), expected.out(), events);
    std::vector<T> x(expected.inputs[0].begin(), expected.inputs[0].end());
    for (std::size_t i = 0; i < x.size(); ++i)
        if (static_cast<std::int64_t>(x[i]) != expected.inputs[0][i]) return;  // the type does not hold them
    const ConstArray in(x.data());
    models::Arrays got(model, events, seed);
    check::that(cuda::predict(plan, {&in, 1}, got.out(), events, cuda::Kernel::fused) == cuda::kNoneBad,
                "all are allowed");
    std::vector<std::vector<std::int32_t>> words;
    std::vector<Array> as_words;
    for (const auto& output : got.outputs) words.emplace_back(output.size());
    for (auto& output : words) as_words.emplace_back(output.data());
    cuda::predict(plan, {&in, 1}, as_words, events, cuda::Kernel::fused);
    for (std::size_t o = 0; o < words.size(); ++o)
        for (std::size_t i = 0; i < words[o].size(); ++i) {
            count.compared += 2;
            count.differing += got.outputs[o][i] != expected.outputs[o][i];
            count.differing += words[o][i] != static_cast<std::int32_t>(expected.outputs[o][i]);
        }
}

void chain(std::uint64_t seed, Count& count) {
    Draw draw;
    const Model model = draw.chain(seed);
    const auto plan = flat::flat_plan(model, false);
    ++count.models;
    if (!cuda::is_fused(plan)) return;
    ++count.fused;
    note(plan, count);
    const auto before = count.differing;
    for (const std::size_t events : {1, 16, 50}) {
        compare<std::int8_t>(model, plan, events, seed, count);
        compare<std::uint8_t>(model, plan, events, seed, count);
        compare<std::int16_t>(model, plan, events, seed, count);
        compare<std::uint16_t>(model, plan, events, seed, count);
        compare<std::int32_t>(model, plan, events, seed, count);
    }
    if (count.differing != before)
        std::printf("chain %llu: %llu differ\n", static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(count.differing - before));
}

// Each raw integer of a type is refused if and only if the format does not allow it, at its place.
template <class T>
void every_integer(const char* format, std::uint32_t elements) {
    models::Maker m;
    m.output(m.dense(m.input("x", format, elements), 3, 4, "", ""), "y");
    const Model model = m.build();
    const auto plan = flat::flat_plan(model, false);
    check::that(cuda::is_fused(plan), "one dense layer is fused");
    const std::size_t events = 40;
    std::vector<T> x(events * elements);
    std::vector<std::int64_t> y(events * 3), z(events * 3);
    const ConstArray in(x.data());
    const Array out(y.data()), other(z.data());
    const Format f = Format::parse(format);
    std::mt19937_64 random(1);
    bool same = true;
    for (int i = 0; i < 1 << 10; ++i) {
        const auto value = static_cast<T>(i < 256 ? random() >> 3 % 17 : static_cast<std::uint64_t>(i) - 640);
        const auto place = random() % x.size();
        x[place] = value;
        const auto bad = cuda::predict(plan, {&in, 1}, {&out, 1}, events, cuda::Kernel::fused);
        const bool allowed = fx::min_raw(f) <= value && value <= fx::max_raw(f);
        same &= bad == (allowed ? cuda::kNoneBad : place);
        if (allowed) {
            cuda::predict(plan, {&in, 1}, {&other, 1}, events);
            same &= y == z;
        }
        x[place] = 0;
    }
    check::that(same, std::string("bad numbers are found: ") + format);
}

void bad_numbers() {
    for (const char* format : {"ap_fixed<8,3>", "ap_ufixed<8,3>", "ap_fixed<5,2>", "ap_ufixed<5,2>", "ap_ufixed<7,7>",
                               "ap_fixed<12,4>", "ap_ufixed<12,4>", "ap_ufixed<15,4>", "ap_fixed<16,4>"}) {
        every_integer<std::int8_t>(format, 5), every_integer<std::uint8_t>(format, 8);
        every_integer<std::int16_t>(format, 7), every_integer<std::uint16_t>(format, 3);
        every_integer<std::int32_t>(format, 2);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 150;
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    Count count;
    for (std::uint64_t seed = first; seed < first + n; ++seed) chain(seed, count);
    bad_numbers();
    std::printf("%llu models %llu fused %llu values compared %llu differ\n",
                static_cast<unsigned long long>(count.models), static_cast<unsigned long long>(count.fused),
                static_cast<unsigned long long>(count.compared), static_cast<unsigned long long>(count.differing));
    check::that(count.compared > 0 && count.differing == 0, "every value is the reference's");
    for (const char* what :
         {"bytes 0 narrow", "bytes 1 narrow", "bytes 2 narrow", "bytes 0 wide", "bytes 1 wide", "bytes 2 wide", "wide",
          "narrow", "wrap", "no wrap", "steps", "words", "an output on the way", "squares", "squares of differences"})
        check::that(count.seen.contains(what), std::string("drawn: ") + what);
    return check::report();
}
