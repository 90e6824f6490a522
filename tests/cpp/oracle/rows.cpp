// The row bodies of quantize, compiled once for each instruction set: LEVEL names it.
#include "rows.hpp"

namespace rows::LEVEL {
namespace {
using bxnn::Round;
using bxnn::fx::Cast;
using bxnn::fx::Fit;
template <class T>
using Unsigned = bxnn::fx::Unsigned<T>;
#include "fx/quantize.inl"
}  // namespace

const Rows& bodies() {
    static constexpr Rows all{quantize_rows<std::int32_t>, quantize_rows<std::int64_t>, quantize_rows<bxnn::i128>};
    return all;
}
}  // namespace rows::LEVEL
