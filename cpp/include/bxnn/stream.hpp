// Streams of bunch crossings through stages of a trigger: docs/spec/stream.md.
//
//     bxnn::stream::Engine engine(config, {level1, hlt});
//     engine.start();
//     engine.replay(rows, events, crossings);   // or put(), any number of times
//     engine.finish();                          // all stages have run dry
//     const auto books = engine.books();
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "bxnn/model.hpp"

namespace bxnn::stream {

// orbit * kOrbit + bx, with bx from 0.
using Crossing = std::uint64_t;
inline constexpr Crossing kOrbit = 3564;
inline constexpr double kCrossingRate = 40.079e6;             // Hz
inline constexpr Crossing kMostCrossing = Crossing{1} << 60;  // some 900 years

// Exact counts of integers, in bins whose width is at most value * 2^(1-bits): docs/spec/stream.md.
class Histogram {
public:
    static constexpr int kLeastBits = 2, kMostBits = 24;
    explicit Histogram(int bits = 12);  // throws Error(input) outside the above

    void add(std::int64_t value, std::uint64_t count = 1) {
        auto& side = value < 0 ? below_ : above_;
        const std::size_t k = bin(static_cast<std::uint64_t>(value < 0 ? ~value : value));
        if (k >= side.size()) grow(side, k);
        side[k] += count;
    }
    void merge(const Histogram& other);  // throws Error(input) for other bits
    // Counts of consecutive bins from bin number `first` on; added to what is there.
    void merge(std::int64_t first, std::span<const std::uint64_t> counts);

    int bits() const { return bits_; }
    std::uint64_t total() const;
    std::int64_t first() const;  // number of the lowest bin that is not empty, if that is below 0; else 0
    std::vector<std::uint64_t> counts() const;  // of consecutive bins from first() on
    // The highest integer of the bin in which the fraction q of all values is reached; 0 if there are none.
    std::int64_t quantile(double q) const;
    std::int64_t highest(std::int64_t bin) const;  // integer of a bin

private:
    std::size_t bin(std::uint64_t v) const {
        if (v >> bits_ == 0) return v;
        const int s = 64 - __builtin_clzll(v) - bits_;
        return (static_cast<std::size_t>(s) << (bits_ - 1)) + (v >> s);
    }
    static void grow(std::vector<std::uint64_t>& side, std::size_t k);
    int bits_;
    std::vector<std::uint64_t> above_, below_;  // below_: of -1 - value
};

// What a seed adds to its condition, which the menu's model computes.
struct Seed {
    std::string name;
    std::uint64_t keep = UINT64_MAX;   // of 2^64 equally likely numbers, those below are kept; UINT64_MAX: all
    std::uint64_t after = UINT64_MAX;  // seeds of the stage before, of which one must be kept; UINT64_MAX: none needed
};

// At most so many accepts in any so many consecutive crossings.
struct DeadTime {
    std::uint64_t accepts = 1, crossings = 1;
};

using Predict = std::function<void(std::span<const ConstArray>, std::span<const Array>, std::size_t events)>;

struct Stage {
    std::string name;
    // Inputs: some of the engine's, by name. Outputs: `seeds`, one number whose bit i is seed i; then scores, one each.
    Model model;
    Predict predict{};  // what computes the model; empty: this CPU. Seeds it does not have end the run with an Error
    std::vector<Seed> seeds{};
    std::vector<DeadTime> dead_time{};
    std::uint64_t number = 0;  // of the sequence of prescales
    int histogram_bits = 12;   // of scores
    std::size_t batch = 4096;  // most events that travel together
    // Longest that the first of them waits for the last, unless two batches wait already; 0: any time.
    std::chrono::nanoseconds deadline{0};
    std::chrono::nanoseconds budget{0};  // of latency; 0: none
    std::size_t ring = 64;               // batches that wait in front
    unsigned threads = 1;                // that share a batch
    std::string isa{};
};

struct Input {
    std::string name;
    std::size_t elements = 1;
    DType dtype = DType::i16;
    bool operator==(const Input&) const = default;
};

struct Config {
    std::vector<Input> inputs;
    std::vector<std::uint8_t> filled;  // [3564], not zero: bunches collide; empty: all do
    std::optional<double> rate;  // crossings/s, and what finds no room is lost; none: as fast as possible, nothing is
    std::chrono::nanoseconds lag{std::chrono::milliseconds(10)};  // crossings that are later than this are lost
    bool one_thread = false;                                      // stages run in the caller's thread
    // For take(), which somebody has to call: without a clock, stages wait for it where accepted_ring is full, and so
    // do finish(), even after a stop, and put() and replay() of one thread, which then need another to take.
    bool keep_accepted = false;
    std::size_t accepted_ring = 64;
    std::uint64_t section_orbits = 1 << 18;  // of a section of time
    Crossing first = 0;
};

// Crossings that were lost one after the other.
struct LostRun {
    Crossing first = 0, last = 0;
    std::uint64_t events = 0;
    bool late = false;  // else: no room
};

// What happened in front of a stage, or of the one who takes accepted events.
struct LinkBooks {
    std::uint64_t arrived = 0, lost_full = 0, lost_late = 0, abandoned = 0;
    std::vector<std::uint64_t> lost_by_bx;  // [3564]
    std::vector<LostRun> lost_runs;         // the first kMostRuns of them
    std::uint64_t more_lost_runs = 0;
    std::size_t capacity = 0, waiting = 0;  // batches
    Histogram occupancy;                    // batches that waited, whenever one came
};
inline constexpr std::size_t kMostRuns = 1 << 16;

struct Counts {
    std::uint64_t processed = 0, accepted = 0, dead = 0;  // dead: kept by a seed, not accepted for dead time
    std::vector<std::uint64_t> fired, kept, pure;         // [seeds]
};

struct Section {
    std::uint64_t number = 0;  // orbit / Config::section_orbits
    std::uint64_t processed = 0, accepted = 0;
    std::vector<std::uint64_t> kept;
};

struct Version {
    std::string model;
    Crossing from = 0;
    Counts counts;
    std::vector<Histogram> scores;
};

struct StageBooks {
    std::string name;
    LinkBooks link;
    Counts counts;
    std::vector<std::uint64_t> overlap;  // [seeds][seeds], kept and kept
    std::vector<Section> sections;
    std::vector<Version> versions;
    Histogram latency;  // ns
    std::uint64_t over_budget = 0, batches = 0;
    std::chrono::nanoseconds busy{0};
};

struct Books {
    Crossing first = 0, next = 0;  // crossings that have been: [first, next)
    std::uint64_t arrived = 0;     // of these, with collisions
    std::chrono::nanoseconds elapsed{0};
    std::vector<StageBooks> stages;
    LinkBooks accepted;  // in front of take(), if that is wanted
};

// Accepted events of the last stage.
struct Accepted {
    std::vector<Crossing> crossings;
    std::vector<std::uint64_t> kept;           // seeds
    std::vector<std::vector<std::byte>> rows;  // of every input
};

// One source's thread calls start, put, replay, flush and finish; any thread the rest. Throws Error(input) for what
// does not fit.
class Engine {
public:
    Engine(Config config, std::vector<Stage> stages);
    ~Engine();  // stops
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    void start();  // throws Error(input), and is as before, if there are no threads to be had
    // Copies events [0, n), says how many have arrived: all, unless it is stopped. crossings: of each, rising; or
    // nullptr: the next ones with collisions.
    std::size_t put(std::span<const void* const> rows, const Crossing* crossings, std::size_t events);
    // `crossings` crossings with collisions, from the pool of events [0, events) over and over, beginning with event
    // `at`. The rows are read where they lie, until finish().
    void replay(std::span<const void* const> rows, std::size_t events, std::uint64_t crossings, std::uint64_t at = 0);
    void flush();   // sends on what waits for a batch to fill
    void finish();  // flushes, waits until all stages have run dry; rethrows what went wrong in one
    // Until the run, or the next one, has finished, put and replay return early, from waiting for the first stage too;
    // what they did not take has not arrived.
    void stop();
    bool stopped() const;

    // From the first crossing of orbit `orbit` on (0: of the next orbit that the stage sees), another version of a
    // stage: model, predict, seeds and number of `next` count. Inputs, names of scores and seeds, and dead time have to
    // be those of the version before.
    void swap(std::size_t stage, Stage next, std::uint64_t orbit);

    // Up to one batch of accepted events; nothing if none comes in time, or none can come any more.
    std::optional<Accepted> take(std::chrono::nanoseconds wait);

    // histograms: with those of scores.
    Books books(bool histograms = true) const;
    // Continues from the books of an earlier engine of the same configuration that had finished.
    std::vector<std::uint8_t> save() const;
    void restore(std::span<const std::uint8_t> state);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The number, of 2^64, that decides on a prescaled seed.
std::uint64_t prescale_hash(std::uint64_t number, std::uint64_t seed, Crossing crossing);

}  // namespace bxnn::stream
