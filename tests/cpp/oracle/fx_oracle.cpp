// Every cast of the project against the vendors' ap_types: the scalar body, the row bodies in every legal lane of every
// usable instruction set, whole models of one cast, and real numbers. Prints what was compared; exit code 1: a
// difference.
//
// Left out, and counted: roundings that drop more bits than the source has, where C-simulation stops with an assertion.
#include <cmath>
#include <cstring>

#include "kernels/kernels.hpp"
#include "models.hpp"
#include "ops/interval.hpp"
#include "pairs.hpp"
#include "rows.hpp"

using namespace bxnn;

namespace {

struct Counts {
    std::uint64_t pairs = 0, skipped = 0, scalar = 0, rows = 0, models = 0, reals = 0, differing = 0;
};
Counts counts;
std::mt19937_64 generator(20);

struct Body {
    const char* name;
    const rows::Rows* rows;
};
std::vector<Body> bodies() {
    std::vector<Body> all;
    for (const auto* level : kernels::usable()) {
        const std::string name = level->name;
        if (name == "portable") all.push_back({"portable", &rows::portable::bodies()});
#if defined(__x86_64__)
        if (name == "avx2") all.push_back({"avx2", &rows::avx2::bodies()});
        if (name == "avx512") all.push_back({"avx512", &rows::avx512::bodies()});
#endif
    }
    return all;
}

i128 widened(std::int64_t raw, bool is_signed) { return is_signed ? i128{raw} : i128{static_cast<std::uint64_t>(raw)}; }

// All raw integers of a narrow type; of a wide one its limits, numbers near the ties of the cast, and random ones.
std::vector<std::int64_t> raws(const Format& from, int shift, std::size_t n) {
    std::vector<std::int64_t> all;
    const i128 lo = fx::min_raw(from), hi = fx::max_raw(from);
    if (from.width <= 8) {
        for (i128 r = lo; r <= hi; ++r) all.push_back(static_cast<std::int64_t>(r));
        return all;
    }
    const auto wrapped = [&](i128 r) {  // into the type
        const auto bits = static_cast<std::uint64_t>(r) << (64 - from.width);
        return from.is_signed ? static_cast<std::int64_t>(bits) >> (64 - from.width)
                              : static_cast<std::int64_t>(bits >> (64 - from.width));
    };
    for (int d = -2; d <= 2; ++d)
        for (const i128 base : {lo, hi, i128{0}, hi / 2}) all.push_back(wrapped(base + d));
    while (all.size() < n) {
        auto r = static_cast<std::int64_t>(generator());
        switch (generator() % 4) {
            case 0: break;
            case 1: r >>= generator() % 64; break;  // small
            default:
                if (shift > 0 && shift < 63)
                    r = (r >> (shift - 1) << (shift - 1)) + static_cast<std::int64_t>(generator() % 3) -
                        1;  // near a tie
                break;
        }
        all.push_back(wrapped(r));
    }
    return all;
}

void differs(const std::string& how, const Format& from, const Format& to, const std::string& x, i128 got,
             i128 expected) {
    if (++counts.differing <= 20)
        std::printf("%s: %s -> %s of %s: %s, expected %s\n", how.c_str(), from.str().c_str(), to.str().c_str(),
                    x.c_str(), to_string(got).c_str(), to_string(expected).c_str());
}

template <class T>
void compare_rows(const Body& body, const Format& from, const Format& to, const std::vector<i128>& x,
                  const std::vector<i128>& expected) {
    const auto all = ops::range_of(from);
    const int shift = from.frac() - to.frac(), bits = static_cast<int>(sizeof(T)) * 8;
    if (shift > kMaxBits - 2) return;  // refused when a plan is made
    for (const bool in_range : {false, true}) {
        if (in_range && !ops::cast_range(all, from.frac(), to).in_range) continue;
        if (ops::bits_for_cast(all, from.frac(), to, in_range) > bits) continue;
        std::vector<T> lanes(x.begin(), x.end());
        body.rows->of<T>()(lanes.data(), lanes.size(), fx::make_cast<T>(from.frac(), to, in_range));
        for (std::size_t i = 0; i < x.size(); ++i)
            if (lanes[i] != static_cast<T>(expected[i]) || static_cast<i128>(lanes[i]) != expected[i])
                differs(std::string(body.name) + " int" + std::to_string(bits) + (in_range ? " proven" : ""), from, to,
                        to_string(x[i]), lanes[i], expected[i]);
        counts.rows += x.size();
    }
}

void compare_models(const Format& from, const Format& to, const std::vector<std::int64_t>& raw,
                    const std::vector<i128>& expected) {
    if ((!from.is_signed && from.width == 64) || (!to.is_signed && to.width == 64)) return;
    models::Maker maker;
    Format input = from;
    input.round = Round::TRN, input.overflow = Overflow::WRAP;
    const auto x = maker.add(ir::Input{input}, {}, {1}, "x");
    maker.output(maker.add(ir::CastOp{{to}, 0}, {x}), "y");
    std::optional<Model> model;
    try {
        model = maker.build();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        return;
    }
    std::vector<std::string> levels = isa_levels();
    levels.push_back("reference");
    for (const auto& level : levels) {
        std::vector<std::int64_t> y(raw.size());
        Context context(*model, level);
        model->predict(context, ConstArray(raw.data()), Array(y.data()), raw.size());
        for (std::size_t i = 0; i < y.size(); ++i)
            if (y[i] != expected[i]) differs("model on " + level, from, to, to_string(raw[i]), y[i], expected[i]);
        counts.models += y.size();
    }
}

void compare(const oracle::Pair& pair, int round, int overflow, const std::vector<Body>& levels, std::size_t n) {
    const Format from{pair.from.width, pair.from.integer, pair.from.is_signed};
    const Format to{pair.to.width, pair.to.integer, pair.to.is_signed, static_cast<Round>(round),
                    static_cast<Overflow>(overflow)};
    const int shift = from.frac() - to.frac();
    const bool rounds = to.round != Round::TRN && !(to.round == Round::TRN_ZERO && !from.is_signed);
    const auto raw = raws(from, shift, n);
    if (rounds && shift > from.width) {
        counts.skipped += raw.size();
        return;
    }
    pair.set_modes(round, overflow);
    std::vector<std::int64_t> bits(raw.size());
    pair.cast(raw.data(), bits.data(), raw.size());
    std::vector<i128> x, expected;
    for (const auto r : raw) x.push_back(widened(r, from.is_signed));
    for (const auto r : bits) expected.push_back(widened(r, to.is_signed));
    for (std::size_t i = 0; i < x.size(); ++i)
        if (const i128 got = fx::quantize(x[i], from.frac(), to); got != expected[i])
            differs("scalar", from, to, to_string(x[i]), got, expected[i]);
    counts.scalar += x.size();
    for (const auto& level : levels) {
        compare_rows<std::int32_t>(level, from, to, x, expected);
        compare_rows<std::int64_t>(level, from, to, x, expected);
        compare_rows<i128>(level, from, to, x, expected);
    }
    if (generator() % 4 == 0) compare_models(from, to, raw, expected);
}

// On the grid, between, at ties, beyond the range, tiny and huge.
std::vector<double> reals(const Format& to, std::size_t n) {
    std::vector<double> all{0.0, -0.0, 1e-300, -1e-300, 1e300, -1e300, 0.1, -0.1};
    while (all.size() < n) {
        double x = static_cast<double>(static_cast<std::int64_t>(generator()) >> (generator() % 64));
        if (generator() % 2) x = std::ldexp(x, -static_cast<int>(generator() % 4));
        if (generator() % 8 == 0) x = std::ldexp(x, static_cast<int>(generator() % 80) - 40);
        all.push_back(std::ldexp(x, -to.frac()));
    }
    return all;
}

void compare_reals(const oracle::Pair& pair, int round, int overflow, std::size_t n) {
    const Format to{pair.to.width, pair.to.integer, pair.to.is_signed, static_cast<Round>(round),
                    static_cast<Overflow>(overflow)};
    const auto x = reals(to, n);
    std::vector<std::int64_t> bits(x.size()), y(x.size());
    pair.set_modes(round, overflow);
    pair.from_real(x.data(), bits.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const i128 expected = widened(bits[i], to.is_signed);
        if (const i128 got = fx::quantize(x[i], to); got != expected)
            differs("real", to, to, std::to_string(x[i]), got, expected);
    }
    counts.reals += x.size();
    if ((!to.is_signed && to.width == 64) || generator() % 4) return;
    models::Maker maker;
    maker.output(maker.add(ir::Input{to}, {}, {1}, "x"), "y");
    const Model model = maker.build();
    for (const char* level : {"", "reference"}) {
        Context context(model, level);
        model.predict(context, ConstArray(x.data()), Array(y.data()), x.size());
        for (std::size_t i = 0; i < x.size(); ++i)
            if (y[i] != bits[i]) differs("real input", to, to, std::to_string(x[i]), y[i], bits[i]);
        counts.reals += x.size();
    }
}

void campaign(const char* name, const std::vector<oracle::Pair>& pairs, std::size_t n) {
    const auto levels = bodies();
    counts = {};
    for (const auto& pair : pairs) {
        ++counts.pairs;
        const int rounds = pair.round < 0 ? 7 : 1, overflows = pair.round < 0 ? 4 : 1;
        for (int q = 0; q < rounds; ++q)
            for (int o = 0; o < overflows; ++o) {
                compare(pair, pair.round < 0 ? q : pair.round, pair.round < 0 ? o : pair.overflow, levels, n);
                compare_reals(pair, pair.round < 0 ? q : pair.round, pair.round < 0 ? o : pair.overflow, 60);
            }
    }
    const auto u = [](std::uint64_t v) { return static_cast<unsigned long long>(v); };
    std::printf(
        "%-7s %5llu pairs of types: %9llu scalar casts, %10llu in rows, %9llu in models, %8llu of reals, %8llu "
        "skipped: %llu differ\n",
        name, u(counts.pairs), u(counts.scalar), u(counts.rows), u(counts.models), u(counts.reals), u(counts.skipped),
        u(counts.differing));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 900;
    std::printf("rows on:");
    for (const auto& body : bodies()) std::printf(" %s", body.name);
    std::printf("\n");
    std::uint64_t differing = 0;
    const std::pair<const char*, const std::vector<oracle::Pair>&> all[] = {{"narrow", oracle::narrow},
                                                                            {"wide1", oracle::wide1},
                                                                            {"wide2", oracle::wide2},
                                                                            {"wide3", oracle::wide3},
                                                                            {"plain", oracle::plain}};
    for (const auto& [name, pairs] : all) campaign(name, pairs, n), differing += counts.differing;
    return differing ? 1 : 0;
}
