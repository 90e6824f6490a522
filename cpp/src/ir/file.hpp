// The .bxnn file: docs/spec/file-format.md.
#pragma once

#include <cstdint>
#include <span>

#include "ir/graph.hpp"

namespace bxnn::ir {

constexpr std::uint32_t kFileVersion = 1;

std::vector<std::uint8_t> write_file(const Graph& graph);

// Throws Error(file) where the bytes do not make a file; whether the graph keeps the rules is for `verify` to say.
// Never reads outside `bytes`, never allocates more than a small multiple of their number (plus the bounds in
// graph.hpp).
Graph read_file(std::span<const std::uint8_t> bytes);

// FNV-1a, 64 bits.
std::uint64_t checksum(std::span<const std::uint8_t> bytes);

}  // namespace bxnn::ir
