// Rows of one event. An arena holds the rows of kEvents events, as on the CPU; neighbouring threads have neighbouring
// events, so that their accesses lie side by side.

// Stored words and numbers: one place holds values of different types one after the other.
typedef std::int32_t Word __attribute__((may_alias));
typedef std::int64_t Long __attribute__((may_alias));
typedef i128 Wide __attribute__((may_alias));
typedef std::int16_t Short __attribute__((may_alias));

struct Column {
    std::byte* arena;
    std::uint32_t event;  // below kEvents
};

template <class S>
BXNN_ANYWHERE inline S* place(Column c, std::uint32_t at) {
    return reinterpret_cast<S*>(c.arena + std::size_t{at} * kEvents) + c.event;
}

// The word that holds a 16-bit row, and the row in it, told by the lowest bit of `at`.
BXNN_ANYWHERE inline std::int32_t load_word(Column c, std::uint32_t at) { return *place<Word>(c, at & ~1u); }
BXNN_ANYWHERE inline std::int32_t half_of(std::int32_t word, std::uint32_t at) {
    return at & 1 ? word >> 16 : static_cast<std::int16_t>(word);
}
BXNN_ANYWHERE inline std::int32_t pack(std::int32_t low, std::int32_t high) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(low) & 0xffffu) | static_cast<std::uint32_t>(high)
                                                                                       << 16);
}

template <class T>
BXNN_ANYWHERE inline T load_row(Column c, std::uint32_t at, Lane storage) {
    switch (storage) {
        case Lane::i16: return static_cast<T>(half_of(load_word(c, at), at));
        case Lane::i32: return static_cast<T>(*place<Word>(c, at));
        case Lane::i64: return static_cast<T>(*place<Long>(c, at));
        case Lane::i128: break;
    }
    return static_cast<T>(*place<Wide>(c, at));
}

// Rows [first, first + count) of a value that begins at `at`, count <= n. Halves are written in whole words, so that
// a word is only ever read and written as one; what fills up the last is never used.
template <class T, std::uint32_t n>
BXNN_ANYWHERE inline void store_rows(Column c, std::uint32_t at, Lane storage, std::uint32_t first, std::uint32_t count,
                                     const T (&lanes)[n]) {
    BXNN_UNROLL
    for (std::uint32_t r = 0; r < n; ++r) {
        if (r >= count) continue;
        const std::uint32_t row = first + r;
        if (storage == Lane::i16) {
            Word* word = place<Word>(c, at + row / 2 * 4);
            const auto value = static_cast<std::int32_t>(lanes[r]);
            if (row % 2 == 0) {
                const bool has_next = r + 1 < n && r + 1 < count;
                *word = pack(value, has_next ? static_cast<std::int32_t>(lanes[r + 1 < n ? r + 1 : r]) : value);
            } else if (r == 0) {
                *word = pack(*word, value);
            }
        } else if (storage == Lane::i32) {
            *place<Word>(c, at + row * 4) = static_cast<std::int32_t>(lanes[r]);
        } else if (storage == Lane::i64) {
            *place<Long>(c, at + row * 8) = static_cast<std::int64_t>(lanes[r]);
        } else {
            *place<Wide>(c, at + row * 16) = lanes[r];
        }
    }
}
