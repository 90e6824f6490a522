// Small files that ask for much: they must be refused at once, in bounded memory.
#include <ctime>
#include <optional>

#include "check.hpp"
#include "counted_memory.hpp"
#include "ir/file.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

constexpr std::size_t kMemory = std::size_t{1} << 30;
constexpr double kSeconds = 2;  // of the processor, sanitizers included

// Reading the file, planning and taking scratch memory end soon: with an error of that kind, or, without one, well.
void soon(const std::string& what, std::optional<ErrorKind> kind, const std::vector<std::uint8_t>& bytes) {
    const std::clock_t begin = std::clock();
    const std::size_t before = memory::live;
    memory::peak = before, memory::limit = before + kMemory;
    try {
        const Model model = Model::from_bytes(bytes);
        const Context context(model), reference(model, "reference");
        check::that(!kind, what + ": accepted");
    } catch (const Error& error) {
        check::that(kind && error.kind() == *kind, what + ": " + error.what());
    } catch (const std::bad_alloc&) {
        check::that(false, what + ": wants more than 1 GiB");
    }
    memory::limit = ~std::size_t{0};
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("%-32s %8zu bytes: %.2f s, %zu MiB\n", what.c_str(), bytes.size(), seconds,
                (memory::peak - before) >> 20);
    check::that(seconds < kSeconds, what + ": took " + std::to_string(seconds) + " s");
}

ir::Node node(ir::Attributes op, std::vector<ir::Id> operands, Shape shape, Format type) {
    return {"", std::move(operands), std::move(op), {std::move(shape), type}};
}
constexpr Format kByte{8, 8, true};

ir::Graph with_input(std::uint32_t n) {
    ir::Graph graph;
    graph.nodes.push_back(node(ir::Input{kByte}, {}, {n}, kByte));
    graph.nodes[0].name = "x";
    graph.outputs = {{0, "y"}};
    return graph;
}

// A gather of the same million elements, 300 times over.
std::vector<std::uint8_t> many_operands() {
    auto graph = with_input(1u << 20);
    graph.nodes.push_back(node(ir::Gather{{0}, 0}, std::vector<ir::Id>(300, 0), {1}, kByte));
    graph.outputs = {{1, "y"}};
    return ir::write_file(graph);
}

// One large value, under 300 names.
std::vector<std::uint8_t> many_outputs() {
    auto graph = with_input(1u << 20);
    for (int i = 0; i < 300; ++i) graph.outputs.push_back({0, std::to_string(i)});
    return ir::write_file(graph);
}

// A chain of reshapes of a wide value.
std::vector<std::uint8_t> long_chain() {
    auto graph = with_input(1);
    constexpr ir::Id length = 40000;
    graph.nodes.reserve(length + 2);
    const Format wide{40, 40, true};
    graph.nodes.push_back(node(ir::CastOp{{wide}, 0}, {0}, {1}, wide));
    for (ir::Id id = 2; id < length; ++id) graph.nodes.push_back(node(ir::Gather{{0}, 0}, {id - 1}, {1}, wide));
    graph.outputs = {{length - 1, "y"}};
    return ir::write_file(graph);
}

// Many nodes that all refer to one blob.
std::vector<std::uint8_t> shared_blob() {
    auto graph = with_input(1);
    constexpr std::size_t constants = 4000, n = 1 << 17;
    for (std::size_t i = 0; i < constants; ++i)
        graph.nodes.push_back(node(ir::Constant{kByte, {static_cast<std::int64_t>(i % 100)}}, {}, {1}, kByte));
    graph.nodes.push_back(node(ir::Constant{kByte, ir::Integers(n, 5)}, {}, {n}, kByte));
    auto file = ir::write_file(graph);
    // Every array reference (width 1, one element) becomes one to the whole last blob.
    const std::size_t blobs = file.size() - n;
    std::uint64_t blob_section = 0;
    for (std::size_t i = 0; i < 8; ++i) blob_section |= std::uint64_t{file[40 + i]} << (8 * i);
    const auto put = [&](std::size_t at, std::uint64_t value) {
        for (std::size_t i = 0; i < 8; ++i) file[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    };
    const auto is_reference = [&](std::size_t at) {
        if (file[at] != 1 || file[at + 1] != 1) return false;
        for (std::size_t i = 2; i < 9; ++i)
            if (file[at + i] != 0) return false;
        return file[at + 9] % 64 == 0;
    };
    for (std::size_t at = 64; at + 17 <= blob_section; ++at)
        if (is_reference(at) && file[at - 11] == 8) put(at + 1, n), put(at + 9, blobs - blob_section);
    put(24, ir::checksum(std::span<const std::uint8_t>(file).subspan(64)));
    return file;
}

// As many products as indices and weights of a few megabytes can state.
std::vector<std::uint8_t> many_products() {
    auto graph = with_input(1);
    constexpr std::uint32_t side = 1024;
    ir::Dot dot;
    dot.positions = dot.filters = dot.terms = side;
    dot.weights.assign(std::size_t{side} * side, 1);
    dot.bias.assign(side, 0);
    dot.index.assign(std::size_t{side} * side, 0);
    dot.group.assign(side, 0);
    const Format type{18, 18, true};
    graph.nodes.push_back(node(dot, {0}, {side * side}, type));
    graph.outputs = {{1, "y"}};
    return ir::write_file(graph);
}

std::vector<std::uint8_t> large_arena() {
    ir::Graph graph;
    const Format wide{64, 64, true};
    for (const char* name : {"a", "b", "c"}) {
        graph.nodes.push_back(node(ir::Input{wide}, {}, {1u << 20}, wide));
        graph.nodes.back().name = name;
        graph.outputs.push_back({static_cast<ir::Id>(graph.nodes.size() - 1), name});
    }
    return ir::write_file(graph);
}

// Elements picked from the last of many operands.
std::vector<std::uint8_t> distant_operands() {
    auto graph = with_input(1);
    constexpr std::uint32_t n = 1u << 15;
    graph.nodes.push_back(node(ir::Gather{ir::Indices(n, n - 1), 0}, std::vector<ir::Id>(n, 0), {n}, kByte));
    graph.outputs = {{1, "y"}};
    return ir::write_file(graph);
}

}  // namespace

int main() {
    soon("one value, gathered 300 times", ErrorKind::graph, many_operands());
    soon("one value, 301 outputs", ErrorKind::graph, many_outputs());
    soon("one blob for 4000 arrays", ErrorKind::file, shared_blob());
    soon("2^30 products", ErrorKind::graph, many_products());
    soon("3 GiB of scratch memory", ErrorKind::unsupported, large_arena());
    soon("40000 reshapes", {}, long_chain());
    soon("32768 operands", {}, distant_operands());
    return check::report();
}
