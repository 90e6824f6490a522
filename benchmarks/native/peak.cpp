// The most 16-bit multiplications a second that one core does with vpmaddwd: twelve independent chains in
// registers, no loads, no other arithmetic.
#include <chrono>
#include <cstdio>

#define MULTIPLY(v, n) "vpmaddwd %%" v "0, %%" v #n ", %%" v #n "\n"
#define CHAINS(v)                                                                                             \
    MULTIPLY(v, 1) MULTIPLY(v, 2) MULTIPLY(v, 3) MULTIPLY(v, 4) MULTIPLY(v, 5) MULTIPLY(v, 6)                 \
    MULTIPLY(v, 7) MULTIPLY(v, 8) MULTIPLY(v, 9) MULTIPLY(v, 10) MULTIPLY(v, 11) MULTIPLY(v, 12)
#define REGISTERS                                                                                             \
    "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12"

constexpr int STEPS = 1'000'000;

int main() {
    const bool wide = __builtin_cpu_supports("avx512bw");
    if (!wide && !__builtin_cpu_supports("avx2")) return 1;
    const auto start = std::chrono::steady_clock::now();
    if (wide)
        for (int s = 0; s < STEPS; ++s) asm volatile(CHAINS("zmm")::: REGISTERS);
    else
        for (int s = 0; s < STEPS; ++s) asm volatile(CHAINS("ymm")::: REGISTERS);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    asm volatile("vzeroupper");
    std::printf("%d %.6g\n", wide ? 512 : 256, STEPS * 12.0 * (wide ? 32 : 16) / seconds);
}
