#include "stream/archive.hpp"

#include <cstring>
#include <type_traits>

namespace bxnn::stream {

namespace {

constexpr std::uint64_t kMagic = 0x31'73'6b'6f'6f'62'78'62;  // "bxbooks1"

// One list of members for writing and for reading.
template <class A>
void visit(A& a, LostRun& x) {
    a(x.first, x.last, x.events, x.late);
}
template <class A>
void visit(A& a, LinkBooks& x) {
    a(x.arrived, x.lost_full, x.lost_late, x.abandoned, x.lost_by_bx, x.lost_runs, x.more_lost_runs, x.occupancy);
}
template <class A>
void visit(A& a, Counts& x) {
    a(x.processed, x.accepted, x.dead, x.fired, x.kept, x.pure);
}
template <class A>
void visit(A& a, Section& x) {
    a(x.number, x.processed, x.accepted, x.kept);
}
template <class A>
void visit(A& a, Version& x) {
    a(x.model, x.from, x.counts, x.scores);
}
template <class A>
void visit(A& a, StageBooks& x) {
    a(x.name, x.link, x.counts, x.overlap, x.sections, x.versions, x.latency, x.over_budget, x.batches, x.busy);
}
template <class A>
void visit(A& a, Books& x) {
    a(x.first, x.next, x.arrived, x.elapsed, x.stages, x.accepted);
}

class Writer {
public:
    std::vector<std::uint8_t> bytes;

    template <class... T>
    void operator()(T&... x) {
        (put(x), ...);
    }

private:
    template <class T>
    void put(T& x) {
        if constexpr (std::is_arithmetic_v<T>) {
            const auto* p = reinterpret_cast<const std::uint8_t*>(&x);
            bytes.insert(bytes.end(), p, p + sizeof x);
        } else {
            visit(*this, x);
        }
    }
    void put(std::chrono::nanoseconds& x) {
        auto count = x.count();
        put(count);
    }
    void put(std::string& x) {
        auto n = static_cast<std::uint64_t>(x.size());
        put(n);
        bytes.insert(bytes.end(), x.begin(), x.end());
    }
    template <class T>
    void put(std::vector<T>& x) {
        auto n = static_cast<std::uint64_t>(x.size());
        put(n);
        for (auto& element : x) put(element);
    }
    void put(Histogram& x) {
        auto bits = static_cast<std::int64_t>(x.bits()), first = x.first();
        auto counts = x.counts();
        (*this)(bits, first, counts);
    }
};

class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

    template <class... T>
    void operator()(T&... x) {
        (get(x), ...);
    }
    bool done() const { return left_.empty(); }

private:
    [[noreturn]] static void damaged() { throw Error(ErrorKind::file, "the saved run is damaged or truncated"); }
    std::span<const std::uint8_t> take(std::size_t n) {
        if (n > left_.size()) damaged();
        const auto taken = left_.first(n);
        left_ = left_.subspan(n);
        return taken;
    }
    template <class T>
    void get(T& x) {
        if constexpr (std::is_same_v<T, bool>) x = take(1)[0] != 0;
        else if constexpr (std::is_arithmetic_v<T>) std::memcpy(&x, take(sizeof x).data(), sizeof x);
        else visit(*this, x);
    }
    void get(std::chrono::nanoseconds& x) {
        std::int64_t count = 0;
        get(count);
        x = std::chrono::nanoseconds(count);
    }
    std::size_t count() {
        std::uint64_t n = 0;
        get(n);
        if (n > left_.size()) damaged();  // every element takes a byte at least
        return n;
    }
    void get(std::string& x) {
        const auto text = take(count());
        x.assign(text.begin(), text.end());
    }
    template <class T>
    void get(std::vector<T>& x) {
        const std::size_t n = count();
        x.clear();
        for (std::size_t i = 0; i < n; ++i) get(x.emplace_back());
    }
    void get(Histogram& x) {
        std::int64_t bits = 0, first = 0;
        std::vector<std::uint64_t> counts;
        (*this)(bits, first, counts);
        if (bits < Histogram::kLeastBits || bits > Histogram::kMostBits) damaged();
        x = Histogram(static_cast<int>(bits));
        x.merge(first, counts);
    }
    std::span<const std::uint8_t> left_;
};

}  // namespace

std::vector<std::uint8_t> to_bytes(Books books, Histories histories) {
    Writer writer;
    auto magic = kMagic;
    writer(magic, books, histories);
    return std::move(writer.bytes);
}

std::pair<Books, Histories> from_bytes(std::span<const std::uint8_t> bytes) {
    Reader reader(bytes);
    std::uint64_t magic = 0;
    std::pair<Books, Histories> result;
    reader(magic);
    if (magic != kMagic)
        throw Error(ErrorKind::file, "these bytes are no saved run, or one of another version of bxnn");
    reader(result.first, result.second);
    if (!reader.done()) throw Error(ErrorKind::file, "the saved run is damaged: there is more than it says");
    return result;
}

}  // namespace bxnn::stream
