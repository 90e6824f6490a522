// Checks AVX-512 instructions (F, BW, DQ, VL, VNNI) against scalar arithmetic on pseudo-random operands.
// Usage: selfcheck [ROUNDS]; exit status 0 if every lane agrees.
#include <immintrin.h>

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

template <class T>
struct Lanes {
  static constexpr int count = 64 / sizeof(T);
  alignas(64) T at[count];
  Lanes() {
    for (T& lane : at) lane = static_cast<T>(draw());
  }
  explicit Lanes(__m512i v) { std::memcpy(at, &v, 64); }
  __m512i vec() const { return _mm512_load_si512(at); }
};

template <class T, class F>
long differing(const char* name, __m512i got, F expected) {
  const Lanes<T> lanes(got);
  long bad = 0;
  for (int i = 0; i < Lanes<T>::count; ++i) bad += lanes.at[i] != static_cast<T>(expected(i));
  if (bad != 0) std::printf("%s: %ld lanes differ\n", name, bad);
  return bad;
}

long check_round() {
  const Lanes<std::int32_t> c, d;
  const Lanes<std::int16_t> a, b;
  const Lanes<std::int64_t> x, y;
  const Lanes<std::uint8_t> u;
  const Lanes<std::int8_t> s;
  const auto k = static_cast<std::uint32_t>(draw());
  long bad = 0;
  const auto dot = [&](int i) {
    const std::int64_t sum =
        std::int64_t{a.at[2 * i]} * b.at[2 * i] + std::int64_t{a.at[2 * i + 1]} * b.at[2 * i + 1];
    return c.at[i] + sum;
  };
  bad += differing<std::int32_t>("vpdpwssd", _mm512_dpwssd_epi32(c.vec(), a.vec(), b.vec()), dot);
  bad += differing<std::int32_t>("vpdpwssd masked",
                                 _mm512_mask_dpwssd_epi32(c.vec(), static_cast<__mmask16>(k), a.vec(), b.vec()),
                                 [&](int i) { return (k >> i & 1) != 0 ? dot(i) : c.at[i]; });
  bad += differing<std::int32_t>("vpdpbusd", _mm512_dpbusd_epi32(c.vec(), u.vec(), s.vec()), [&](int i) {
    std::int64_t sum = c.at[i];
    for (int j = 4 * i; j < 4 * i + 4; ++j) sum += u.at[j] * s.at[j];
    return sum;
  });
  bad += differing<std::int32_t>("vpmaddwd", _mm512_madd_epi16(a.vec(), b.vec()),
                                 [&](int i) { return dot(i) - c.at[i]; });
  bad += differing<std::uint64_t>("vpmullq", _mm512_mullo_epi64(x.vec(), y.vec()), [&](int i) {
    return static_cast<std::uint64_t>(x.at[i]) * static_cast<std::uint64_t>(y.at[i]);
  });
  bad += differing<std::int64_t>("vpsravq masked",
                                 _mm512_maskz_srav_epi64(static_cast<__mmask8>(k), x.vec(),
                                                         _mm512_and_si512(y.vec(), _mm512_set1_epi64(63))),
                                 [&](int i) { return (k >> i & 1) != 0 ? x.at[i] >> (y.at[i] & 63) : 0; });
  bad += differing<std::int16_t>("vpaddsw masked",
                                 _mm512_mask_adds_epi16(a.vec(), k, a.vec(), b.vec()), [&](int i) {
                                   const int sum = a.at[i] + b.at[i];
                                   const int clamped = sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum;
                                   return (k >> i & 1) != 0 ? clamped : a.at[i];
                                 });
  const auto less = _mm512_cmplt_epi32_mask(c.vec(), d.vec());
  bad += differing<std::int32_t>("vpcmpd vpblendmd", _mm512_mask_blend_epi32(less, c.vec(), d.vec()),
                                 [&](int i) { return c.at[i] < d.at[i] ? d.at[i] : c.at[i]; });
  bad += differing<std::int64_t>("vcvtqq2pd vcvttpd2qq",
                                 _mm512_cvttpd_epi64(_mm512_cvtepi64_pd(_mm512_srai_epi64(x.vec(), 11))),
                                 [&](int i) { return x.at[i] >> 11; });
  const Lanes<std::int32_t> packed(_mm512_inserti64x4(_mm512_setzero_si512(), _mm512_cvtepi64_epi32(x.vec()), 0));
  for (int i = 0; i < 8; ++i) bad += packed.at[i] != static_cast<std::int32_t>(x.at[i]);
  return bad;
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::atol(argv[1]) : 1000;
  const auto start = std::chrono::steady_clock::now();
  long bad = 0;
  for (long i = 0; i < rounds; ++i) bad += check_round();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%ld rounds, %ld lanes differ, %.3f s on the machine's own clock\n", rounds, bad, seconds.count());
  return bad == 0 ? 0 : 1;
}
