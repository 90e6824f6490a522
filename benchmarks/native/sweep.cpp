// One model at one level: sweep MODEL LEVEL SECONDS BATCH... prints a JSON object.
// Batches of raw integers lie in the cache; every answer is compared with the reference executor's.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "bxnn/model.hpp"

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <class T>
std::vector<T> random_events(const bxnn::Tensor& tensor, std::size_t events) {
    std::mt19937_64 random(1);
    std::vector<T> raw(events * tensor.size());
    const int width = tensor.format.width;
    for (auto& x : raw) {
        const auto bits = static_cast<std::int64_t>(random() & ((std::uint64_t{1} << width) - 1));
        x = static_cast<T>(tensor.format.is_signed ? bits - (std::int64_t{1} << (width - 1)) : bits);
    }
    return raw;
}

struct Run {
    const bxnn::Model& model;
    bxnn::ConstArray in;
    std::size_t in_bytes, out_size;

    void operator()(bxnn::Context& context, std::vector<std::int64_t>& y, std::size_t events, std::size_t batch) const {
        for (std::size_t at = 0; at < events; at += batch) {
            bxnn::ConstArray input = in;
            input.data = static_cast<const std::byte*>(in.data) + at * in_bytes;
            const bxnn::Array output(y.data() + at * out_size);
            model.predict(context, {&input, 1}, {&output, 1}, std::min(batch, events - at));
        }
    }
};

template <class T>
int measure(const bxnn::Model& model, const char* level, double seconds, int batches, char** batch_texts) {
    std::size_t most = 4800;
    for (int i = 0; i < batches; ++i) most = std::max<std::size_t>(most, std::strtoull(batch_texts[i], nullptr, 10));
    const auto raw = random_events<T>(model.inputs()[0], most);
    const std::size_t out_size = model.outputs()[0].size();
    const Run run{model, bxnn::ConstArray(raw.data()), model.inputs()[0].size() * sizeof(T), out_size};
    std::vector<std::int64_t> y(most * out_size), expected(4800 * out_size);
    bxnn::Context reference(model, "reference"), context(model, level);
    run(reference, expected, 4800, 4800);
    std::printf("{\"level\": \"%s\", \"batches\": {", level);
    std::size_t differing = 0;
    for (int i = 0; i < batches; ++i) {
        const std::size_t batch = std::strtoull(batch_texts[i], nullptr, 10),
                          events = std::max<std::size_t>(batch, 4800);
        std::vector<double> times;
        for (const auto start = Clock::now(); times.size() < 5 || since(start) < seconds;) {
            const auto before = Clock::now();
            run(context, y, events, batch);
            times.push_back(since(before) / static_cast<double>(events));
        }
        for (std::size_t k = 0; k < expected.size(); ++k) differing += y[k] != expected[k];
        std::sort(times.begin(), times.end());
        std::printf("%s\"%zu\": {\"best_ns\": %.3f, \"median_ns\": %.3f}", i ? ", " : "", batch, times.front() * 1e9,
                    times[times.size() / 2] * 1e9);
    }
    // Single events, each timed: the clock's own time is part of them.
    std::vector<double> latencies(200'000);
    for (std::size_t i = 0; i < latencies.size(); ++i) {
        bxnn::ConstArray input = run.in;
        input.data = static_cast<const std::byte*>(run.in.data) + i % 4800 * run.in_bytes;
        const bxnn::Array output(y.data());
        const auto before = Clock::now();
        model.predict(context, {&input, 1}, {&output, 1}, 1);
        latencies[i] = since(before) * 1e9;
    }
    std::sort(latencies.begin(), latencies.end());
    const auto at = [&](double q) { return latencies[static_cast<std::size_t>(q * 199'999)]; };
    std::printf(
        "}, \"latency_ns\": {\"p50\": %.0f, \"p99\": %.0f, \"p99.9\": %.0f}, \"compared\": %zu, \"differing\": %zu}\n",
        at(0.5), at(0.99), at(0.999), expected.size() * static_cast<std::size_t>(batches), differing);
    return differing != 0;
}

}  // namespace

int main(int count, char** words) {
    if (count < 5) return 2;
    try {
        const auto model = bxnn::Model::load(words[1]);
        const auto& format = model.inputs()[0].format;
        const double seconds = std::atof(words[3]);
        if (format.width + !format.is_signed <= 8)
            return measure<std::int8_t>(model, words[2], seconds, count - 4, words + 4);
        return measure<std::int16_t>(model, words[2], seconds, count - 4, words + 4);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 3;
    }
}
