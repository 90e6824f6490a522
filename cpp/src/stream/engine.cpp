#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>

#include "stream/archive.hpp"
#include "stream/stage.hpp"

namespace bxnn::stream {

namespace {

constexpr std::size_t kMostBatch = 1 << 20, kMostSlots = 1 << 16, kMostWaiting = std::size_t{1} << 32;  // bytes
constexpr std::size_t kNoted = 24;           // bytes that a slot notes of an event: crossing, time, kept seeds
constexpr std::int64_t kSpinAhead = 80'000;  // ns before its time in which a thread no longer sleeps

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::input, "stream: " + what); }

// Crossings with collisions, one after the other.
class Bunches {
public:
    Bunches(const std::vector<std::uint8_t>& filled, Crossing first) {
        if (!filled.empty() && filled.size() != kOrbit)
            refuse("expected a bunch pattern of 3564 crossings, got " + std::to_string(filled.size()));
        for (std::size_t bx = 0; bx < kOrbit; ++bx)
            if (filled.empty() || filled[bx]) filled_.push_back(static_cast<std::uint32_t>(bx));
        if (filled_.empty()) refuse("no bunches collide");
        seek(first);
    }
    // The next is the first from `crossing` on.
    void seek(Crossing crossing) {
        orbit_ = crossing / kOrbit;
        at_ = static_cast<std::size_t>(std::lower_bound(filled_.begin(), filled_.end(), crossing % kOrbit) -
                                       filled_.begin());
    }
    void next(Crossing* crossings, std::size_t n) {
        while (n) {
            if (at_ == filled_.size()) ++orbit_, at_ = 0;
            const std::size_t m = std::min(n, filled_.size() - at_);
            for (std::size_t i = 0; i < m; ++i) crossings[i] = orbit_ * kOrbit + filled_[at_ + i];
            at_ += m, crossings += m, n -= m;
        }
    }

private:
    std::vector<std::uint32_t> filled_;
    std::uint64_t orbit_ = 0;
    std::size_t at_ = 0;
};

// What may wait in front of somebody.
void check_memory(const Config& config, const std::string& whose, std::size_t batch, std::size_t slots,
                  const std::string& ring) {
    std::size_t bytes = kNoted;  // of an event
    for (const auto& input : config.inputs) bytes += bytes_of(input);
    if (bytes > kMostWaiting / (batch * slots))
        refuse(whose + ": " + std::to_string(slots) + " batches of " + std::to_string(batch) + " events may wait, of " +
               std::to_string(bytes) + " bytes each; at most 4 GiB may, make batch or " + ring + " smaller");
}

void check_first(const std::string& stage, const std::vector<Seed>& seeds) {
    for (const auto& seed : seeds)
        if (seed.after != UINT64_MAX) refuse("stage '" + stage + "' is the first: its seeds follow none");
}

void check_config(const Config& config, const std::vector<Stage>& stages) {
    std::set<std::string> names;
    if (config.inputs.empty() || stages.empty()) refuse("at least one input and one stage are needed");
    for (const auto& input : config.inputs) {
        if (!names.insert(input.name).second) refuse("two inputs are called '" + input.name + "'");
        if (input.elements == 0 || input.elements > (1u << 24)) refuse("input '" + input.name + "' has a wrong size");
    }
    if (config.rate && !(*config.rate > 0 && std::isfinite(*config.rate))) refuse("the rate has to be above 0 Hz");
    if (config.rate && config.one_thread) refuse("a paced stream needs threads of its own");
    if (config.section_orbits == 0 || config.section_orbits > kMostCrossing / kOrbit)
        refuse("a section has at least one orbit, and at most 2^60 crossings");
    if (config.first > kMostCrossing) refuse("crossings are numbered up to 2^60");
    names.clear();
    for (const auto& stage : stages) {
        if (!names.insert(stage.name).second) refuse("two stages are called '" + stage.name + "'");
        if (stage.batch == 0 || stage.batch > kMostBatch)
            refuse("stage '" + stage.name + "': a batch has from 1 to 2^20 events");
        if (stage.ring == 0 || stage.ring > kMostSlots)
            refuse("stage '" + stage.name + "': from 1 to 2^16 batches can wait");
        if (!config.one_thread) check_memory(config, "stage '" + stage.name + "'", stage.batch, stage.ring, "ring");
        if (stage.deadline.count() < 0 || stage.budget.count() < 0)
            refuse("stage '" + stage.name + "': times are not negative");
    }
    check_first(stages[0].name, stages[0].seeds);
    if (config.accepted_ring == 0 || config.accepted_ring > kMostSlots) refuse("from 1 to 2^16 batches can wait");
    if (config.keep_accepted)
        check_memory(config, "accepted events", stages.back().batch, config.accepted_ring, "accepted_ring");
}

}  // namespace

struct Engine::Impl {
    Config config;
    Run run;
    std::vector<std::unique_ptr<Link>> links;  // in front of every stage, and of take()
    std::vector<std::unique_ptr<StageRun>> stages;
    std::vector<std::thread> threads;
    bool running = false;

    // The source's.
    Bunches bunches;
    std::vector<Crossing> crossings;    // [batch]
    std::vector<std::int64_t> arrived;  // [batch]
    std::vector<const std::byte*> rows;
    bool begun = false;  // since start()
    std::int64_t started = 0, zero = 0;
    Crossing zero_crossing = 0;
    // The source writes them, others read them.
    std::atomic<std::uint64_t> events{0}, first{0}, next{0};
    std::atomic<std::int64_t> elapsed{0}, since{0};  // since: 0 while it stands still

    Impl(Config c, std::vector<Stage> all) : config(std::move(c)), bunches(config.filled, config.first) {
        check_config(config, all);
        const bool lossy = config.rate.has_value();
        for (auto& stage : all) {
            stages.push_back(std::make_unique<StageRun>(config, std::move(stage), run));
            const auto& s = stages.back()->stage();
            Link::Direct direct;
            if (config.one_thread) direct = [run = stages.back().get()](Slot& slot) { run->process(slot); };
            links.push_back(std::make_unique<Link>(config.inputs,
                                                   LinkShape{s.batch, s.ring, s.deadline.count(), lossy, links.empty()},
                                                   run, std::move(direct)));
        }
        const auto& last = stages.back()->stage();
        if (config.keep_accepted)
            links.push_back(std::make_unique<Link>(
                config.inputs, LinkShape{last.batch, config.accepted_ring, last.deadline.count(), lossy}, run,
                Link::Direct{}));
        for (std::size_t i = 0; i < stages.size(); ++i)
            stages[i]->connect(links[i].get(), i + 1 < links.size() ? links[i + 1].get() : nullptr);
        crossings.resize(stages[0]->stage().batch), arrived.resize(crossings.size());
        first = next = config.first;
    }

    bool halted() const {
        return run.stop.load(std::memory_order_relaxed) || run.failed.load(std::memory_order_acquire);
    }

    void begin(Crossing crossing) {
        if (!std::exchange(begun, true)) zero = now(), zero_crossing = crossing;
    }

    std::int64_t due(Crossing crossing) const {
        return zero + static_cast<std::int64_t>(static_cast<double>(crossing - zero_crossing) * (1e9 / *config.rate));
    }

    // Of n crossings, those that travel in one batch.
    std::size_t in_time(std::size_t n) const {
        const auto deadline = stages[0]->stage().deadline.count();
        if (!config.rate || !deadline || links[0]->behind()) return n;
        const double span = static_cast<double>(deadline) * 1e-9 * *config.rate;
        const auto last = crossings[0] + static_cast<Crossing>(std::min(span, 1e18));
        const auto end = crossings.begin() + static_cast<std::ptrdiff_t>(n);
        return static_cast<std::size_t>(std::upper_bound(crossings.begin(), end, last) - crossings.begin());
    }

    // Waits until n crossings have been, and notes when. Says false if they no longer matter, or are late.
    enum class Arrival { here, late, halted };
    Arrival arrive(std::size_t n) {
        if (!config.rate) {
            std::fill_n(arrived.begin(), n, now());
            return halted() ? Arrival::halted : Arrival::here;
        }
        for (std::size_t i = 0; i < n; ++i) arrived[i] = due(crossings[i]);
        std::int64_t time = now();
        for (const std::int64_t end = arrived[n - 1]; time < end; time = now()) {
            if (halted()) return Arrival::halted;
            if (end - time > kSpinAhead)
                std::this_thread::sleep_for(
                    std::chrono::nanoseconds(std::min<std::int64_t>(end - time - kSpinAhead / 2, 10'000'000)));
        }
        if (halted()) return Arrival::halted;
        return time - arrived[n - 1] > config.lag.count() ? Arrival::late : Arrival::here;
    }

    void noted(std::size_t n, Crossing from, Crossing last) {
        if (events == 0) first = from;
        events.store(events.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
        next.store(last + 1, std::memory_order_relaxed);
    }

    // Events whose crossings stand in `crossings`. Says how many of them arrived.
    template <class Send>
    std::size_t pass(std::size_t n, Send&& send) {
        begin(crossings[0]);
        n = in_time(n);
        const auto arrival = arrive(n);
        if (arrival == Arrival::halted) return 0;
        Link& inlet = *links[0];
        const Crossing from = crossings[0], last = crossings[n - 1];  // the link may keep the array
        std::size_t here = n;
        if (arrival == Arrival::late) inlet.flush(), inlet.lose(crossings.data(), n, true);
        else here = send(inlet, Link::Events{rows.data(), crossings.data(), arrived.data(), nullptr, nullptr, n});
        if (here) noted(here, from, here == n ? last : crossings[here - 1]);
        return here;
    }

    void require_running() const {
        if (!running) refuse("it is not running; start it first");
    }
    void set_rows(std::span<const void* const> given, std::size_t from) {
        if (given.size() != config.inputs.size())
            refuse("expected rows of " + std::to_string(config.inputs.size()) + " inputs, got " +
                   std::to_string(given.size()));
        rows.clear();
        for (std::size_t i = 0; i < given.size(); ++i)
            rows.push_back(static_cast<const std::byte*>(given[i]) + from * bytes_of(config.inputs[i]));
    }

    // Of n crossing numbers, how many rise.
    std::size_t rising(const Crossing* given, std::size_t n) const {
        Crossing least = next;
        for (std::size_t i = 0; i < n; least = given[i++] + 1)
            if (given[i] < least || given[i] > kMostCrossing) return i;
        return n;
    }
    [[noreturn]] void refuse_crossing(Crossing given, std::size_t event) const {
        const auto place = [](Crossing c) {
            return "orbit " + std::to_string(c / kOrbit) + ", bx " + std::to_string(c % kOrbit);
        };
        const std::string what = "event " + std::to_string(event) + " of those given: " + place(given);
        if (given > kMostCrossing) refuse(what + ": crossings are numbered up to 2^60");
        refuse(what + " does not come after " + place(next - 1) +
               ": crossing numbers have to rise; sort the events, each crossing once");
    }

    // Waits for the stages, even if one has failed: what is under way is counted before anyone is told.
    void join() {
        if (!running) return;
        links[0]->flush(), links[0]->close();
        if (config.one_thread)
            for (auto& stage : stages) stage->finish();
        for (auto& thread : threads) thread.join();
        threads.clear();
        running = false;
        run.stop = false;
        elapsed += now() - started;
        since = 0;
    }
};

Engine::Engine(Config config, std::vector<Stage> stages)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(stages))) {}

Engine::~Engine() {
    stop();
    impl_->run.failed = true;  // nobody takes what is left
    impl_->join();
}

void Engine::start() {
    auto& e = *impl_;
    if (e.running) refuse("it is running already");
    if (e.run.failure) refuse("a stage has failed; make another engine");
    e.running = true, e.begun = false;
    e.started = now(), e.since = e.started;
    for (auto& link : e.links) link->reopen();
    if (e.config.one_thread) return;
    try {
        for (auto& stage : e.stages) e.threads.emplace_back([run = stage.get()] { run->loop(); });
    } catch (const std::system_error& error) {
        const std::string what = "no thread can be made for stage '" + e.stages[e.threads.size()]->stage().name +
                                 "': " + error.code().message();
        e.join();  // those that there are, which find that no more comes
        refuse(what + "; end other processes, raise the limit (ulimit -u, -v), or run it in one thread");
    }
}

std::size_t Engine::put(std::span<const void* const> rows, const Crossing* crossings, std::size_t events) {
    auto& e = *impl_;
    e.require_running();
    const std::size_t good = crossings ? e.rising(crossings, events) : events;
    for (std::size_t at = 0; at < good;) {
        const std::size_t n = std::min(good - at, e.crossings.size());
        e.set_rows(rows, at);
        if (crossings) std::copy_n(crossings + at, n, e.crossings.begin());
        else e.bunches.next(e.crossings.data(), n);
        const std::size_t taken = e.pass(n, [](Link& inlet, const Link::Events& those) { return inlet.append(those); });
        if (crossings || taken != n) e.bunches.seek(e.next);
        if (taken == 0) return at;
        e.links[0]->flush_late(now());
        at += taken;
    }
    if (good < events) e.refuse_crossing(crossings[good], good);
    return events;
}

void Engine::replay(std::span<const void* const> rows, std::size_t events, std::uint64_t crossings, std::uint64_t at) {
    auto& e = *impl_;
    e.require_running();
    if (events == 0) refuse("there are no events to replay");
    e.links[0]->flush();
    for (at %= events; crossings;) {
        const auto n = std::min({static_cast<std::uint64_t>(e.crossings.size()), events - at, crossings});
        e.set_rows(rows, at);
        e.bunches.next(e.crossings.data(), n);
        const std::size_t taken = e.pass(
            n, [&e](Link& inlet, const Link::Events& those) { return inlet.view(those, e.crossings, e.arrived); });
        if (taken != n) e.bunches.seek(e.next);
        if (taken == 0) return;
        crossings -= taken;
        at = (at + taken) % events;
    }
}

void Engine::flush() {
    impl_->require_running();
    impl_->links[0]->flush();
}

void Engine::finish() {
    impl_->join();
    const std::lock_guard lock(impl_->run.mutex);
    if (impl_->run.failure) std::rethrow_exception(impl_->run.failure);
}

void Engine::stop() { impl_->run.stop = true; }
bool Engine::stopped() const { return impl_->halted(); }

void Engine::swap(std::size_t stage, Stage next, std::uint64_t orbit) {
    if (stage >= impl_->stages.size()) refuse("there is no stage " + std::to_string(stage));
    if (orbit > kMostCrossing / kOrbit) refuse("crossings are numbered up to 2^60");
    if (stage == 0) check_first(impl_->stages[0]->stage().name, next.seeds);
    impl_->stages[stage]->swap(std::move(next), orbit);
}

std::optional<Accepted> Engine::take(std::chrono::nanoseconds wait) {
    auto& e = *impl_;
    if (!e.config.keep_accepted) refuse("accepted events are not kept; ask for it in the configuration");
    Ring& ring = e.links.back()->ring();
    const std::int64_t end = now() + wait.count();
    Slot* slot = ring.front();
    for (Patience patience; !slot && !ring.dry() && now() < end; slot = ring.front()) patience.wait();
    if (!slot) return std::nullopt;
    Accepted accepted;
    const auto n = static_cast<std::ptrdiff_t>(slot->events);
    accepted.crossings.assign(slot->crossings.begin(), slot->crossings.begin() + n);
    accepted.kept.assign(slot->kept.begin(), slot->kept.begin() + n);
    for (std::size_t i = 0; i < e.config.inputs.size(); ++i)
        accepted.rows.emplace_back(slot->rows[i], slot->rows[i] + slot->events * bytes_of(e.config.inputs[i]));
    ring.pop();
    return accepted;
}

Books Engine::books(bool histograms) const {
    const auto& e = *impl_;
    Books books;
    books.first = e.first, books.next = e.next, books.arrived = e.events;
    const std::int64_t since = e.since;
    books.elapsed = std::chrono::nanoseconds(e.elapsed + (since ? now() - since : 0));
    for (std::size_t i = 0; i < e.stages.size(); ++i) {
        auto& stage = books.stages.emplace_back(e.stages[i]->books(histograms));
        stage.link = e.links[i]->books();
        const std::size_t seeds = e.stages[i]->stage().seeds.size();
        stage.counts = {0, 0, 0, std::vector<std::uint64_t>(seeds), {}, {}};
        stage.counts.kept.resize(seeds), stage.counts.pure.resize(seeds);
        for (const auto& version : stage.versions) {
            auto& sum = stage.counts;
            const auto& part = version.counts;
            sum.processed += part.processed, sum.accepted += part.accepted, sum.dead += part.dead;
            for (std::size_t s = 0; s < seeds; ++s)
                sum.fired[s] += part.fired[s], sum.kept[s] += part.kept[s], sum.pure[s] += part.pure[s];
        }
    }
    if (e.config.keep_accepted) books.accepted = e.links.back()->books();
    return books;
}

std::vector<std::uint8_t> Engine::save() const {
    if (impl_->running) refuse("finish it before it is saved");
    Histories histories;
    for (const auto& stage : impl_->stages) histories.push_back(stage->history());
    return to_bytes(books(), std::move(histories));
}

void Engine::restore(std::span<const std::uint8_t> state) {
    auto& e = *impl_;
    if (e.running || e.events) refuse("only an engine that has not run yet can continue a saved run");
    const auto [books, histories] = from_bytes(state);
    if (books.stages.size() != e.stages.size() || histories.size() != e.stages.size())
        throw Error(ErrorKind::file, "the saved run has another number of stages");
    if (books.next > kMostCrossing + 1 || books.arrived > books.next)
        throw Error(ErrorKind::file, "the saved run is damaged: crossings that have been");
    const auto last = books.arrived ? std::optional(books.next - 1) : std::nullopt;
    for (std::size_t i = 0; i < e.stages.size(); ++i) {
        if (books.stages[i].link.lost_by_bx.size() != kOrbit)
            throw Error(ErrorKind::file, "the saved run is damaged: losses by bx");
        e.stages[i]->restore(books.stages[i], histories[i], last);
        e.links[i]->restore(books.stages[i].link);
    }
    if (e.config.keep_accepted && books.accepted.lost_by_bx.size() == kOrbit) e.links.back()->restore(books.accepted);
    e.first = books.first, e.next = books.next, e.events = books.arrived;
    e.elapsed = books.elapsed.count();
    e.bunches.seek(books.next);
}

}  // namespace bxnn::stream
