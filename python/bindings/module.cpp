#include "bindings.hpp"
#include "bxnn/version.hpp"

namespace bxnn::python {

namespace {

struct Errors {
    py::object base, input, file, graph, unsupported;
};

void bind_errors(py::module_& module) {
    const auto make = [&](const char* name, py::handle bases, const char* doc) {
        py::object type = py::reinterpret_steal<py::object>(
            PyErr_NewExceptionWithDoc((std::string("bxnn._core.") + name).c_str(), doc, bases.ptr(), nullptr));
        module.attr(name) = type;
        return type;
    };
    static Errors errors;
    errors.base = make("Error", PyExc_RuntimeError, "Base of all errors raised by bxnn.");
    const py::tuple input_bases = py::make_tuple(errors.base, py::handle(PyExc_ValueError));
    errors.input = make("InputError", input_bases,
                        "Data handed to a model does not fit it: shape, dtype, range, NaN or infinity.");
    errors.file =
        make("ModelFileError", errors.base, "A .bxnn file is truncated, damaged, of an unknown version, or hostile.");
    errors.graph = make("GraphError", errors.base, "A graph breaks a rule of the intermediate representation.");
    errors.unsupported = make("UnsupportedError", errors.base,
                              "The model uses something that bxnn does not reproduce exactly, so it refuses.");
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const Error& error) {
            const py::object* types[] = {&errors.input, &errors.file, &errors.graph, &errors.unsupported};
            PyErr_SetString(types[static_cast<std::size_t>(error.kind())]->ptr(), error.what());
        }
    });
}

}  // namespace

PYBIND11_MODULE(_core, module) {
    module.doc() = "The native core of bxnn.";
    module.attr("__version__") = BXNN_VERSION;
    bind_errors(module);
    bind_formats(module);
    bind_model(module);
    bind_builder(module);
    bind_stream(module);
}

}  // namespace bxnn::python
