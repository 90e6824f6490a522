// One stage at work: computes its menu, decides, counts, and hands on what is accepted.
#pragma once

#include <thread>

#include "stream/link.hpp"
#include "stream/trigger.hpp"

namespace bxnn::stream {

// Throws Error(input) if a model does not have the outputs of a menu of these seeds.
void check_menu(const Stage& stage, const Model& model, const std::vector<Seed>& seeds);

class StageRun {
public:
    StageRun(const Config& config, Stage stage, Run& run);
    void connect(Link* in, Link* out) { in_ = in, out_ = out; }

    void process(Slot& slot);  // in the thread of the stage
    void loop();               // until no more can come
    void finish();             // sends on what waits, and that no more comes

    void swap(Stage next, std::uint64_t orbit);
    StageBooks books(bool histograms) const;
    std::vector<std::vector<Crossing>> history() const { return veto_.history(); }
    // last: crossing that has been, if one has.
    void restore(const StageBooks& books, const std::vector<std::vector<Crossing>>& history,
                 std::optional<Crossing> last);
    const Stage& stage() const { return stage_; }

private:
    struct Program {
        std::string model;
        Predict predict;
        std::vector<Seed> seeds;
        std::uint64_t number = 0;  // of prescales
        bool plain = true;         // no seed is prescaled, or waits for one of the stage before
        bool foreign = false;      // computed by a function of the caller's, whose seeds are not known to be seeds
        Crossing from = 0;
    };
    Program make_program(const Stage& stage) const;
    Program begin_version(Program program);
    std::uint64_t taken() const;
    void fail(const std::string& place, const Error& error);
    std::size_t end_of_version(const Slot& slot, std::size_t at);
    void compute(const Slot& slot, std::size_t at, std::size_t n);
    void require_seeds(const Slot& slot, std::size_t at, std::size_t n);
    void decide(const Slot& slot, std::size_t at, std::size_t n);
    std::size_t next_fired(std::size_t at, std::size_t end) const;
    std::uint64_t keep(std::uint64_t fired, std::uint64_t before, Crossing crossing) const;
    void count_kept(Counts& counts, Section& section, std::uint64_t kept);
    Section& section_of(Crossing crossing);
    void measure(const Slot& slot, std::int64_t done);
    void hand_on(const Slot& slot, std::int64_t done);

    Stage stage_;
    std::vector<std::size_t> input_, bytes_;  // of every input of the model: which of the engine's, bytes an event
    std::vector<DType> dtypes_;
    Crossing section_length_;
    Run& run_;
    Link *in_ = nullptr, *out_ = nullptr;

    Program program_;
    Veto veto_;
    std::vector<std::uint64_t> fired_, kept_;        // [batch]
    std::vector<std::vector<std::int64_t>> scores_;  // [scores][batch]
    std::vector<std::int64_t> done_;
    std::vector<std::uint32_t> accepted_;  // events of a batch
    std::optional<Crossing> last_;

    mutable std::mutex mutex_;                        // of the books, which others read
    StageBooks books_;                                // without histograms of scores
    std::vector<std::vector<Histogram>> histograms_;  // [versions][scores]
    std::mutex pending_mutex_;
    std::vector<Program> pending_;
    std::atomic<bool> any_pending_{false};
};

}  // namespace bxnn::stream
