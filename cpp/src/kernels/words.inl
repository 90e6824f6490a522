// Vectors of 32-bit lanes: of sums, or of pairs of 16-bit rows.

constexpr std::size_t kWords = kVectorBytes / 4;  // in a vector
using Words = typename VectorType<std::int32_t, kVectorBytes>::type;
using Halves = typename VectorType<std::uint16_t, kVectorBytes>::type;
using UnsignedWords = typename VectorType<std::uint32_t, kVectorBytes>::type;

inline Words load_words(const void* from) {
    Words x;
    std::memcpy(&x, from, sizeof x);
    return x;
}
inline void store_words(void* to, Words x) { std::memcpy(to, &x, sizeof x); }
inline Words all(std::int32_t x) { return Words{} + x; }

// f(0), f(1) ... f(n - 1) with constants: arrays that are indexed by them stay in registers.
template <class F, std::size_t... i>
[[gnu::always_inline]] inline void each_of(F& f, std::index_sequence<i...>) {
    (f(std::integral_constant<std::size_t, i>{}), ...);
}
template <std::size_t n, class F>
[[gnu::always_inline]] inline void each(F&& f) {
    each_of(f, std::make_index_sequence<n>());
}

// The words of two rows that lanes hold.
template <std::size_t... i>
inline Words zipped_halves(Halves low, Halves high, std::index_sequence<i...>) {
    return (Words)__builtin_shufflevector(low, high, (i + i % 2 * sizeof...(i))...);
}
inline Words zipped(Words low, Words high) {
    return zipped_halves((Halves)low, (Halves)(high << 16), std::make_index_sequence<2 * kWords>());
}

// The word of rows a and b at an event, whichever halves they are.
inline Words joined(Words a, int up_a, Words b, int up_b) {
    const UnsignedWords low = ((UnsignedWords)a << up_a) >> 16, high = ((UnsignedWords)b << up_b) >> 16;
    return (Words)(low | high << 16);
}
