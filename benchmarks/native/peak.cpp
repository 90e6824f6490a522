// What one core can do at most, as a JSON object: multiplications a second of 8 and 16 bits with the fastest
// instructions that there are, in independent chains without loads or other arithmetic; bytes a second from memory.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

template <class Work>
double seconds(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

#if defined(__x86_64__)

// clang-format off
#define STEP(op, v, n) op " %%" v "0, %%" v #n ", %%" v #n "\n"
#define CHAINS(op, v)                                                                \
    STEP(op, v, 1) STEP(op, v, 2) STEP(op, v, 3) STEP(op, v, 4) STEP(op, v, 5)       \
    STEP(op, v, 6) STEP(op, v, 7) STEP(op, v, 8) STEP(op, v, 9) STEP(op, v, 10)      \
    STEP(op, v, 11) STEP(op, v, 12)
#define VECTORS "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12"
#define TILE(n) "tdpbssd %%tmm7, %%tmm6, %%tmm" #n "\n"
// clang-format on
#define TIME(op, v)                                                              \
    seconds([] {                                                                 \
        for (int s = 0; s < kSteps; ++s) asm volatile(CHAINS(op, v)::: VECTORS); \
        asm volatile("vzeroupper");                                              \
    })

constexpr int kSteps = 1'000'000;

void print(int bits, const char* instruction, double rate) {
    std::printf("\"%d\": {\"instruction\": \"%s\", \"rate\": %.6g}, ", bits, instruction, rate);
}

void print_vector(int bits, const char* instruction, int products, double time) {
    print(bits, instruction, kSteps * 12.0 * products / time);
}

// Tiles, once the operating system has allowed them.
bool has_tiles() {
    constexpr unsigned tiles = 3u << 24;  // amx-tile, amx-int8
    unsigned a = 0, b = 0, c = 0, d = 0, low = 0, high = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & tiles) != tiles) return false;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    constexpr long request_permission = 0x1023, tile_data = 18;
    return (low >> 17 & 3) == 3 && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

double tile_rate() {
    struct alignas(64) Palette {
        std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
        std::uint16_t columns[16] = {64, 64, 64, 64, 64, 64, 64, 64};
        std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static const Palette palette;
    asm volatile("ldtilecfg %0" ::"m"(palette));
    constexpr int steps = kSteps / 20;
    const double time = seconds([] {
        for (int s = 0; s < steps; ++s) asm volatile(TILE(0) TILE(1) TILE(2) TILE(3) TILE(4) TILE(5)::);
    });
    asm volatile("tilerelease");
    return steps * 6.0 * 16 * 16 * 64 / time;
}

void print_multiplications() {
    if (has_tiles()) {
        const double rate = tile_rate();
        print(8, "tdpbssd", rate);
        print(16, "tdpbssd for both halves", rate / 2);
    } else if (__builtin_cpu_supports("avx512vnni")) {
        print_vector(8, "vpdpbusd zmm", 64, TIME("vpdpbusd", "zmm"));
        print_vector(16, "vpdpwssd zmm", 32, TIME("vpdpwssd", "zmm"));
    } else if (__builtin_cpu_supports("avx512bw")) {
        print_vector(8, "vpmaddubsw zmm", 64, TIME("vpmaddubsw", "zmm"));
        print_vector(16, "vpmaddwd zmm", 32, TIME("vpmaddwd", "zmm"));
    } else if (__builtin_cpu_supports("avxvnni")) {
        print_vector(8, "vpdpbusd ymm", 32, TIME("%{vex%} vpdpbusd", "ymm"));
        print_vector(16, "vpdpwssd ymm", 16, TIME("%{vex%} vpdpwssd", "ymm"));
    } else if (__builtin_cpu_supports("avx2")) {
        print_vector(8, "vpmaddubsw ymm", 32, TIME("vpmaddubsw", "ymm"));
        print_vector(16, "vpmaddwd ymm", 16, TIME("vpmaddwd", "ymm"));
    }
}

#else

void print_multiplications() {}  // not known for other CPUs

#endif

// The best of three passes over far more than the caches hold.
double bytes_per_second() {
    std::vector<std::uint64_t> data((std::size_t{256} << 20) / 8, 1);
    double best = 1e9;
    for (int pass = 0; pass < 3; ++pass) {
        std::uint64_t sums[8] = {};
        const double time = seconds([&] {
            for (std::size_t i = 0; i < data.size(); i += 8)
                for (std::size_t k = 0; k < 8; ++k) sums[k] += data[i + k];
        });
        asm volatile("" ::"r"(sums) : "memory");
        best = time < best ? time : best;
    }
    return static_cast<double>(data.size()) * 8 / best;
}

int main() {
    std::printf("{");
    print_multiplications();
    std::printf("\"read_bytes\": %.6g}\n", bytes_per_second());
}
