#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>

#include "ir/file.hpp"
#include "runtime/model_impl.hpp"

namespace bxnn {

namespace {

constexpr std::size_t kLargestArena = std::size_t{1} << 30;
// Fewer events than this fraction of a block take less time one by one.
constexpr std::size_t kFewDivisor = 4;

std::byte* allocate(std::size_t bytes) {
    return static_cast<std::byte*>(::operator new(std::max<std::size_t>(bytes, 1), std::align_val_t{64}));
}
void release(std::byte* p) { ::operator delete(p, std::align_val_t{64}); }

const char* name_of(DType type) {
    constexpr const char* names[] = {"int8",   "uint8", "int16",  "uint16",  "int32",
                                     "uint32", "int64", "uint64", "float32", "float64"};
    return names[static_cast<std::size_t>(type)];
}

bool is_real(DType type) { return type >= DType::f32; }

// Whether an output of this format is held exactly by the caller's type.
bool holds(DType type, const Format& f) {
    if (type == DType::f32) return f.width - (f.is_signed ? 1 : 0) <= 24 && f.frac() <= 126 && f.integer <= 126;
    if (type == DType::f64) return f.width - (f.is_signed ? 1 : 0) <= 53 && f.frac() <= 1000 && f.integer <= 1000;
    const int bits = 8 * static_cast<int>(size_of(type));
    const bool is_unsigned = static_cast<int>(type) % 2 == 1;
    return is_unsigned ? !f.is_signed && f.width <= bits : f.width <= bits - (f.is_signed ? 0 : 1);
}

}  // namespace

std::size_t size_of(DType type) {
    constexpr std::size_t sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    return sizes[static_cast<std::size_t>(type)];
}

Model::Impl::Impl(ir::Graph g) : graph(std::move(g)) {
    ir::verify(graph);
    for (const auto id : graph.inputs()) inputs.push_back(graph.tensor(id, graph.nodes[id].name));
    for (const auto& mark : graph.outputs) outputs.push_back(graph.tensor(mark.id, mark.name));
    for (const auto& mark : graph.probes) probes.push_back(graph.tensor(mark.id, mark.name));
    plan(true, false);  // so that a model that can't be run is refused at once
}

const plan::Plan& Model::Impl::plan(bool prove, bool with_probes) const {
    const std::lock_guard lock(mutex_);
    auto& slot = plans_[prove][with_probes];
    if (!slot) slot = plan::make(graph, {with_probes, prove});
    return *slot;
}

Model make_model(ir::Graph graph) { return Model(std::make_shared<Model::Impl>(std::move(graph))); }

Model Model::from_bytes(std::span<const std::uint8_t> bytes) { return make_model(ir::read_file(bytes)); }

Model Model::load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::uint8_t> bytes;
    char chunk[1 << 16];
    while (file.read(chunk, sizeof chunk) || file.gcount() > 0) bytes.insert(bytes.end(), chunk, chunk + file.gcount());
    if (!file.eof()) throw Error(ErrorKind::file, "cannot read '" + path + "': " + std::strerror(errno));
    try {
        return from_bytes(bytes);
    } catch (const Error& error) {
        throw Error(error.kind(), "'" + path + "': " + error.what());
    }
}

std::vector<std::uint8_t> Model::to_bytes() const { return ir::write_file(impl_->graph); }
const std::string& Model::name() const { return impl_->graph.name; }
const std::map<std::string, std::string>& Model::meta() const { return impl_->graph.meta; }
const std::vector<Tensor>& Model::inputs() const { return impl_->inputs; }
const std::vector<Tensor>& Model::outputs() const { return impl_->outputs; }
const std::vector<Tensor>& Model::probes() const { return impl_->probes; }
std::uint64_t Model::golden_events() const { return impl_->graph.golden.events; }
std::string Model::explain(const std::string& isa) const {
    const auto& kernels = isa.empty() ? kernels::active() : kernels::find(isa);
    const auto& plan = impl_->plan(&kernels != &kernels::reference(), false);
    return plan::explain(impl_->graph, plan, kernels.name, kernels.speed);
}
std::string Model::dump() const { return impl_->graph.dump(); }

std::size_t Workspace::bytes(const kernels::Bodies& bodies, const plan::Plan& plan) {
    // Tiles are read whole, beyond the last pair of rows.
    return (std::size_t{plan.bytes_per_event} + plan::TiledWeights::side * 4) * bodies.events;
}

Workspace::Workspace(const kernels::Bodies& b, const plan::Plan& plan)
    : bodies(b), arena(allocate(bytes(b, plan)), release) {
    std::memset(arena.get(), 0, bytes(b, plan));
    bodies.prepare(plan, arena.get());
}

Context::Context(const Model& model, const std::string& isa, bool trace) {
    const auto& kernels = isa.empty() ? kernels::active() : kernels::find(isa);
    const auto& plan = model.impl_->plan(&kernels != &kernels::reference(), trace);
    const std::size_t bytes = Workspace::bytes(kernels.block, plan);
    if (bytes > kLargestArena)
        throw Error(ErrorKind::unsupported, "model '" + model.name() + "' needs " + std::to_string(bytes >> 20) +
                                                " MiB of scratch memory per thread; at most 1024 MiB are supported");
    impl_ = std::make_unique<Impl>(
        Impl{model.impl_, &kernels, &plan, Workspace(kernels.block, plan), Workspace(kernels.single, plan)});
}
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;
std::string_view Context::isa() const { return impl_->kernels->name; }

void check_arrays(const plan::Plan& plan, std::span<const ConstArray> inputs, std::span<const Array> outputs) {
    if (inputs.size() != plan.inputs.size() || outputs.size() != plan.outputs.size())
        throw Error(ErrorKind::input, "expected " + std::to_string(plan.inputs.size()) + " input and " +
                                          std::to_string(plan.outputs.size()) + " output arrays, got " +
                                          std::to_string(inputs.size()) + " and " + std::to_string(outputs.size()));
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto& tensor = plan.outputs[i].tensor;
        if (!holds(outputs[i].dtype, tensor.format))
            throw Error(ErrorKind::input,
                        "output '" + tensor.name + "' has " + tensor.format.str() + ", which " +
                            name_of(outputs[i].dtype) + " cannot hold exactly" +
                            (is_real(outputs[i].dtype) ? "; ask for raw integers" : "; use a wider type"));
    }
}

namespace {

[[noreturn]] void report_bad_value(const plan::Edge& edge, const ConstArray& array, std::size_t event,
                                   std::size_t element) {
    const std::string problem = is_real(array.dtype)
                                    ? "the number is NaN or infinite; expected finite numbers"
                                    : "the raw integer is outside " + edge.tensor.format.str() + ", which allows " +
                                          to_string(fx::min_raw(edge.tensor.format)) + " to " +
                                          to_string(fx::max_raw(edge.tensor.format));
    throw EventError(ErrorKind::input, edge.tensor.name, event, "element " + std::to_string(element) + ": " + problem);
}

}  // namespace

namespace {

// A thread set up for blocks.
class Entered {
public:
    explicit Entered(const kernels::Bodies& bodies) : bodies_(bodies) { bodies_.enter(); }
    ~Entered() { bodies_.leave(); }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

private:
    const kernels::Bodies& bodies_;
};

// Where `n` events from number `at` on lie.
std::span<const std::byte> events_of(const ConstArray& array, std::size_t elements, std::size_t at, std::size_t n) {
    const std::size_t bytes = elements * size_of(array.dtype);
    return {static_cast<const std::byte*>(array.data) + at * bytes, n * bytes};
}

// Events [at, end), in blocks of the workspace's size.
void predict_in(const Workspace& work, const plan::Plan& plan, std::span<const ConstArray> inputs,
                std::span<const Array> outputs, std::size_t at, std::size_t end) {
    const auto& kernels = work.bodies;
    for (std::size_t n = 0; at < end; at += n) {
        n = std::min(kernels.events, end - at);
        kernels::BadValue first_bad;
        std::size_t bad_input = 0;
        std::span<const std::byte> ahead;  // of the input with most to read
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const std::size_t size = plan.inputs[i].size;
            const auto* data = events_of(inputs[i], size, at, n).data();
            const auto bad = kernels.load(plan, i, data, inputs[i].dtype, n, work.arena.get());
            if (bad.event < first_bad.event) first_bad = bad, bad_input = i;
            const auto next = events_of(inputs[i], size, at + n, std::min(end - at - n, kernels.events));
            if (next.size() > ahead.size()) ahead = next;
        }
        if (first_bad.event != first_bad.none)
            report_bad_value(plan.inputs[bad_input], inputs[bad_input], at + first_bad.event, first_bad.element);
        kernels.run(plan, work.arena.get(), kernels.paired, ahead);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const std::size_t bytes = plan.outputs[i].size * size_of(outputs[i].dtype);
            kernels.store(plan, i, static_cast<std::byte*>(outputs[i].data) + at * bytes, outputs[i].dtype, n,
                          work.arena.get());
        }
    }
}

}  // namespace

void predict_range(Context::Impl& context, std::span<const ConstArray> inputs, std::span<const Array> outputs,
                   std::size_t first, std::size_t count) {
    const std::size_t block = context.block.bodies.events, tail = count % block, end = first + count;
    const std::size_t few = tail < block / kFewDivisor ? tail : 0;
    if (few < count) {
        const Entered entered(context.block.bodies);
        predict_in(context.block, *context.plan, inputs, outputs, first, end - few);
    }
    predict_in(context.single, *context.plan, inputs, outputs, end - few, end);
}

void Model::predict(Context& context, std::span<const ConstArray> inputs, std::span<const Array> outputs,
                    std::size_t events) const {
    auto& impl = context.impl();
    if (impl.model != impl_) throw Error(ErrorKind::input, "the context belongs to another model");
    check_arrays(*impl.plan, inputs, outputs);
    predict_range(impl, inputs, outputs, 0, events);
}

SelfTest Model::self_test(const std::string& isa) const {
    const auto& golden = impl_->graph.golden;
    Context context(*this, isa);
    std::vector<ConstArray> inputs;
    std::vector<Array> outputs;
    std::vector<std::vector<std::int64_t>> results;
    for (const auto& array : golden.inputs) inputs.emplace_back(array.data());
    for (const auto& array : golden.outputs) results.emplace_back(array.size());
    for (auto& result : results) outputs.emplace_back(result.data());
    SelfTest test;
    if (golden.events == 0) return test;
    predict(context, inputs, outputs, golden.events);
    for (std::size_t o = 0; o < results.size(); ++o)
        for (std::size_t i = 0; i < results[o].size(); ++i) test.differing += results[o][i] != golden.outputs[o][i];
    for (const auto& result : results) test.compared += result.size();
    return test;
}

std::vector<std::string> isa_levels() {
    std::vector<std::string> names;
    for (const auto* level : kernels::usable()) names.emplace_back(level->name);
    return names;
}
std::string active_isa() { return kernels::active().name; }

}  // namespace bxnn
