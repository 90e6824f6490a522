// Which instruction sets this CPU offers, and which one is used.
#include <cstdlib>
#include <vector>

#include "kernels/kernels.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace bxnn::kernels {
namespace {

#if defined(__x86_64__)
// By the CPU's own answer: not all supported compilers know the name.
bool has_avxvnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4) != 0;
}

// Whether CPU and operating system let this process use tiles.
[[maybe_unused]] bool enable_amx() {
#if defined(__linux__)
    constexpr unsigned tiles = 1u << 24, int8 = 1u << 25, saved = 1u << 17 | 1u << 18;
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & tiles) == 0 || (d & int8) == 0) return false;
    unsigned low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    constexpr long request_permission = 0x1023, tile_data = 18;
    return (low & saved) == saved && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}
#endif

#if defined(__aarch64__)
bool has_dot_products() {
#if defined(__linux__)
    constexpr unsigned long asimddp = 1ul << 20;
    return (getauxval(AT_HWCAP) & asimddp) != 0;
#elif defined(__ARM_FEATURE_DOTPROD)
    return true;  // every CPU that the library is compiled for
#else
    return false;
#endif
}
#endif

}  // namespace

void nothing() noexcept {}

std::span<const Kernels* const> usable() {
    static const std::vector<const Kernels*> levels = [] {
        std::vector<const Kernels*> found{&portable()};
#if defined(__x86_64__)
        __builtin_cpu_init();  // its answers include what the operating system has enabled
        const bool has_avx2 = __builtin_cpu_supports("avx2");
        if (has_avx2) found.push_back(&avx2());
        if (has_avx2 && has_avxvnni()) found.push_back(&avxvnni());
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            found.push_back(&avx512());
            if (__builtin_cpu_supports("avx512vnni")) {
                found.push_back(&avx512vnni());
#if !defined(BXNN_SOFTWARE_TILES)
                if (enable_amx()) found.push_back(&amx());
#endif
            }
        }
#endif
#if defined(__aarch64__)
        found.push_back(&neon());
        if (has_dot_products()) found.push_back(&neondot());
#endif
#if defined(BXNN_SOFTWARE_TILES)
        found.push_back(&amx());
#endif
        return found;
    }();
    return levels;
}

const Kernels& find(std::string_view name) {
    if (name.empty()) return *usable().back();
    if (name == reference().name) return reference();
    std::string names;
    for (const auto* level : usable()) {
        if (name == level->name) return *level;
        names += std::string(level->name) + ", ";
    }
    throw Error(ErrorKind::input, "instruction set '" + std::string(name) +
                                      "' is not usable on this CPU; usable: " + names + "reference");
}

const Kernels& active() {
    const char* forced = std::getenv("BXNN_ISA");
    return find(forced ? forced : "");
}

}  // namespace bxnn::kernels
