// Hostile model files: whatever the bytes, reading them gives a model or an Error, soon and in bounded memory; and a
// model that is accepted gives the same integers on the reference and on the best instruction set.
//
//     fuzz_file [--inputs N] [--seed S] [--only I] [--save FOLDER] SEED_FILE_OR_FOLDER...
//
// Every input follows from the seed files, S and its number; --only repeats one. With BXNN_LIBFUZZER this is a
// libFuzzer target. Exit code 1: a slow or a memory-hungry input, or a difference. A crash ends the program after
// naming the input.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "counted_memory.hpp"
#include "ir/file.hpp"
#include "models.hpp"

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace bxnn;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kMemoryLimit = std::size_t{1} << 30;  // of one input

enum class Verdict { rejected, accepted, differs, hungry };

// Two events on the reference and on the best level.
Verdict run_twice(const Model& model) {
    constexpr std::size_t events = 2;
    models::Arrays expected(model, events, 1, true), got(model, events, 1, true);
    Context reference(model, "reference", true), best(model, "", true);
    model.predict(reference, expected.in(), expected.out(), events);
    model.predict(best, got.in(), got.out(), events);
    static_cast<void>(model.explain());
    static_cast<void>(model.dump());
    return expected.outputs == got.outputs ? Verdict::accepted : Verdict::differs;
}

Verdict judge(std::span<const std::uint8_t> bytes) {
    memory::peak = memory::live.load();
    memory::limit = memory::live + kMemoryLimit;
    try {
        const Model model = Model::from_bytes(bytes);
        const Verdict verdict = run_twice(model);
        if (verdict == Verdict::accepted && model.golden_events() > 0 && model.golden_events() < 500)
            static_cast<void>(model.self_test());
        return verdict;
    } catch (const Error&) {
        return Verdict::rejected;
    } catch (const std::bad_alloc&) {
        return Verdict::hungry;
    }
}

void put64(Bytes& file, std::size_t at, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) file[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}
std::uint64_t get64(const Bytes& file, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{file[at + i]} << (8 * i);
    return value;
}

// Size and checksum as the reader expects them.
void repair(Bytes& file) {
    if (file.size() < 64) return;
    put64(file, 16, file.size());
    put64(file, 24, ir::checksum(std::span<const std::uint8_t>(file).subspan(64)));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes file(data, data + size);
    for (const bool repaired : {false, true}) {
        if (repaired) repair(file);
        const Verdict verdict = judge(file);
        if (verdict == Verdict::differs || verdict == Verdict::hungry) std::abort();
    }
    return 0;
}

#ifndef BXNN_LIBFUZZER
namespace {

struct Mutator {
    const std::vector<Bytes>& seeds;
    std::mt19937_64 random;
    Bytes file;

    Mutator(const std::vector<Bytes>& s, std::uint64_t seed) : seeds(s), random(seed) {}

    std::size_t below(std::size_t n) { return n == 0 ? 0 : random() % n; }
    bool chance(unsigned percent) { return below(100) < percent; }
    std::uint64_t interesting() {
        constexpr std::uint64_t values[] = {0,  1,  2,   3,   4,   7,   8,   16,  31,   32,   33,    62,   63,
                                            64, 65, 100, 126, 127, 128, 255, 256, 1024, 4096, 65535, 65536};
        switch (below(4)) {
            case 0: return values[below(std::size(values))];
            case 1: return ~values[below(std::size(values))] + 1;
            case 2: return (std::uint64_t{1} << below(64)) - below(2);
            default: return file.size() - std::min<std::size_t>(below(70), file.size());
        }
    }
    // Where the mutation goes: mostly the program, where everything is decided; then the integers; then the header.
    std::size_t place(std::size_t bytes) {
        const std::size_t program_end =
            std::clamp<std::size_t>(static_cast<std::size_t>(get64(file, 40)), 64, file.size());
        const std::size_t kind = below(20);
        const std::size_t lo = kind == 0   ? 8
                               : kind < 15 ? 64
                                           : program_end,
                          hi = kind == 0   ? 64
                               : kind < 15 ? program_end
                                           : file.size();
        return std::min(lo + below(hi - lo), file.size() - bytes);
    }
    void overwrite() {
        const std::size_t bytes = std::size_t{1} << below(4), at = place(bytes);
        std::uint64_t value = 0;
        std::memcpy(&value, file.data() + at, bytes);
        value = chance(40) ? value + below(9) - 4 : interesting();
        std::memcpy(file.data() + at, &value, bytes);
    }
    // Copies a run of bytes from somewhere else of this or another file: over what is there, or in between.
    void splice() {
        const Bytes& from = chance(60) ? file : seeds[below(seeds.size())];
        const std::size_t n = std::min(1 + below(chance(70) ? 12 : 200), from.size()),
                          start = below(from.size() - n + 1);
        const Bytes run(from.begin() + static_cast<std::ptrdiff_t>(start),
                        from.begin() + static_cast<std::ptrdiff_t>(start + n));
        const std::size_t at = place(std::min(n, file.size()));
        if (chance(60))
            std::copy_n(run.begin(), std::min(n, file.size() - at), file.begin() + static_cast<std::ptrdiff_t>(at));
        else
            move_blobs(at, static_cast<std::ptrdiff_t>(n)),
                file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), run.begin(), run.end());
    }
    void erase() {
        const std::size_t n = 1 + below(chance(80) ? 12 : 200), at = place(1);
        const std::size_t count = std::min(n, file.size() - at);
        if (at < 64 || file.size() - count < 64) return;
        move_blobs(at, -static_cast<std::ptrdiff_t>(count));
        file.erase(file.begin() + static_cast<std::ptrdiff_t>(at),
                   file.begin() + static_cast<std::ptrdiff_t>(at + count));
    }
    // The blob section keeps its bytes when the program before it grows or shrinks.
    void move_blobs(std::size_t at, std::ptrdiff_t by) {
        if (at >= 64 && at < get64(file, 40)) put64(file, 40, get64(file, 40) + static_cast<std::uint64_t>(by));
    }
    const Bytes& next() {
        file = seeds[below(seeds.size())];
        for (std::size_t n = 1 + below(chance(70) ? 3 : 12); n > 0; --n) {
            const std::size_t kind = below(100);
            if (kind < 30) file[place(1)] ^= static_cast<std::uint8_t>(1u << below(8));
            else if (kind < 75) overwrite();
            else if (kind < 88) splice();
            else if (kind < 98) erase();
            else file.resize(64 + below(file.size() - 63));
        }
        if (!chance(3)) repair(file);
        if (chance(1)) file.resize(below(file.size() + 1));
        return file;
    }
};

std::uint64_t current = 0, campaign = 1;
void name_the_input() {
    std::printf("fuzz_file: died on input %llu of seed %llu\n", static_cast<unsigned long long>(current),
                static_cast<unsigned long long>(campaign));
    std::fflush(stdout);
}

struct Report {
    std::uint64_t inputs = 0, accepted = 0, slow = 0, hungry = 0, differing = 0;
    double slowest = 0;
    std::size_t largest = 0;
};

void one(const Bytes& file, const std::string& folder, Report& report) {
    const std::clock_t begin = std::clock();  // of the processor: a busy machine does not count
    const std::size_t before = memory::live;
    const Verdict verdict = judge(file);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    ++report.inputs, report.accepted += verdict == Verdict::accepted;
    report.slowest = std::max(report.slowest, seconds),
    report.largest = std::max(report.largest, memory::peak - before);
    const bool slow = seconds > 1, hungry = verdict == Verdict::hungry, differs = verdict == Verdict::differs;
    report.slow += slow, report.hungry += hungry, report.differing += differs;
    if (!slow && !hungry && !differs) return;
    std::printf("input %llu (%zu bytes): %.2f s, %zu MiB%s%s\n", static_cast<unsigned long long>(current), file.size(),
                seconds, (memory::peak - before) >> 20, hungry ? ", more memory than allowed" : "",
                differs ? ", the reference and the best level DIFFER" : "");
    std::fflush(stdout);
    if (!folder.empty())
        std::ofstream(folder + "/" + std::to_string(campaign) + "_" + std::to_string(current) + ".bxnn",
                      std::ios::binary)
            .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
}

void read_seeds(const std::filesystem::path& path, std::vector<Bytes>& seeds) {
    std::vector<std::filesystem::path> paths{path};
    if (std::filesystem::is_directory(path)) {
        paths.clear();
        for (const auto& entry : std::filesystem::directory_iterator(path)) paths.push_back(entry.path());
        std::sort(paths.begin(), paths.end());
    }
    for (const auto& file : paths) {
        std::ifstream in(file, std::ios::binary);
        Bytes bytes{std::istreambuf_iterator<char>(in), {}};
        if (bytes.size() >= 64) seeds.push_back(std::move(bytes));
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t inputs = 1000000, only = ~std::uint64_t{0};
    std::string folder;
    std::vector<Bytes> seeds{make_model(models::every_instruction_graph()).to_bytes(),
                             make_model(models::network_graph()).to_bytes()};
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--inputs" && ++i < argc) inputs = std::strtoull(argv[i], nullptr, 10);
        else if (argument == "--seed" && ++i < argc) campaign = std::strtoull(argv[i], nullptr, 10);
        else if (argument == "--only" && ++i < argc) only = std::strtoull(argv[i], nullptr, 10);
        else if (argument == "--save" && ++i < argc) folder = argv[i];
        else if (i < argc) read_seeds(argument, seeds);
    }
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(name_the_input);
    Report report;
    const auto begin = std::chrono::steady_clock::now();
    for (current = 0; current < inputs; ++current) {
        if (only != ~std::uint64_t{0} && current != only) continue;
        Mutator mutator(seeds, campaign * 0x9e3779b97f4a7c15u + current);
        one(mutator.next(), folder, report);
        if (only != ~std::uint64_t{0} && !folder.empty())
            std::ofstream(folder + "/only.bxnn", std::ios::binary)
                .write(reinterpret_cast<const char*>(mutator.file.data()),
                       static_cast<std::streamsize>(mutator.file.size()));
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf(
        "%llu inputs from %zu seed files in %.0f s (%.0f a second), %llu accepted and run; slowest %.2f s, largest %zu "
        "MiB; "
        "%llu slow, %llu hungry, %llu differing\n",
        static_cast<unsigned long long>(report.inputs), seeds.size(), seconds,
        static_cast<double>(report.inputs) / seconds, static_cast<unsigned long long>(report.accepted), report.slowest,
        report.largest >> 20, static_cast<unsigned long long>(report.slow),
        static_cast<unsigned long long>(report.hungry), static_cast<unsigned long long>(report.differing));
    return report.slow || report.hungry || report.differing;
}
#endif
