#include "stream/trigger.hpp"

namespace bxnn::stream {

namespace {

// The finaliser of SplitMix64: every bit of the result depends on every bit of x.
std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;

}  // namespace

std::uint64_t prescale_hash(std::uint64_t number, std::uint64_t seed, Crossing crossing) {
    return mixed(mixed(mixed(number + kGolden) + seed + kGolden) + crossing + kGolden);
}

Veto::Veto(const std::vector<DeadTime>& rules) {
    for (const auto& rule : rules) {
        if (rule.accepts == 0 || rule.accepts > kMostAccepts || rule.crossings == 0)
            throw Error(ErrorKind::input, "dead time: expected from 1 to " + std::to_string(kMostAccepts) +
                                              " accepts in at least 1 crossing, got " + std::to_string(rule.accepts) +
                                              " in " + std::to_string(rule.crossings));
        rules_.push_back({rule, std::vector<Crossing>(rule.accepts), 0, 0});
    }
}

bool Veto::accept(Crossing crossing) {
    for (const auto& r : rules_)
        if (r.size == r.last.size() && crossing - r.last[r.at] < r.rule.crossings) return false;
    for (auto& r : rules_) {
        r.last[r.at] = crossing;
        r.at = r.at + 1 == r.last.size() ? 0 : r.at + 1;
        if (r.size < r.last.size()) ++r.size;
    }
    return true;
}

std::vector<std::vector<Crossing>> Veto::history() const {
    std::vector<std::vector<Crossing>> all;
    for (const auto& r : rules_) {
        auto& crossings = all.emplace_back();
        for (std::size_t i = 0; i < r.size; ++i)
            crossings.push_back(r.last[(r.at + r.last.size() - r.size + i) % r.last.size()]);
    }
    return all;
}

void Veto::restore(const std::vector<std::vector<Crossing>>& history) {
    if (history.size() != rules_.size()) throw Error(ErrorKind::file, "the saved run has other rules of dead time");
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        auto& r = rules_[i];
        if (history[i].size() > r.last.size())
            throw Error(ErrorKind::file, "the saved run has other rules of dead time");
        r.size = history[i].size(), r.at = r.size % r.last.size();
        std::copy(history[i].begin(), history[i].end(), r.last.begin());
    }
}

}  // namespace bxnn::stream
