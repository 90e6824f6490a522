// Which plans are a chain of dot products for tensor cores, and their weights in the order of those (docs/adr/0012).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cuda/flat_plan.hpp"

namespace bxnn::flat {

// A flat::FusedLayer before it is flat.
struct ChainLayer {
    FusedLayer facts;
    const plan::Instruction* instruction = nullptr;
    std::vector<std::vector<std::int32_t>> elements;  // of each sink
    std::vector<Sink> sinks;
};
struct Chain {
    std::vector<ChainLayer> layers;
    std::vector<std::uint32_t> image;
    std::uint32_t width = 0, out_bytes = 0;
    std::optional<Squares> squares;
    std::vector<std::int32_t> subtracted;  // of squares
};

// The chain, or in words why the plan is none.
std::variant<Chain, std::string> fuse(const plan::Plan& plan);

// One JSON document: which kernel carries out a model, and why; what a group of 16 events costs the tensor cores.
std::string explain(const Model& model);

}  // namespace bxnn::flat
