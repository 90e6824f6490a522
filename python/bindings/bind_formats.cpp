#include <cmath>

#include "bindings.hpp"
#include "fx/format.hpp"

namespace bxnn::python {

Int64Array as_int64(const py::object& object, const char* what) {
    const auto numpy = py::module_::import("numpy");
    const py::array array = numpy.attr("asarray")(object);
    const char kind = array.dtype().kind();
    const bool empty_default = array.size() == 0 && kind == 'f';  // an empty list has no dtype of its own
    if (kind != 'i' && kind != 'u' && kind != 'b' && !empty_default)
        throw Error(ErrorKind::input, std::string(what) + ": expected integers, got dtype " +
                                          py::cast<std::string>(py::str(array.dtype())));
    if (kind == 'u' && array.itemsize() == 8 && array.size() > 0 &&
        py::cast<std::uint64_t>(array.attr("max")()) > INT64_MAX)
        throw Error(ErrorKind::input, std::string(what) + ": an integer exceeds 2^63 - 1");
    return numpy.attr("ascontiguousarray")(array, "int64");
}

ir::Integers integers(const py::object& object, const char* what) {
    const auto array = as_int64(object, what);
    return {array.data(), array.data() + array.size()};
}

ir::Indices indices(const py::object& object, const char* what) {
    ir::Indices result;
    for (const auto i : integers(object, what)) {
        if (i < INT32_MIN || i > INT32_MAX)
            throw Error(ErrorKind::input, std::string(what) + ": an index exceeds 32 bits");
        result.push_back(static_cast<std::int32_t>(i));
    }
    return result;
}

namespace {

py::int_ to_python(i128 x) {
    return py::reinterpret_steal<py::int_>(PyLong_FromString(to_string(x).c_str(), nullptr, 10));
}

Format make_format(int width, int integer, bool is_signed, const std::string& round, const std::string& overflow) {
    const Format format{width, integer, is_signed, parse_round(round), parse_overflow(overflow)};
    fx::check_format(format, kMaxBits, "Format");
    return format;
}

std::int64_t checked64(i128 raw, const Format& format) {
    if (raw > INT64_MAX || raw < INT64_MIN)
        throw Error(ErrorKind::input, "a raw integer of " + format.str() + " does not fit int64");
    return static_cast<std::int64_t>(raw);
}

py::array quantize(const py::object& raw, int frac_from, const Format& format) {
    const auto in = as_int64(raw, "raw");
    Int64Array out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
    for (py::ssize_t i = 0; i < in.size(); ++i)
        out.mutable_data()[i] = checked64(fx::quantize(in.data()[i], frac_from, format), format);
    return out;
}

using DoubleArray = py::array_t<double, py::array::c_style | py::array::forcecast>;

py::array quantize_float(const DoubleArray& in, const Format& format) {
    Int64Array out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
    for (py::ssize_t i = 0; i < in.size(); ++i) {
        const double x = in.data()[i];
        if (!std::isfinite(x))
            throw Error(ErrorKind::input, "element " + std::to_string(i) + ": the number is NaN or infinite");
        out.mutable_data()[i] = checked64(fx::quantize(x, format), format);
    }
    return out;
}

// The C library's own functions: look-up tables of C-simulation are made with them.
py::array libm(const std::string& name, const DoubleArray& in) {
    struct Row {
        const char* name;
        double (*wide)(double);
        float (*narrow)(float);
    };
    static constexpr Row rows[] = {{"exp", ::exp, nullptr},    {"log", ::log, nullptr},   {"tanh", ::tanh, nullptr},
                                   {"sinh", ::sinh, nullptr},  {"cosh", ::cosh, nullptr}, {"sqrt", ::sqrt, nullptr},
                                   {"expf", nullptr, ::expf},  {"logf", nullptr, ::logf}, {"tanhf", nullptr, ::tanhf},
                                   {"sqrtf", nullptr, ::sqrtf}};
    for (const auto& row : rows) {
        if (name != row.name) continue;
        py::array_t<double> out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
        for (py::ssize_t i = 0; i < in.size(); ++i)
            out.mutable_data()[i] =
                row.wide ? row.wide(in.data()[i]) : static_cast<double>(row.narrow(static_cast<float>(in.data()[i])));
        return out;
    }
    throw Error(ErrorKind::input, "libm function '" + name + "' is not known");
}

}  // namespace

void bind_formats(py::module_& module) {
    py::class_<Format>(module, "Format",
                       "ap_[u]fixed<width, integer, round, overflow>; value = raw * 2**-frac, frac = width - integer.")
        .def(py::init(&make_format), py::arg("width"), py::arg("integer"), py::arg("signed") = true,
             py::arg("round") = "TRN", py::arg("overflow") = "WRAP")
        .def_static(
            "parse", &Format::parse, py::arg("text"),
            "Read C++ or hls4ml spelling: 'ap_fixed<16,6,AP_RND,AP_SAT,0>', 'ufixed<8,2>', 'ap_uint<1>', 'int<4>'.")
        .def_property_readonly("width", [](const Format& f) { return f.width; })
        .def_property_readonly("integer", [](const Format& f) { return f.integer; })
        .def_property_readonly("frac", &Format::frac)
        .def_property_readonly("signed", [](const Format& f) { return f.is_signed; })
        .def_property_readonly("round", [](const Format& f) { return std::string(name_of(f.round)); })
        .def_property_readonly("overflow", [](const Format& f) { return std::string(name_of(f.overflow)); })
        .def_property_readonly("min_raw", [](const Format& f) { return to_python(fx::min_raw(f)); })
        .def_property_readonly("max_raw", [](const Format& f) { return to_python(fx::max_raw(f)); })
        .def("__eq__",
             [](const Format& a, const py::object& b) { return py::isinstance<Format>(b) && a == py::cast<Format>(b); })
        .def("__hash__", [](const Format& f) { return py::hash(py::str(f.str())); })
        .def("__str__", &Format::str)
        .def("__repr__", [](const Format& f) { return "<bxnn.Format " + f.str() + ">"; })
        .def(py::pickle(
            [](const Format& f) {
                return py::make_tuple(f.width, f.integer, f.is_signed, std::string(name_of(f.round)),
                                      std::string(name_of(f.overflow)));
            },
            [](const py::tuple& t) {
                return make_format(t[0].cast<int>(), t[1].cast<int>(), t[2].cast<bool>(), t[3].cast<std::string>(),
                                   t[4].cast<std::string>());
            }));
    module.def("quantize", &quantize, py::arg("raw"), py::arg("frac_from"), py::arg("fmt"),
               "Cast raw * 2**-frac_from to fmt; shape kept.");
    module.def("quantize_float", &quantize_float, py::arg("x"), py::arg("fmt"),
               "Cast the exact binary values of float64 x to fmt; NaN and infinities raise InputError.");
    module.def("libm", &libm, py::arg("function"), py::arg("x"),
               "The C library's function on every element; functions ending in f take and give float.");
}

}  // namespace bxnn::python
