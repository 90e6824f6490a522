// Pairs of types and their casts as the vendors' headers do them. No vendor header is included here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace oracle {

struct Type {
    int width, integer;
    bool is_signed;
};
// Raw integers are the low 64 bits.
struct Pair {
    Type from, to;
    int round, overflow;  // of bxnn's enumerations; -1: those last set
    void (*set_modes)(int round, int overflow);
    void (*cast)(const std::int64_t* raw, std::int64_t* result, std::size_t n);
    void (*from_real)(const double* x, std::int64_t* result, std::size_t n);
};
extern const std::vector<Pair> narrow, wide1, wide2, wide3, plain;

}  // namespace oracle
