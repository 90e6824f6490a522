// Run a model on an NVIDIA GPU, from arrays in its memory, on the caller's stream. Needs no CUDA to compile or link:
// libbxnn_cuda.so is loaded when a CudaModel is made (docs/howto/cuda.md).
//
//     const bxnn::CudaModel on_gpu(bxnn::Model::load("trigger.bxnn"), 0);  // any number of threads may share it
//     bxnn::CudaContext context(on_gpu);                                  // one per stream; all memory is taken here
//     context.predict(bxnn::ConstArray(device_in), bxnn::Array(device_out), events, stream);  // enqueues, no more
//     context.wait(stream);                                               // throws if a number was not allowed
#pragma once

#include "bxnn/model.hpp"

namespace bxnn {

// The library that is loaded unless another is named: beside the program's, or where the loader looks for libraries.
inline constexpr const char* kCudaLibrary = "libbxnn_cuda.so";

// Names of the GPUs. Throws Error(unsupported), which says why, where there is none.
std::vector<std::string> cuda_devices(const std::string& library = kCudaLibrary);

// A model on one GPU: immutable, cheap to copy, safe to use from any number of threads at once.
class CudaModel {
public:
    // trace: probes are further outputs. Throws Error(unsupported) without a driver, a GPU of that number, the library,
    // or enough memory.
    CudaModel(const Model& model, int device, bool trace = false, const std::string& library = kCudaLibrary);
    int device() const;

    struct Impl;

private:
    friend class CudaContext;
    std::shared_ptr<const Impl> impl_;
};

// Memory for the calls of one stream, one behind the other.
class CudaContext {
public:
    explicit CudaContext(const CudaModel& model);
    CudaContext(CudaContext&&) noexcept;
    CudaContext& operator=(CudaContext&&) noexcept;
    ~CudaContext();

    // As Model::predict, with arrays in the GPU's memory and a cudaStream_t (null: the default stream). Only enqueues:
    // allocates nothing, waits for nothing, and may be captured in a CUDA graph. Throws Error(input) for arrays that do
    // not fit the model.
    void predict(std::span<const ConstArray> inputs, std::span<const Array> outputs, std::size_t events, void* stream);
    void predict(ConstArray input, Array output, std::size_t events, void* stream) {
        predict(std::span(&input, 1), std::span(&output, 1), events, stream);
    }

    // Waits for the last predict, which was on this stream. Throws Error(input) naming event and element if a number
    // was not allowed; that call's outputs are then unspecified.
    void wait(void* stream);

    // The same for arrays in ordinary memory; returns when the outputs are there.
    void predict_host(std::span<const ConstArray> inputs, std::span<const Array> outputs, std::size_t events);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace bxnn
