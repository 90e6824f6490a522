// Which instruction sets this CPU offers, and which one is used.
#include <cstdlib>
#include <vector>

#include "kernels/kernels.hpp"

namespace bxnn::kernels {

void nothing() noexcept {}

std::span<const Kernels* const> usable() {
    static const std::vector<const Kernels*> levels = [] {
        std::vector<const Kernels*> found{&portable()};
#if defined(__x86_64__)
        __builtin_cpu_init();  // its answers include what the operating system has enabled
        const bool has_avx2 = __builtin_cpu_supports("avx2");
        if (has_avx2) found.push_back(&avx2());
        if (has_avx2 && __builtin_cpu_supports("avxvnni")) found.push_back(&avxvnni());
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
