// One model in many threads, a pool used from several threads, errors inside a pool's call, lifetimes.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "check.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

constexpr std::size_t kEvents = 3000;  // three shares of a pool's call
constexpr unsigned kThreads = 6;

void in_threads(unsigned n, auto&& f) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
    for (auto& thread : threads) thread.join();
}

std::vector<std::vector<std::int64_t>> expected(const Model& model, std::size_t events) {
    models::Arrays arrays(model, events, 5);
    Context context(model, "reference");
    model.predict(context, arrays.in(), arrays.out(), events);
    return arrays.outputs;
}

// Contexts are made at the same time too, so that plans are first asked for from several threads.
void shared_model(const ir::Graph& graph) {
    const Model model = make_model(graph);
    std::vector<std::vector<std::vector<std::int64_t>>> results(kThreads);
    auto levels = isa_levels();
    levels.push_back("reference");
    in_threads(kThreads, [&](unsigned i) {
        models::Arrays arrays(model, 300, 5);
        Context context(model, levels[i % levels.size()]);
        for (int call = 0; call < 3; ++call) model.predict(context, arrays.in(), arrays.out(), 300);
        static_cast<void>(model.explain());
        results[i] = arrays.outputs;
    });
    const auto right = expected(model, 300);
    for (const auto& result : results)
        check::that(result == right, graph.name + ": a thread's results are the reference's");
}

void shared_pool(const Model& model) {
    const auto right = expected(model, kEvents);
    Pool pool(4);
    std::vector<std::vector<std::vector<std::int64_t>>> results(kThreads);
    in_threads(kThreads, [&](unsigned i) {
        models::Arrays arrays(model, kEvents, 5);
        std::vector<Context> contexts;
        for (unsigned k = 0; k < 1 + i; ++k) contexts.emplace_back(model);  // fewer and more than the pool's threads
        for (int call = 0; call < 3; ++call) pool.predict(model, contexts, arrays.in(), arrays.out(), kEvents);
        results[i] = arrays.outputs;
    });
    for (const auto& result : results)
        check::that(result == right, "a pool called from several threads gives the reference's results");
}

// Several events are bad; whatever the threads do, the lowest is named and the pool lives on.
void errors_in_a_pool(const Model& model) {
    constexpr std::size_t events = 20000;
    models::Arrays arrays(model, events, 5);
    const std::size_t n = model.inputs()[0].size();
    auto& x = arrays.inputs[0];
    for (const std::size_t bad : {17003, 12345, 12346, 19999}) x[bad * n + 3] = 1 << 20;
    std::vector<Context> contexts;
    for (int i = 0; i < 4; ++i) contexts.emplace_back(model);
    Pool pool(4);
    for (int call = 0; call < 20; ++call)
        check::throws(ErrorKind::input, "event 12345, element 3",
                      [&] { pool.predict(model, contexts, arrays.in(), arrays.out(), events); });
    for (const std::size_t bad : {17003, 12345, 12346, 19999}) x[bad * n + 3] = 0;
    pool.predict(model, contexts, arrays.in(), arrays.out(), events);
    models::Arrays again = arrays;
    Context reference(model, "reference");
    model.predict(reference, again.in(), again.out(), events);
    check::that(again.outputs == arrays.outputs, "after errors a pool computes right results");
}

// With several inputs, too, the lowest bad event is named, not the first bad input.
void lowest_event_of_several_inputs() {
    models::Maker maker;
    const auto a = maker.input("a", "ap_int<8>", 2), b = maker.input("b", "ap_int<8>", 2);
    maker.output(maker.binary(ir::BinaryKind::add, a, b), "sum");
    const Model model = maker.build();
    models::Arrays arrays(model, 200, 1);
    arrays.inputs[0][2 * 90] = 1000, arrays.inputs[1][2 * 40 + 1] = 1000;
    auto levels = isa_levels();
    levels.push_back("reference");
    for (const auto& level : levels) {
        Context context(model, level);
        check::throws(ErrorKind::input, "input 'b', event 40, element 1",
                      [&] { model.predict(context, arrays.in(), arrays.out(), 200); });
    }
}

void lifetimes() {
    auto model = std::make_unique<Model>(make_model(models::network_graph()));
    models::Arrays arrays(*model, 100, 5);
    const auto right = expected(*model, 100);
    Context context(*model), moved(std::move(context));
    Model copy = *model;
    model.reset();
    copy.predict(moved, arrays.in(), arrays.out(), 100);
    check::that(arrays.outputs == right, "a context outlives the model that it was made from");
    {
        const Model other = make_model(models::network_graph());
        check::throws(ErrorKind::input, "belongs to another model",
                      [&] { other.predict(moved, arrays.in(), arrays.out(), 1); });
        Pool pool(2);
        check::throws(ErrorKind::input, "must be alike",
                      [&] { pool.predict(other, {&moved, 1}, arrays.in(), arrays.out(), 1); });
        check::throws(ErrorKind::input, "at least one context",
                      [&] { pool.predict(other, {}, arrays.in(), arrays.out(), 1); });
    }
    std::vector<Context> orphans;
    {
        const Model short_lived = make_model(models::network_graph());
        orphans.emplace_back(short_lived, "reference", true);
    }
    check::that(orphans[0].isa() == "reference", "a context is valid without its model");
    for (int i = 0; i < 20; ++i) Pool pool(3);  // made and destroyed without a call
}

// In a process of its own, which has too little memory for so many stacks.
void pool_that_cannot_start() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        const rlimit memory{500u << 20, 500u << 20};
        setrlimit(RLIMIT_AS, &memory);
        check::throws(ErrorKind::input, "a pool of 500 threads: only ", [] { Pool pool(500); });
        _exit(check::failures);
    }
    int status = 1;
    waitpid(child, &status, 0);
    check::that(status == 0, "a pool whose threads can't be started is an error");
#endif
}

}  // namespace

int main() {
    pool_that_cannot_start();  // forks: before there are threads
    const Model network = make_model(models::network_graph());
    shared_model(models::every_instruction_graph());
    shared_model(models::network_graph());
    shared_pool(network);
    errors_in_a_pool(network);
    lowest_event_of_several_inputs();
    lifetimes();
    return check::report();
}
