// Shared by the bind_*.cpp files: one function per topic, and conversions between NumPy and raw integers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bxnn/model.hpp"
#include "ir/graph.hpp"

namespace bxnn::python {

namespace py = pybind11;

void bind_formats(py::module_& module);
void bind_model(py::module_& module);
void bind_builder(py::module_& module);
void bind_stream(py::module_& module);

using Int64Array = py::array_t<std::int64_t, py::array::c_style>;

// Any integer array as int64, C-contiguous; floats and integers beyond int64 raise InputError naming `what`.
Int64Array as_int64(const py::object& array, const char* what);
ir::Integers integers(const py::object& array, const char* what);
ir::Indices indices(const py::object& array, const char* what);

py::object wrap_model(ir::Graph graph);
const Model& model_of(const py::object& model);  // a Model of this module; InputError for anything else

// The type of an array's numbers, if it is one that the core reads.
std::optional<DType> dtype_of_array(const py::array& array);
py::dtype numpy_dtype(DType type);
bool lies_well(const py::array& array);  // whether the core can read it where it lies

}  // namespace bxnn::python
