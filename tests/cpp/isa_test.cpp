// A forced instruction set takes effect, every usable one is run, and all of them give the reference's integers.
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdlib>
#include <limits>
#include <set>

#include "check.hpp"
#include "kernels/kernels.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

void names_and_bodies_differ() {
    std::set<std::string> names{kernels::reference().name};
    std::set<const void*> bodies{reinterpret_cast<const void*>(kernels::reference().block.paired)};
    for (const auto* level : kernels::usable()) {
        names.insert(level->name);
        bodies.insert(reinterpret_cast<const void*>(level->block.paired));
        check::that(&kernels::find(level->name) == level, std::string("find() gives ") + level->name);
    }
    check::that(names.size() == kernels::usable().size() + 1, "every level has its own name");
    check::that(bodies.size() == names.size(), "every level has its own code");
    check::that(isa_levels().front() == "portable", "the portable level is the slowest");
}

void arguments_take_effect(const Model& model) {
    for (const auto& level : isa_levels())
        check::that(Context(model, level).isa() == level, "Context takes the level " + level);
    check::that(Context(model, "reference").isa() == "reference", "Context takes the reference");
    check::that(Context(model).isa() == isa_levels().back(), "a Context takes the best level by default");
    check::throws(ErrorKind::input, "instruction set 'mmx' is not usable on this CPU; usable: portable",
                  [&] { Context(model, "mmx"); });
}

void environment_takes_effect(const Model& model) {
    std::vector<std::string> levels = isa_levels();
    levels.push_back("reference");
    for (const auto& level : levels) {
        setenv("BXNN_ISA", level.c_str(), 1);
        check::that(active_isa() == level, "BXNN_ISA makes active_isa() " + level);
        check::that(Context(model).isa() == level, "BXNN_ISA makes a Context take " + level);
        check::that(Context(model, "portable").isa() == "portable", "an argument is stronger than BXNN_ISA");
    }
    setenv("BXNN_ISA", "avx9000", 1);
    check::throws(ErrorKind::input, "avx9000", [&] { Context context(model); });
    check::throws(ErrorKind::input, "avx9000", [&] { static_cast<void>(active_isa()); });
    setenv("BXNN_ISA", "", 1);
    check::that(active_isa() == isa_levels().back(), "an empty BXNN_ISA means the best level");
    unsetenv("BXNN_ISA");
}

// Counts of events around the block size, so that full and partial blocks are seen.
void levels_agree(const Model& model) {
    for (const std::size_t events : {1, 2, 23, 24, 25, 95, 96, 97, 119, 120, 1000}) {
        models::Arrays expected(model, events, events, true);
        Context reference(model, "reference", true);
        model.predict(reference, expected.in(), expected.out(), events);
        for (const auto& level : isa_levels()) {
            models::Arrays got(model, events, events, true);
            Context context(model, level, true);
            model.predict(context, got.in(), got.out(), events);
            check::that(got.outputs == expected.outputs,
                        model.name() + ": " + level + " equals the reference on " + std::to_string(events) + " events");
        }
    }
}

// Random networks with tiles and quads; together they have every kind of operand and of bytes.
void tiles_and_quads_agree() {
    std::set<std::pair<int, int>> tiles, quads;
    for (std::uint64_t seed = 0; seed < 48; ++seed) {
        const auto graph = models::tiled_graph(seed);
        for (const auto& i : plan::make(graph, {}).instructions)
            if (const auto* dot = std::get_if<plan::DotProducer>(&i.producer); dot && dot->paired) {
                const auto& d = *dot->paired;
                const int pairs = static_cast<int>(i.operands[0].pairs);
                if (d.tiles) tiles.emplace(static_cast<int>(d.tiles->bytes), pairs);
                if (d.quads) quads.emplace(d.quads->fits_signed + 2 * d.quads->fits_unsigned, pairs);
            }
        const Model model = make_model(graph);
        models::Arrays expected(model, 200, seed);
        Context reference(model, "reference");
        model.predict(reference, expected.in(), expected.out(), 200);
        for (const auto& level : isa_levels()) {
            models::Arrays got(model, 200, seed);
            Context context(model, level);
            model.predict(context, got.in(), got.out(), 200);
            check::that(got.outputs == expected.outputs, model.name() + ": " + level + " equals the reference");
        }
    }
    check::that(tiles.size() == 9, "all 9 kinds of tiles were met, not " + std::to_string(tiles.size()));
    check::that(quads.size() == 9, "all 9 kinds of quads were met, not " + std::to_string(quads.size()));
}

// Numbers of type D go in and come out as they are, whatever their number and that of the events.
template <class D>
void numbers_pass(const std::string& format, std::int64_t least, std::int64_t most) {
    std::mt19937_64 random(5);
    std::uniform_int_distribution<std::int64_t> number(least, most);
    for (const std::uint32_t n : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33, 57, 70}) {
        models::Maker m;
        m.graph.name = format;
        m.output(m.input("x", format, n), "y");
        const Model model = m.build();
        for (const std::size_t events : {1, 3, 24, 47, 96, 97, 191, 200}) {
            std::vector<D> x(events * n), y(events * n);
            for (auto& value : x) value = static_cast<D>(number(random));
            for (const auto& level : isa_levels()) {
                std::fill(y.begin(), y.end(), D{});
                Context context(model, level);
                const ConstArray in[] = {ConstArray(x.data())};
                const Array out[] = {Array(y.data())};
                model.predict(context, in, out, events);
                check::that(x == y, level + ": " + std::to_string(events) + " events of " + std::to_string(n) +
                                        " numbers of " + format + " in " + std::to_string(sizeof(D)) + " bytes");
            }
        }
    }
}

void edges_are_exact() {
    numbers_pass<std::int8_t>("ap_int<8>", -128, 127);
    numbers_pass<std::uint8_t>("ap_uint<8>", 0, 255);
    numbers_pass<std::int16_t>("ap_int<16>", -32768, 32767);
    numbers_pass<std::uint16_t>("ap_uint<15>", 0, 32767);
    numbers_pass<std::uint16_t>("ap_uint<16>", 0, 65535);
    numbers_pass<std::int32_t>("ap_int<16>", -32768, 32767);
    numbers_pass<std::int32_t>("ap_int<32>", INT32_MIN, INT32_MAX);
    numbers_pass<std::uint32_t>("ap_uint<32>", 0, UINT32_MAX);
    numbers_pass<std::int64_t>("ap_int<12>", -2048, 2047);
    numbers_pass<std::int64_t>("ap_int<64>", INT64_MIN, INT64_MAX);
    numbers_pass<std::uint64_t>("ap_uint<63>", 0, INT64_MAX);
    numbers_pass<float>("ap_int<16>", -32768, 32767);
    numbers_pass<double>("ap_int<50>", -(1LL << 49), (1LL << 49) - 1);
}

// While it lives, the processor takes subnormal numbers for zero, as it does in programs that set this mode.
struct WithoutSubnormals {
#if defined(__x86_64__)
    unsigned mode = _mm_getcsr();
    WithoutSubnormals() { _mm_setcsr(mode | 0x8040u); }
    ~WithoutSubnormals() { _mm_setcsr(mode); }
#endif
};

template <class D>
void subnormals_are_not_zero() {
    models::Maker m;
    m.graph.name = "subnormal";
    m.output(m.input("x", "ap_fixed<16,8>", 4), "y");
    const Model model = m.build();
    const D least = std::numeric_limits<D>::denorm_min(), most = std::numeric_limits<D>::min();
    auto levels = isa_levels();
    levels.push_back("reference");
    for (const std::size_t events : {1, 200})
        for (const auto& level : levels) {
            std::vector<D> x;
            std::vector<std::int64_t> y(events * 4), right;
            for (std::size_t e = 0; e < events; ++e)
                for (const auto& [number, raw] : {std::pair{-least, -1}, {least, 0}, {-most, -1}, {D{0}, 0}})
                    x.push_back(number), right.push_back(raw);
            Context context(model, level);
            const ConstArray in[] = {ConstArray(x.data())};
            const Array out[] = {Array(y.data())};
            {
                const WithoutSubnormals mode;
                model.predict(context, in, out, events);
            }
            check::that(y == right, level + ": subnormal numbers of " + std::to_string(sizeof(D)) + " bytes");
        }
}

}  // namespace

int main() {
    unsetenv("BXNN_ISA");
    const Model model = make_model(models::every_instruction_graph()), network = make_model(models::network_graph());
    names_and_bodies_differ();
    arguments_take_effect(model);
    environment_takes_effect(model);
    levels_agree(model);
    levels_agree(network);
    tiles_and_quads_agree();
    edges_are_exact();
    subnormals_are_not_zero<float>();
    subnormals_are_not_zero<double>();
    std::printf("levels run: reference");
    for (const auto& level : isa_levels()) std::printf(" %s", level.c_str());
    std::printf("\n");
    return check::report();
}
