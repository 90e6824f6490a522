// multiply_add() without instructions of its own: sum + the two products of signed halves.
typedef std::int32_t PlainWords __attribute__((vector_size(kVectorBytes), aligned(4), may_alias));
inline PlainWords multiply_add(PlainWords sum, PlainWords x, PlainWords w) {
    return sum + ((x << 16) >> 16) * ((w << 16) >> 16) + (x >> 16) * (w >> 16);
}
