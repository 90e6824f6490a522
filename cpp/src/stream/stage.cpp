#include "stream/stage.hpp"

#include <algorithm>

namespace bxnn::stream {

namespace {

constexpr std::size_t kMostSeeds = 62;

Predict on_cpu(const Model& model, unsigned threads, const std::string& isa) {
    struct Cpu {
        Model model;
        std::vector<Context> contexts;
        std::unique_ptr<Pool> pool;
    };
    auto cpu = std::make_shared<Cpu>(Cpu{model, {}, threads == 1 ? nullptr : std::make_unique<Pool>(threads)});
    for (unsigned i = 0; i < (cpu->pool ? cpu->pool->threads() : 1); ++i) cpu->contexts.emplace_back(model, isa);
    return [cpu](std::span<const ConstArray> in, std::span<const Array> out, std::size_t events) {
        if (cpu->pool) cpu->pool->predict(cpu->model, cpu->contexts, in, out, events);
        else cpu->model.predict(cpu->contexts[0], in, out, events);
    };
}

[[noreturn]] void refuse(const Stage& stage, const std::string& what) {
    throw Error(ErrorKind::input, "stage '" + stage.name + "': " + what);
}

std::string place_of(Crossing crossing) {
    return "orbit " + std::to_string(crossing / kOrbit) + ", bx " + std::to_string(crossing % kOrbit);
}

// The lowest seed of some.
std::size_t first_of(std::uint64_t seeds) { return static_cast<std::size_t>(__builtin_ctzll(seeds)); }

}  // namespace

void check_menu(const Stage& stage, const Model& model, const std::vector<Seed>& seeds) {
    const auto& outputs = model.outputs();
    if (seeds.empty() || seeds.size() > kMostSeeds)
        refuse(stage, "expected from 1 to 62 seeds, got " + std::to_string(seeds.size()));
    const auto& word = outputs[0];
    if (word.name != "seeds" || word.size() != 1 || word.format.is_signed || word.format.frac() != 0 ||
        static_cast<std::size_t>(word.format.width) != seeds.size())
        refuse(stage, "expected a menu's model, whose first output is one number 'seeds' of ap_uint<" +
                          std::to_string(seeds.size()) + ">; model '" + model.name() + "' has '" + word.name + "' of " +
                          std::to_string(word.size()) + " numbers of " + word.format.str());
    for (std::size_t i = 1; i < outputs.size(); ++i)
        if (outputs[i].size() != 1)
            refuse(stage, "expected one number an event as score '" + outputs[i].name + "', the model gives " +
                              std::to_string(outputs[i].size()));
}

StageRun::StageRun(const Config& config, Stage stage, Run& run)
    : stage_(std::move(stage)),
      section_length_(config.section_orbits * kOrbit),
      run_(run),
      veto_(stage_.dead_time),
      fired_(stage_.batch),
      kept_(stage_.batch),
      done_(stage_.batch) {
    check_menu(stage_, stage_.model, stage_.seeds);
    for (const auto& tensor : stage_.model.inputs()) {
        const auto found = std::find_if(config.inputs.begin(), config.inputs.end(),
                                        [&](const Input& input) { return input.name == tensor.name; });
        if (found == config.inputs.end())
            refuse(stage_, "the events have no input '" + tensor.name + "', which its menu reads");
        if (found->elements != tensor.size())
            refuse(stage_, "input '" + tensor.name + "': expected " + std::to_string(tensor.size()) +
                               " numbers an event, got " + std::to_string(found->elements));
        input_.push_back(static_cast<std::size_t>(found - config.inputs.begin()));
        bytes_.push_back(bytes_of(*found));
        dtypes_.push_back(found->dtype);
    }
    scores_.assign(stage_.model.outputs().size() - 1, std::vector<std::int64_t>(stage_.batch));
    accepted_.reserve(stage_.batch);
    books_.name = stage_.name;
    books_.overlap.resize(stage_.seeds.size() * stage_.seeds.size());
    begin_version(make_program(stage_));
}

StageRun::Program StageRun::make_program(const Stage& stage) const {
    Program program{stage.model.name(), stage.predict, stage.seeds, stage.number};
    program.foreign = static_cast<bool>(program.predict);
    if (!program.foreign) program.predict = on_cpu(stage.model, stage_.threads, stage_.isa);
    for (const auto& seed : program.seeds) program.plain &= seed.keep == UINT64_MAX && seed.after == UINT64_MAX;
    return program;
}

// Gives back the program before. Books mutex is held, or nobody else knows the stage yet.
StageRun::Program StageRun::begin_version(Program program) {
    const std::size_t n = program.seeds.size();
    Version version{program.model, program.from, {0, 0, 0, std::vector<std::uint64_t>(n), {}, {}}, {}};
    version.counts.kept.resize(n), version.counts.pure.resize(n);
    books_.versions.push_back(std::move(version));
    histograms_.emplace_back(scores_.size(), Histogram(stage_.histogram_bits));
    return std::exchange(program_, std::move(program));
}

void StageRun::swap(Stage next, std::uint64_t orbit) {
    check_menu(stage_, next.model, next.seeds);
    const auto same = [](const Tensor& a, const Tensor& b) {
        return a.name == b.name && a.size() == b.size() && a.format == b.format;
    };
    const auto alike = [](const auto& a, const auto& b, auto&& equal) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
    };
    const auto names = [](const auto& a, const auto& b) { return a.name == b.name; };
    if (!alike(next.model.inputs(), stage_.model.inputs(), same))
        refuse(stage_, "a new version needs the inputs of the one before");
    if (!alike(next.model.outputs(), stage_.model.outputs(), names))
        refuse(stage_, "a new version needs the scores of the one before");
    if (!alike(next.seeds, stage_.seeds, names)) refuse(stage_, "a new version needs the seeds of the one before");
    if (!alike(next.dead_time, stage_.dead_time, [](const DeadTime& a, const DeadTime& b) {
            return a.accepts == b.accepts && a.crossings == b.crossings;
        }))
        refuse(stage_, "a new version needs the rules of dead time of the one before");
    auto program = make_program(next);
    program.from = orbit * kOrbit;
    const std::lock_guard lock(pending_mutex_);
    pending_.push_back(std::move(program));
    any_pending_.store(true, std::memory_order_release);
}

// Events from `at` on belong to one version up to the result. Versions begin with an orbit of which nothing was seen.
std::size_t StageRun::end_of_version(const Slot& slot, std::size_t at) {
    if (!any_pending_.load(std::memory_order_acquire)) return slot.events;
    std::vector<Program> ended;  // let go behind the locks: letting a function go may wait for another thread
    const std::lock_guard lock(pending_mutex_);
    const auto begin = slot.crossings.begin(), end = begin + static_cast<std::ptrdiff_t>(slot.events);
    while (!pending_.empty()) {
        auto& next = pending_.front();
        const Crossing begun = std::max(last_.value_or(0), program_.from);
        if (next.from <= begun) next.from = (begun / kOrbit + 1) * kOrbit;
        if (slot.crossings[at] < next.from)
            return static_cast<std::size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(at), end, next.from) -
                                            begin);
        const std::lock_guard books_lock(mutex_);
        ended.push_back(begin_version(std::move(next)));
        pending_.erase(pending_.begin());
    }
    any_pending_.store(false, std::memory_order_release);
    return slot.events;
}

void StageRun::process(Slot& slot) {
    std::size_t at = 0;
    try {
        const auto began = now();
        accepted_.clear();
        while (at < slot.events && !run_.failed.load(std::memory_order_acquire)) {
            const std::size_t end = end_of_version(slot, at);
            compute(slot, at, end - at);
            decide(slot, at, end - at);
            last_ = slot.crossings[end - 1];
            at = end;
        }
        const auto done = now();
        if (at == slot.events) measure(slot, done);
        if (out_) hand_on(slot, done);
        const std::lock_guard lock(mutex_);
        books_.busy += std::chrono::nanoseconds(now() - began);
        ++books_.batches;
    } catch (const EventError& error) {
        const std::size_t event = at + error.event();
        const auto number = "event " + std::to_string(taken() + error.event()) + " of this stage";
        fail(place_of(slot.crossings[event]), error.named(number));
    } catch (const Error& error) {
        fail("batch from " + place_of(slot.crossings[at]) + " on", error);
    } catch (...) {
        run_.fail(std::current_exception());
    }
    if (at < slot.events) in_->abandon(slot.events - at);
}

// Events that it has decided on.
std::uint64_t StageRun::taken() const {
    std::uint64_t sum = 0;
    for (const auto& version : books_.versions) sum += version.counts.processed;
    return sum;
}

void StageRun::fail(const std::string& place, const Error& error) {
    run_.fail(
        std::make_exception_ptr(Error(error.kind(), "stage '" + stage_.name + "', " + place + ": " + error.what())));
}

void StageRun::compute(const Slot& slot, std::size_t at, std::size_t n) {
    std::vector<ConstArray> inputs;
    std::vector<Array> outputs{Array(fired_.data() + at)};
    for (std::size_t i = 0; i < input_.size(); ++i)
        inputs.emplace_back(slot.rows[input_[i]] + at * bytes_[i], dtypes_[i]);
    for (auto& score : scores_) outputs.emplace_back(score.data() + at);
    program_.predict(inputs, outputs, n);
    if (program_.foreign) require_seeds(slot, at, n);
}

void StageRun::require_seeds(const Slot& slot, std::size_t at, std::size_t n) {
    std::uint64_t any = 0;
    for (std::size_t i = at; i < at + n; ++i) any |= fired_[i];
    const std::size_t seeds = program_.seeds.size();
    if (any >> seeds == 0) return;
    while (fired_[at] >> seeds == 0) ++at;
    throw Error(ErrorKind::input, place_of(slot.crossings[at]) + ": expected seeds of ap_uint<" +
                                      std::to_string(seeds) + "> from the function that computes the menu, got " +
                                      std::to_string(fired_[at]));
}

std::uint64_t StageRun::keep(std::uint64_t fired, std::uint64_t before, Crossing crossing) const {
    std::uint64_t kept = 0;
    for (; fired; fired &= fired - 1) {
        const std::size_t s = first_of(fired);
        const auto& seed = program_.seeds[s];
        if (seed.after != UINT64_MAX && !(seed.after & before)) continue;
        if (seed.keep != UINT64_MAX && prescale_hash(program_.number, s, crossing) >= seed.keep) continue;
        kept |= std::uint64_t{1} << s;
    }
    return kept;
}

Section& StageRun::section_of(Crossing crossing) {
    const std::uint64_t number = crossing / section_length_;
    if (books_.sections.empty() || books_.sections.back().number != number)
        books_.sections.push_back({number, 0, 0, std::vector<std::uint64_t>(stage_.seeds.size())});
    return books_.sections.back();
}

void StageRun::count_kept(Counts& counts, Section& section, std::uint64_t kept) {
    const std::size_t n = stage_.seeds.size();
    if ((kept & (kept - 1)) == 0) ++counts.pure[first_of(kept)];
    for (std::uint64_t a = kept; a; a &= a - 1) {
        const std::size_t i = first_of(a);
        ++counts.kept[i], ++section.kept[i];
        for (std::uint64_t b = kept; b; b &= b - 1) ++books_.overlap[i * n + first_of(b)];
    }
}

void StageRun::decide(const Slot& slot, std::size_t at, std::size_t n) {
    const std::lock_guard lock(mutex_);
    auto& counts = books_.versions.back().counts;
    for (std::size_t s = 0; s < scores_.size(); ++s)
        for (std::size_t i = at; i < at + n; ++i) histograms_.back()[s].add(scores_[s][i]);
    counts.processed += n;
    const auto begin = slot.crossings.begin(), last = begin + static_cast<std::ptrdiff_t>(at + n);
    for (std::size_t i = at, end = at; i < at + n; i = end) {
        auto& section = section_of(slot.crossings[i]);
        const Crossing next = (section.number + 1) * section_length_;
        end = slot.crossings[at + n - 1] < next
                  ? at + n
                  : static_cast<std::size_t>(std::lower_bound(begin + static_cast<std::ptrdiff_t>(i), last, next) -
                                             begin);
        for (std::size_t e = next_fired(i, end); e < end; e = next_fired(e + 1, end)) {
            for (auto fired = fired_[e]; fired; fired &= fired - 1) ++counts.fired[first_of(fired)];
            const auto kept = program_.plain ? fired_[e] : keep(fired_[e], slot.kept[e], slot.crossings[e]);
            kept_[e] = kept;
            if (!kept) continue;
            count_kept(counts, section, kept);
            if (veto_.accept(slot.crossings[e])) {
                accepted_.push_back(static_cast<std::uint32_t>(e));
                ++counts.accepted, ++section.accepted;
            } else {
                ++counts.dead;
            }
        }
        section.processed += end - i;
    }
}

// The first event in [at, end) for which a seed fires; end if there is none. Most fire nothing, so eight at a time.
std::size_t StageRun::next_fired(std::size_t at, std::size_t end) const {
    for (; end - at >= 8; at += 8) {
        std::uint64_t any = 0;
        for (std::size_t i = 0; i < 8; ++i) any |= fired_[at + i];
        if (any) break;
    }
    while (at < end && !fired_[at]) ++at;
    return at;
}

void StageRun::measure(const Slot& slot, std::int64_t done) {
    const std::lock_guard lock(mutex_);
    const auto budget = stage_.budget.count();
    for (std::size_t i = 0, end = 0; i < slot.events; i = end) {
        end = slot.arrived[slot.events - 1] == slot.arrived[i] ? slot.events : i + 1;
        while (end < slot.events && slot.arrived[end] == slot.arrived[i]) ++end;
        const std::int64_t latency = done - slot.arrived[i];
        books_.latency.add(latency, end - i);
        if (budget && latency > budget) books_.over_budget += end - i;
    }
}

void StageRun::hand_on(const Slot& slot, std::int64_t done) {
    if (!accepted_.empty()) {
        std::fill_n(done_.begin(), slot.events, done);
        out_->append(
            {slot.rows.data(), slot.crossings.data(), done_.data(), kept_.data(), accepted_.data(), accepted_.size()});
    }
    out_->flush_late(done);
}

void StageRun::loop() {
    Ring& ring = in_->ring();
    for (Patience patience; !ring.dry();) {
        if (Slot* slot = ring.front()) {
            process(*slot);
            ring.pop();
            patience.reset();
        } else {
            if (out_) out_->flush_late(now());
            patience.wait();
        }
    }
    finish();
}

void StageRun::finish() {
    if (!out_) return;
    out_->flush();
    out_->close();
}

StageBooks StageRun::books(bool histograms) const {
    const std::lock_guard lock(mutex_);
    StageBooks books = books_;
    for (std::size_t v = 0; histograms && v < histograms_.size(); ++v) books.versions[v].scores = histograms_[v];
    return books;
}

void StageRun::restore(const StageBooks& books, const std::vector<std::vector<Crossing>>& history,
                       std::optional<Crossing> last) {
    const auto differs = [&](const std::string& what) {
        throw Error(ErrorKind::file, "the saved run has another " + what + " of stage '" + stage_.name + "'");
    };
    const std::size_t seeds = stage_.seeds.size();
    if (books.name != stage_.name) differs("name");
    if (books.versions.empty() || books.versions.back().model != program_.model) differs("model");
    if (books.overlap.size() != seeds * seeds) differs("number of seeds");
    for (const auto& version : books.versions) {
        if (version.scores.size() != scores_.size()) differs("number of scores");
        for (const auto& score : version.scores)
            if (score.bits() != stage_.histogram_bits) differs("resolution of histograms");
        for (const auto* n : {&version.counts.fired, &version.counts.kept, &version.counts.pure})
            if (n->size() != seeds) differs("number of seeds");
    }
    for (const auto& section : books.sections)
        if (section.kept.size() != seeds) differs("number of seeds");
    veto_.restore(history);
    const std::lock_guard lock(mutex_);
    books_ = books;
    program_.from = books.versions.back().from, last_ = last;
    histograms_.clear();
    for (auto& version : books_.versions) histograms_.push_back(std::exchange(version.scores, {}));
}

}  // namespace bxnn::stream
