// predict allocates nothing once model, contexts and pool exist: global new and delete are counted.
#include <filesystem>
#include <fstream>

#include "bxnn/c_api.h"
#include "check.hpp"
#include "counted_memory.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

// f() neither allocates nor releases, not even when it runs for the first time.
template <class F>
void allocates_nothing(const std::string& what, F&& f) {
    for (int call = 1; call <= 2; ++call) {
        const std::size_t taken = memory::allocations, given = memory::releases;
        f();
        const std::size_t more = memory::allocations - taken, fewer = memory::releases - given;
        check::that(more == 0 && fewer == 0, what + ", call " + std::to_string(call) + ": " + std::to_string(more) +
                                                 " allocations, " + std::to_string(fewer) + " releases");
    }
}

void predict_of(const Model& model, const std::string& level, bool trace) {
    constexpr std::size_t events = 5000;  // several shares of a pool
    models::Arrays arrays(model, events, 1, trace);
    const auto in = arrays.in();
    const auto out = arrays.out();
    std::vector<Context> contexts;
    for (int i = 0; i < 3; ++i) contexts.emplace_back(model, level, trace);
    const std::string what = model.name() + " on " + level + (trace ? " with probes" : "");
    for (const std::size_t n : {std::size_t{1}, std::size_t{200}})
        allocates_nothing("Model::predict of " + what, [&] { model.predict(contexts[0], in, out, n); });
    Pool pool(3);
    allocates_nothing("Pool::predict of " + what, [&] { pool.predict(model, contexts, in, out, events); });
}

void real_numbers_of(const Model& model, const std::string& level) {
    const std::vector<double> x(16 * 300, 0.37);
    std::vector<float> y(4 * 300);
    Context context(model, level);
    allocates_nothing("Model::predict from real numbers on " + level,
                      [&] { model.predict(context, ConstArray(x.data()), Array(y.data()), 300); });
}

void c_predict_of(const std::string& path, const char* level) {
    bxnn_model* model = nullptr;
    bxnn_context* context = nullptr;
    check::that(bxnn_model_load(path.c_str(), &model, nullptr, 0) == BXNN_OK, "bxnn_model_load");
    check::that(bxnn_context_new(model, level, &context, nullptr, 0) == BXNN_OK, "bxnn_context_new");
    const std::vector<std::int16_t> x(16 * 300, 77);
    std::vector<std::int32_t> y(4 * 300);
    const void* inputs[] = {x.data()};
    void* outputs[] = {y.data()};
    const bxnn_dtype in = BXNN_I16, out = BXNN_I32;
    allocates_nothing(std::string("bxnn_predict on ") + level, [&] {
        const auto status = bxnn_predict(model, context, inputs, &in, outputs, &out, 300, nullptr, 0);
        if (status != BXNN_OK) std::abort();
    });
    bxnn_context_free(context);
    bxnn_model_free(model);
}

}  // namespace

int main() {
    {
        const std::size_t before = memory::allocations;
        delete new int;
        check::that(memory::allocations > before, "the counters count");
    }
    const Model every = make_model(models::every_instruction_graph()), network = make_model(models::network_graph());
    const auto path = (std::filesystem::temp_directory_path() / "bxnn_allocation_test.bxnn").string();
    const auto bytes = network.to_bytes();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    auto levels = isa_levels();
    levels.push_back("reference");
    for (const auto& level : levels) {
        for (const bool trace : {false, true}) predict_of(every, level, trace);
        real_numbers_of(network, level);
        c_predict_of(path, level.c_str());
    }
    std::filesystem::remove(path);
    return check::report();
}
