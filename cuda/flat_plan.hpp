// A plan as one run of bytes: what a machine without this library's containers needs to carry it out.
//
// The bytes begin with a Header; an Array says where in them its numbers lie. Everything of it is plain data, laid out
// alike by every compiler for the targets here, and valid at any address that is a multiple of kAlign.
#pragma once

#include <span>

#include "bxnn/model.hpp"
#include "passes/plan.hpp"

namespace bxnn::flat {

inline constexpr std::uint64_t kMagic = 0x32'74'61'6c'66'6e'78'62;  // "bxnflat2"
inline constexpr std::size_t kAlign = 16;

template <class T>
struct Array {
    std::uint64_t at = 0;  // bytes from the header
    std::uint64_t size = 0;
};
// Numbers of the lane type of the instruction that they belong to.
struct LaneArray {
    std::uint64_t at = 0, size = 0;
};

struct Operand {
    Array<std::uint32_t> rows;
    plan::Lane storage = plan::Lane::i16;
    plan::Operand::Pairs pairs = plan::Operand::Pairs::scattered;
};

struct Step {
    enum class Kind : std::uint8_t { cast, lut, constant } kind = Kind::cast;
    LaneArray casts;               // cast: fx::Cast of the lane type; one, or one per row
    Array<std::uint8_t> shift_up;  // cast: none, or one per row
    std::int64_t first = 0;        // lut
    Array<std::int64_t> table;     // lut: this
    Array<std::int32_t> table32;   // lut: or this
    ir::BinaryKind binary = {};    // constant: x = x binary constant
    bool constant_first = false;   // constant: or constant binary x
    int up = 0;                    // constant: of x
    LaneArray constants;           // constant: one, or one per row
};

struct Binary {
    ir::BinaryKind kind = {};
};
struct Reduce {
    ir::ReduceKind kind = {};
    bool tree = false;
    bool products = false;  // leaves are products of two operands' numbers
    std::uint32_t size = 1, inner = 1;
    LaneArray leaf, sum;  // casts: none, or one
};
// Filters are padded to whole groups of kFilters with weights and biases of zero.
struct Dot {
    static constexpr std::uint32_t kFilters = 4;
    plan::DotPath path = {};
    std::uint32_t positions = 1, filters = 1, terms = 1, stride = 1;
    Array<std::uint32_t> group;  // [positions]
    LaneArray weights;           // [groups][terms][stride]
    LaneArray bias;              // [groups][stride]
    int shift = 0;
    LaneArray term_casts, sum_cast;
};
struct Paired {
    static constexpr std::uint32_t kFilters = 8;
    std::uint32_t positions = 1, filters = 1, pairs = 1, stride = 1;
    Array<std::uint32_t> group;   // [positions]
    Array<std::int32_t> weights;  // [groups][pairs][stride]
    Array<std::int32_t> start;    // [groups][stride]
    int floor = 0;
    plan::Finish finish;
};

struct Instruction {
    enum class Kind : std::uint8_t { load, binary, select, reduce, dot, paired } kind = Kind::load;
    plan::Lane lane = plan::Lane::i32, storage = plan::Lane::i16;
    std::uint32_t rows = 0, at = 0;
    Operand operands[3];
    int up_a = 0, up_b = 0;    // binary: of operands 0 and 1; select: of 1 and 2
    std::uint64_t detail = 0;  // where a Binary, Reduce, Dot or Paired lies
    Array<Step> steps;
};

struct Input {
    Operand rows;
    int frac = 0, width = 1;
    std::int64_t lo = 0, hi = 0;  // raw integers allowed
    // The cast from numbers on the format's own grid, in the lanes that casts of real numbers take.
    fx::Cast<std::int64_t> narrow;
    fx::Cast<i128> wide;
};
struct Output {
    Operand rows;
    int frac = 0, width = 1;
    bool is_signed = true;
};
struct Constant {
    std::int64_t raw = 0;
    std::uint32_t at = 0;
    plan::Lane storage = plan::Lane::i16;
};

// One dot product of a chain that a warp computes for 16 events at a time in its registers (docs/adr/0012). Columns are
// results, in units of 16; steps are 32 activations each.
struct Sink {
    std::uint32_t output = 0, elements = 1;
    std::uint32_t at = 0;         // bytes from the beginning of a warp's memory for outputs
    Array<std::int32_t> element;  // [columns]: the output's element that a column is; -1: none
};
struct FusedLayer {
    static constexpr std::uint32_t kEvents = 16, kColumns = 16, kStep = 32;
    static constexpr std::uint32_t kWidest = 128;  // activations that registers hold
    std::uint32_t columns = 1, units = 1, steps = 1;
    plan::TiledWeights::Bytes bytes = {};  // of the activations that it reads
    bool wide_weights = false;             // low and high bytes of weights are planes of their own
    bool halves = true;                    // of a result only the low 16 bits count
    std::uint32_t weights = 0, start = 0;  // bytes in the image: [units][steps][planes][32 lanes][4 words]; [units][16]
    plan::Finish finish;
    Array<Step> rest;  // steps behind the finish
    Array<Sink> sinks;
};
// Behind the last layer: the sum of the squares of its results, or of their differences from elements of the input.
struct Squares {
    static constexpr std::int32_t kNothing = -1, kLeftOut = -2;
    std::uint32_t output = 0;
    int up = 0, up_subtracted = 0;   // to the common grid
    Array<std::int32_t> subtracted;  // [columns]: the element of the input, or nothing; or the column is no term
};
struct Fused {
    Array<FusedLayer> layers;     // none: the plan is no such chain
    Array<std::uint32_t> image;   // weights and starts, as shared memory holds them
    Array<Squares> squares;       // none, or one
    std::uint32_t out_bytes = 0;  // of 16 events, in 32 bits
    std::uint32_t width = 0;      // most activations that a layer reads or makes, whole steps
    bool stepped = false;         // whether some layer has steps behind its finish
    Array<char> otherwise;        // why there is no chain
};

struct Header {
    std::uint64_t magic = kMagic, bytes = 0;
    std::uint32_t bytes_per_event = 0;  // of the arena
    Array<Input> inputs;
    Array<Output> outputs;
    Array<Instruction> instructions;
    Array<Constant> constants;
    Fused fused;
};

// Formats of at most so many bits are cast from real numbers in lanes of 64 bits.
inline constexpr int kNarrowWidth = 62;

std::vector<std::uint8_t> flatten(const plan::Plan& plan);

// The proven plan of a model. trace: with its probes as further outputs.
std::vector<std::uint8_t> flat_plan(const Model& model, bool trace);

}  // namespace bxnn::flat
