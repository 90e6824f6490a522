// cuda_host_test [FILE_OR_FOLDER...]: the functions of the GPU, compiled for this CPU, give the reference's integers:
// for the golden vectors of model files or, without arguments, for graphs of every instruction and type.
#include <cmath>
#include <cstring>
#include <filesystem>

#include "check.hpp"
#include "host_executor.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

struct Count {
    std::uint64_t models = 0, fused = 0, compared = 0, differing = 0;
};

// The kernels that a plan has.
std::vector<cuda::Kernel> kernels(const std::vector<std::uint8_t>& plan) {
    if (cuda::is_fused(plan)) return {cuda::Kernel::generic, cuda::Kernel::fused};
    return {cuda::Kernel::generic};
}

template <class T>
void compare(Count& count, const std::vector<T>& got, const std::vector<T>& expected) {
    count.compared += expected.size();
    for (std::size_t i = 0; i < expected.size(); ++i)
        count.differing += std::memcmp(&got[i], &expected[i], sizeof(T)) != 0;
}

// Golden vectors of one file.
bool replay(const std::string& path, Count& count) {
    const auto model = Model::load(path);
    const auto& golden = model.impl().graph.golden;
    if (golden.events == 0) return std::printf("%s: carries no golden vectors\n", path.c_str()), false;
    std::vector<ConstArray> inputs;
    std::vector<std::vector<std::int64_t>> results;
    std::vector<Array> outputs;
    for (const auto& array : golden.inputs) inputs.emplace_back(array.data());
    for (const auto& array : golden.outputs) results.emplace_back(array.size());
    for (auto& result : results) outputs.emplace_back(result.data());
    const auto before = count.differing;
    const auto plan = flat::flat_plan(model, false);
    ++count.models;
    for (const auto kernel : kernels(plan)) {
        for (auto& result : results) std::fill(result.begin(), result.end(), -1);
        const auto bad = cuda::predict(plan, inputs, outputs, golden.events, kernel);
        for (std::size_t o = 0; o < results.size(); ++o) compare(count, results[o], golden.outputs[o]);
        count.fused += kernel == cuda::Kernel::fused;
        if (bad != cuda::kNoneBad) return std::printf("%s: a golden input was refused\n", path.c_str()), false;
    }
    if (count.differing != before)
        std::printf("%s: %llu values differ\n", path.c_str(),
                    static_cast<unsigned long long>(count.differing - before));
    return true;
}

bool replay_files(int argc, char** argv, Count& count) {
    bool readable = true;
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::is_directory(argv[i])) {
            readable = replay(argv[i], count) && readable;
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
            if (entry.path().extension() == ".bxnn") readable = replay(entry.path().string(), count) && readable;
    }
    return readable;
}

// Raw integers in, every output and probe as raw integers.
void integers(const ir::Graph& graph, Count& count) {
    const Model model = make_model(graph);
    const auto plan = flat::flat_plan(model, true);
    ++count.models;
    count.fused += cuda::is_fused(plan);
    for (const std::size_t events : {1, 127, 128, 129, 300}) {
        models::Arrays expected(model, events, events, true);
        Context reference(model, "reference", true);
        model.predict(reference, expected.in(), expected.out(), events);
        for (const auto kernel : kernels(plan)) {
            models::Arrays got(model, events, events, true);
            const auto bad = cuda::predict(plan, got.in(), got.out(), events, kernel);
            check::that(bad == cuda::kNoneBad, "no number is refused");
            for (std::size_t o = 0; o < got.outputs.size(); ++o) compare(count, got.outputs[o], expected.outputs[o]);
        }
    }
}

// One input that goes straight to the output.
Model passing(const Format& format) {
    models::Maker m;
    m.output(m.add(ir::Input{format}, {}, {3}, "x"), "y");
    return m.build();
}

// Real numbers of every kind: ordinary ones about the format, ties, halves of the last place, the least, the largest.
template <class D>
std::vector<D> reals(const Format& format, std::mt19937_64& random) {
    std::vector<D> x;
    const D unit = static_cast<D>(std::ldexp(1.0, -format.frac()));
    const D limits[] = {0,
                        -D{0},
                        std::numeric_limits<D>::max(),
                        std::numeric_limits<D>::lowest(),
                        std::numeric_limits<D>::min(),
                        std::numeric_limits<D>::denorm_min(),
                        -std::numeric_limits<D>::denorm_min()};
    for (const D limit : limits) x.push_back(limit);
    for (int i = 0; i < 200; ++i) x.push_back((static_cast<D>(i) - 100) * unit / 4);
    for (int i = 0; i < 200; ++i)
        x.push_back(static_cast<D>(
            std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                       static_cast<int>(random() % 80) - 100 - format.frac() + static_cast<int>(random() % 4) * 16)));
    for (auto& v : x)
        if (!std::isfinite(v)) v = static_cast<D>(0.75) * unit;
    while (x.size() % 3) x.pop_back();
    return x;
}

template <class D, class R>
void cast_reals(const Format& format, std::mt19937_64& random, Count& count) {
    const Model model = passing(format);
    const auto x = reals<D>(format, random);
    const std::size_t events = x.size() / 3;
    std::vector<R> expected(x.size()), got(x.size());
    Context reference(model, "reference");
    model.predict(reference, ConstArray(x.data()), Array(expected.data()), events);
    const ConstArray in(x.data());
    const Array out(got.data());
    const auto bad = cuda::predict(flat::flat_plan(model, false), {&in, 1}, {&out, 1}, events);
    check::that(bad == cuda::kNoneBad, "finite numbers are allowed for " + format.str());
    compare(count, got, expected);
}

// Inputs and outputs of every type and mode, formats of all widths and places.
void real_numbers(Count& count) {
    std::mt19937_64 random(5);
    for (int i = 0; i < 1500; ++i) {
        Format f;
        f.width = 1 + static_cast<int>(random() % 64);
        f.integer = static_cast<int>(random() % 100) - 30;
        f.is_signed = random() % 2 == 0;
        f.round = static_cast<Round>(random() % 7);
        f.overflow = static_cast<Overflow>(random() % 4);
        ++count.models;
        if (!f.is_signed) f.width = std::min(f.width, 63);
        cast_reals<float, std::int64_t>(f, random, count);
        cast_reals<double, std::int64_t>(f, random, count);
        if (f.width - (f.is_signed ? 1 : 0) <= 53) cast_reals<double, double>(f, random, count);
        if (f.width - (f.is_signed ? 1 : 0) <= 24) cast_reals<double, float>(f, random, count);
    }
}

template <class D>
void integer_type(Count& count) {
    const bool is_signed = std::is_signed_v<D>;
    const Model model = passing({std::min<int>(sizeof(D) * 8, 63), 3, is_signed});
    std::mt19937_64 random(9);
    std::vector<D> x(3 * 200), got(x.size());
    for (auto& v : x)
        v = static_cast<D>(sizeof(D) == 8 && !is_signed ? random() >> 1 : random() >> (64 - 8 * sizeof(D)));
    if (sizeof(D) == 8 && is_signed)
        for (auto& v : x) v = static_cast<D>(v / 2);
    const ConstArray in(x.data());
    const Array out(got.data());
    const auto bad = cuda::predict(flat::flat_plan(model, false), {&in, 1}, {&out, 1}, 200);
    check::that(bad == cuda::kNoneBad, "numbers of the type are allowed");
    compare(count, got, x);
    ++count.models;
}

// The first event decides, then the input, then the element.
void bad_numbers() {
    models::Maker m;
    const auto a = m.input("a", "ap_fixed<8,3>", 4), b = m.input("b", "ap_ufixed<5,5>", 3);
    m.output(a, "a_out"), m.output(b, "b_out");
    const Model model = m.build();
    const auto plan = flat::flat_plan(model, false);
    std::vector<std::int16_t> raw(4 * 300);
    std::vector<float> real(3 * 300);
    std::vector<std::int64_t> y(4 * 300), z(3 * 300);
    const ConstArray in[] = {ConstArray(raw.data()), ConstArray(real.data())};
    const Array out[] = {Array(y.data()), Array(z.data())};
    const auto found = [&] { return cuda::predict(plan, in, out, 300); };
    check::that(found() == cuda::kNoneBad, "zeros are allowed");
    real[3 * 290 + 2] = NAN;
    check::that(found() == 290 * 7 + 4 + 2, "NaN is refused");
    raw[4 * 290 + 3] = 128;
    check::that(found() == 290 * 7 + 3, "the first input comes first");
    real[3 * 131 + 1] = -INFINITY;
    real[3 * 131 + 2] = INFINITY;
    check::that(found() == 131 * 7 + 4 + 1, "the first event comes first");
    raw[4 * 2 + 1] = -129;
    check::that(found() == 2 * 7 + 1, "a raw integer outside the format is refused");
}

Count all_graphs() {
    Count count;
    integers(models::every_instruction_graph(), count);
    integers(models::network_graph(), count);
    for (std::uint64_t seed = 0; seed < 24; ++seed) integers(models::tiled_graph(seed), count);
    real_numbers(count);
    integer_type<std::int8_t>(count), integer_type<std::uint8_t>(count);
    integer_type<std::int16_t>(count), integer_type<std::uint16_t>(count);
    integer_type<std::int32_t>(count), integer_type<std::uint32_t>(count);
    integer_type<std::int64_t>(count), integer_type<std::uint64_t>(count);
    bad_numbers();
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    Count count;
    if (argc > 1) check::that(replay_files(argc, argv, count), "every file is read and carries golden vectors");
    else count = all_graphs();
    std::printf("%llu models %llu fused %llu values compared %llu differ\n",
                static_cast<unsigned long long>(count.models), static_cast<unsigned long long>(count.fused),
                static_cast<unsigned long long>(count.compared), static_cast<unsigned long long>(count.differing));
    check::that(count.compared > 0 && count.differing == 0, "every value is the reference's");
    return check::report();
}
