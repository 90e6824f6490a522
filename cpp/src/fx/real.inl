// Floating-point numbers by integer arithmetic alone: no mode of a processor's floating-point unit, such as taking
// small numbers for zero, changes anything. No include guard: one inclusion per namespace.

// A number as an integer times a power of two; `finite` unless NaN or infinite.
struct Real {
    std::int64_t integer;
    int exponent;
    bool finite;
};

BXNN_ANYWHERE inline Real real_of(std::uint32_t bits) {
    const int exponent = static_cast<int>(bits >> 23 & 0xff);
    const auto fraction = static_cast<std::int64_t>(bits & 0x7fffff);
    const std::int64_t size = exponent ? fraction | 0x800000 : fraction;
    return {bits >> 31 ? -size : size, (exponent ? exponent : 1) - 150, exponent != 0xff};
}

BXNN_ANYWHERE inline Real real_of(std::uint64_t bits) {
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
    const auto fraction = static_cast<std::int64_t>(bits & 0xf'ffff'ffff'ffff);
    const std::int64_t size = exponent ? fraction | 0x10'0000'0000'0000 : fraction;
    return {bits >> 63 ? -size : size, (exponent ? exponent : 1) - 1075, exponent != 0x7ff};
}
