// context_test LIBRARY: bxnn/cuda.hpp with CUDA's runtime imitated. Results are the CPU's, and predict only enqueues:
// it takes no memory and waits for nothing.
#include <dlfcn.h>

#include "bxnn/cuda.hpp"
#include "check.hpp"
#include "models.hpp"

using namespace bxnn;

namespace {

// Runtime calls so far that take memory, and that wait.
struct Calls {
    std::size_t allocations = 0, waits = 0;
    bool operator==(const Calls&) const = default;
};

Calls calls(const char* library) {
    void* handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    const auto count = reinterpret_cast<void (*)(std::size_t*, std::size_t*)>(dlsym(handle, "imitation_calls"));
    Calls found;
    count(&found.allocations, &found.waits);
    return found;
}

template <class F>
void refused(const std::string& what, ErrorKind kind, const std::string& words, F&& f) {
    try {
        f();
        check::that(false, what + " is refused");
    } catch (const Error& error) {
        check::that(error.kind() == kind && std::string(error.what()).find(words) != std::string::npos,
                    what + ": " + error.what());
    }
}

void predicts(const Model& model, bool trace, const char* library) {
    constexpr std::size_t events = 300;
    models::Arrays expected(model, events, 1, trace), got(model, events, 1, trace), host(model, events, 1, trace);
    Context cpu(model, "", trace);
    model.predict(cpu, expected.in(), expected.out(), events);
    const CudaModel on_gpu(model, 0, trace, library);
    check::that(on_gpu.device() == 0, "the device is the one asked for");
    CudaContext context(on_gpu), other(on_gpu);
    const Calls before = calls(library);
    const auto in = got.in();
    const auto out = got.out();
    for (int call = 0; call < 3; ++call) context.predict(in, out, events, nullptr);
    check::that(calls(library) == before, "predict takes no memory and waits for nothing");
    check::that(got.outputs[0] != expected.outputs[0], "nothing is computed before somebody waits");
    context.wait(nullptr);
    check::that(got.outputs == expected.outputs, model.name() + ": the CPU's results");
    other.predict_host(host.in(), host.out(), events);
    check::that(host.outputs == expected.outputs, model.name() + ": the CPU's results from ordinary memory");
}

void refusals(const Model& model, const char* library) {
    using Kind = ErrorKind;
    refused("no library", Kind::unsupported, "libbxnn_cuda.so",
            [&] { CudaModel(model, 0, false, "/none/of/that.so"); });
    refused("another library", Kind::unsupported, "bxnn_cuda_message",
            [&] { CudaModel(model, 0, false, "libc.so.6"); });
    refused("device 7", Kind::unsupported, "there is no device 7", [&] { CudaModel(model, 7, false, library); });
    CudaContext context(CudaModel(model, 0, false, library));
    models::Arrays arrays(model, 20, 1);
    refused("a missing output", Kind::input, "expected 1 input and 1 output",
            [&] { context.predict(arrays.in(), {}, 20, nullptr); });
    std::int8_t narrow[20 * 4];
    refused("a narrow output", Kind::input, "cannot hold exactly",
            [&] { context.predict(arrays.in()[0], Array(narrow), 20, nullptr); });
    refused("many arrays", Kind::input, "at most 120",
            [&] { context.predict(std::vector<ConstArray>(200, arrays.in()[0]), arrays.out(), 20, nullptr); });
    arrays.inputs[0][16 * 7 + 5] = 1 << 20;
    context.predict(arrays.in(), arrays.out(), 20, nullptr);
    refused("a bad number", Kind::input, "event 7, element 5", [&] { context.wait(nullptr); });
    CudaContext moved(std::move(context));
    arrays.inputs[0][16 * 7 + 5] = 0;
    moved.predict(arrays.in(), arrays.out(), 20, nullptr);
    moved.wait(nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    check::that(cuda_devices(argv[1]) == std::vector<std::string>{"imitation"}, "there is one device");
    const Model network = make_model(models::network_graph()), every = make_model(models::every_instruction_graph());
    predicts(network, false, argv[1]);
    predicts(every, false, argv[1]);
    predicts(every, true, argv[1]);
    refusals(network, argv[1]);
    return check::report();
}
