// AMX: tiles of 16 rows of 64 bytes, multiplied by tdpbssd and tdpbsud; the rest is that of avx512vnni.
// Compiled as avx512vnni is, and with -mamx-tile -mamx-int8. With BXNN_SOFTWARE_TILES, for tests on any CPU, tiles are
// arrays and the rest is portable.
#if defined(__x86_64__) || defined(BXNN_SOFTWARE_TILES)
#include "isa/begin.hpp"

namespace bxnn::isa::amx {
namespace {

// What the instructions call a palette: which rows and bytes of every tile are used.
struct alignas(64) Palette {
    std::uint8_t id = 1, start_row = 0, reserved[14]{};
    std::uint16_t row_bytes[16]{64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16]{16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(Palette) == 64);

#if defined(BXNN_SOFTWARE_TILES)

const kernels::Kernels& base() { return kernels::portable(); }
constexpr std::size_t kVectorBytes = 16;
constexpr const char* kName = "amx-in-software";

thread_local std::int8_t tiles[8][16][64];

template <int t>
void zero_tile() {
    std::memset(tiles[t], 0, sizeof tiles[t]);
}
template <int t>
void load_tile(const void* from, std::size_t stride) {
    for (std::size_t r = 0; r < 16; ++r) std::memcpy(tiles[t][r], static_cast<const std::byte*>(from) + r * stride, 64);
}
template <int t>
void store_tile(void* to, std::size_t stride) {
    for (std::size_t r = 0; r < 16; ++r) std::memcpy(static_cast<std::byte*>(to) + r * stride, tiles[t][r], 64);
}
template <int sum, int left, int right, bool is_signed>
void multiply_tiles() {
    for (std::size_t m = 0; m < 16; ++m)
        for (std::size_t n = 0; n < 16; ++n) {
            std::uint32_t at;
            std::memcpy(&at, &tiles[sum][m][4 * n], 4);
            for (std::size_t k = 0; k < 64; ++k) {
                const std::int8_t x = tiles[right][k / 4][4 * n + k % 4];
                const int factor = is_signed ? int{x} : int{static_cast<std::uint8_t>(x)};
                at += static_cast<std::uint32_t>(tiles[left][m][k] * factor);
            }
            std::memcpy(&tiles[sum][m][4 * n], &at, 4);
        }
}
void enter() noexcept {}
void leave() noexcept {}

#else

const kernels::Kernels& base() { return kernels::avx512vnni(); }
constexpr std::size_t kVectorBytes = 64;
constexpr const char* kName = "amx";

template <int t>
inline void zero_tile() {
    asm volatile("tilezero %%tmm%c0" ::"i"(t));
}
template <int t>
inline void load_tile(const void* from, std::size_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(t) : "memory");
}
template <int t>
inline void store_tile(void* to, std::size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(t) : "memory");
}
template <int sum, int left, int right, bool is_signed>
inline void multiply_tiles() {
    if constexpr (is_signed) asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sum), "i"(left), "i"(right));
    else asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sum), "i"(left), "i"(right));
}
void enter() noexcept {
    static constexpr Palette palette;
    asm volatile("ldtilecfg %0" ::"m"(palette));
}
void leave() noexcept { asm volatile("tilerelease"); }

#endif

void kNext(const DotProducer& p, const Operand& x, const std::byte* arena, std::size_t first, std::size_t rows,
           std::int32_t* lanes, std::byte* packed) {
    base().block.paired(p, x, arena, first, rows, lanes, packed);
}

constexpr std::size_t kBlock = 96, kFilters = 1;
// clang-format off
#include "kernels/arithmetic.inl"
#include "kernels/rows.inl"
#include "kernels/words.inl"
#include "kernels/tiles.inl"
// clang-format on

}  // namespace
}  // namespace bxnn::isa::amx

namespace bxnn::kernels {

const Kernels& amx() noexcept {
    static const Kernels kernels = [] {
        Kernels found = isa::amx::base();
        found.name = isa::amx::kName;
        found.block.paired = isa::amx::produce_tiled;
        found.block.enter = isa::amx::enter;
        found.block.leave = isa::amx::leave;
        found.speed.has_tiles = true;
        return found;
    }();
    return kernels;
}

}  // namespace bxnn::kernels
#endif
