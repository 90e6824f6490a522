// From the conditions of seeds to accepted crossings, in the order of crossings.
#pragma once

#include "bxnn/stream.hpp"

namespace bxnn::stream {

// Vetoes by rules of dead time.
class Veto {
public:
    explicit Veto(const std::vector<DeadTime>& rules);
    // Whether a crossing may be accepted; it then counts as accepted.
    bool accept(Crossing crossing);

    // The crossings that rules remember, oldest first.
    std::vector<std::vector<Crossing>> history() const;
    void restore(const std::vector<std::vector<Crossing>>& history);

private:
    struct Rule {
        DeadTime rule;
        std::vector<Crossing> last;  // [rule.accepts], a ring
        std::size_t at = 0, size = 0;
    };
    std::vector<Rule> rules_;
};

inline constexpr std::uint64_t kMostAccepts = 1 << 16;

}  // namespace bxnn::stream
