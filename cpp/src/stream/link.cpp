#include "stream/link.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

namespace bxnn::stream {

namespace {
constexpr unsigned kSpins = 256, kYields = 64;
constexpr auto kNap = std::chrono::microseconds(50);
}  // namespace

void Patience::wait() {
    if (++turns_ <= kSpins) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    } else if (turns_ <= kSpins + kYields) {
        std::this_thread::yield();
    } else {
        std::this_thread::sleep_for(kNap);
    }
}

std::size_t bytes_of(const Input& input) { return input.elements * size_of(input.dtype); }

Link::Link(const std::vector<Input>& inputs, LinkShape shape, Run& run, Direct direct)
    : shape_(shape), run_(run), direct_(std::move(direct)), ring_(direct_ ? 1 : shape.slots, inputs.size()) {
    for (const auto& input : inputs) bytes_.push_back(bytes_of(input));
    books_.lost_by_bx.resize(kOrbit);
    books_.capacity = ring_.capacity();
}

// A slot to fill; nullptr if there is none and nobody can wait for one. Memory is taken when a slot is first used.
Slot* Link::room() {
    const auto ended = [&] { return run_.failed.load(std::memory_order_acquire) || (shape_.first && run_.stop); };
    Slot* slot = ring_.claim();
    for (Patience patience; !slot && !shape_.lossy && !ended(); slot = ring_.claim()) patience.wait();
    if (slot) slot->crossings.resize(shape_.batch), slot->arrived.resize(shape_.batch), slot->kept.resize(shape_.batch);
    return slot;
}

void Link::send(Slot& slot) {
    {
        const std::lock_guard lock(mutex_);
        books_.occupancy.add(static_cast<std::int64_t>(ring_.waiting()));
    }
    if (direct_) direct_(slot);  // its one slot is never in the ring
    else ring_.publish();
}

bool Link::open() {
    if (open_) return true;
    open_ = room();
    if (!open_) return false;
    open_->events = 0;
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        open_->own[i].resize(bytes_[i] * shape_.batch);
        open_->rows[i] = open_->own[i].data();
    }
    return true;
}

// Events [first, first + n) into the open slot, which has room for them.
void Link::copy(const Events& events, std::size_t first, std::size_t n) {
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t from = events.at(first + k), to = open_->events + k;
        open_->crossings[to] = events.crossings[from];
        open_->arrived[to] = events.arrived[from];
        open_->kept[to] = events.kept ? events.kept[from] : 0;
    }
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        std::byte* to = open_->own[i].data() + open_->events * bytes_[i];
        if (!events.which) std::memcpy(to, events.rows[i] + first * bytes_[i], n * bytes_[i]);
        else
            for (std::size_t k = 0; k < n; ++k)
                std::memcpy(to + k * bytes_[i], events.rows[i] + events.at(first + k) * bytes_[i], bytes_[i]);
    }
    open_->events += n;
}

std::size_t Link::append(const Events& events) {
    for (std::size_t first = 0, n = 0; first < events.n; first += n) {
        if (!open()) return first + refuse(events, first);
        n = std::min(events.n - first, shape_.batch - open_->events);
        copy(events, first, n);
        {
            const std::lock_guard lock(mutex_);
            books_.arrived += n;
        }
        if (open_->events == shape_.batch) flush();
    }
    return events.n;
}

// Events from number `first` on, for which there is no room. Says how many of them arrived all the same.
std::size_t Link::refuse(const Events& events, std::size_t first) {
    const std::size_t n = events.n - first;
    if (run_.failed.load(std::memory_order_acquire)) {
        const std::lock_guard lock(mutex_);
        books_.arrived += n, books_.abandoned += n;
        return n;
    }
    if (!shape_.lossy) return 0;  // it is stopped
    std::vector<Crossing> crossings;
    for (std::size_t k = first; k < events.n; ++k) crossings.push_back(events.crossings[events.at(k)]);
    lose(crossings.data(), n, false);
    return n;
}

std::size_t Link::view(const Events& events, std::vector<Crossing>& crossings, std::vector<std::int64_t>& arrived) {
    flush();
    Slot* slot = room();
    if (!slot) return refuse(events, 0);
    slot->events = events.n;
    slot->crossings.swap(crossings), slot->arrived.swap(arrived);
    std::copy_n(events.rows, bytes_.size(), slot->rows.begin());
    {
        const std::lock_guard lock(mutex_);
        books_.arrived += events.n;
    }
    send(*slot);
    return events.n;
}

void Link::flush() {
    if (Slot* slot = std::exchange(open_, nullptr)) send(*slot);
}

void Link::flush_late(std::int64_t time) {
    if (open_ && shape_.deadline && time - open_->arrived.front() >= shape_.deadline && !behind()) flush();
}

void Link::lose(const Crossing* crossings, std::size_t n, bool late) {
    if (n == 0) return;
    const std::lock_guard lock(mutex_);
    (late ? books_.lost_late : books_.lost_full) += n;
    for (std::size_t i = 0; i < n; ++i) ++books_.lost_by_bx[crossings[i] % kOrbit];
    record_run(crossings, n, late);
    books_.arrived += n;
    last_lost_ = books_.arrived;
}

void Link::record_run(const Crossing* crossings, std::size_t n, bool late) {
    auto& runs = books_.lost_runs;
    const bool goes_on = last_lost_ && last_lost_ == books_.arrived && !runs.empty() && runs.back().late == late;
    if (goes_on && books_.more_lost_runs == 0) {
        runs.back().last = crossings[n - 1], runs.back().events += n;
    } else if (runs.size() < kMostRuns) {
        runs.push_back({crossings[0], crossings[n - 1], n, late});
    } else if (!goes_on) {
        ++books_.more_lost_runs;
    }
}

void Link::abandon(std::size_t n) {
    const std::lock_guard lock(mutex_);
    books_.abandoned += n;
}

LinkBooks Link::books() const {
    const std::lock_guard lock(mutex_);
    auto books = books_;
    books.waiting = ring_.waiting();
    return books;
}

void Link::restore(const LinkBooks& books) {
    const std::lock_guard lock(mutex_);
    const std::size_t capacity = books_.capacity;
    books_ = books;
    books_.capacity = capacity, books_.waiting = 0;
    last_lost_ = 0;
}

}  // namespace bxnn::stream
