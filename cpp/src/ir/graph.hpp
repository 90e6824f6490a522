// A program: operations in dependency order, each making one value.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "fx/int128.hpp"
#include "ir/ops.hpp"

namespace bxnn::ir {

using Id = std::uint32_t;

// Shape and type (a format whose modes are TRN and WRAP) of a value.
struct Value {
    Shape shape;
    Format type;
    std::size_t size() const;
};

struct Node {
    std::string name;
    std::vector<Id> operands;  // smaller than the node's own id
    Attributes op;
    Value value;
};

struct Mark {
    Id id = 0;
    std::string name;
};

// Raw inputs and the raw outputs that the reference gave for them, event-major.
struct Golden {
    std::uint64_t events = 0;
    std::vector<Integers> inputs, outputs;  // one [events][n] array per input, per output
};

struct Graph {
    std::string name;
    std::map<std::string, std::string> meta;
    std::vector<Node> nodes;
    std::vector<Mark> outputs, probes;
    Golden golden;

    std::vector<Id> inputs() const;  // in the order of the nodes
    Tensor tensor(Id id, std::string name) const;
    std::string dump() const;  // one operation a line
};

// Bounds that keep a hostile file from asking for the machine's memory.
constexpr std::size_t kMaxElements = std::size_t{1} << 20;       // of one value
constexpr std::size_t kMaxTotalElements = std::size_t{1} << 22;  // of all values together
// Of all operations together: multiplications, and four for each operand element; what proofs cost grows with it.
constexpr std::size_t kMaxWork = std::size_t{1} << 26;

// An element's proven range of raw integers.
struct Interval {
    i128 lo = 0, hi = 0;
    bool operator==(const Interval&) const = default;
};
using Ranges = std::vector<Interval>;

// A value with what is known of its elements.
struct Known {
    const Value& value;
    const Ranges& ranges;
};

// Checks one operation against the rules of docs/spec/ir.md and computes its value. Throws Error(graph|unsupported).
Value infer(const Attributes& op, std::span<const Value* const> operands, const Shape& wanted_shape,
            const std::string& where);

// Ranges of the raw integers of `result`, given those of the operands. Throws Error(unsupported) beyond 126 bits.
Ranges range(const Attributes& op, const Value& result, std::span<const Known> operands, const std::string& where);

// Checks every node, mark and golden vector of a graph; recomputes and compares every value.
void verify(const Graph& graph);

// Appends a node; its value follows from the rules. `shape` empty: the operation's natural shape.
Id append(Graph& graph, Attributes op, std::vector<Id> operands, const Shape& shape, std::string name);

// "dot 'fc1' (node 3)" for messages.
std::string place(const Graph& graph, Id id);

}  // namespace bxnn::ir
