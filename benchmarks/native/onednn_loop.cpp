// Inner products of oneDNN on 8-bit integers, with fused bias, requantisation and clipping. Text: the path of a file
// of numbers (peers/onednn_peer.py): layers, inputs, whether the input is signed; then for every layer outputs, scale,
// largest result (0: the last layer, real numbers), whether the result is signed, weights, bias.
#include <dnnl.hpp>
#include <fstream>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#if DNNL_VERSION_MAJOR != 2
#error "written for oneDNN 2"
#endif

namespace {

using dnnl::inner_product_forward;
using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

struct Layer {
    memory::dim in, out;
    Type in_type, out_type;
    float scale, largest;
    std::vector<std::int8_t> weights;
    std::vector<std::int32_t> bias;
};

// One inner product for a fixed number of events.
struct Step {
    inner_product_forward primitive;
    std::unordered_map<int, memory> arguments;
};

struct Contestant {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    std::vector<Layer> layers;
    std::vector<Step> steps;
    std::size_t prepared = 0;

    explicit Contestant(const char* path) {
        std::ifstream file(path);
        std::size_t count;
        memory::dim in;
        bool is_signed;
        file >> count >> in >> is_signed;
        while (layers.size() < count) {
            Layer layer;
            layer.in = in;
            layer.in_type = is_signed ? Type::s8 : Type::u8;
            file >> layer.out >> layer.scale >> layer.largest >> is_signed;
            layer.out_type = layer.largest == 0 ? Type::f32 : is_signed ? Type::s8 : Type::u8;
            layer.weights.resize(layer.out * layer.in);
            layer.bias.resize(layer.out);
            for (auto& w : layer.weights) {
                int number;
                file >> number;
                w = static_cast<std::int8_t>(number);
            }
            for (auto& b : layer.bias) file >> b;
            in = layer.out;
            layers.push_back(layer);
        }
        if (!file) throw std::runtime_error("the file of numbers is damaged");
    }

    void prepare(std::size_t events) {
        const auto n = static_cast<memory::dim>(events);
        steps.clear();
        for (auto& layer : layers) {
            const memory::desc source({n, layer.in}, layer.in_type, Tag::ab),
                result({n, layer.out}, layer.out_type, Tag::ab);
            const memory::desc bias({layer.out}, Type::s32, Tag::a), plain({layer.out, layer.in}, Type::s8, Tag::ab);
            const memory::desc any({layer.out, layer.in}, Type::s8, Tag::any);
            dnnl::primitive_attr attributes;
            attributes.set_output_scales(0, {layer.scale});
            dnnl::post_ops after;
            if (layer.largest != 0) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0.0f, layer.largest);
            attributes.set_post_ops(after);
            const inner_product_forward::primitive_desc description(
                {dnnl::prop_kind::forward_inference, source, any, bias, result}, attributes, engine);
            memory given(plain, engine, layer.weights.data()), weights(description.weights_desc(), engine);
            dnnl::reorder(given, weights).execute(stream, given, weights);
            stream.wait();
            memory from = steps.empty() ? memory(source, engine, nullptr) : steps.back().arguments.at(DNNL_ARG_DST);
            memory to = &layer == &layers.back() ? memory(result, engine, nullptr) : memory(result, engine);
            steps.push_back({inner_product_forward(description),
                             {{DNNL_ARG_SRC, from},
                              {DNNL_ARG_WEIGHTS, weights},
                              {DNNL_ARG_BIAS, memory(bias, engine, layer.bias.data())},
                              {DNNL_ARG_DST, to}}});
        }
        prepared = events;
    }

    void operator()(const void* in, void* out, std::size_t events) {
        if (events != prepared) prepare(events);
        steps.front().arguments.at(DNNL_ARG_SRC).set_data_handle(const_cast<void*>(in));
        steps.back().arguments.at(DNNL_ARG_DST).set_data_handle(out);
        for (auto& step : steps) step.primitive.execute(stream, step.arguments);
        stream.wait();
    }
};

}  // namespace

#include "loop.inl"
