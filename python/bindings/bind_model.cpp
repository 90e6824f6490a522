#include <unistd.h>

#include "bindings.hpp"
#include "cuda/flat_plan.hpp"
#include "cuda/fuse.hpp"
#include "runtime/model_impl.hpp"

namespace bxnn::python {
namespace {

// One pool for all models, made when first needed; a forked child makes its own, since threads do not survive a fork.
Pool& shared_pool() {
    static std::mutex mutex;
    static Pool* pool = nullptr;  // never destroyed: joining threads at interpreter exit is not safe
    static pid_t owner = 0;
    const std::lock_guard lock(mutex);
    if (!pool || owner != getpid()) pool = new Pool(), owner = getpid();
    return *pool;
}

// A model with contexts to lend, so that repeated calls do not allocate scratch memory.
class PyModel {
public:
    explicit PyModel(Model m, std::string level = {}) : model(std::move(m)), isa(std::move(level)) {}

    Model model;
    std::string isa;  // the level of predictions; "": the active one

    std::vector<Context> borrow(const std::string& isa, bool trace, std::size_t n) {
        std::vector<Context> lent;
        {
            const std::lock_guard lock(mutex_);
            auto& free = free_[{isa, trace}];
            for (; lent.size() < n && !free.empty(); free.pop_back()) lent.push_back(std::move(free.back()));
        }
        while (lent.size() < n) lent.emplace_back(model, isa, trace);
        return lent;
    }
    void give_back(const std::string& isa, bool trace, std::vector<Context> lent) {
        const std::lock_guard lock(mutex_);
        auto& free = free_[{isa, trace}];
        for (auto& context : lent) free.push_back(std::move(context));
    }

private:
    std::mutex mutex_;
    std::map<std::pair<std::string, bool>, std::vector<Context>> free_;
};

using Numpy = py::detail::npy_api;

// The narrowest container of a format's raw integers.
DType narrowest(const Format& f) {
    const int log2 = f.width <= 8 ? 0 : f.width <= 16 ? 1 : f.width <= 32 ? 2 : 3;
    return static_cast<DType>(2 * log2 + (f.is_signed ? 0 : 1));
}

ConstArray as_input(const py::array& array, const Tensor& tensor, py::ssize_t events) {
    const auto refuse = [&](const std::string& reason) -> ConstArray {
        throw Error(ErrorKind::input, "input '" + tensor.name + "': " + reason);
    };
    const auto text = [](const py::object& object) { return py::cast<std::string>(py::str(object)); };
    const auto n = static_cast<py::ssize_t>(tensor.size());
    if (array.ndim() != 2 || array.shape(1) != n || array.shape(0) != events)
        return refuse("expected shape [" + std::to_string(events) + ", " + std::to_string(n) + "], got " +
                      text(array.attr("shape")));
    if (!lies_well(array)) return refuse("the array must be C-contiguous and aligned; use numpy.ascontiguousarray");
    const auto dtype = dtype_of_array(array);
    if (!dtype)
        return refuse("dtype " + text(array.dtype()) +
                      " is not supported; expected int8 to int64, uint8 to uint64, float32 or float64 in native byte "
                      "order");
    return {array.data(), *dtype};
}

// Lends contexts and lets other Python threads run meanwhile. threads: 0 for all CPUs.
void compute(PyModel& self, std::span<const ConstArray> in, std::span<const Array> out, std::size_t events, bool trace,
             std::size_t threads, const std::string& isa) {
    const py::gil_scoped_release release;
    // The environment is read at every call.
    const std::string level = !isa.empty() ? isa : !self.isa.empty() ? self.isa : active_isa();
    if (threads == 1 || events <= kShare) {
        auto contexts = self.borrow(level, trace, 1);
        self.model.predict(contexts.front(), in, out, events);
        self.give_back(level, trace, std::move(contexts));
    } else {
        auto& pool = shared_pool();
        const std::size_t wanted = threads == 0 ? pool.threads() : std::min<std::size_t>(threads, pool.threads());
        auto contexts = self.borrow(level, trace, wanted);
        pool.predict(self.model, contexts, in, out, events);
        self.give_back(level, trace, std::move(contexts));
    }
}

// New arrays for the core to write to: real numbers, or raw integers as narrow as they fit.
struct Results {
    bool real;
    std::vector<py::array> arrays{};
    std::vector<Array> places{};

    void add(const Tensor& tensor, std::vector<py::ssize_t> shape) {
        const DType type = real ? DType::f64 : narrowest(tensor.format);
        arrays.emplace_back(numpy_dtype(type), std::move(shape));
        places.emplace_back(arrays.back().mutable_data(), type);
    }
};

std::vector<py::array> run(PyModel& self, const std::vector<py::array>& inputs, bool real, bool trace, int threads,
                           const std::string& isa) {
    if (inputs.size() != self.model.inputs().size())
        throw Error(ErrorKind::input, "expected " + std::to_string(self.model.inputs().size()) + " input arrays, got " +
                                          std::to_string(inputs.size()));
    if (threads < 0)
        throw Error(ErrorKind::input, "threads must be 0 (all CPUs) or positive, got " + std::to_string(threads));
    const py::ssize_t events = inputs.front().ndim() > 0 ? inputs.front().shape(0) : 0;
    std::vector<ConstArray> in;
    for (std::size_t i = 0; i < inputs.size(); ++i) in.push_back(as_input(inputs[i], self.model.inputs()[i], events));

    Results results{real};
    const auto add_flat = [&](const std::vector<Tensor>& tensors) {
        for (const auto& tensor : tensors) results.add(tensor, {events, static_cast<py::ssize_t>(tensor.size())});
    };
    add_flat(self.model.outputs());
    if (trace) add_flat(self.model.probes());
    compute(self, in, results.places, static_cast<std::size_t>(events), trace, static_cast<std::size_t>(threads), isa);
    return std::move(results.arrays);
}

// The outputs for an ordinary batch [N, *shape] of a model's only input; None for everything else, which the general
// way takes or refuses.
py::object run_plain(PyModel& self, const py::handle& x, bool raw, const py::handle& threads) {
    const auto& model = self.model;
    if (model.inputs().size() != 1 || Py_TYPE(x.ptr()) != Numpy::get().PyArray_Type_ ||
        !PyLong_CheckExact(threads.ptr()))
        return py::none();
    const auto array = py::reinterpret_borrow<py::array>(x);
    const auto& shape = model.inputs().front().shape;
    const long count = PyLong_AsLong(threads.ptr());
    const auto dtype = dtype_of_array(array);
    bool plain = count >= 0 && dtype && (*dtype >= DType::f32) == !raw && lies_well(array) &&
                 static_cast<std::size_t>(array.ndim()) == shape.size() + 1;
    for (std::size_t i = 0; plain && i < shape.size(); ++i)
        plain = array.shape(static_cast<py::ssize_t>(i) + 1) == static_cast<py::ssize_t>(shape[i]);
    if (!plain) {
        PyErr_Clear();  // a number beyond long
        return py::none();
    }
    Results results{!raw};
    for (const auto& tensor : model.outputs()) {
        std::vector<py::ssize_t> dims{array.shape(0)};
        dims.insert(dims.end(), tensor.shape.begin(), tensor.shape.end());
        results.add(tensor, std::move(dims));
    }
    const ConstArray in{array.data(), *dtype};
    compute(self, {&in, 1}, results.places, static_cast<std::size_t>(array.shape(0)), false,
            static_cast<std::size_t>(count), {});
    return py::cast(std::move(results.arrays));
}

std::vector<ir::Integers> golden_arrays(const std::vector<py::object>& arrays, const char* what) {
    std::vector<ir::Integers> result;
    for (const auto& array : arrays) result.push_back(integers(array, what));
    return result;
}

std::unique_ptr<PyModel> with_golden(const PyModel& self, const std::vector<py::object>& inputs,
                                     const std::optional<std::vector<py::object>>& outputs) {
    ir::Graph graph = self.model.impl().graph;
    graph.golden = {};
    graph.golden.inputs = golden_arrays(inputs, "golden inputs");
    if (graph.golden.inputs.size() != self.model.inputs().size())
        throw Error(ErrorKind::input,
                    "golden inputs: expected " + std::to_string(self.model.inputs().size()) + " arrays");
    const std::size_t events = graph.golden.inputs.front().size() / self.model.inputs().front().size();
    graph.golden.events = events;
    if (outputs) {
        graph.golden.outputs = golden_arrays(*outputs, "golden outputs");
        return std::make_unique<PyModel>(make_model(std::move(graph)));
    }
    for (std::size_t i = 0; i < graph.golden.inputs.size(); ++i)
        if (graph.golden.inputs[i].size() != events * self.model.inputs()[i].size())
            throw Error(ErrorKind::input,
                        "golden inputs: '" + self.model.inputs()[i].name + "' has the wrong number of elements");
    std::vector<ConstArray> in;
    std::vector<Array> out;
    for (const auto& array : graph.golden.inputs) in.emplace_back(array.data());
    for (const auto& tensor : self.model.outputs()) graph.golden.outputs.emplace_back(events * tensor.size());
    for (auto& array : graph.golden.outputs) out.emplace_back(array.data());
    Context context(self.model, "reference");
    self.model.predict(context, in, out, events);
    return std::make_unique<PyModel>(make_model(std::move(graph)));
}

}  // namespace

py::dtype numpy_dtype(DType type) {
    constexpr int numbers[] = {Numpy::NPY_INT8_,  Numpy::NPY_UINT8_,  Numpy::NPY_INT16_, Numpy::NPY_UINT16_,
                               Numpy::NPY_INT32_, Numpy::NPY_UINT32_, Numpy::NPY_INT64_, Numpy::NPY_UINT64_,
                               Numpy::NPY_FLOAT_, Numpy::NPY_DOUBLE_};
    return py::dtype(numbers[static_cast<std::size_t>(type)]);
}

std::optional<DType> dtype_of_array(const py::array& array) {
    const py::dtype dtype = array.dtype();
    const char kind = dtype.kind(), order = dtype.byteorder();
    const auto bytes = array.itemsize();
    if (order != '=' && order != '|') return {};
    if (kind == 'f' && (bytes == 4 || bytes == 8)) return bytes == 4 ? DType::f32 : DType::f64;
    if (kind != 'i' && kind != 'u') return {};
    const int log2 = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
    return static_cast<DType>(2 * log2 + (kind == 'u'));
}

bool lies_well(const py::array& array) {
    constexpr int needed = int{py::array::c_style} | int{Numpy::NPY_ARRAY_ALIGNED_};
    return (array.flags() & needed) == needed;
}

const Model& model_of(const py::object& model) {
    if (!py::isinstance<PyModel>(model))
        throw Error(ErrorKind::input, "expected a model, got " + py::cast<std::string>(py::str(py::type::of(model))));
    return py::cast<const PyModel&>(model).model;
}

py::object wrap_model(ir::Graph graph) { return py::cast(std::make_unique<PyModel>(make_model(std::move(graph)))); }

void bind_model(py::module_& module) {
    using py::arg;
    py::class_<Tensor>(module, "Tensor", "Name, shape and format of an input, an output or a traced layer.")
        .def_property_readonly("name", [](const Tensor& t) { return t.name; })
        .def_property_readonly("shape", [](const Tensor& t) { return py::tuple(py::cast(t.shape)); })
        .def_property_readonly("format", [](const Tensor& t) { return t.format; })
        .def_property_readonly(
            "dtype", [](const Tensor& t) { return numpy_dtype(narrowest(t.format)); },
            "Narrowest of int8, int16, int32, int64 (unsigned: uint8 …) that holds the raw integers.")
        .def("__repr__", [](const Tensor& t) {
            return "<bxnn.Tensor '" + t.name + "' " + py::cast<std::string>(py::str(py::tuple(py::cast(t.shape)))) +
                   " " + t.format.str() + ">";
        });

    py::class_<PyModel>(module, "Model", "Immutable; may be used from any number of threads at once.")
        .def_static(
            "load", [](const std::string& path) { return std::make_unique<PyModel>(Model::load(path)); }, arg("path"))
        .def_static(
            "from_bytes",
            [](const py::bytes& data) {
                const std::string_view view = data;
                return std::make_unique<PyModel>(
                    Model::from_bytes({reinterpret_cast<const std::uint8_t*>(view.data()), view.size()}));
            },
            arg("data"))
        .def("to_bytes",
             [](const PyModel& self) {
                 const auto bytes = self.model.to_bytes();
                 return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
             })
        .def("with_golden", &with_golden, arg("inputs"), arg("outputs"),
             "A copy that carries these raw inputs and outputs ([N, n] int64; None: computed by the reference "
             "executor).")
        .def(
            "with_meta",
            [](const PyModel& self, const std::string& key, const std::string& value) {
                ir::Graph graph = self.model.impl().graph;
                graph.meta[key] = value;
                return std::make_unique<PyModel>(make_model(std::move(graph)));
            },
            arg("key"), arg("value"))
        .def_property_readonly("name", [](const PyModel& self) { return self.model.name(); })
        .def_property_readonly("meta", [](const PyModel& self) { return self.model.meta(); })
        .def_property_readonly("inputs", [](const PyModel& self) { return self.model.inputs(); })
        .def_property_readonly("outputs", [](const PyModel& self) { return self.model.outputs(); })
        .def_property_readonly("probes", [](const PyModel& self) { return self.model.probes(); })
        .def_property_readonly("golden_events", [](const PyModel& self) { return self.model.golden_events(); })
        .def("run", &run, arg("inputs"), py::kw_only(), arg("real") = false, arg("trace") = false, arg("threads") = 1,
             arg("isa") = "")
        .def(
            "with_isa",
            [](const PyModel& self, const std::string& isa) {
                if (!isa.empty()) static_cast<void>(Context(self.model, isa));
                return std::make_unique<PyModel>(self.model, isa);
            },
            arg("isa"))
        .def_property_readonly("isa", [](const PyModel& self) { return self.isa.empty() ? active_isa() : self.isa; })
        .def("run_plain", &run_plain, arg("x"), arg("raw"), arg("threads"))
        .def(
            "self_test",
            [](const PyModel& self, const std::string& isa) {
                const py::gil_scoped_release release;
                const auto test = self.model.self_test(isa);
                return std::pair(test.compared, test.differing);
            },
            arg("isa") = "", "Replay the golden vectors: (values compared, values that differ).")
        .def(
            "explain", [](const PyModel& self, const std::string& isa) { return self.model.explain(isa); },
            arg("isa") = "")
        .def(
            "flat_plan",
            [](const PyModel& self, bool trace) {
                const auto bytes = flat::flat_plan(self.model, trace);
                return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            },
            arg("trace") = false)
        .def("explain_cuda", [](const PyModel& self) { return flat::explain(self.model); })
        .def("dump", [](const PyModel& self) { return self.model.dump(); });
    module.def("isa_levels", &isa_levels, "Instruction sets usable on this CPU, slowest first.");
    module.def("active_isa", &active_isa,
               "The level in use: the best, or what the environment variable BXNN_ISA forces.");
}

}  // namespace bxnn::python
