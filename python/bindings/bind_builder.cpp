#include "bindings.hpp"
#include "fx/format.hpp"

namespace bxnn::python {
namespace {

template <class Kind, std::size_t N>
Kind parse_kind(const std::string& text, const std::string_view (&names)[N], const char* what) {
    std::string known;
    for (std::size_t i = 0; i < N; ++i) {
        if (text == names[i]) return static_cast<Kind>(i);
        known.append(i ? ", " : "").append(names[i]);
    }
    throw Error(ErrorKind::graph, std::string(what) + " '" + text + "' is unknown; expected one of " + known);
}

using ShapeArgument = std::optional<Shape>;

// Builds a graph, one operation a call: docs/spec/ir.md.
class Builder {
public:
    explicit Builder(std::string name) { graph_.name = std::move(name); }

    void set_meta(const std::string& key, const std::string& value) { graph_.meta[key] = value; }
    Format format_of(ir::Id x) const { return value(x).type; }
    py::tuple shape_of(ir::Id x) const { return py::tuple(py::cast(value(x).shape)); }

    ir::Id input(std::string name, const Shape& shape, const Format& format) {
        return add(ir::Input{format}, {}, shape, std::move(name));
    }
    ir::Id constant(const py::object& raw, const Format& type, std::string name) {
        const auto array = as_int64(raw, "constant");
        Shape shape;
        for (py::ssize_t i = 0; i < array.ndim(); ++i) shape.push_back(static_cast<std::uint32_t>(array.shape(i)));
        return add(ir::Constant{type, integers(array, "constant")}, {}, shape, std::move(name));
    }
    ir::Id cast(ir::Id x, const std::variant<Format, std::vector<Format>>& formats, int shift, std::string name) {
        ir::CastOp op{{}, shift};
        if (const auto* one = std::get_if<Format>(&formats)) op.formats = {*one};
        else op.formats = std::get<std::vector<Format>>(formats);
        if (op.formats.empty()) throw Error(ErrorKind::graph, "cast: at least one format is needed");
        return add(std::move(op), {x}, {}, std::move(name));
    }
    ir::Id dot(ir::Id x, const py::object& weights, int w_frac, const py::object& bias, int b_frac,
               const py::object& index, const py::object& group, const std::optional<Format>& product,
               const std::optional<Format>& accum, const ShapeArgument& shape, std::string name) {
        ir::Dot op;
        const auto w = as_int64(weights, "dot weights");
        if (w.ndim() != 2 && w.ndim() != 3) throw Error(ErrorKind::graph, "dot: weights must be [F, K] or [G, F, K]");
        const auto dim = [&](py::ssize_t i) { return static_cast<std::uint32_t>(w.shape(i)); };
        op.groups = w.ndim() == 3 ? dim(0) : 1;
        op.filters = dim(w.ndim() - 2), op.terms = dim(w.ndim() - 1);
        op.weights = integers(w, "dot weights"), op.w_frac = w_frac;
        op.bias = bias.is_none() ? ir::Integers(std::size_t{op.groups} * op.filters, 0) : integers(bias, "dot bias");
        op.b_frac = b_frac;
        if (index.is_none()) {
            for (std::uint32_t k = 0; k < op.terms; ++k) op.index.push_back(static_cast<std::int32_t>(k));
            if (op.terms != value(x).size())
                throw Error(ErrorKind::graph, "dot '" + name + "': " + std::to_string(op.terms) +
                                                  " weights per output for " + std::to_string(value(x).size()) +
                                                  " elements; give an index map");
        } else {
            op.index = indices(index, "dot index");
            const auto map = as_int64(index, "dot index");
            if (map.ndim() != 2 || static_cast<std::uint32_t>(map.shape(1)) != op.terms)
                throw Error(ErrorKind::graph,
                            "dot '" + name + "': index must be [P, K] with K = " + std::to_string(op.terms));
            op.positions = static_cast<std::uint32_t>(map.shape(0));
        }
        op.group = group.is_none() ? ir::Indices(op.positions, 0) : indices(group, "dot group");
        op.product = product, op.accum = accum;
        return add(std::move(op), {x}, shape.value_or(Shape{}), std::move(name));
    }
    ir::Id gather(const std::vector<ir::Id>& xs, const py::object& index, std::int64_t fill, const ShapeArgument& shape,
                  std::string name) {
        return add(ir::Gather{indices(index, "gather index"), fill}, xs, shape.value_or(Shape{}), std::move(name));
    }
    ir::Id lut(ir::Id x, const py::object& table, std::int64_t first, const Format& type, std::string name) {
        return add(ir::Lut{type, first, integers(table, "lut table")}, {x}, {}, std::move(name));
    }
    ir::Id binary(const std::string& kind, ir::Id a, ir::Id b, const std::optional<Format>& format, std::string name) {
        return add(ir::Binary{parse_kind<ir::BinaryKind>(kind, ir::kBinaryNames, "binary kind"), format}, {a, b}, {},
                   std::move(name));
    }
    ir::Id select(ir::Id c, ir::Id a, ir::Id b, const std::optional<Format>& format, std::string name) {
        return add(ir::Select{format}, {c, a, b}, {}, std::move(name));
    }
    ir::Id reduce(const std::string& kind, ir::Id x, std::uint32_t outer, std::uint32_t size, std::uint32_t inner,
                  const std::optional<Format>& accum, const std::string& order, const ShapeArgument& shape,
                  std::string name) {
        return add(ir::Reduce{parse_kind<ir::ReduceKind>(kind, ir::kReduceNames, "reduce kind"), outer, size, inner,
                              accum, parse_kind<ir::Order>(order, ir::kOrderNames, "reduce order")},
                   {x}, shape.value_or(Shape{}), std::move(name));
    }
    void probe(ir::Id x, const std::string& layer) { value(x), graph_.probes.push_back({x, layer}); }
    void output(ir::Id x, const std::string& name) { value(x), graph_.outputs.push_back({x, name}); }
    py::object build() const { return wrap_model(graph_); }

private:
    ir::Id add(ir::Attributes op, std::vector<ir::Id> operands, const Shape& shape, std::string name) {
        return ir::append(graph_, std::move(op), std::move(operands), shape, std::move(name));
    }
    const ir::Value& value(ir::Id x) const {
        if (x >= graph_.nodes.size()) throw Error(ErrorKind::graph, "value " + std::to_string(x) + " does not exist");
        return graph_.nodes[x].value;
    }
    ir::Graph graph_;
};

}  // namespace

void bind_builder(py::module_& module) {
    const auto none = py::none();
    using py::arg;
    using py::kw_only;
    py::class_<Builder>(module, "Builder",
                        "Builds a graph, one operation a call; the meaning of each: docs/spec/ir.md.")
        .def(py::init<std::string>(), arg("name") = "")
        .def("set_meta", &Builder::set_meta, arg("key"), arg("value"))
        .def("format_of", &Builder::format_of, arg("x"), "Type of a value (modes TRN, WRAP).")
        .def("shape_of", &Builder::shape_of, arg("x"))
        .def("input", &Builder::input, arg("name"), arg("shape"), arg("fmt"))
        .def("constant", &Builder::constant, arg("raw"), arg("type"), arg("name") = "")
        .def("cast", &Builder::cast, arg("x"), arg("fmt"), kw_only(), arg("shift") = 0, arg("name") = "")
        .def("dot", &Builder::dot, arg("x"), arg("weights"), arg("w_frac"), arg("bias") = none, arg("b_frac") = 0,
             kw_only(), arg("index") = none, arg("group") = none, arg("product") = none, arg("accum") = none,
             arg("shape") = none, arg("name") = "")
        .def("gather", &Builder::gather, arg("xs"), arg("index"), kw_only(), arg("fill") = 0, arg("shape") = none,
             arg("name") = "")
        .def("lut", &Builder::lut, arg("x"), arg("table"), arg("first"), arg("type"), kw_only(), arg("name") = "")
        .def("binary", &Builder::binary, arg("kind"), arg("a"), arg("b"), arg("fmt") = none, kw_only(),
             arg("name") = "")
        .def("select", &Builder::select, arg("c"), arg("a"), arg("b"), arg("fmt") = none, kw_only(), arg("name") = "")
        .def("reduce", &Builder::reduce, arg("kind"), arg("x"), arg("outer"), arg("size"), arg("inner"), kw_only(),
             arg("accum") = none, arg("order") = "sequential", arg("shape") = none, arg("name") = "")
        .def("probe", &Builder::probe, arg("x"), arg("layer"))
        .def("output", &Builder::output, arg("x"), arg("name"))
        .def("build", &Builder::build, "Verify the graph, prove ranges, plan; raises GraphError or UnsupportedError.");
}

}  // namespace bxnn::python
