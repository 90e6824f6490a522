// What one instruction set offers the runtime. Rows are blocks of `block` events; see passes/plan.hpp.
#pragma once

#include <cstddef>
#include <span>

#include "bxnn/model.hpp"
#include "passes/plan.hpp"

namespace bxnn::kernels {

// What went wrong first while rows were loaded; event == none if nothing did.
struct BadValue {
    static constexpr std::size_t none = ~std::size_t{0};
    std::size_t event = none, element = 0;
};

// Rows [first, first + rows) of a paired dot product: to lanes or, where `packed` is given, to where they are stored.
using Paired = void (*)(const plan::DotProducer&, const plan::Operand& x, const std::byte* arena, std::size_t first,
                        std::size_t rows, std::int32_t* lanes, std::byte* packed);

void nothing() noexcept;

// Bodies for blocks of a fixed number of events.
struct Bodies {
    std::size_t events;  // per block
    Paired paired;
    // Fills the constant rows of an arena; once per arena.
    void (*prepare)(const plan::Plan&, std::byte* arena);
    // Reads `count` <= `events` events of input i from event-major data into the arena, quantising floats. Later events
    // of the block repeat the last one. Reports the first raw integer outside the format, NaN or infinity.
    BadValue (*load)(const plan::Plan&, std::size_t i, const void* data, DType type, std::size_t count,
                     std::byte* arena);
    // Computes one block. ahead: memory that is read after it.
    void (*run)(const plan::Plan&, std::byte* arena, Paired paired, std::span<const std::byte> ahead);
    // Writes `count` events of output i as event-major raw integers or (f32, f64) numbers.
    void (*store)(const plan::Plan&, std::size_t i, void* data, DType type, std::size_t count, const std::byte* arena);
    // Sets the thread up for blocks, and back.
    void (*enter)() noexcept = nothing;
    void (*leave)() noexcept = nothing;
};

constexpr Bodies with_paired(Bodies bodies, Paired paired) noexcept {
    bodies.paired = paired;
    return bodies;
}

struct Kernels {
    const char* name;
    Bodies block;   // events across lanes
    Bodies single;  // one event, elements across lanes
    plan::Speed speed;
};

const Kernels& reference() noexcept;  // one event at a time, for plans made without proofs
const Kernels& portable() noexcept;
#if defined(__x86_64__)
const Kernels& avx2() noexcept;
const Kernels& avxvnni() noexcept;
const Kernels& avx512() noexcept;
const Kernels& avx512vnni() noexcept;
#endif
#if defined(__aarch64__)
const Kernels& neon() noexcept;
const Kernels& neondot() noexcept;
#endif
#if defined(__x86_64__) || defined(BXNN_SOFTWARE_TILES)
const Kernels& amx() noexcept;
#endif

// Levels usable on this CPU, slowest first; "reference" is not among them.
std::span<const Kernels* const> usable();
// The level of that name, the best one for "", and "reference". Throws Error(input) with the usable names.
const Kernels& find(std::string_view name);
// The best level, or the one that the environment variable BXNN_ISA names. Throws as find().
const Kernels& active();

}  // namespace bxnn::kernels
