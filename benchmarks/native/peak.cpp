// The most 16-bit multiplications a second that one core does with vpmaddwd: independent chains in registers,
// no loads, no other arithmetic.
#include <chrono>
#include <cstdio>
#include <immintrin.h>

constexpr int CHAINS = 12, STEPS = 4'000'000;

__attribute__((target("avx2"))) int avx2() {
    __m256i a[CHAINS], w = _mm256_set1_epi16(3);
    for (int i = 0; i < CHAINS; ++i) a[i] = _mm256_set1_epi16(short(i + 1));
    for (int s = 0; s < STEPS; ++s)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; ++i) a[i] = _mm256_madd_epi16(a[i], w);
    for (int i = 1; i < CHAINS; ++i) a[0] = _mm256_xor_si256(a[0], a[i]);
    return _mm256_cvtsi256_si32(a[0]);
}

__attribute__((target("avx512bw"))) int avx512() {
    __m512i a[CHAINS], w = _mm512_set1_epi16(3);
    for (int i = 0; i < CHAINS; ++i) a[i] = _mm512_set1_epi16(short(i + 1));
    for (int s = 0; s < STEPS; ++s)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; ++i) a[i] = _mm512_madd_epi16(a[i], w);
    for (int i = 1; i < CHAINS; ++i) a[0] = _mm512_xor_si512(a[0], a[i]);
    return _mm512_cvtsi512_si32(a[0]);
}

int main() {
    const bool wide = __builtin_cpu_supports("avx512bw");
    if (!wide && !__builtin_cpu_supports("avx2")) return 1;
    const auto start = std::chrono::steady_clock::now();
    volatile int sink = wide ? avx512() : avx2();
    (void)sink;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%d %.6g\n", wide ? 512 : 256, double(STEPS) * CHAINS * (wide ? 32 : 16) / seconds);
}
