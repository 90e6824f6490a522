// Checks instructions of AVX-512 (F, BW, DQ, VL, VNNI), AVX-VNNI and AMX-INT8 against scalar arithmetic on
// pseudo-random operands. What the CPU lacks is left out, and the last line says what was checked.
// Usage: selfcheck [ROUNDS]; exit status 0 if something was checked and every lane agrees.
#include <immintrin.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::uint64_t state = 0x9e3779b97f4a7c15u;

std::uint64_t draw() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

int draw_from(int low, int high) { return low + static_cast<int>(draw() % static_cast<std::uint64_t>(high - low + 1)); }

template <class T>
struct Lanes {
    static constexpr int count = 64 / sizeof(T);
    alignas(64) T at[count];
    Lanes() {
        for (T& lane : at) lane = static_cast<T>(draw());
    }
};

template <class T, class F>
long differing(const char* name, const Lanes<T>& got, F expected) {
    long bad = 0;
    for (int i = 0; i < Lanes<T>::count; ++i) bad += got.at[i] != static_cast<T>(expected(i));
    if (bad != 0) std::printf("%s: %ld lanes differ\n", name, bad);
    return bad;
}

struct DotOperands {
    Lanes<std::int32_t> c;
    Lanes<std::int16_t> a, b;
    Lanes<std::uint8_t> u;
    Lanes<std::int8_t> s;
    std::int64_t words(int i) const {
        return c.at[i] + std::int64_t{a.at[2 * i]} * b.at[2 * i] + std::int64_t{a.at[2 * i + 1]} * b.at[2 * i + 1];
    }
    std::int64_t bytes(int i) const {
        std::int64_t sum = c.at[i];
        for (int j = 4 * i; j < 4 * i + 4; ++j) sum += u.at[j] * s.at[j];
        return sum;
    }
};

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

template <class T>
__m512i load(const Lanes<T>& lanes) {
    return _mm512_load_si512(lanes.at);
}

template <class T, class F>
long differing(const char* name, __m512i got, F expected) {
    Lanes<T> lanes;
    _mm512_store_si512(lanes.at, got);
    return differing(name, lanes, expected);
}

long check_avx512() {
    const DotOperands o;
    const auto c = load(o.c), a = load(o.a), b = load(o.b);
    const Lanes<std::int32_t> d;
    const Lanes<std::int64_t> x, y;
    const auto k = static_cast<std::uint32_t>(draw());
    const auto chosen = [&](int i) { return (k >> i & 1) != 0; };
    long bad = 0;
    bad += differing<std::int32_t>("vpdpwssd", _mm512_dpwssd_epi32(c, a, b), [&](int i) { return o.words(i); });
    bad += differing<std::int32_t>("vpdpwssd masked", _mm512_mask_dpwssd_epi32(c, static_cast<__mmask16>(k), a, b),
                                   [&](int i) { return chosen(i) ? o.words(i) : o.c.at[i]; });
    bad += differing<std::int32_t>("vpdpbusd", _mm512_dpbusd_epi32(c, load(o.u), load(o.s)),
                                   [&](int i) { return o.bytes(i); });
    bad += differing<std::int32_t>("vpmaddwd", _mm512_madd_epi16(a, b), [&](int i) { return o.words(i) - o.c.at[i]; });
    bad += differing<std::uint64_t>("vpmullq", _mm512_mullo_epi64(load(x), load(y)), [&](int i) {
        return static_cast<std::uint64_t>(x.at[i]) * static_cast<std::uint64_t>(y.at[i]);
    });
    bad += differing<std::int64_t>(
        "vpsravq masked",
        _mm512_maskz_srav_epi64(static_cast<__mmask8>(k), load(x), _mm512_and_si512(load(y), _mm512_set1_epi64(63))),
        [&](int i) { return chosen(i) ? x.at[i] >> (y.at[i] & 63) : 0; });
    bad += differing<std::int16_t>("vpaddsw masked", _mm512_mask_adds_epi16(a, k, a, b), [&](int i) {
        const int sum = o.a.at[i] + o.b.at[i];
        const int clamped = sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum;
        return chosen(i) ? clamped : o.a.at[i];
    });
    const auto less = _mm512_cmplt_epi32_mask(c, load(d));
    bad += differing<std::int32_t>("vpcmpd vpblendmd", _mm512_mask_blend_epi32(less, c, load(d)),
                                   [&](int i) { return o.c.at[i] < d.at[i] ? d.at[i] : o.c.at[i]; });
    bad += differing<std::int64_t>("vcvtqq2pd vcvttpd2qq",
                                   _mm512_cvttpd_epi64(_mm512_cvtepi64_pd(_mm512_srai_epi64(load(x), 11))),
                                   [&](int i) { return x.at[i] >> 11; });
    bad += differing<std::int32_t>("vpmovqd",
                                   _mm512_inserti64x4(_mm512_setzero_si512(), _mm512_cvtepi64_epi32(load(x)), 0),
                                   [&](int i) { return i < 8 ? x.at[i] : 0; });
    return bad;
}

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avxvnni")

template <class T>
__m256i half(const Lanes<T>& lanes, int h) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(lanes.at) + h);
}

template <class T, class F, class G>
long differing_halves(const char* name, F instruction, G expected) {
    Lanes<T> got;
    for (int h = 0; h < 2; ++h) _mm256_store_si256(reinterpret_cast<__m256i*>(got.at) + h, instruction(h));
    return differing(name, got, expected);
}

long check_avx_vnni() {
    const DotOperands o;
    return differing_halves<std::int32_t>(
               "vex vpdpwssd", [&](int h) { return _mm256_dpwssd_avx_epi32(half(o.c, h), half(o.a, h), half(o.b, h)); },
               [&](int i) { return o.words(i); }) +
           differing_halves<std::int32_t>(
               "vex vpdpbusd", [&](int h) { return _mm256_dpbusd_avx_epi32(half(o.c, h), half(o.u, h), half(o.s, h)); },
               [&](int i) { return o.bytes(i); });
}

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("amx-tile,amx-int8")

// What LDTILECFG reads, palette 1.
struct TileConfig {
    std::uint8_t palette = 1, start_row = 0, zeros[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

struct TileMemory {
    static constexpr int stride = 80;
    std::uint8_t at[16 * stride];
    TileMemory() {
        for (auto& byte : at) byte = static_cast<std::uint8_t>(draw());
    }
    std::uint32_t lane(int row, int column) const {
        std::uint32_t value;
        std::memcpy(&value, at + row * stride + 4 * column, 4);
        return value;
    }
};

// Zeros, 16 rows on several pages that nobody touched: a tile is stored with page faults between its rows.
struct FreshMemory {
    static constexpr int stride = 1040, size = 16 * stride;
    std::uint8_t* at =
        static_cast<std::uint8_t*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    FreshMemory() = default;
    FreshMemory(const FreshMemory&) = delete;
    ~FreshMemory() { munmap(at, size); }
};

std::uint32_t dot_bytes(std::uint32_t sum, std::uint32_t a, std::uint32_t b, bool signed_a, bool signed_b) {
    for (int shift = 0; shift < 32; shift += 8) {
        const auto x = static_cast<std::uint8_t>(a >> shift), y = static_cast<std::uint8_t>(b >> shift);
        const int product = (signed_a ? static_cast<std::int8_t>(x) : x) * (signed_b ? static_cast<std::int8_t>(y) : y);
        sum += static_cast<std::uint32_t>(product);
    }
    return sum;
}

// Tiles of m x n sums, m x k and k x n groups of four bytes. Another process takes the CPU (and changes
// its tiles) between the instructions.
long check_tiles(const char* name, bool signed_a, bool signed_b, int m, int n, int k) {
    TileConfig config, kept;
    const auto shape = [&](int tile, int rows, int columns) {
        config.rows[tile] = static_cast<std::uint8_t>(rows);
        config.row_bytes[tile] = static_cast<std::uint16_t>(4 * columns);
    };
    shape(0, m, n);
    shape(3, m, k);
    shape(7, k, n);
    const TileMemory c, a, b;
    const FreshMemory got, expected;
    _tile_loadconfig(&config);
    _tile_loadd(0, c.at, TileMemory::stride);
    _tile_loadd(3, a.at, TileMemory::stride);
    _tile_loadd(7, b.at, TileMemory::stride);
    sched_yield();
    if (signed_a && signed_b) _tile_dpbssd(0, 3, 7);
    else if (signed_a) _tile_dpbsud(0, 3, 7);
    else if (signed_b) _tile_dpbusd(0, 3, 7);
    else _tile_dpbuud(0, 3, 7);
    sched_yield();
    _tile_stored(0, got.at, FreshMemory::stride);
    _tile_storeconfig(&kept);
    _tile_release();

    long bad = std::memcmp(&config, &kept, sizeof config) != 0;
    for (int i = 0; i < m; ++i)
        for (int j = 0; j < n; ++j) {
            std::uint32_t sum = c.lane(i, j);
            for (int l = 0; l < k; ++l) sum = dot_bytes(sum, a.lane(i, l), b.lane(l, j), signed_a, signed_b);
            std::memcpy(expected.at + i * FreshMemory::stride + 4 * j, &sum, 4);
        }
    for (int i = 0; i < FreshMemory::size; ++i) bad += got.at[i] != expected.at[i];
    if (bad != 0) std::printf("%s %d x %d x %d: %ld bytes differ\n", name, m, k, n, bad);
    return bad;
}

long check_amx() {
    const bool full = draw() % 4 == 0;
    const auto extent = [&] { return full ? 16 : draw_from(1, 16); };
    const int m = extent(), n = extent(), k = extent();
    return check_tiles("tdpbssd", true, true, m, n, k) + check_tiles("tdpbsud", true, false, m, n, k) +
           check_tiles("tdpbusd", false, true, m, n, k) + check_tiles("tdpbuud", false, false, m, n, k);
}

#pragma GCC pop_options

bool allow_amx() {
    constexpr int ask = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM
    return __builtin_cpu_supports("amx-int8") != 0 && syscall(SYS_arch_prctl, ask, tile_data) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    const long rounds = argc > 1 ? std::atol(argv[1]) : 1000;
    const bool avx512 = __builtin_cpu_supports("avx512vnni") != 0;
    const bool avx_vnni = __builtin_cpu_supports("avxvnni") != 0;
    const bool amx = allow_amx();
    const pid_t other = fork();
    if (other < 0) return std::perror("fork"), 1;
    if (other == 0) state = ~state;

    const auto start = std::chrono::steady_clock::now();
    long bad = 0;
    for (long i = 0; i < rounds; ++i) {
        if (avx512) bad += check_avx512();
        if (avx_vnni) bad += check_avx_vnni();
        if (amx) bad += check_amx();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (other == 0) return bad == 0 ? 0 : 1;
    int status = 1;
    waitpid(other, &status, 0);
    std::printf("%ld rounds, %ld lanes differ, %.3f s on the machine's own clock; AVX-512 %s, AVX-VNNI %s, AMX %s\n",
                rounds, bad, seconds.count(), avx512 ? "yes" : "no", avx_vnni ? "yes" : "no", amx ? "yes" : "no");
    return (avx512 || avx_vnni || amx) && bad == 0 && status == 0 ? 0 : 1;
}
