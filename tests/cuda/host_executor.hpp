// The functions of the GPU, compiled for this CPU: a loop over events takes the place of threads.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "cuda/begin.hpp"

namespace bxnn::cuda {

#include "cuda/bodies.inl"

// Which of the two kernels.
enum class Kernel { generic, fused };

inline bool is_fused(const std::vector<std::uint8_t>& plan) {
    flat::Header header;
    std::copy_n(plan.data(), sizeof header, reinterpret_cast<std::uint8_t*>(&header));
    return header.fused.layers.size > 0;
}

// A call's groups by so many warps, one after the other; numbers of 8 and 16 bits as they are, where they can be.
inline void run_fused(Program p, const Call& call, std::uint64_t warps) {
    const auto& header = p.header();
    Staging staging = staging_of(p);
    stage_as_they_are(call.types[0], p.get(header.inputs)[0], staging);
    const std::byte* image = p.bytes + header.fused.image.at;
    std::vector<i128> own((2 * staging.stage_bytes + staging.out_bytes) / flat::kAlign, i128{-1} / 3);
    for (std::uint64_t warp = 0; warp < warps; ++warp)
        with_fused(header.fused, [&]<std::uint32_t S, bool stepped>() {
            run_groups<S, stepped>(p, call, staging, image, reinterpret_cast<std::byte*>(own.data()), warp, warps);
        });
}

// Computes a call as a GPU with one block would; the place of the first bad number comes back, or kNoneBad.
inline unsigned long long predict(const std::vector<std::uint8_t>& plan, std::span<const ConstArray> inputs,
                                  std::span<const Array> outputs, std::size_t events, Kernel kernel = Kernel::generic) {
    // The plan is only aligned as it must be, and memory begins with what may be left by others.
    const std::size_t chunk = flat::kAlign;
    std::vector<i128> aligned((plan.size() + chunk - 1) / chunk);
    std::copy(plan.begin(), plan.end(), reinterpret_cast<std::uint8_t*>(aligned.data()));
    const Program program{reinterpret_cast<const std::byte*>(aligned.data())};
    std::vector<i128> arena(std::size_t{program.header().bytes_per_event} * kEvents / chunk, i128{-1} / 3);
    unsigned long long bad = kNoneBad;
    Call call{};
    call.events = events, call.bad = &bad;
    std::size_t n = 0;
    for (const auto& array : inputs) call.data[n] = const_cast<void*>(array.data), call.types[n++] = array.dtype;
    for (const auto& array : outputs) call.data[n] = array.data, call.types[n++] = array.dtype;
    if (kernel == Kernel::fused) return run_fused(program, call, 3), bad;
    for (std::uint32_t thread = 0; thread < kEvents; ++thread) {
        const Column column{reinterpret_cast<std::byte*>(arena.data()), thread};
        prepare(program, column);
        for (std::uint64_t event = thread; event < events; event += kEvents) run_event(program, call, event, column);
    }
    return bad;
}

}  // namespace bxnn::cuda
