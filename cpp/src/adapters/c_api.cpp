#include "bxnn/c_api.h"

#include <array>
#include <cstring>
#include <new>

#include "bxnn/model.hpp"

struct bxnn_model {
    bxnn::Model model;
};
struct bxnn_context {
    bxnn::Context context;
};

namespace {

constexpr std::size_t kMostEdges = 64;  // inputs or outputs of one call, kept on the stack

void tell(char* message, std::size_t size, const char* text) {
    if (!message || size == 0) return;
    const std::size_t n = std::min(std::strlen(text), size - 1);
    std::memcpy(message, text, n);
    message[n] = '\0';
}

// Runs f; every exception becomes a status.
template <class F>
bxnn_status guarded(char* message, std::size_t size, F&& f) noexcept {
    try {
        f();
        return BXNN_OK;
    } catch (const bxnn::Error& error) {
        tell(message, size, error.what());
        return static_cast<bxnn_status>(static_cast<int>(error.kind()) + 1);
    } catch (const std::bad_alloc&) {
        tell(message, size, "out of memory");
        return BXNN_MEMORY;
    } catch (const std::exception& error) {
        tell(message, size, error.what());
        return BXNN_INTERNAL;
    } catch (...) {
        tell(message, size, "unknown error");
        return BXNN_INTERNAL;
    }
}

void expect(bool condition, const char* what) {
    if (!condition) throw bxnn::Error(bxnn::ErrorKind::input, what);
}

bxnn_status describe(const std::vector<bxnn::Tensor>& tensors, std::size_t i, bxnn_tensor* out) {
    if (i >= tensors.size() || !out) return BXNN_INPUT;
    const auto& t = tensors[i];
    *out = {t.name.c_str(), t.size(), t.format.width, t.format.integer, t.format.is_signed};
    return BXNN_OK;
}

}  // namespace

extern "C" {

bxnn_status bxnn_model_load(const char* path, bxnn_model** model, char* message, size_t size) {
    return guarded(message, size, [&] {
        expect(path && model, "bxnn_model_load: path and model must not be NULL");
        *model = new bxnn_model{bxnn::Model::load(path)};
    });
}
void bxnn_model_free(bxnn_model* model) { delete model; }
size_t bxnn_model_inputs(const bxnn_model* model) { return model ? model->model.inputs().size() : 0; }
size_t bxnn_model_outputs(const bxnn_model* model) { return model ? model->model.outputs().size() : 0; }
bxnn_status bxnn_model_input(const bxnn_model* model, size_t i, bxnn_tensor* tensor) {
    return model ? describe(model->model.inputs(), i, tensor) : BXNN_INPUT;
}
bxnn_status bxnn_model_output(const bxnn_model* model, size_t i, bxnn_tensor* tensor) {
    return model ? describe(model->model.outputs(), i, tensor) : BXNN_INPUT;
}
bxnn_status bxnn_model_self_test(const bxnn_model* model, uint64_t* compared, uint64_t* differing, char* message,
                                 size_t size) {
    return guarded(message, size, [&] {
        expect(model && compared && differing, "bxnn_model_self_test: no argument may be NULL");
        const auto test = model->model.self_test();
        *compared = test.compared, *differing = test.differing;
    });
}

bxnn_status bxnn_context_new(const bxnn_model* model, const char* isa, bxnn_context** context, char* message,
                             size_t size) {
    return guarded(message, size, [&] {
        expect(model && context, "bxnn_context_new: model and context must not be NULL");
        *context = new bxnn_context{bxnn::Context(model->model, isa ? isa : "")};
    });
}
void bxnn_context_free(bxnn_context* context) { delete context; }

bxnn_status bxnn_predict(const bxnn_model* model, bxnn_context* context, const void* const* inputs,
                         const bxnn_dtype* input_types, void* const* outputs, const bxnn_dtype* output_types,
                         size_t events, char* message, size_t size) {
    return guarded(message, size, [&] {
        expect(model && context && inputs && input_types && outputs && output_types,
               "bxnn_predict: no argument may be NULL");
        const std::size_t n_in = model->model.inputs().size(), n_out = model->model.outputs().size();
        expect(n_in <= kMostEdges && n_out <= kMostEdges, "bxnn_predict: at most 64 inputs and 64 outputs");
        std::array<bxnn::ConstArray, kMostEdges> in;
        std::array<bxnn::Array, kMostEdges> out;
        const auto known = [](bxnn_dtype type) { return type >= BXNN_I8 && type <= BXNN_F64; };
        for (std::size_t i = 0; i < n_in; ++i) {
            expect(known(input_types[i]) && (inputs[i] || events == 0),
                   "bxnn_predict: an input is NULL or of unknown type");
            in[i] = {inputs[i], static_cast<bxnn::DType>(input_types[i])};
        }
        for (std::size_t i = 0; i < n_out; ++i) {
            expect(known(output_types[i]) && (outputs[i] || events == 0),
                   "bxnn_predict: an output is NULL or of unknown type");
            out[i] = {outputs[i], static_cast<bxnn::DType>(output_types[i])};
        }
        model->model.predict(context->context, std::span(in).first(n_in), std::span(out).first(n_out), events);
    });
}

}  // extern "C"
