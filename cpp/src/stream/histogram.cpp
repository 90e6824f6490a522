#include <algorithm>
#include <cmath>
#include <numeric>

#include "bxnn/stream.hpp"

namespace bxnn::stream {

Histogram::Histogram(int bits) : bits_(bits) {
    if (bits < kLeastBits || bits > kMostBits)
        throw Error(ErrorKind::input, "histogram: expected from " + std::to_string(kLeastBits) + " to " +
                                          std::to_string(kMostBits) + " bits, got " + std::to_string(bits));
}

void Histogram::grow(std::vector<std::uint64_t>& side, std::size_t k) {
    side.resize(std::max(k + 1, std::max<std::size_t>(64, side.size() + side.size() / 2)));
}

void Histogram::merge(std::int64_t first, std::span<const std::uint64_t> counts) {
    const auto last = static_cast<std::int64_t>(bin(INT64_MAX));
    if (first < -last - 1 || first > last + 1 || counts.size() > static_cast<std::size_t>(last + 1 - first))
        throw Error(ErrorKind::input, "histogram: bins beyond those of 64-bit integers");
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const std::int64_t k = first + static_cast<std::int64_t>(i);
        auto& side = k < 0 ? below_ : above_;
        const auto at = static_cast<std::size_t>(k < 0 ? -1 - k : k);
        if (counts[i] == 0) continue;
        if (at >= side.size()) grow(side, at);
        side[at] += counts[i];
    }
}

void Histogram::merge(const Histogram& other) {
    if (bits_ != other.bits_)
        throw Error(ErrorKind::input, "histograms of " + std::to_string(bits_) + " and " + std::to_string(other.bits_) +
                                          " bits cannot be merged");
    merge(other.first(), other.counts());
}

std::uint64_t Histogram::total() const {
    return std::accumulate(above_.begin(), above_.end(),
                           std::accumulate(below_.begin(), below_.end(), std::uint64_t{0}));
}

namespace {

// Bins up to the last that is not empty.
std::size_t used(const std::vector<std::uint64_t>& side) {
    const auto end = std::find_if(side.rbegin(), side.rend(), [](auto n) { return n != 0; }).base();
    return static_cast<std::size_t>(end - side.begin());
}

}  // namespace

std::int64_t Histogram::first() const { return -static_cast<std::int64_t>(used(below_)); }

std::vector<std::uint64_t> Histogram::counts() const {
    std::vector<std::uint64_t> all(below_.begin(), below_.begin() - first());
    std::reverse(all.begin(), all.end());
    all.insert(all.end(), above_.begin(), above_.begin() + static_cast<std::ptrdiff_t>(used(above_)));
    return all;
}

std::int64_t Histogram::highest(std::int64_t k) const {
    const auto lowest = [this](std::uint64_t i) {  // of a bin of numbers from 0 on
        const std::uint64_t half = std::uint64_t{1} << (bits_ - 1);
        if (i < 2 * half) return i;
        const std::uint64_t s = i / half - 1;
        return (i - s * half) << s;
    };
    const auto i = static_cast<std::uint64_t>(k < 0 ? -1 - k : k);
    return k < 0 ? ~static_cast<std::int64_t>(lowest(i)) : static_cast<std::int64_t>(lowest(i + 1) - 1);
}

std::int64_t Histogram::quantile(double q) const {
    const auto all = counts();
    const auto sum = total();
    if (sum == 0) return 0;
    const auto wanted =
        static_cast<std::uint64_t>(std::clamp(std::ceil(q * static_cast<double>(sum)), 1.0, static_cast<double>(sum)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        seen += all[i];
        if (seen >= wanted) return highest(first() + static_cast<std::int64_t>(i));
    }
    return highest(first() + static_cast<std::int64_t>(all.size()) - 1);
}

}  // namespace bxnn::stream
