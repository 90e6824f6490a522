// bxnn/cuda.hpp: the calls of libbxnn_cuda, found when they are first needed.
#include "bxnn/cuda.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>

#include "cuda/bxnn_cuda.h"
#include "cuda/flat_plan.hpp"

namespace bxnn {
namespace {

constexpr std::size_t kMostArrays = 120;  // inputs and outputs of one call, kept on the stack

// The library's functions. It is never unloaded: CUDA's runtime does not support that.
struct Library {
    decltype(&bxnn_cuda_message) message;
    decltype(&bxnn_cuda_device_count) device_count;
    decltype(&bxnn_cuda_device_name) device_name;
    decltype(&bxnn_cuda_plan_load) plan_load;
    decltype(&bxnn_cuda_plan_free) plan_free;
    decltype(&bxnn_cuda_context_create) context_create;
    decltype(&bxnn_cuda_context_free) context_free;
    decltype(&bxnn_cuda_predict) predict;
    decltype(&bxnn_cuda_wait) wait;
    decltype(&bxnn_cuda_predict_host) predict_host;

    explicit Library(const std::string& path) {
        void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!handle) throw Error(ErrorKind::unsupported, std::string("GPUs need libbxnn_cuda.so: ") + dlerror());
        const auto find = [&](auto& function, const char* name) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
            if (!function)
                throw Error(ErrorKind::unsupported,
                            path + " has no " + name + "; it must be of the version of this library");
        };
        find(message, "bxnn_cuda_message"), find(device_count, "bxnn_cuda_device_count");
        find(device_name, "bxnn_cuda_device_name"), find(plan_load, "bxnn_cuda_plan_load");
        find(plan_free, "bxnn_cuda_plan_free"), find(context_create, "bxnn_cuda_context_create");
        find(context_free, "bxnn_cuda_context_free"), find(predict, "bxnn_cuda_predict");
        find(wait, "bxnn_cuda_wait"), find(predict_host, "bxnn_cuda_predict_host");
    }

    void check(int code) const {
        if (code == BXNN_CUDA_OK) return;
        const bool input = code == BXNN_CUDA_INPUT || code == BXNN_CUDA_NUMBER;
        throw Error(input ? ErrorKind::input : ErrorKind::unsupported, message());
    }
};

}  // namespace

struct CudaModel::Impl {
    Library library;
    int device;
    bxnn_cuda_plan* plan = nullptr;

    Impl(const Model& model, int number, bool trace, const std::string& path) : library(path), device(number) {
        const auto bytes = flat::flat_plan(model, trace);
        library.check(library.plan_load(bytes.data(), bytes.size(), device, &plan));
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { library.plan_free(plan); }
};

struct CudaContext::Impl {
    std::shared_ptr<const CudaModel::Impl> model;
    bxnn_cuda_context* context = nullptr;

    explicit Impl(std::shared_ptr<const CudaModel::Impl> m) : model(std::move(m)) {
        model->library.check(model->library.context_create(model->plan, &context));
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { model->library.context_free(context); }
};

namespace {

// Arrays as the library takes them.
struct Described {
    std::array<bxnn_cuda_array, kMostArrays> arrays;
    std::size_t count = 0;

    Described(std::span<const ConstArray> inputs, std::span<const Array> outputs) {
        if (inputs.size() + outputs.size() > kMostArrays)
            throw Error(ErrorKind::input,
                        "expected at most 120 arrays in all, got " + std::to_string(inputs.size() + outputs.size()));
        for (const auto& x : inputs) arrays[count++] = {const_cast<void*>(x.data), static_cast<int>(x.dtype)};
        for (const auto& y : outputs) arrays[count++] = {y.data, static_cast<int>(y.dtype)};
    }
};

}  // namespace

std::vector<std::string> cuda_devices(const std::string& path) {
    const Library library(path);
    int count = 0;
    library.check(library.device_count(&count));
    std::vector<std::string> names;
    for (int device = 0; device < count; ++device) {
        char name[256] = "";
        library.check(library.device_name(device, name, sizeof name));
        names.emplace_back(name);
    }
    return names;
}

CudaModel::CudaModel(const Model& model, int device, bool trace, const std::string& library)
    : impl_(std::make_shared<const Impl>(model, device, trace, library)) {}
int CudaModel::device() const { return impl_->device; }

CudaContext::CudaContext(const CudaModel& model) : impl_(std::make_unique<Impl>(model.impl_)) {}
CudaContext::CudaContext(CudaContext&&) noexcept = default;
CudaContext& CudaContext::operator=(CudaContext&&) noexcept = default;
CudaContext::~CudaContext() = default;

void CudaContext::predict(std::span<const ConstArray> inputs, std::span<const Array> outputs, std::size_t events,
                          void* stream) {
    const Described given(inputs, outputs);
    const Library& library = impl_->model->library;
    library.check(library.predict(impl_->context, given.arrays.data(), given.count, events, stream));
}

void CudaContext::wait(void* stream) {
    const Library& library = impl_->model->library;
    library.check(library.wait(impl_->context, stream, nullptr));
}

void CudaContext::predict_host(std::span<const ConstArray> inputs, std::span<const Array> outputs, std::size_t events) {
    const Described given(inputs, outputs);
    const Library& library = impl_->model->library;
    library.check(library.predict_host(impl_->context, given.arrays.data(), given.count, events, nullptr));
}

}  // namespace bxnn
