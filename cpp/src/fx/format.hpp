// Ranges of formats, and what the quantize bodies need to know of one. Scalar code; no instruction set here.
#pragma once

#include "bxnn/types.hpp"
#include "fx/anywhere.hpp"
#include "fx/int128.hpp"

namespace bxnn::fx {

// How numbers outside the range are treated; `none` where a proof says that there are none.
enum class Fit : std::uint8_t { none, wrap_signed, wrap_unsigned, clamp, zero };

template <class T>
struct UnsignedOf {
    using type = std::make_unsigned_t<T>;
};
template <>
struct UnsignedOf<i128> {
    using type = u128;
};
template <class T>
using Unsigned = typename UnsignedOf<T>::type;

constexpr i128 min_raw(const Format& f) { return f.is_signed ? -(i128{1} << (f.width - 1)) : 0; }
constexpr i128 max_raw(const Format& f) { return (i128{1} << (f.is_signed ? f.width - 1 : f.width)) - 1; }

// The range that overflow handling maps into: SAT_SYM gives up the lowest raw value of a signed format.
// A signed format of one bit keeps it: C-simulation gives -1 there, its only other value being 0.
constexpr i128 target_min(const Format& f) {
    const bool symmetric = f.overflow == Overflow::SAT_SYM && f.is_signed && f.width > 1;
    return symmetric ? -max_raw(f) : min_raw(f);
}
constexpr i128 target_max(const Format& f) { return max_raw(f); }

constexpr Fit fit_of(const Format& f) {
    switch (f.overflow) {
        case Overflow::WRAP: return f.is_signed ? Fit::wrap_signed : Fit::wrap_unsigned;
        case Overflow::SAT: return Fit::clamp;
        case Overflow::SAT_SYM: return Fit::clamp;
        case Overflow::SAT_ZERO: return Fit::zero;
    }
    return Fit::none;
}

// How one cast is carried out in lanes of type T.
template <class T>
struct Cast {
    int down = 0;              // bits dropped, with rounding
    int up = 0;                // bits gained, exact
    T lo = 0, hi = 0;          // raw range of the target (SAT_SYM: already symmetric)
    T pre_lo = 0, pre_hi = 0;  // the same range before the shift up: in range <=> pre_lo <= x <= pre_hi
    int spare = 0;             // bits(T) - width, for sign extension
    Round round = Round::TRN;
    Fit fit = Fit::none;
};

// The cast from numbers with `frac_from` fraction bits to `format`, in lanes of type T.
// `in_range`: proven that nothing overflows after rounding.
template <class T>
constexpr Cast<T> make_cast(int frac_from, const Format& format, bool in_range) {
    constexpr int bits = static_cast<int>(sizeof(T)) * 8;
    const int shift = frac_from - format.frac();
    Cast<T> c;
    c.round = format.round;
    c.down = shift > 0 ? shift : 0;
    c.up = shift < 0 ? (-shift < bits ? -shift : bits - 1) : 0;
    c.spare = bits - format.width;
    const i128 lo = target_min(format), hi = target_max(format);
    c.lo = static_cast<T>(lo), c.hi = static_cast<T>(hi);
    const int exact_up = shift < 0 ? (-shift < 127 ? -shift : 127) : 0;
    c.pre_lo = static_cast<T>(-(-lo >> exact_up)), c.pre_hi = static_cast<T>(hi >> exact_up);
    c.fit = in_range ? Fit::none : fit_of(format);
    return c;
}

// Throws Error(graph), naming `where`, unless 1 <= width <= limit and the shifts stay in the range the IR allows.
void check_format(const Format& f, int width_limit, const std::string& where);

// The narrowest type with `frac` fraction bits that holds [lo, hi].
Format exact_type(i128 lo, i128 hi, int frac);

// Exact quantize of one integer; the scalar body of quantize.inl in 128-bit lanes.
// |r| <= 2^126; shifts of more than 126 bits are handled.
i128 quantize(i128 r, int frac_from, const Format& format);

// The same of a finite floating-point number's exact value.
i128 quantize(float x, const Format& format);
i128 quantize(double x, const Format& format);

}  // namespace bxnn::fx
