#include "bindings.hpp"
#include "bxnn/shared_ring.hpp"
#include "bxnn/stream.hpp"

namespace bxnn::python {
namespace {

using namespace bxnn::stream;
using namespace py::literals;
using std::chrono::nanoseconds;

template <class T>
py::array_t<T> array_of(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::tuple to_python(const Histogram& h) { return py::make_tuple(h.bits(), h.first(), array_of(h.counts())); }

py::dict quantiles(const Histogram& h) {
    py::dict result;
    for (const auto& [name, q] :
         {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1.0}})
        result[name] = h.quantile(q);
    return result;
}

py::dict to_python(const LinkBooks& b) {
    py::list runs;
    for (const auto& run : b.lost_runs) runs.append(py::make_tuple(run.first, run.last, run.events, run.late));
    return py::dict("arrived"_a = b.arrived, "lost_full"_a = b.lost_full, "lost_late"_a = b.lost_late,
                    "abandoned"_a = b.abandoned, "lost_by_bx"_a = array_of(b.lost_by_bx), "lost_runs"_a = runs,
                    "more_lost_runs"_a = b.more_lost_runs, "capacity"_a = b.capacity, "waiting"_a = b.waiting,
                    "occupancy"_a = quantiles(b.occupancy));
}

py::dict to_python(const Counts& c) {
    return py::dict("processed"_a = c.processed, "accepted"_a = c.accepted, "dead"_a = c.dead,
                    "fired"_a = array_of(c.fired), "kept"_a = array_of(c.kept), "pure"_a = array_of(c.pure));
}

py::dict to_python(const StageBooks& b) {
    py::list sections, versions;
    for (const auto& s : b.sections)
        sections.append(py::dict("number"_a = s.number, "processed"_a = s.processed, "accepted"_a = s.accepted,
                                 "kept"_a = array_of(s.kept)));
    for (const auto& v : b.versions) {
        py::list scores;
        for (const auto& h : v.scores) scores.append(to_python(h));
        versions.append(
            py::dict("model"_a = v.model, "from"_a = v.from, "counts"_a = to_python(v.counts), "scores"_a = scores));
    }
    const auto seeds = static_cast<py::ssize_t>(b.counts.fired.size());
    return py::dict("name"_a = b.name, "link"_a = to_python(b.link), "counts"_a = to_python(b.counts),
                    "overlap"_a = array_of(b.overlap).reshape({seeds, seeds}), "sections"_a = sections,
                    "versions"_a = versions, "latency"_a = quantiles(b.latency),
                    "latency_histogram"_a = to_python(b.latency), "over_budget"_a = b.over_budget,
                    "batches"_a = b.batches, "busy_ns"_a = b.busy.count());
}

py::dict to_python(const Books& b) {
    py::list stages;
    for (const auto& stage : b.stages) stages.append(to_python(stage));
    return py::dict("first"_a = b.first, "next"_a = b.next, "arrived"_a = b.arrived, "elapsed_ns"_a = b.elapsed.count(),
                    "stages"_a = stages, "accepted"_a = to_python(b.accepted));
}

// A Python function that may be called, and let go, by threads that do not hold the interpreter's lock. It takes the
// model's inputs, [n, elements], and returns the outputs' raw integers, n each.
Predict in_python(py::object function, const Model& model) {
    const std::shared_ptr<py::object> held(new py::object(std::move(function)), [](py::object* object) {
        const py::gil_scoped_acquire acquire;
        delete object;
    });
    return [held, model](std::span<const ConstArray> in, std::span<const Array> out, std::size_t events) {
        const py::gil_scoped_acquire acquire;
        py::list inputs;
        const auto n = static_cast<py::ssize_t>(events);
        for (std::size_t i = 0; i < in.size(); ++i)
            inputs.append(py::array(numpy_dtype(in[i].dtype), {n, static_cast<py::ssize_t>(model.inputs()[i].size())},
                                    in[i].data));
        const py::sequence results = (*held)(inputs);
        if (py::len(results) != out.size())
            throw Error(ErrorKind::input, "the function that computes the menu gave " +
                                              std::to_string(py::len(results)) + " arrays; expected " +
                                              std::to_string(out.size()));
        for (std::size_t o = 0; o < out.size(); ++o) {
            const auto values = as_int64(results[o], "a result of the function that computes the menu");
            if (values.size() != n)
                throw Error(ErrorKind::input, "the function that computes the menu gave " +
                                                  std::to_string(values.size()) + " numbers for " +
                                                  std::to_string(events) + " events");
            std::copy_n(values.data(), events, static_cast<std::int64_t*>(out[o].data));
        }
    };
}

std::vector<Seed> seeds_of(const py::sequence& seeds) {
    std::vector<Seed> result;
    for (const auto& each : seeds) {
        const auto [name, keep, after] = each.cast<std::tuple<std::string, std::uint64_t, std::uint64_t>>();
        result.push_back({name, keep, after});
    }
    return result;
}

Predict predict_of(const py::object& predict, const Model& model) {
    return predict.is_none() ? Predict{} : in_python(predict, model);
}

Stage make_stage(std::string name, const py::object& model, const py::sequence& seeds,
                 const std::vector<std::pair<std::uint64_t, std::uint64_t>>& dead_time, std::uint64_t number,
                 int histogram_bits, std::size_t batch, std::int64_t deadline_ns, std::int64_t budget_ns,
                 std::size_t ring, unsigned threads, std::string isa, const py::object& predict) {
    Stage stage{std::move(name), model_of(model), predict_of(predict, model_of(model)), seeds_of(seeds)};
    for (const auto& [accepts, crossings] : dead_time) stage.dead_time.push_back({accepts, crossings});
    stage.number = number, stage.histogram_bits = histogram_bits, stage.batch = batch;
    stage.deadline = nanoseconds(deadline_ns), stage.budget = nanoseconds(budget_ns);
    stage.ring = ring, stage.threads = threads, stage.isa = std::move(isa);
    return stage;
}

using Inputs = std::vector<std::tuple<std::string, std::size_t, py::dtype>>;  // name, numbers an event, type

std::vector<Input> inputs_of(const Inputs& given) {
    std::vector<Input> inputs;
    for (const auto& [name, elements, dtype] : given) {
        const auto type = dtype_of_array(py::array(dtype, std::vector<py::ssize_t>{0}));
        if (!type)
            throw Error(ErrorKind::input,
                        "input '" + name + "': dtype " + py::cast<std::string>(py::str(dtype)) + " is not supported");
        inputs.push_back({name, elements, *type});
    }
    return inputs;
}

std::string str(const std::vector<Input>& inputs) {
    std::string text;
    for (const auto& input : inputs)
        text += (text.empty() ? "'" : ", '") + input.name + "' (" + std::to_string(input.elements) + " of " +
                py::cast<std::string>(py::str(numpy_dtype(input.dtype))) + ")";
    return text;
}

// Where the rows of one array for each input lie, and how many events they are.
std::pair<std::vector<const void*>, std::size_t> rows_of(const std::vector<Input>& inputs,
                                                         const std::vector<py::array>& rows) {
    if (rows.size() != inputs.size())
        throw Error(ErrorKind::input, "expected arrays of " + std::to_string(inputs.size()) + " inputs, got " +
                                          std::to_string(rows.size()));
    std::vector<const void*> pointers;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& array = rows[i];
        const auto& input = inputs[i];
        const auto refuse = [&](const std::string& what) {
            throw Error(ErrorKind::input, "input '" + input.name + "': " + what);
        };
        if (dtype_of_array(array) != input.dtype)
            refuse("expected " + py::cast<std::string>(py::str(numpy_dtype(input.dtype))) + ", got " +
                   py::cast<std::string>(py::str(array.dtype())));
        if (!lies_well(array)) refuse("the array must be C-contiguous and aligned; use numpy.ascontiguousarray");
        if (array.ndim() == 0 || array.shape(0) != rows[0].shape(0) ||
            static_cast<std::size_t>(array.size()) != static_cast<std::size_t>(array.shape(0)) * input.elements)
            refuse("expected [events, " + std::to_string(input.elements) + "] numbers, got shape " +
                   py::cast<std::string>(py::str(array.attr("shape"))));
        pointers.push_back(array.data());
    }
    return {std::move(pointers), static_cast<std::size_t>(rows[0].shape(0))};
}

using Crossings = std::optional<py::array_t<Crossing, py::array::c_style>>;

const Crossing* numbers_of(const Crossings& crossings, std::size_t events) {
    if (!crossings) return nullptr;
    if (static_cast<std::size_t>(crossings->size()) != events)
        throw Error(ErrorKind::input, "expected the crossing numbers of " + std::to_string(events) + " events, got " +
                                          std::to_string(crossings->size()));
    return crossings->data();
}

class PyEngine {
public:
    PyEngine(const Inputs& inputs, std::vector<Stage> stages,
             const std::optional<py::array_t<bool, py::array::c_style | py::array::forcecast>>& filled,
             std::optional<double> rate, std::int64_t lag_ns, bool one_thread, bool keep_accepted,
             std::size_t accepted_ring, std::uint64_t section_orbits, Crossing first)
        : inputs_(inputs_of(inputs)) {
        Config config;
        config.inputs = inputs_;
        if (filled) config.filled.assign(filled->data(), filled->data() + filled->size());
        config.rate = rate, config.lag = nanoseconds(lag_ns), config.one_thread = one_thread;
        config.keep_accepted = keep_accepted, config.accepted_ring = accepted_ring;
        config.section_orbits = section_orbits, config.first = first;
        engine_ = std::make_unique<Engine>(std::move(config), std::move(stages));
    }
    ~PyEngine() {
        const py::gil_scoped_release release;  // stages may wait for it
        engine_.reset();
    }

    void start() { engine_->start(); }
    void stop() { engine_->stop(); }
    bool stopped() const { return engine_->stopped(); }
    std::size_t put(const std::vector<py::array>& rows, const Crossings& crossings) {
        const auto [pointers, events] = rows_of(inputs_, rows);
        const Crossing* numbers = numbers_of(crossings, events);
        const py::gil_scoped_release release;
        return engine_->put(pointers, numbers, events);
    }
    // Batches that come within the time, one at least; how many events. Fewer than none: the writer has closed the
    // ring.
    std::int64_t put_shared(SharedRing& ring, double seconds) {
        if (ring.inputs() != inputs_)
            throw Error(ErrorKind::input, "expected a ring of the engine's inputs, " + str(inputs_) + "; got one of " +
                                              str(ring.inputs()) + ": create it with those");
        const py::gil_scoped_release release;
        const auto end = std::chrono::steady_clock::now() + nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
        std::int64_t events = 0;
        do {
            const auto batch = ring.read(end - std::chrono::steady_clock::now());
            if (!batch) return events == 0 && ring.ended() ? -1 : events;
            const std::size_t left = batch->events - std::min(batch->events, shared_taken_);
            auto rows = batch->rows;
            for (std::size_t i = 0; i < rows.size(); ++i)
                rows[i] = static_cast<const std::byte*>(rows[i]) +
                          shared_taken_ * inputs_[i].elements * size_of(inputs_[i].dtype);
            const std::size_t taken =
                engine_->put(rows, batch->crossings ? batch->crossings + shared_taken_ : nullptr, left);
            events += static_cast<std::int64_t>(taken);
            if (taken < left) {
                shared_taken_ += taken;
                break;
            }
            ring.release();
            shared_taken_ = 0;
        } while (!engine_->stopped() && std::chrono::steady_clock::now() < end);
        return events;
    }
    void replay(const std::vector<py::array>& rows, std::uint64_t crossings, std::uint64_t at) {
        const auto [pointers, events] = rows_of(inputs_, rows);
        held_.push_back(rows);
        const py::gil_scoped_release release;
        engine_->replay(pointers, events, crossings, at);
    }
    void flush() { engine_->flush(); }
    void finish() {
        {
            const py::gil_scoped_release release;
            try {
                engine_->finish();
            } catch (...) {
                failure_ = std::current_exception();
            }
        }
        held_.clear();
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }
    void swap(std::size_t stage, Stage next, std::uint64_t orbit) {
        const py::gil_scoped_release release;  // a stage may wait for it
        engine_->swap(stage, std::move(next), orbit);
    }
    py::object take(double seconds) {
        std::optional<Accepted> accepted;
        {
            const py::gil_scoped_release release;
            accepted = engine_->take(nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
        }
        if (!accepted) return py::none();
        py::list rows;
        const auto n = static_cast<py::ssize_t>(accepted->crossings.size());
        for (std::size_t i = 0; i < inputs_.size(); ++i)
            rows.append(py::array(numpy_dtype(inputs_[i].dtype), {n, static_cast<py::ssize_t>(inputs_[i].elements)},
                                  accepted->rows[i].data()));
        return py::make_tuple(array_of(accepted->crossings), array_of(accepted->kept), rows);
    }
    py::dict books(bool histograms) const {
        std::optional<Books> books;
        {
            const py::gil_scoped_release release;
            books = engine_->books(histograms);
        }
        return to_python(*books);
    }
    py::bytes save() const {
        const auto bytes = engine_->save();
        return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void restore(const py::bytes& state) {
        const std::string_view view = state;
        engine_->restore({reinterpret_cast<const std::uint8_t*>(view.data()), view.size()});
    }

private:
    std::vector<Input> inputs_;
    std::unique_ptr<Engine> engine_;
    std::vector<std::vector<py::array>> held_;  // what is replayed
    std::size_t shared_taken_ = 0;              // of the batch in front, when the engine was stopped
    std::exception_ptr failure_;
};

}  // namespace

void bind_stream(py::module_& module) {
    using py::arg;
    py::class_<Stage>(module, "Stage")
        .def(py::init(&make_stage), py::kw_only(), arg("name"), arg("model"), arg("seeds"), arg("dead_time"),
             arg("number"), arg("histogram_bits"), arg("batch"), arg("deadline_ns"), arg("budget_ns"), arg("ring"),
             arg("threads"), arg("isa"), arg("predict") = py::none());
    py::class_<PyEngine>(module, "Engine", "Streams of crossings through stages of a trigger: docs/spec/stream.md.")
        .def(py::init<const Inputs&, std::vector<Stage>,
                      const std::optional<py::array_t<bool, py::array::c_style | py::array::forcecast>>&,
                      std::optional<double>, std::int64_t, bool, bool, std::size_t, std::uint64_t, Crossing>(),
             py::kw_only(), arg("inputs"), arg("stages"), arg("filled") = py::none(), arg("rate") = py::none(),
             arg("lag_ns") = 10'000'000, arg("one_thread") = false, arg("keep_accepted") = false,
             arg("accepted_ring") = 64, arg("section_orbits") = 1 << 18, arg("first") = 0)
        .def("start", &PyEngine::start)
        .def("stop", &PyEngine::stop)
        .def_property_readonly("stopped", &PyEngine::stopped)
        .def("put", &PyEngine::put, arg("rows"), arg("crossings") = py::none())
        .def("put_shared", &PyEngine::put_shared, arg("ring"), arg("seconds"))
        .def("replay", &PyEngine::replay, arg("rows"), arg("crossings"), arg("at") = 0)
        .def("flush", &PyEngine::flush, py::call_guard<py::gil_scoped_release>())
        .def("finish", &PyEngine::finish)
        .def("swap", &PyEngine::swap, arg("stage"), arg("next"), arg("orbit") = 0)
        .def("take", &PyEngine::take, arg("seconds"))
        .def("books", &PyEngine::books, arg("histograms") = true)
        .def("save", &PyEngine::save)
        .def("restore", &PyEngine::restore, arg("state"));
    py::class_<SharedRing>(module, "SharedRing", "Events from another process: one writer, one reader.")
        .def_static(
            "create",
            [](const std::string& name, const Inputs& inputs, std::size_t batch, std::size_t slots) {
                return SharedRing::create(name, inputs_of(inputs), batch, slots);
            },
            arg("name"), arg("inputs"), arg("batch") = 1024, arg("slots") = 64)
        .def_static("open", &SharedRing::open, arg("name"))
        .def_property_readonly(
            "inputs",
            [](const SharedRing& ring) {
                py::list inputs;
                for (const auto& input : ring.inputs())
                    inputs.append(py::make_tuple(input.name, input.elements, numpy_dtype(input.dtype)));
                return inputs;
            })
        .def(
            "write",
            [](SharedRing& ring, const std::vector<py::array>& rows, const Crossings& crossings, double seconds) {
                const auto [pointers, events] = rows_of(ring.inputs(), rows);
                const Crossing* numbers = numbers_of(crossings, events);
                const py::gil_scoped_release release;
                return ring.write(pointers, numbers, events, nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
            },
            arg("rows"), arg("crossings") = py::none(), arg("seconds") = 1.0)
        .def("close", &SharedRing::close)
        .def_property_readonly("ended", &SharedRing::ended);
    module.def("prescale_hash", &prescale_hash, arg("number"), arg("seed"), arg("crossing"));
    module.def(
        "histogram_bins",
        [](const Int64Array& values, int bits) {
            Histogram histogram(bits);
            for (py::ssize_t i = 0; i < values.size(); ++i) histogram.add(values.data()[i]);
            return to_python(histogram);
        },
        arg("values"), arg("bits"), "(bits, first bin, counts) of int64 values.");
}

}  // namespace bxnn::python
