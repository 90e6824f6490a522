// write_models FOLDER: the files that other tests read. network.bxnn and every.bxnn carry golden vectors from the
// reference; damaged.bxnn is network.bxnn with one bit changed.
#include <filesystem>
#include <fstream>

#include "models.hpp"

using namespace bxnn;

namespace {

Model with_golden(ir::Graph graph, std::size_t events) {
    const Model model = make_model(graph);
    models::Arrays arrays(model, events, 3);
    Context context(model, "reference");
    model.predict(context, arrays.in(), arrays.out(), events);
    graph.golden = {events, arrays.inputs, arrays.outputs};
    return make_model(graph);
}

void write(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.exceptions(std::ios::badbit | std::ios::failbit);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    auto bytes = with_golden(models::network_graph(), 150).to_bytes();
    write(folder / "network.bxnn", bytes);
    bytes[bytes.size() / 2] ^= 16;
    write(folder / "damaged.bxnn", bytes);
    write(folder / "every.bxnn", with_golden(models::every_instruction_graph(), 300).to_bytes());
}
