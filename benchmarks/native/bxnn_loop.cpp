// bxnn from C++. Text: "LEVEL PATH".
#include <span>
#include <stdexcept>
#include <string>

#include "bxnn/model.hpp"

namespace {

// The narrowest integers that hold the format.
bxnn::DType dtype(const bxnn::Tensor& tensor) {
    const int width = tensor.format.width, log2 = width <= 8 ? 0 : width <= 16 ? 1 : width <= 32 ? 2 : 3;
    return static_cast<bxnn::DType>(2 * log2 + !tensor.format.is_signed);
}

struct Contestant {
    bxnn::Model model;
    bxnn::Context context;
    bxnn::DType in_type = dtype(model.inputs()[0]), out_type = dtype(model.outputs()[0]);

    explicit Contestant(const std::string& text)
        : model(bxnn::Model::load(text.substr(text.find(' ') + 1))), context(model, text.substr(0, text.find(' '))) {
        if (model.inputs().size() != 1 || model.outputs().size() != 1)
            throw std::runtime_error("one input, one output");
    }

    void operator()(const void* in, void* out, std::size_t events) {
        model.predict(context, bxnn::ConstArray(in, in_type), bxnn::Array(out, out_type), events);
    }
};

}  // namespace

#include "loop.inl"
