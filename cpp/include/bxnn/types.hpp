// Formats, tensors and errors: the words of the public API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bxnn {

// The seven ap_fixed rounding modes (docs/spec/ir.md).
enum class Round : std::uint8_t { TRN, TRN_ZERO, RND, RND_ZERO, RND_INF, RND_MIN_INF, RND_CONV };
// The four ap_fixed overflow modes.
enum class Overflow : std::uint8_t { WRAP, SAT, SAT_ZERO, SAT_SYM };

// ap_[u]fixed<width, integer, round, overflow>: a raw integer r stands for r * 2^-frac().
// `integer` may be negative or exceed `width`.
struct Format {
    int width = 1;
    int integer = 1;
    bool is_signed = true;
    Round round = Round::TRN;
    Overflow overflow = Overflow::WRAP;

    int frac() const { return width - integer; }
    bool operator==(const Format&) const = default;

    // "ap_fixed<16,6,AP_RND,AP_SAT>"; modes are left out when they are TRN and WRAP.
    std::string str() const;
    // Reads what str() writes, and hls4ml's spellings: "ufixed<8,2>", "ap_int<4>", "uint<1>", a fifth argument 0.
    // Throws Error(unsupported) for anything else.
    static Format parse(std::string_view text);
};

std::string_view name_of(Round mode);
std::string_view name_of(Overflow mode);
Round parse_round(std::string_view text);        // "RND" or "AP_RND"; throws Error(unsupported)
Overflow parse_overflow(std::string_view text);  // "SAT" or "AP_SAT"; throws Error(unsupported)

using Shape = std::vector<std::uint32_t>;

// A named input, output or traced layer of a model. The batch axis is not part of the shape.
struct Tensor {
    std::string name;
    Shape shape;
    Format format;
    std::size_t size() const;  // product of shape
};

enum class ErrorKind : std::uint8_t {
    input,        // data handed to a model does not fit it
    file,         // a model file is damaged, truncated, hostile or too new
    graph,        // a graph breaks a rule of the IR
    unsupported,  // legal, but not reproduced exactly, so refused
};

class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
    ErrorKind kind() const noexcept { return kind_; }

private:
    ErrorKind kind_;
};

// A number that an input can't take, in one of the events that were given.
class EventError : public Error {
public:
    EventError(ErrorKind kind, std::string input, std::size_t event, std::string problem)
        : Error(kind, text(input, "event " + std::to_string(event), problem)),
          input_(std::move(input)),
          problem_(std::move(problem)),
          event_(event) {}
    std::size_t event() const noexcept { return event_; }
    // The same, with the event called as whoever gave it knows it.
    Error named(const std::string& event) const { return {kind(), text(input_, event, problem_)}; }

private:
    static std::string text(const std::string& input, const std::string& event, const std::string& problem) {
        return "input '" + input + "', " + event + ", " + problem;
    }

    std::string input_, problem_;
    std::size_t event_;
};

}  // namespace bxnn
