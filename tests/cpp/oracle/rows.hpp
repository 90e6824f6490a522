#pragma once

#include <cstddef>

#include "fx/format.hpp"

namespace rows {

struct Rows {
    void (*i32)(std::int32_t*, std::size_t, const bxnn::fx::Cast<std::int32_t>&);
    void (*i64)(std::int64_t*, std::size_t, const bxnn::fx::Cast<std::int64_t>&);
    void (*i128)(bxnn::i128*, std::size_t, const bxnn::fx::Cast<bxnn::i128>&);
    template <class T>
    auto of() const {
        if constexpr (sizeof(T) == 4) return i32;
        else if constexpr (sizeof(T) == 8) return i64;
        else return i128;
    }
};
namespace portable {
const Rows& bodies();
}
namespace avx2 {
const Rows& bodies();
}
namespace avx512 {
const Rows& bodies();
}

}  // namespace rows
