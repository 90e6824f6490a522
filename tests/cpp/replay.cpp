// bxnn_replay [--isa NAME]... FILE_OR_FOLDER...: runs the golden vectors that model files carry, on the reference and
// every usable instruction set or on those named. Exit code 1: a value differs; 2: usage or an unreadable file;
// 3: a named instruction set is not usable on this CPU.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bxnn/model.hpp"

namespace {

struct Level {
    std::string name;
    std::uint64_t models = 0, compared = 0, differing = 0;
};

bool replay(const std::string& path, std::vector<Level>& levels) {
    const auto model = bxnn::Model::load(path);
    if (model.golden_events() == 0) return std::printf("%s: carries no golden vectors\n", path.c_str()), false;
    for (auto& level : levels) {
        if (bxnn::Context(model, level.name).isa() != level.name)
            return std::printf("%s: '%s' did not take effect\n", path.c_str(), level.name.c_str()), false;
        const auto test = model.self_test(level.name);
        if (test.differing)
            std::printf("%s: %s: %llu of %llu values differ\n", path.c_str(), level.name.c_str(),
                        static_cast<unsigned long long>(test.differing),
                        static_cast<unsigned long long>(test.compared));
        ++level.models, level.compared += test.compared, level.differing += test.differing;
    }
    return true;
}

std::vector<std::string> files_of(const std::string& path) {
    if (!std::filesystem::is_directory(path)) return {path};
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path))
        if (entry.path().extension() == ".bxnn") files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    return files;
}

int run(int argc, char** argv) {
    std::vector<Level> levels;
    std::vector<std::string> files, usable = bxnn::isa_levels();
    usable.insert(usable.begin(), "reference");
    for (int i = 1; i < argc; ++i) {
        if (argv[i] != std::string("--isa")) {
            for (auto& file : files_of(argv[i])) files.push_back(std::move(file));
            continue;
        }
        const std::string name = ++i < argc ? argv[i] : "";
        if (std::find(usable.begin(), usable.end(), name) == usable.end()) {
            std::printf("'%s' is not usable on this CPU; usable:", name.c_str());
            for (const auto& level : usable) std::printf(" %s", level.c_str());
            return std::printf("\n"), 3;
        }
        levels.push_back({name});
    }
    if (files.empty()) return std::printf("usage: bxnn_replay [--isa NAME]... FILE_OR_FOLDER...\n"), 2;
    if (levels.empty())
        for (const auto& name : usable) levels.push_back({name});
    bool readable = true;
    for (const auto& file : files) readable = replay(file, levels) && readable;
    std::uint64_t differing = 0;
    for (const auto& level : levels) {
        std::printf("%-10s %6llu models %12llu values compared %llu differ\n", level.name.c_str(),
                    static_cast<unsigned long long>(level.models), static_cast<unsigned long long>(level.compared),
                    static_cast<unsigned long long>(level.differing));
        differing += level.differing;
    }
    return differing ? 1 : readable ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        return std::printf("%s\n", error.what()), 2;
    }
}
