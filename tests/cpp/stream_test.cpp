// Streams: decisions against a plain loop, books that balance whatever happens, versions, saving, shared memory.
#include "bxnn/shared_ring.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "check.hpp"
#include "models.hpp"
#include "stream/slot.hpp"

using namespace bxnn;
using namespace bxnn::stream;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kAll = UINT64_MAX;

// Seeds: element 0 above 90, element 1 above 60, element 2 above 0; score: the sum of the three.
Model menu(std::int64_t first = 90) {
    models::Maker m;
    m.graph.name = "menu " + std::to_string(first);
    const auto x = m.input("x", "ap_int<8>", 3);
    const auto limits = m.constant("ap_int<8>", {first, 60, 0});
    const auto bits = m.add(ir::Binary{ir::BinaryKind::gt, {}}, {x, limits});
    ir::Dot word;
    word.filters = 1, word.terms = 3, word.weights = {1, 2, 4}, word.bias = {0}, word.index = {0, 1, 2};
    word.group = {0};
    m.output(m.cast(m.add(word, {bits}), "ap_uint<3>"), "seeds");
    word.weights = {1, 1, 1};
    m.output(m.add(word, {x}), "sum");
    return m.build();
}

std::vector<std::int8_t> random_events(std::size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::int8_t> x(3 * n);
    for (auto& value : x) value = static_cast<std::int8_t>(random());
    return x;
}

Stage stage(const std::string& name, std::size_t batch) {
    Stage s{name, menu(), {}, {{"a", kAll, kAll}, {"b", kAll / 3, kAll}, {"c", kAll / 50, kAll}}};
    s.dead_time = {{1, 3}, {4, 100}};
    s.number = 17, s.batch = batch, s.ring = 4;
    return s;
}

struct Expected {
    std::uint64_t accepted = 0, dead = 0;
    std::vector<std::uint64_t> kept = std::vector<std::uint64_t>(3);
    std::vector<Crossing> crossings;
};

// What stage() does with events whose crossings follow one another.
Expected plain(const std::vector<std::int8_t>& x, std::uint64_t events) {
    Expected e;
    for (std::uint64_t c = 0; c < events; ++c) {
        const auto* row = x.data() + 3 * (c % (x.size() / 3));
        bool any = false;
        for (std::size_t s = 0; s < 3; ++s) {
            const bool fired = row[s] > (s == 0 ? 90 : s == 1 ? 60 : 0);
            const std::uint64_t keep = s == 0 ? kAll : s == 1 ? kAll / 3 : kAll / 50;
            if (fired && (keep == kAll || prescale_hash(17, s, c) < keep)) ++e.kept[s], any = true;
        }
        if (!any) continue;
        const auto recent = [&](std::uint64_t n, Crossing within) {
            return e.crossings.size() >= n && c - e.crossings[e.crossings.size() - n] < within;
        };
        if (recent(1, 3) || recent(4, 100)) ++e.dead;
        else ++e.accepted, e.crossings.push_back(c);
    }
    return e;
}

Config config() {
    Config c;
    c.inputs = {{"x", 3, DType::i8}};
    return c;
}

void balanced(const Books& books, const std::string& what) {
    std::uint64_t arrived = books.arrived;
    for (const auto& s : books.stages) {
        const auto& l = s.link;
        check::that(l.arrived == arrived, what + ": what a stage accepts arrives at the next");
        check::that(l.arrived == s.counts.processed + l.lost_full + l.lost_late + l.abandoned,
                    what + ": what arrived was processed, lost or abandoned");
        std::uint64_t by_bx = 0, in_runs = 0;
        for (const auto n : l.lost_by_bx) by_bx += n;
        for (const auto& run : l.lost_runs) in_runs += run.events;
        check::that(by_bx == l.lost_full + l.lost_late && (in_runs == by_bx || l.more_lost_runs),
                    what + ": every loss has its crossing");
        arrived = s.counts.accepted;
    }
}

void decisions() {
    const auto x = random_events(1000, 1);
    const std::uint64_t events = 60'000;
    const auto right = plain(x, events);
    const void* rows[] = {x.data()};
    for (const bool one_thread : {true, false})
        for (const std::size_t batch : {1, 37, 4096}) {
            auto c = config();
            c.one_thread = one_thread;
            Engine engine(c, {stage("l1", batch)});
            engine.start();
            engine.replay(rows, 1000, 20'000);
            for (std::uint64_t at = 0; at < 20'000; at += 500)
                engine.put(std::array{static_cast<const void*>(x.data() + 3 * (at % 1000))}, nullptr, 500);
            engine.finish();
            engine.start();  // and goes on
            engine.replay(rows, 1000, 20'000);
            engine.finish();
            const auto books = engine.books();
            const auto& s = books.stages[0];
            balanced(books, "decisions");
            check::that(s.counts.processed == events && s.counts.accepted == right.accepted &&
                            s.counts.dead == right.dead && s.counts.kept == right.kept,
                        "decisions are those of a plain loop");
            check::that(s.versions[0].scores[0].total() == events, "every score is in the histogram");
        }
}

// A second stage that is slow, and a reader of what it accepts.
void two_stages_and_readers() {
    const auto x = random_events(5000, 2);
    const void* rows[] = {x.data()};
    auto c = config();
    c.keep_accepted = true, c.section_orbits = 3;
    auto second = stage("hlt", 50);
    second.dead_time.clear(), second.deadline = 1ms;
    second.seeds = {{"a", kAll, 1}, {"b", kAll, 4}, {"c", kAll, kAll}};
    Engine engine(c, {stage("l1", 256), second});
    std::uint64_t taken = 0;
    std::atomic<bool> done{false};
    engine.start();
    std::thread reader([&] {
        Crossing last = 0;
        while (const auto accepted = engine.take(10s)) {
            for (const auto crossing : accepted->crossings) {
                check::that(crossing > last || last == 0, "accepted crossings rise");
                last = crossing;
            }
            taken += accepted->crossings.size();
        }
    });
    std::thread watcher([&] {
        while (!done) static_cast<void>(engine.books(false)), std::this_thread::yield();
    });
    std::thread swapper([&] {
        auto next = stage("l1", 1);
        for (int i = 0; i < 5; ++i)
            next.model = menu(91 + i), engine.swap(0, next, 0), std::this_thread::sleep_for(1ms);
    });
    engine.replay(rows, 5000, 400'000);
    swapper.join();
    engine.replay(rows, 5000, 10'000);
    engine.finish();
    done = true;
    watcher.join(), reader.join();
    const auto books = engine.books();
    balanced(books, "two stages");
    check::that(taken == books.stages[1].counts.accepted, "all that is accepted is taken");
    check::that(books.stages[0].versions.size() == 6, "every version had its turn");
    std::uint64_t in_sections = 0;
    for (const auto& section : books.stages[0].sections) in_sections += section.processed;
    check::that(in_sections == 410'000, "sections hold all events");
    for (const auto& version : books.stages[0].versions)
        check::that(version.from % kOrbit == 0, "versions begin with an orbit");
}

void overload() {
    const auto x = random_events(1000, 3);
    const void* rows[] = {x.data()};
    auto c = config();
    c.rate = 5e8;
    c.filled.assign(kOrbit, 1);
    for (std::size_t bx = 3000; bx < kOrbit; ++bx) c.filled[bx] = 0;
    auto slow = stage("l1", 64);
    slow.deadline = 1us;
    std::mutex mutex;
    std::vector<Crossing> seen;
    const Model model = menu();
    slow.predict = [&, context = std::make_shared<Context>(model)](auto in, auto out, std::size_t n) {
        std::this_thread::sleep_for(100us);
        model.predict(*context, in, out, n);
    };
    Engine engine(c, {slow});
    engine.start();
    engine.replay(rows, 1000, 300'000);
    engine.finish();
    const auto books = engine.books();
    balanced(books, "overload");
    check::that(books.arrived == 300'000 && books.next - books.first == 100 * kOrbit - 564, "all crossings have been");
    check::that(books.stages[0].link.lost_full + books.stages[0].link.lost_late > 0, "some were lost");
}

void failures() {
    const auto x = random_events(1000, 4);
    std::vector<std::int32_t> wide(x.begin(), x.end());
    wide[3 * 700] = 1000;
    auto c = config();
    c.inputs[0].dtype = DType::i32;
    const void* rows[] = {wide.data()};
    for (const bool one_thread : {true, false}) {
        c.one_thread = one_thread;
        Engine engine(c, {stage("l1", 100), stage("hlt", 100)});
        engine.start();
        engine.replay(rows, 1000, 100'000);
        check::throws(ErrorKind::input, "stage 'l1', orbit 0, bx 700: input 'x', event 700 of this stage, element 0",
                      [&] { engine.finish(); });
        const auto books = engine.books();
        check::that(books.stages[0].counts.processed == 700, "what came before is counted");
        balanced(books, "failure");
        check::throws(ErrorKind::input, "make another engine", [&] { engine.start(); });
    }
    Engine engine(config(), {stage("l1", 100)});
    engine.start();
    const Crossing falling[] = {5, 4}, far[] = {6, UINT64_MAX}, rising[] = {7, 4000};
    check::throws(ErrorKind::input, "event 1 of those given: orbit 0, bx 4 does not come after orbit 0, bx 5",
                  [&] { engine.put(rows, falling, 2); });
    check::throws(ErrorKind::input, "up to 2^60", [&] { engine.put(rows, far, 2); });
    engine.put(rows, rising, 2);
    check::throws(ErrorKind::input, "have to rise", [&] { engine.put(rows, rising, 1); });
    auto other = stage("l1", 100);
    other.dead_time.pop_back();
    check::throws(ErrorKind::input, "rules of dead time", [&] { engine.swap(0, other, 0); });
    engine.finish();
    balanced(engine.books(), "own crossings");
    const auto books = engine.books();
    check::that(books.first == 5 && books.next == 4001 && books.arrived == 4, "good crossings arrive");
}

void saving() {
    const auto x = random_events(3000, 5);
    const void* rows[] = {x.data()};
    Engine whole(config(), {stage("l1", 128), stage("hlt", 16)});
    whole.start(), whole.replay(rows, 3000, 50'000), whole.finish();
    Engine first(config(), {stage("l1", 500), stage("hlt", 7)});
    first.start(), first.replay(rows, 3000, 20'500), first.finish();
    const auto state = first.save();
    Engine second(config(), {stage("l1", 300), stage("hlt", 9)});
    second.restore(state);
    second.start(), second.replay(rows, 3000, 29'500, 20'500), second.finish();
    const auto a = whole.books(), b = second.books();
    for (std::size_t s = 0; s < 2; ++s) {
        const auto &p = a.stages[s].counts, &q = b.stages[s].counts;
        check::that(p.processed == q.processed && p.accepted == q.accepted && p.kept == q.kept && p.dead == q.dead &&
                        a.stages[s].versions[0].scores[0].counts() == b.stages[s].versions[0].scores[0].counts() &&
                        a.stages[s].overlap == b.stages[s].overlap,
                    "a run that was saved ends as one that was not");
    }
    for (std::size_t n = 0; n < state.size(); n += 1 + state.size() / 500)
        check::throws(ErrorKind::file, "", [&] {
            Engine other(config(), {stage("l1", 300), stage("hlt", 9)});
            other.restore(std::span(state).first(n));
        });
    std::mt19937 random(6);
    for (int i = 0; i < 300; ++i) {
        auto damaged = state;
        for (int k = 0; k < 4; ++k) damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
        try {
            Engine other(config(), {stage("l1", 300), stage("hlt", 9)});
            other.restore(damaged);
            static_cast<void>(other.books());
        } catch (const Error&) {
        }
    }
}

void shared_memory() {
    const auto x = random_events(1000, 7);
    const void* rows[] = {x.data()};
    const std::string name = "/bxnn-test-" + std::to_string(getpid());
    auto ring = SharedRing::create(name, config().inputs, 64, 4);
    check::throws(ErrorKind::input, "another process reads it",
                  [&] { SharedRing::create(name, config().inputs, 64, 4); });
    const pid_t child = fork();
    if (child == 0) {
        try {
            auto writer = SharedRing::open(name);
            for (int i = 0; i < 30; ++i)
                if (writer.write(rows, nullptr, 1000, 20s) != 1000) _exit(1);
            writer.close();
            _exit(0);
        } catch (...) {
            _exit(2);
        }
    }
    Engine engine(config(), {stage("l1", 128)});
    engine.start();
    while (!ring.ended())
        if (const auto batch = ring.read(1s)) {
            engine.put(batch->rows, batch->crossings, batch->events);
            ring.release();
        }
    engine.finish();
    int status = 0;
    waitpid(child, &status, 0);
    check::that(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the other process wrote everything");
    const auto right = plain(x, 30'000);
    check::that(engine.books().stages[0].counts.accepted == right.accepted, "events come through shared memory");
    check::throws(ErrorKind::input, "expected a name", [] { SharedRing::open("trigger"); });
    check::throws(ErrorKind::input, "opening it", [] { SharedRing::open("/bxnn-none-of-this"); });
}

// A function that computes the menu, whose words have a seed too many from event 700 on.
void foreign_seeds() {
    const auto x = random_events(1000, 9);
    const void* rows[] = {x.data()};
    for (const std::uint64_t wrong : {std::uint64_t{8}, std::uint64_t{1} << 63}) {
        auto c = config();
        c.one_thread = true, c.first = 2 * kOrbit;
        auto s = stage("l1", 100);
        std::uint64_t event = 0;
        s.predict = [&](auto, auto out, std::size_t n) {
            for (std::size_t i = 0; i < n; ++i) {
                static_cast<std::uint64_t*>(out[0].data)[i] = event++ < 750 ? 0 : wrong;
                static_cast<std::int64_t*>(out[1].data)[i] = 0;
            }
        };
        Engine engine(c, {s});
        engine.start();
        engine.replay(rows, 1000, 1000);
        check::throws(ErrorKind::input, "orbit 2, bx 750: expected seeds of ap_uint<3>", [&] { engine.finish(); });
        balanced(engine.books(), "foreign seeds");
        check::that(engine.books().stages[0].counts.processed == 700, "batches before are counted");
    }
}

// Nobody takes what is accepted, so put waits; a stop ends that, and the stream goes on later without a gap.
void stopped_while_it_waits() {
    const auto x = random_events(1000, 10);
    const void* rows[] = {x.data()};
    const auto right = plain(x, 200'000);
    for (const bool view : {false, true}) {
        auto c = config();
        c.keep_accepted = true, c.accepted_ring = 1;
        auto s = stage("l1", 64);
        s.ring = 2;
        Engine engine(c, {s});
        std::atomic<bool> drain{false}, done{false};
        std::thread taker([&] {
            while (!done)
                if (!drain || !engine.take(1ms)) std::this_thread::sleep_for(1ms);
        });
        std::uint64_t at = 0;
        const auto pass = [&](std::uint64_t n) -> std::uint64_t {
            if (view) return engine.replay(rows, 1000, n, at), engine.books(false).arrived - at;
            for (std::uint64_t k = 0; k < n; k += 1000)
                if (const auto taken = engine.put(rows, nullptr, 1000); taken < 1000) return k + taken;
            return n;
        };
        engine.start();
        auto first = std::async(std::launch::async, [&] { return pass(200'000); });
        std::this_thread::sleep_for(50ms);
        engine.stop();
        check::that(first.wait_for(20s) == std::future_status::ready, "a stop ends the wait for room");
        drain = true;
        at = first.get();
        engine.finish();
        balanced(engine.books(), "stopped");
        check::that(at < 200'000 && engine.books().arrived == at && engine.books().next == at,
                    "what did not go in has not arrived");
        engine.start();
        if (const std::uint64_t rest = at % 1000; rest && !view) {
            const void* there[] = {x.data() + 3 * rest};
            at += engine.put(there, nullptr, 1000 - rest);
        }
        at += pass(200'000 - at);
        engine.finish();
        done = true;
        taker.join();
        const auto books = engine.books();
        balanced(books, "after a stop");
        check::that(at == 200'000 && books.next == at && books.stages[0].counts.accepted == right.accepted &&
                        books.stages[0].counts.kept == right.kept,
                    "it goes on without a gap");
    }
}

void versions_after_restoring() {
    const auto x = random_events(1000, 11);
    const void* rows[] = {x.data()};
    const auto make = [] { return std::make_unique<Engine>(config(), std::vector{stage("l1", 100)}); };
    auto next = stage("l1", 100);
    next.model = menu(91);
    for (const std::uint64_t asked : {0, 1, 2}) {
        auto first = make();
        first->start(), first->replay(rows, 1000, kOrbit + 100), first->finish();
        auto second = make();
        second->restore(first->save());
        for (auto* engine : {first.get(), second.get()}) {
            engine->swap(0, next, asked);
            engine->start(), engine->replay(rows, 1000, 2 * kOrbit), engine->finish();
            const auto versions = engine->books().stages[0].versions;
            check::that(
                versions.size() == 2 && versions[1].from == 2 * kOrbit && versions[0].counts.processed == 2 * kOrbit,
                "a version begins with an orbit of which nothing was seen");
        }
    }
    Engine engine(config(), {stage("l1", 100)});
    next.seeds[0].after = 1;
    check::throws(ErrorKind::input, "'l1' is the first: its seeds follow none", [&] { engine.swap(0, next, 0); });
}

// A version whose function may be let go by no thread that holds a lock, such as one of Python's.
void versions_let_go() {
    const auto x = random_events(1000, 12);
    const void* rows[] = {x.data()};
    Engine engine(config(), {stage("l1", 100)});
    const auto next = [&] {
        auto s = stage("l1", 100);
        const std::shared_ptr<Engine> held(&engine, [](Engine* e) {
            auto other = std::async(std::launch::async, [e] {
                e->swap(0, stage("l1", 100), 0);
                static_cast<void>(e->books(false));
            });
            if (!check::that(other.wait_for(20s) == std::future_status::ready, "no lock is held")) _exit(1);
        });
        s.predict = [held, model = s.model, context = std::make_shared<Context>(s.model)](
                        auto in, auto out, std::size_t n) { model.predict(*context, in, out, n); };
        return s;
    };
    engine.swap(0, next(), 1);
    engine.swap(0, stage("l1", 100), 2);
    engine.start(), engine.replay(rows, 1000, 5 * kOrbit), engine.finish();
    check::that(engine.books().stages[0].versions.size() == 4, "all versions had their turn");
}

void wrong_rows() {
    const auto x = random_events(1000, 13);
    const void* rows[] = {x.data(), x.data()};
    Engine engine(config(), {stage("l1", 100)});
    engine.start();
    check::throws(ErrorKind::input, "expected rows of 1 inputs, got 2", [&] { engine.put(rows, nullptr, 50); });
    check::throws(ErrorKind::input, "expected rows of 1 inputs, got 2", [&] { engine.replay(rows, 50, 50); });
    engine.put(std::span(rows).first(1), nullptr, 10);
    engine.finish();
    check::that(engine.books().next == 10 && engine.books().arrived == 10, "what was refused is not skipped");
}

// In a process that has room for one more thread alone.
void no_threads() {
    const pid_t child = fork();
    if (child == 0) {
        const auto x = random_events(1000, 14);
        const void* rows[] = {x.data()};
        constexpr std::size_t kStack = std::size_t{1} << 30;
        pthread_attr_t attributes;
        pthread_attr_init(&attributes), pthread_attr_setstacksize(&attributes, kStack);
        pthread_setattr_default_np(&attributes);
        Engine engine(config(), {stage("l1", 100), stage("hlt", 100)});
        std::size_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        rlimit limit;
        getrlimit(RLIMIT_AS, &limit);
        const rlimit before = limit;
        limit.rlim_cur = pages * static_cast<std::size_t>(getpagesize()) + kStack + kStack / 2;
        setrlimit(RLIMIT_AS, &limit);
        check::throws(ErrorKind::input, "no thread can be made for stage 'hlt'", [&] { engine.start(); });
        check::throws(ErrorKind::input, "it is not running", [&] { engine.put(rows, nullptr, 10); });
        setrlimit(RLIMIT_AS, &before);
        engine.start(), engine.replay(rows, 1000, 1000), engine.finish();
        balanced(engine.books(), "started again");
        check::that(engine.books().stages[0].counts.processed == 1000, "it starts when there is room");
        _exit(check::failures != 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    check::that(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a stage without a thread ends the start cleanly");
}

// While one thread sends and another receives, a third one counts what waits.
void rings() {
    Ring ring(2, 1);
    std::atomic<bool> done{false};
    std::thread sender([&] {
        while (!done)
            if (ring.claim()) ring.publish();
    });
    std::thread receiver([&] {
        while (!done)
            if (ring.front()) ring.pop();
    });
    std::size_t most = 0;
    for (const auto end = std::chrono::steady_clock::now() + 2s; std::chrono::steady_clock::now() < end;)
        for (int i = 0; i < 1000; ++i) most = std::max(most, ring.waiting());
    done = true;
    sender.join(), receiver.join();
    check::that(most <= 2, "a ring never holds more than it can");
}

void histograms() {
    for (const int bits : {2, 5, 12}) {
        Histogram h(bits);
        std::mt19937_64 random(8);
        std::vector<std::int64_t> values{0, -1, INT64_MAX, INT64_MIN};
        for (int i = 0; i < 2000; ++i) values.push_back(static_cast<std::int64_t>(random()) >> (random() % 64));
        for (const auto v : values) h.add(v);
        std::sort(values.begin(), values.end());
        check::that(h.total() == values.size(), "all values are counted");
        std::int64_t k = h.first();
        std::size_t below = 0;
        for (const auto n : h.counts()) {
            below += n;
            const auto top = h.highest(k++);
            const auto right = std::upper_bound(values.begin(), values.end(), top) - values.begin();
            if (below != static_cast<std::size_t>(right)) check::that(false, "counts up to an edge are exact");
        }
        check::that(h.quantile(1) == INT64_MAX && h.quantile(0) < INT64_MIN / 4 * 3, "quantiles");
    }
    check::throws(ErrorKind::input, "bits", [] { Histogram(1); });
    check::throws(ErrorKind::input, "cannot be merged", [] { Histogram(3).merge(Histogram(4)); });
}

void refusals() {
    const auto refused = [](const char* what, auto&& change) {
        auto c = config();
        std::vector<Stage> stages{stage("l1", 10), stage("hlt", 10)};
        change(c, stages);
        check::throws(ErrorKind::input, what, [&] { Engine(c, stages); });
    };
    refused("3564", [](auto& c, auto&) { c.filled = {1, 0}; });
    refused("no bunches", [](auto& c, auto&) { c.filled.assign(kOrbit, 0); });
    refused("above 0", [](auto& c, auto&) { c.rate = -1; });
    refused("threads of its own", [](auto& c, auto&) { c.rate = 1, c.one_thread = true; });
    refused("two stages", [](auto&, auto& s) { s[1].name = "l1"; });
    refused("no input 'x'", [](auto& c, auto&) { c.inputs[0].name = "y"; });
    refused("3 numbers", [](auto& c, auto&) { c.inputs[0].elements = 4; });
    refused("follow none", [](auto&, auto& s) { s[0].seeds[0].after = 1; });
    refused("ap_uint<2>", [](auto&, auto& s) { s[0].seeds.pop_back(); });
    refused("dead time", [](auto&, auto& s) { s[0].dead_time = {{0, 1}}; });
    refused("at least one orbit", [](auto& c, auto&) { c.section_orbits = UINT64_MAX; });
    refused("up to 2^60", [](auto& c, auto&) { c.first = UINT64_MAX; });
    refused("from 1 to 2^20", [](auto&, auto& s) { s[0].batch = 0; });
    refused("256 batches of 1048576 events may wait, of 27 bytes each",
            [](auto&, auto& s) { s[0].batch = 1 << 20, s[0].ring = 256; });
    refused("accepted events: 65536 batches of 4096 events",
            [](auto& c, auto& s) { c.keep_accepted = true, c.accepted_ring = 1 << 16, s[1].batch = 4096; });
}

}  // namespace

int main() {
    histograms();
    refusals();
    decisions();
    two_stages_and_readers();
    overload();
    failures();
    saving();
    shared_memory();
    foreign_seeds();
    stopped_while_it_waits();
    versions_after_restoring();
    versions_let_go();
    wrong_rows();
    no_threads();
    rings();
    return check::report();
}
