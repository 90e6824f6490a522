// What travels between stages, and the ring that it waits in.
#pragma once

#include <algorithm>
#include <atomic>

#include "bxnn/stream.hpp"

namespace bxnn::stream {

// Steady time in ns. On Linux it is read from the time-stamp counter without a system call.
inline std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Gives the CPU away the more, the longer there has been nothing to do.
class Patience {
public:
    void wait();
    void reset() { turns_ = 0; }

private:
    unsigned turns_ = 0;
};

// A batch of events in the order of their crossings. The link takes the memory when it first fills it.
struct Slot {
    std::size_t events = 0;
    std::vector<Crossing> crossings;     // [batch]
    std::vector<std::int64_t> arrived;   // [batch], ns
    std::vector<std::uint64_t> kept;     // [batch], seeds of the stage before
    std::vector<const std::byte*> rows;  // of every input: in `own`, or in the source's memory
    std::vector<std::vector<std::byte>> own;
};

// For one thread that sends and one that receives. Neither locks.
class Ring {
public:
    Ring(std::size_t slots, std::size_t inputs) : slots_(slots) {
        for (auto& slot : slots_) slot.rows.resize(inputs), slot.own.resize(inputs);
    }

    Slot* claim() {
        const auto head = head_.load(std::memory_order_relaxed);
        return head - tail_.load(std::memory_order_acquire) < slots_.size() ? &slots_[head % slots_.size()] : nullptr;
    }
    void publish() { head_.fetch_add(1, std::memory_order_release); }
    Slot* front() {
        const auto tail = tail_.load(std::memory_order_relaxed);
        return head_.load(std::memory_order_acquire) != tail ? &slots_[tail % slots_.size()] : nullptr;
    }
    void pop() { tail_.fetch_add(1, std::memory_order_release); }

    void close(bool closed = true) { closed_.store(closed, std::memory_order_release); }
    bool dry() { return closed_.load(std::memory_order_acquire) && !front(); }
    // For any thread. The tail comes first: it is never beyond a head that is read later, which may have run on.
    std::size_t waiting() const {
        const auto tail = tail_.load(std::memory_order_acquire);
        return std::min(head_.load(std::memory_order_acquire) - tail, slots_.size());
    }
    std::size_t capacity() const { return slots_.size(); }

private:
    std::vector<Slot> slots_;
    alignas(64) std::atomic<std::size_t> head_{0};
    alignas(64) std::atomic<std::size_t> tail_{0};
    alignas(64) std::atomic<bool> closed_{false};
};

}  // namespace bxnn::stream
