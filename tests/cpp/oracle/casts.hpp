// Casts between two types of the vendors' headers. With ORACLE_RUN_TIME, modes are variables (make_types.py).
#pragma once

#include "ap_fixed.h"
#include "pairs.hpp"

namespace {

constexpr ap_q_mode kRounds[] = {AP_TRN, AP_TRN_ZERO, AP_RND, AP_RND_ZERO, AP_RND_INF, AP_RND_MIN_INF, AP_RND_CONV};
constexpr ap_o_mode kOverflows[] = {AP_WRAP, AP_SAT, AP_SAT_ZERO, AP_SAT_SYM};

#ifdef ORACLE_RUN_TIME
void set_modes(int round, int overflow) { oracle_Q = kRounds[round], oracle_O = kOverflows[overflow]; }
#else
void set_modes(int, int) {}
constexpr int place_of(ap_q_mode mode, int i = 0) { return kRounds[i] == mode ? i : place_of(mode, i + 1); }
constexpr int place_of(ap_o_mode mode, int i = 0) { return kOverflows[i] == mode ? i : place_of(mode, i + 1); }
#endif

template <class X, class Y>
void cast(const std::int64_t* raw, std::int64_t* result, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        X x;
        Y y;
        x.V = raw[i];
        y = x;
        result[i] = static_cast<std::int64_t>(y.V);
    }
}
template <class Y>
void from_real(const double* x, std::int64_t* result, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) result[i] = static_cast<std::int64_t>(Y(x[i]).V);
}

#ifdef ORACLE_RUN_TIME
template <int w1, int i1, bool s1, int w2, int i2, bool s2>
oracle::Pair pair() {
    using X = ap_fixed_base<w1, i1, s1, AP_TRN, AP_WRAP, 0>;
    using Y = ap_fixed_base<w2, i2, s2, AP_RND, AP_SAT, 0>;  // never X's own type, which would be copied, not cast
    return {{w1, i1, s1}, {w2, i2, s2}, -1, -1, set_modes, cast<X, Y>, from_real<Y>};
}
#else
template <int w1, int i1, bool s1, int w2, int i2, bool s2, ap_q_mode round, ap_o_mode overflow>
oracle::Pair pair() {
    using X = ap_fixed_base<w1, i1, s1, AP_TRN, AP_WRAP, 0>;
    using Y = ap_fixed_base<w2, i2, s2, round, overflow, 0>;
    return {{w1, i1, s1}, {w2, i2, s2}, place_of(round), place_of(overflow), set_modes, cast<X, Y>, from_real<Y>};
}
#endif

}  // namespace
