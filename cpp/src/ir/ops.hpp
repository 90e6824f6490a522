// The operations: one struct a row of the table in docs/spec/ir.md. The list `Attributes` below is the op table:
// an operation's place in it is its code in model files, so rows are only ever appended.
//
// Each struct has its name and `fields(visitor)`, from which the file format and the dump follow. Rules of types and
// ranges are in ops/, computations in kernels/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "bxnn/types.hpp"

namespace bxnn::ir {

using Integers = std::vector<std::int64_t>;
using Indices = std::vector<std::int32_t>;

struct Input {
    static constexpr std::string_view kName = "input";
    Format format;
    void fields(auto&& f) { f("format", format); }
};

struct Constant {
    static constexpr std::string_view kName = "constant";
    Format type;
    Integers raw;
    void fields(auto&& f) { f("type", type), f("raw", raw); }
};

struct CastOp {
    static constexpr std::string_view kName = "cast";
    std::vector<Format> formats;  // one, or one per element
    std::int32_t shift = 0;       // the operand is multiplied by 2^shift first
    void fields(auto&& f) { f("formats", formats), f("shift", shift); }
};

struct Dot {
    static constexpr std::string_view kName = "dot";
    std::uint32_t positions = 1, filters = 1, terms = 1, groups = 1;  // P, F, K, G
    Integers weights;                                                 // [G][F][K]
    std::int32_t w_frac = 0;
    Integers bias;  // [G][F]
    std::int32_t b_frac = 0;
    Indices index;  // [P][K]; -1: the number zero
    Indices group;  // [P]
    std::optional<Format> product, accum;
    void fields(auto&& f) {
        f("positions", positions), f("filters", filters), f("terms", terms), f("groups", groups);
        f("weights", weights), f("w_frac", w_frac), f("bias", bias), f("b_frac", b_frac);
        f("index", index), f("group", group), f("product", product), f("accum", accum);
    }
};

struct Gather {
    static constexpr std::string_view kName = "gather";
    Indices index;  // into the concatenated operands; -1: fill
    std::int64_t fill = 0;
    void fields(auto&& f) { f("index", index), f("fill", fill); }
};

struct Lut {
    static constexpr std::string_view kName = "lut";
    Format type;
    std::int64_t first = 0;
    Integers table;
    void fields(auto&& f) { f("type", type), f("first", first), f("table", table); }
};

enum class BinaryKind : std::uint8_t { add, sub, mul, min, max, lt, le, gt, ge, eq, ne };
inline constexpr std::string_view kBinaryNames[] = {"add", "sub", "mul", "min", "max", "lt",
                                                    "le",  "gt",  "ge",  "eq",  "ne"};
constexpr bool is_comparison(BinaryKind kind) { return kind >= BinaryKind::lt; }

struct Binary {
    static constexpr std::string_view kName = "binary";
    BinaryKind kind = BinaryKind::add;
    std::optional<Format> format;
    void fields(auto&& f) { f("kind", kind, kBinaryNames), f("format", format); }
};

struct Select {
    static constexpr std::string_view kName = "select";
    std::optional<Format> format;
    void fields(auto&& f) { f("format", format); }
};

enum class ReduceKind : std::uint8_t { sum, max, min, argmax };
inline constexpr std::string_view kReduceNames[] = {"sum", "max", "min", "argmax"};
enum class Order : std::uint8_t { sequential, tree };
inline constexpr std::string_view kOrderNames[] = {"sequential", "tree"};

struct Reduce {
    static constexpr std::string_view kName = "reduce";
    ReduceKind kind = ReduceKind::sum;
    std::uint32_t outer = 1, size = 1, inner = 1;
    std::optional<Format> accum;
    Order order = Order::sequential;
    void fields(auto&& f) {
        f("kind", kind, kReduceNames), f("outer", outer), f("size", size), f("inner", inner);
        f("accum", accum), f("order", order, kOrderNames);
    }
};

using Attributes = std::variant<Input, Constant, CastOp, Dot, Gather, Lut, Binary, Select, Reduce>;

inline std::string_view name_of(const Attributes& attributes) {
    return std::visit([](const auto& op) { return op.kName; }, attributes);
}

}  // namespace bxnn::ir
