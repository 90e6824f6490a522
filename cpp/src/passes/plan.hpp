// A plan: the graph as a list of instructions over rows, with every choice made and proven.
//
// A *row* holds one element of a value for a block of events. A value is a list of references to rows, so that
// reshaping, concatenating, padding and transposing cost nothing: they only rearrange references.
// An instruction produces rows, applies its fused steps while they are in registers or L1, and stores them.
// Rows of 16 bits lie in pairs: a 32-bit word an event holds an even element in its low half, the next in its high
// half.
#pragma once

#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fx/format.hpp"
#include "ir/graph.hpp"

namespace bxnn::plan {

// Integer types of lanes and of stored rows.
enum class Lane : std::uint8_t { i16, i32, i64, i128 };
constexpr int bits_of(Lane lane) { return 16 << static_cast<int>(lane); }
constexpr std::uint32_t bytes_of(Lane lane) { return 2u << static_cast<int>(lane); }
inline constexpr std::string_view kLaneNames[] = {"int16", "int32", "int64", "int128"};

// One cast, prepared for every lane type that it is legal in.
struct CastParams {
    fx::Cast<std::int32_t> i32;
    fx::Cast<std::int64_t> i64;
    fx::Cast<i128> wide;

    CastParams(int frac_from, const Format& format, bool in_range)
        : i32(fx::make_cast<std::int32_t>(frac_from, format, in_range)),
          i64(fx::make_cast<std::int64_t>(frac_from, format, in_range)),
          wide(fx::make_cast<i128>(frac_from, format, in_range)) {}
    template <class T>
    const fx::Cast<T>& get() const {
        if constexpr (sizeof(T) == 4) return i32;
        else if constexpr (sizeof(T) == 8) return i64;
        else return wide;
    }
};

// An element-wise operation on one operand, applied in place.
struct CastStep {
    std::vector<CastParams> casts;       // one, or one per row
    std::vector<std::uint8_t> shift_up;  // one per row where formats differ: moves to the common grid, exact
};
struct LutStep {
    std::int64_t first = 0;
    std::vector<std::int64_t> table;
    std::vector<std::int32_t> table32;  // the same, where it fits
};
struct ConstantStep {  // x = x kind constant, or constant kind x
    ir::BinaryKind kind = ir::BinaryKind::add;
    bool constant_first = false;
    int up = 0;                   // of x, to the common grid
    std::vector<i128> constants;  // one, or one per row; already on the common grid
};
using Step = std::variant<CastStep, LutStep, ConstantStep>;

// A row of some value, by the node that made it; of kConstantRow, an index into Plan::constants.
constexpr ir::Id kConstantRow = ~ir::Id{0};
struct Ref {
    ir::Id node = 0;
    std::uint32_t element = 0;
};

// Rows that an instruction reads; `rows` are byte offsets per event, filled in by the memory pass. The lowest bit of an
// offset says which half of a pair it is.
struct Operand {
    std::vector<Ref> refs;
    Lane storage = Lane::i16;
    std::vector<std::uint32_t> rows;
    // How the rows of a paired dot product lie: anywhere, as whole pairs (2i and 2i + 1), or pair behind pair.
    enum class Pairs : std::uint8_t { scattered, whole, in_line } pairs = Pairs::scattered;
    bool in_order = false;  // a single event's rows lie one behind the other
};

struct Load {};
struct BinaryProducer {
    ir::BinaryKind kind = ir::BinaryKind::add;
    int up_a = 0, up_b = 0;
};
struct SelectProducer {
    int up_a = 0, up_b = 0;
};
struct ReduceProducer {
    ir::ReduceKind kind = ir::ReduceKind::sum;
    ir::Order order = ir::Order::sequential;
    std::uint32_t size = 1, inner = 1;
    std::vector<CastParams> leaf, sum;  // none, or one: to `accum`
    bool products = false;              // adds, without casts, the products of two operands' rows
    // Whether two such products are added in 32 bits, of whole pairs: their sum is a signed number, or none below 0.
    enum class Two : std::uint8_t { wide, fits_signed, fits_unsigned } two_products = Two::wide;
    bool on_pairs = false;  // max or min of 16-bit rows whose pairs lie together, stored as pairs
};

enum class DotPath : std::uint8_t {
    exact,     // one integer dot product, any order: nothing is lost, and sums wrap or can't overflow
    floored,   // each product shifted right and added, any order
    per_term,  // each product cast on its own and added, any order
    in_order,  // the stated order, every sum cast
};
inline constexpr std::string_view kDotPathNames[] = {"exact", "floored per term", "cast per term", "in stated order"};

// What ends an exact dot product in 32-bit sums: sum >> down; wrapped, if it wraps, to 32 - spare bits; clamped.
struct Finish {
    int down = 0;
    fx::Fit wrap = fx::Fit::none;  // or wrap_signed or wrap_unsigned
    int spare = 0;
    std::int32_t mask = -1;  // of an unsigned number, its bits
    std::int32_t lo = INT32_MIN, hi = INT32_MAX;
};

// Weights of 8 bits for instructions that multiply tiles: 16 rows of a filter's weights for 16 pairs of rows each.
struct TiledWeights {
    static constexpr std::size_t side = 16;
    static constexpr std::size_t most_gathered = 512;  // pairs that are brought together where they lie apart
    // Which bytes of the operand's 16 bits are needed: with both, two tiles follow one another, for low and for high.
    enum class Bytes : std::uint8_t { low_unsigned, low_signed, both } bytes = Bytes::both;
    struct alignas(64) Row {
        std::array<std::int8_t, 4 * side> weights{};  // of a pair: low and high byte of the even element, of the odd
    };
    std::uint32_t sets = 1, depth = 1;  // of 16 filters; of 16 pairs
    std::vector<Row> rows;              // [G][sets][depth][low, high][side]

    std::uint32_t planes() const { return bytes == Bytes::both ? 2 : 1; }
    // Expected for a position of 32 events: 16 for a product of tiles, and 64 to bring in and finish 16 filters.
    std::uint64_t cycles() const { return std::uint64_t{planes()} * sets * (32ull * depth + 64); }
};

// Weights of 8 bits for instructions that multiply four terms at a time, where the operand's range fits 8 bits too.
struct QuadWeights {
    static constexpr std::size_t most = 128;          // quads of a position: there is no room for more
    bool fits_unsigned = false, fits_signed = false;  // which bytes hold the operand
    std::uint32_t count = 1;                          // of a position: two pairs each
    // [G][count][stride] four int8 each: of both pairs' even elements, then of their odd ones.
    std::vector<std::int32_t> weights;
    // [G][stride]: PairedDot's, less or plus 128 times the sum of a filter's weights if the operand's bytes are of the
    // other kind.
    std::vector<std::int32_t> start_unsigned, start_signed;

    // Expected for a position, in units of a multiplication of two vectors: four to bring a quad together.
    double cost(std::uint32_t filters) const { return count * (filters + 4.0); }
};

// The pairs of weights that are not both zero, filter by filter.
struct SparsePairs {
    static constexpr double term_cost = 1.25;  // of a pair where filters do not share loads, 1 where they do
    struct Term {
        std::uint32_t pair;
        std::int32_t weights;
    };
    std::vector<std::uint32_t> begin;  // [G][F], and the end: of a filter's terms
    std::vector<Term> terms;
};

// An exact or floored dot product of 16-bit rows and weights in 32-bit sums, two terms at a time. Its operand has
// 2 * `pairs` rows a position.
struct PairedDot {
    int floor = 0;                        // each product / 2^floor, rounded down; sums are in units of 2^-floor
    std::uint32_t pairs = 1, stride = 1;  // stride: filters, up to a whole vector
    std::vector<std::uint32_t> group;     // [P]: which weights; finer than the dot product's own
    std::vector<std::int32_t> weights;    // [G][pairs][stride] two int16 weights each, low half first
    std::vector<std::int32_t> start;      // [G][stride]: the bias, and half a step where the cast rounds
    Finish finish;
    std::optional<SparsePairs> sparse;                                  // where leaving out zeros pays
    std::optional<QuadWeights> quads;                                   // where they pay
    std::optional<TiledWeights> tiles;                                  // where they pay
    std::size_t groups() const { return (start.size() - 1) / stride; }  // start ends with less than a stride more
    bool packs = false;  // the result is stored from registers: no step follows, and pairs of rows stay together
};

struct DotProducer {
    DotPath path = DotPath::in_order;
    std::uint32_t positions = 1, filters = 1, terms = 1;
    std::int64_t x_lo = 0, x_hi = 0;      // the operand's range
    std::vector<std::uint32_t> group;     // [P]
    std::vector<std::int64_t> weights;    // [G][F][K], on the grid of the path
    std::vector<i128> bias;               // [G][F], likewise
    int shift = 0;                        // floored
    int sum_bits = 0;                     // floored: of what is needed of the sum
    std::vector<CastParams> term_casts;   // per_term, in_order
    std::vector<CastParams> sum_cast;     // in_order
    std::vector<std::int32_t> weights32;  // the same weights where they fit
    std::optional<PairedDot> paired;      // see use_pairs()
};
using Producer = std::variant<Load, BinaryProducer, SelectProducer, ReduceProducer, DotProducer>;

struct Instruction {
    ir::Id node = 0;  // whose value the destination is
    Producer producer;
    std::array<Operand, 3> operands;
    std::vector<Step> steps;
    Lane lane = Lane::i32;       // type that it computes in
    Lane storage = Lane::i16;    // of the destination
    std::uint32_t rows = 0;      // of the destination
    std::uint32_t at = 0;        // its first row: byte offset per event
    std::vector<ir::Id> covers;  // the nodes that it computes
    std::string proof;           // why this lane and path are exact, for people
};

struct Edge {  // an input or an output
    ir::Id node = 0;
    Tensor tensor;
    Operand rows;
    std::size_t size = tensor.size();                      // elements
    double unit = std::ldexp(1.0, -tensor.format.frac());  // of raw integers
    std::int64_t lo = static_cast<std::int64_t>(fx::min_raw(tensor.format));
    std::int64_t hi = static_cast<std::int64_t>(fx::max_raw(tensor.format));
};

struct ConstantRow {
    std::uint32_t at = 0;
    Lane storage = Lane::i16;
    std::int64_t raw = 0;
};

struct Plan {
    std::vector<Edge> inputs, outputs;  // outputs: the graph's, then the probes if they were asked for
    std::vector<Instruction> instructions;
    std::vector<ConstantRow> constants;
    std::uint32_t bytes_per_event = 0;  // of the arena
};

struct Options {
    bool probes = false;  // keep every probe as a further output
    bool prove = true;    // use proven ranges: narrow lanes, fusion, reordered sums. Off: the reference
};

// Throws Error(unsupported) where an intermediate number needs more than 126 bits.
Plan make(const ir::Graph& graph, const Options& options);

// Ranges of every value of a graph, by node.
std::vector<ir::Ranges> prove_ranges(const ir::Graph& graph, bool from_types_only);

// What the time that an instruction set takes depends on.
struct Speed {
    double vector_bytes = 16;
    double pair = 1;  // cycles that a vector of pairs takes to be multiplied and added
    double quad = 0;  // the same of quads; 0: there is no such instruction
    bool has_tiles = false;
};

// Expected cycles an event: of an instruction; of reading the inputs and writing the outputs.
double cycles(const Instruction& i, const Speed& speed);
double edge_cycles(const Plan& plan, const Speed& speed);

// One JSON document, used by Model::explain().
std::string explain(const ir::Graph& graph, const Plan& plan, std::string_view isa, const Speed& speed);

// Rewrites exact dot products of 16-bit rows and weights to pairs; used by make().
void use_pairs(Plan& plan);

// Places every row in the arena; used by make().
void place_rows(Plan& plan);

}  // namespace bxnn::plan
