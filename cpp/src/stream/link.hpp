// The way into a stage: fills batches, sends them, and keeps the books on what gets no further.
#pragma once

#include <mutex>
#include <utility>

#include "stream/slot.hpp"

namespace bxnn::stream {

// What all threads of an engine watch.
struct Run {
    std::atomic<bool> stop{false};    // the source takes no more
    std::atomic<bool> failed{false};  // a stage can't go on
    std::mutex mutex;
    std::exception_ptr failure;

    void fail(std::exception_ptr what) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::move(what);
        failed.store(true, std::memory_order_release);
    }
};

std::size_t bytes_of(const Input& input);

struct LinkShape {
    std::size_t batch = 1, slots = 1;
    std::int64_t deadline = 0;  // ns; 0: none
    bool lossy = false;
    bool first = false;  // of the source, which a stop ends
};

class Link {
public:
    using Direct = std::function<void(Slot&)>;
    // direct: who takes a batch at once, in the sender's thread; empty: it waits in the ring.
    Link(const std::vector<Input>& inputs, LinkShape shape, Run& run, Direct direct);

    // The sender's. n events, or those with the numbers `which` among more.
    struct Events {
        const std::byte* const* rows;  // of every input
        const Crossing* crossings;
        const std::int64_t* arrived;  // ns
        const std::uint64_t* kept;    // nullptr: no stage is before
        const std::uint32_t* which;   // nullptr: the first n
        std::size_t n;

        std::size_t at(std::size_t i) const { return which ? which[i] : i; }
    };
    // Copies. Says how many have arrived: all, unless it is the first link and is stopped.
    std::size_t append(const Events& events);
    // A batch of its own, whose rows stay where they are; crossings and times are exchanged for the slot's. All have
    // arrived, or it is stopped and none has.
    std::size_t view(const Events& events, std::vector<Crossing>& crossings, std::vector<std::int64_t>& arrived);
    void lose(const Crossing* crossings, std::size_t n, bool late);
    void flush();                        // sends the batch that is being filled
    void flush_late(std::int64_t time);  // if its first event has waited long enough
    // Whether the receiver is behind, so that a batch may as well fill up: it would wait anyway.
    bool behind() const { return ring_.waiting() >= 2; }
    void close() { ring_.close(); }
    void reopen() { ring_.close(false); }

    // The receiver's.
    Ring& ring() { return ring_; }
    void abandon(std::size_t n);

    LinkBooks books() const;
    void restore(const LinkBooks& books);
    const LinkShape& shape() const { return shape_; }

private:
    Slot* room();
    bool open();
    void copy(const Events& events, std::size_t first, std::size_t n);
    std::size_t refuse(const Events& events, std::size_t first);
    void send(Slot& slot);
    void record_run(const Crossing* crossings, std::size_t n, bool late);

    std::vector<std::size_t> bytes_;
    LinkShape shape_;
    Run& run_;
    Direct direct_;
    Ring ring_;  // of one slot, if it is direct
    Slot* open_ = nullptr;
    mutable std::mutex mutex_;  // of the books, which others read
    LinkBooks books_;
    std::uint64_t last_lost_ = 0;  // number of the event, from 1, that was lost last
};

}  // namespace bxnn::stream
