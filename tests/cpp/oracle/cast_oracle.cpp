// Casts of bxnn against the vendor's ap_types headers, bit for bit: the scalar quantize, and through it, as the other
// tests show, every lane type and instruction set. The table of types is generated (generate_casts.py).
#include <ap_fixed.h>

#include <cinttypes>
#include <cstdio>
#include <random>
#include <vector>

#include "fx/format.hpp"

namespace {

using Raw = std::int64_t;  // raw integers, unsigned 64-bit ones by their bits

template <int W1, int I1, bool S1, int W2, int I2, bool S2, ap_q_mode Q, ap_o_mode O>
void cast_all(const Raw* in, Raw* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        ap_fixed_base<W1, I1, S1, AP_TRN, AP_WRAP, 0> a;
        a.V = in[i];
        ap_fixed_base<W2, I2, S2, Q, O, 0> b;
        b = a;
        out[i] = static_cast<Raw>(b.V);
    }
}

struct Row {
    bxnn::Format source, target;
    void (*cast)(const Raw*, Raw*, std::size_t);
};

#define ROW(W1, I1, S1, W2, I2, S2, Q, O)                                              \
    Row {                                                                              \
        {W1, I1, S1}, {W2, I2, S2, bxnn::Round::Q, bxnn::Overflow::O},                 \
            cast_all<W1, I1, S1, W2, I2, S2, AP_##Q, AP_##O>                           \
    }
const Row table[] = {
#include "casts.inc"
};

// All raw integers of a narrow format; else random ones, many of them near the ends, zero and ties.
std::vector<Raw> values(const bxnn::Format& f, std::size_t n, std::mt19937_64& rng) {
    std::vector<Raw> v;
    const bxnn::i128 lo = bxnn::fx::min_raw(f), hi = bxnn::fx::max_raw(f);
    if (f.width <= 12) {
        for (bxnn::i128 r = lo; r <= hi; ++r) v.push_back(static_cast<Raw>(r));
        return v;
    }
    const auto wrap = bxnn::Format{f.width, f.width, f.is_signed};
    while (v.size() < n) {
        const auto r = static_cast<Raw>(rng());
        const Raw narrowed = r >> (rng() % 64);  // all magnitudes
        const Raw grid = narrowed & ~Raw{0} << (rng() % 64);  // many trailing zeros: ties
        const Raw edge = static_cast<Raw>(rng() % 2 ? lo : hi) + static_cast<Raw>(rng() % 5) - 2;
        for (const Raw x : {r, narrowed, grid, edge}) v.push_back(static_cast<Raw>(bxnn::fx::quantize(x, 0, wrap)));
    }
    return v;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    const std::size_t each = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 32000;
    std::mt19937_64 rng(seed);
    std::uint64_t compared = 0, differ = 0;
    for (const auto& row : table) {
        const auto in = values(row.source, each, rng);
        std::vector<Raw> out(in.size());
        row.cast(in.data(), out.data(), in.size());
        for (std::size_t i = 0; i < in.size(); ++i) {
            const bool wide = !row.source.is_signed && row.source.width == 64;
            const bxnn::i128 r = wide ? static_cast<bxnn::i128>(static_cast<std::uint64_t>(in[i])) : in[i];
            const auto mine = static_cast<Raw>(bxnn::fx::quantize(r, row.source.frac(), row.target));
            if (mine != out[i] && ++differ <= 20)
                std::printf("%s raw %" PRId64 " to %s: %" PRId64 ", ap_types %" PRId64 "\n", row.source.str().c_str(), in[i],
                            row.target.str().c_str(), mine, out[i]);
        }
        compared += in.size();
    }
    std::printf("%zu pairs of types, %" PRIu64 " casts compared, %" PRIu64 " differ (seed %" PRIu64 ")\n",
                sizeof table / sizeof *table, compared, differ, seed);
    return differ || compared == 0 ? 1 : 0;
}
