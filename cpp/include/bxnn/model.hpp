// Run a model file. Needs nothing but this library: no compiler, no Python.
//
//     const auto model = bxnn::Model::load("trigger.bxnn");
//     bxnn::Context context(model);                       // one per thread; all memory is taken here
//     std::array<std::int16_t, 57> event{};               // raw integers, event-major
//     std::array<std::int32_t, 1> score{};
//     model.predict(context, bxnn::ConstArray(event.data()), bxnn::Array(score.data()), 1);
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "bxnn/types.hpp"

namespace bxnn {

// Element types of the caller's arrays. Integers are raw integers, floating-point numbers are real numbers.
enum class DType : std::uint8_t { i8, u8, i16, u16, i32, u32, i64, u64, f32, f64 };
std::size_t size_of(DType type);

template <class T>
constexpr DType dtype_of() {
    static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8 && !std::is_same_v<T, bool>);
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? DType::f32 : DType::f64;
    constexpr int log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<DType>(2 * log2 + (std::is_unsigned_v<T> ? 1 : 0));
}

// [events][size of the tensor], contiguous, aligned for their type; owned by the caller.
struct ConstArray {
    const void* data = nullptr;
    DType dtype = DType::i32;
    ConstArray() = default;
    template <class T>
    explicit ConstArray(const T* p) : data(p), dtype(dtype_of<T>()) {}
    ConstArray(const void* p, DType type) : data(p), dtype(type) {}
};
struct Array {
    void* data = nullptr;
    DType dtype = DType::i32;
    Array() = default;
    template <class T>
    explicit Array(T* p) : data(p), dtype(dtype_of<T>()) {}
    Array(void* p, DType type) : data(p), dtype(type) {}
};

class Context;

struct SelfTest {
    std::uint64_t compared = 0, differing = 0;  // output values
};

// A model: immutable, cheap to copy, safe to use from any number of threads at once.
class Model {
public:
    // Throw Error(file) for unreadable bytes, Error(graph | unsupported) for a program that breaks a rule.
    static Model load(const std::string& path);
    static Model from_bytes(std::span<const std::uint8_t> bytes);
    std::vector<std::uint8_t> to_bytes() const;

    const std::string& name() const;
    const std::map<std::string, std::string>& meta() const;
    const std::vector<Tensor>& inputs() const;
    const std::vector<Tensor>& outputs() const;
    const std::vector<Tensor>& probes() const;  // the layers that a tracing context reports

    // Computes `events` events: one array per input, one per output (and per probe, if the context traces).
    // Inputs are raw integers of any type, checked against the format, or real numbers, quantised by it.
    // Outputs are raw integers of a type that holds the format, or real numbers of a type that holds them exactly.
    // Does not allocate. Throws Error(input) naming the event and element; outputs are then unspecified.
    void predict(Context& context, std::span<const ConstArray> inputs, std::span<const Array> outputs,
                 std::size_t events) const;
    void predict(Context& context, ConstArray input, Array output, std::size_t events) const {
        predict(context, std::span(&input, 1), std::span(&output, 1), events);
    }

    // Replays the golden vectors that the file carries.
    std::uint64_t golden_events() const;
    SelfTest self_test(const std::string& isa = "") const;

    // JSON: the plan, why each choice in it is exact, and the cycles that it is expected to take at a level.
    std::string explain(const std::string& isa = {}) const;
    std::string dump() const;  // the program, one operation a line

    struct Impl;
    explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
    const Impl& impl() const { return *impl_; }

private:
    friend class Context;
    std::shared_ptr<const Impl> impl_;
};

// The scratch memory of one thread.
class Context {
public:
    // isa: "" for the best that the CPU has (or that the environment variable BXNN_ISA names), else one of
    // isa_levels(), or "reference", the scalar executor. trace: also report every probe.
    explicit Context(const Model& model, const std::string& isa = "", bool trace = false);
    Context(Context&&) noexcept;
    Context& operator=(Context&&) noexcept;
    ~Context();
    std::string_view isa() const;

    struct Impl;
    Impl& impl() { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

// Worker threads that share the events of a call.
class Pool {
public:
    explicit Pool(unsigned threads = 0);  // 0: one per CPU that the process may use
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    unsigned threads() const;
    // As Model::predict, with one context per thread at hand: contexts.size() >= 1, all of one kind.
    void predict(const Model& model, std::span<Context> contexts, std::span<const ConstArray> inputs,
                 std::span<const Array> outputs, std::size_t events);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

std::vector<std::string> isa_levels();  // usable on this CPU, slowest first
std::string active_isa();               // what a Context takes by default

}  // namespace bxnn
