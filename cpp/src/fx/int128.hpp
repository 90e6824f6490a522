// 128-bit integers for proofs and wide lanes: checked arithmetic and printing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace bxnn {

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

// Numbers of a proof stay within ±2^126, so that a sum of two still fits; false means "wider than that".
constexpr int kMaxBits = 126;
constexpr i128 kMaxMagnitude = i128{1} << kMaxBits;

constexpr bool within_limit(i128 x) { return -kMaxMagnitude <= x && x <= kMaxMagnitude; }

[[nodiscard]] inline bool checked_add(i128 a, i128 b, i128& out) {
    return !__builtin_add_overflow(a, b, &out) && within_limit(out);
}
[[nodiscard]] inline bool checked_mul(i128 a, i128 b, i128& out) {
    return !__builtin_mul_overflow(a, b, &out) && within_limit(out);
}
[[nodiscard]] inline bool checked_shl(i128 a, int bits, i128& out) {
    if (a == 0) return out = 0, true;
    return bits <= kMaxBits && checked_mul(a, i128{1} << bits, out);
}

// Width of the narrowest two's complement integer (sign bit included) that holds x.
constexpr int signed_bits(i128 x) {
    auto magnitude = static_cast<u128>(x < 0 ? ~x : x);
    const auto high = static_cast<std::uint64_t>(magnitude >> 64), low = static_cast<std::uint64_t>(magnitude);
    return 1 + (high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0);
}

inline std::string to_string(i128 x) {
    if (x == 0) return "0";
    std::string digits;
    for (u128 rest = x < 0 ? -static_cast<u128>(x) : static_cast<u128>(x); rest; rest /= 10)
        digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    if (x < 0) digits += '-';
    return {digits.rbegin(), digits.rend()};
}

}  // namespace bxnn
