// Books as bytes, so that a run can go on in another process.
#pragma once

#include "bxnn/stream.hpp"

namespace bxnn::stream {

using Histories = std::vector<std::vector<std::vector<Crossing>>>;  // of every stage

std::vector<std::uint8_t> to_bytes(Books books, Histories histories);
// Throws Error(file) for bytes that to_bytes did not write.
std::pair<Books, Histories> from_bytes(std::span<const std::uint8_t> bytes);

}  // namespace bxnn::stream
