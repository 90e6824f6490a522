// The caller's numbers and raw integers, by integer arithmetic alone: a floating-point number is taken apart into an
// integer and a power of two, and put together from them.

// x in the format with the cast `base` from its own grid of `frac` fraction bits, in lanes of type T.
template <class T>
BXNN_ANYWHERE inline T quantize_real(Real x, int frac, const Cast<T>& base) {
    // |integer| < 2^53: divided by 2^60 or more it is below 1/2, and only its sign matters.
    constexpr int furthest = 60, bits = static_cast<int>(sizeof(T)) * 8;
    const int shift = -x.exponent - frac;
    const int up = -shift < 0 ? 0 : -shift < bits ? -shift : bits - 1;
    Cast<T> cast = base;
    cast.down = shift < 0 ? 0 : shift < furthest ? shift : furthest;
    cast.up = up;
    cast.pre_lo = static_cast<T>(-(-base.lo >> up)), cast.pre_hi = static_cast<T>(base.hi >> up);
    T raw = static_cast<T>(x.integer);
    quantize_rows(&raw, 1, cast);
    return raw;
}

template <class T>
BXNN_ANYWHERE inline const Cast<T>& cast_of(const flat::Input& input) {
    if constexpr (sizeof(T) == 8) return input.narrow;
    else return input.wide;
}

// Number `i` of an input; false if it is not allowed, and then raw is one that is.
template <class T>
BXNN_ANYWHERE inline bool read_real(const flat::Input& input, DType type, const void* data, std::size_t i, T& raw) {
    const Real x = type == DType::f32 ? real_of(static_cast<const std::uint32_t*>(data)[i])
                                      : real_of(static_cast<const std::uint64_t*>(data)[i]);
    raw = x.finite ? quantize_real<T>(x, input.frac, cast_of<T>(input)) : static_cast<T>(input.lo);
    return x.finite;
}

template <class T>
BXNN_ANYWHERE inline bool read_integer(const flat::Input& input, DType type, const void* data, std::size_t i, T& raw) {
    std::int64_t x = 0;
    bool fine = true;
    switch (type) {
        case DType::i8: x = static_cast<const std::int8_t*>(data)[i]; break;
        case DType::u8: x = static_cast<const std::uint8_t*>(data)[i]; break;
        case DType::i16: x = static_cast<const std::int16_t*>(data)[i]; break;
        case DType::u16: x = static_cast<const std::uint16_t*>(data)[i]; break;
        case DType::i32: x = static_cast<const std::int32_t*>(data)[i]; break;
        case DType::u32: x = static_cast<const std::uint32_t*>(data)[i]; break;
        case DType::u64:
            x = static_cast<const std::int64_t*>(data)[i];
            fine = x >= 0;
            break;
        default: x = static_cast<const std::int64_t*>(data)[i]; break;
    }
    fine = fine && x >= input.lo && x <= input.hi;
    raw = static_cast<T>(fine ? x : input.lo);
    return fine;
}

template <class T>
BXNN_ANYWHERE inline bool read_number(const flat::Input& input, DType type, const void* data, std::size_t i, T& raw) {
    return type >= DType::f32 ? read_real(input, type, data, i, raw) : read_integer(input, type, data, i, raw);
}

BXNN_ANYWHERE inline int leading_zeros(std::uint64_t x) {
#ifdef __CUDA_ARCH__
    return __clzll(static_cast<long long>(x));
#else
    return __builtin_clzll(x);
#endif
}

// raw * 2^-frac as the bits of a floating-point number of so many exponent and fraction bits, which holds it exactly
// and as an ordinary number.
template <int exponent_bits, int fraction_bits>
BXNN_ANYWHERE inline std::uint64_t bits_of_real(std::int64_t raw, int frac) {
    if (raw == 0) return 0;
    const bool negative = raw < 0;
    const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(raw) : static_cast<std::uint64_t>(raw);
    const int zeros = leading_zeros(size), bias = (1 << (exponent_bits - 1)) - 1;
    const auto exponent = static_cast<std::uint64_t>(63 - zeros - frac + bias);
    const std::uint64_t fraction = size << zeros << 1 >> (64 - fraction_bits);  // without the leading one
    return static_cast<std::uint64_t>(negative) << (exponent_bits + fraction_bits) | exponent << fraction_bits |
           fraction;
}

// Number `i` of an output, of a type that holds it.
BXNN_ANYWHERE inline void write_number(const flat::Output& output, DType type, void* data, std::size_t i,
                                       std::int64_t raw) {
    switch (type) {
        case DType::i8:
        case DType::u8: static_cast<std::int8_t*>(data)[i] = static_cast<std::int8_t>(raw); break;
        case DType::i16:
        case DType::u16: static_cast<std::int16_t*>(data)[i] = static_cast<std::int16_t>(raw); break;
        case DType::i32:
        case DType::u32: static_cast<std::int32_t*>(data)[i] = static_cast<std::int32_t>(raw); break;
        case DType::i64:
        case DType::u64: static_cast<std::int64_t*>(data)[i] = raw; break;
        case DType::f32:
            static_cast<std::uint32_t*>(data)[i] = static_cast<std::uint32_t>(bits_of_real<8, 23>(raw, output.frac));
            break;
        case DType::f64: static_cast<std::uint64_t*>(data)[i] = bits_of_real<11, 52>(raw, output.frac); break;
    }
}
