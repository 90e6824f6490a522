#include <sstream>

#include "ir/graph.hpp"

namespace bxnn::ir {
namespace {

struct Printer {
    std::ostringstream& out;

    void operator()(const char* name, const Format& f) { out << ' ' << name << '=' << f.str(); }
    void operator()(const char* name, const std::optional<Format>& f) {
        if (f) (*this)(name, *f);
    }
    void operator()(const char* name, const std::vector<Format>& list) {
        if (list.size() == 1) return (*this)(name, list.front());
        out << ' ' << name << "=[" << list.size() << " formats]";
    }
    template <class T>
    void operator()(const char* name, const std::vector<T>& v) {
        out << ' ' << name << "=[" << v.size() << ']';
    }
    template <class T>
        requires std::is_integral_v<T>
    void operator()(const char* name, const T& value) {
        out << ' ' << name << '=' << +value;
    }
    template <class E, std::size_t N>
    void operator()(const char* name, const E& value, const std::string_view (&names)[N]) {
        out << ' ' << name << '=' << names[static_cast<std::size_t>(value)];
    }
};

}  // namespace

std::string Graph::dump() const {
    std::ostringstream out;
    for (Id id = 0; id < nodes.size(); ++id) {
        const auto& node = nodes[id];
        out << '%' << id << " = " << name_of(node.op);
        for (const Id operand : node.operands) out << " %" << operand;
        std::visit([&](auto op) { op.fields(Printer{out}); }, node.op);
        out << " : " << node.value.type.str() << '[';
        for (std::size_t i = 0; i < node.value.shape.size(); ++i) out << (i ? "," : "") << node.value.shape[i];
        out << ']';
        if (!node.name.empty()) out << "  # " << node.name;
        out << '\n';
    }
    for (const auto& mark : probes) out << "probe %" << mark.id << ' ' << mark.name << '\n';
    for (const auto& mark : outputs) out << "output %" << mark.id << ' ' << mark.name << '\n';
    return out.str();
}

}  // namespace bxnn::ir
