// What cuda/backend.cu uses of CUDA's runtime, imitated on the CPU: one device, whose memory is ordinary memory. What a
// stream is to do waits until somebody waits for the stream; a kernel runs thread after thread. Memory is limited by
// BXNN_IMITATED_BYTES; BXNN_IMITATED_DEVICES says how many devices there seem to be.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#define __global__
#define __grid_constant__
#define __launch_bounds__(...)
#define __syncthreads()
#define CUDART_VERSION 13000

enum cudaError_t {
    cudaSuccess,
    cudaErrorMemoryAllocation,
    cudaErrorNoDevice,
    cudaErrorInsufficientDriver,
    cudaErrorInvalidDevice,
    cudaErrorInvalidValue,
    cudaErrorNoKernelImageForDevice
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
enum cudaDeviceAttr {
    cudaDevAttrComputeCapabilityMajor,
    cudaDevAttrComputeCapabilityMinor,
    cudaDevAttrMultiProcessorCount,
    cudaDevAttrMaxSharedMemoryPerBlockOptin
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
constexpr unsigned cudaStreamNonBlocking = 1;

struct dim3 {
    unsigned x = 1;
    constexpr dim3(unsigned n = 1) : x(n) {}
};
struct CUstream_st {
    std::vector<std::function<void()>> waiting;
};
typedef CUstream_st* cudaStream_t;
struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    std::size_t dynamicSmemBytes = 0;
    cudaStream_t stream = nullptr;
};
struct cudaDeviceProp {
    char name[256];
};

namespace imitation {

inline CUstream_st default_stream;
inline cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
    (stream ? stream : &default_stream)->waiting.push_back(std::move(work));
    return cudaSuccess;
}

inline std::mutex mutex;
inline std::map<void*, std::size_t> blocks;
inline std::size_t taken = 0;
inline std::size_t allocations = 0, waits = 0;  // calls so far

inline std::size_t setting(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}
inline cudaError_t take(void** p, std::size_t bytes) {
    const std::lock_guard lock(mutex);
    ++allocations;
    if (taken + bytes > setting("BXNN_IMITATED_BYTES", std::size_t{1} << 30)) return cudaErrorMemoryAllocation;
    *p = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*p, 0x5a, bytes);
    taken += blocks[*p] = bytes;
    return cudaSuccess;
}
inline cudaError_t give(void* p) {
    const std::lock_guard lock(mutex);
    const auto block = blocks.find(p);
    if (block == blocks.end()) return p ? cudaErrorInvalidValue : cudaSuccess;
    taken -= block->second;
    blocks.erase(block);
    std::free(p);
    return cudaSuccess;
}

// A block's shared memory.
inline thread_local std::vector<__int128> shared;
inline std::map<void*, std::size_t> most_shared;  // that kernels may have, if not the usual 48 KiB

}  // namespace imitation

inline thread_local dim3 threadIdx, blockIdx, gridDim, blockDim;

inline const char* cudaGetErrorString(cudaError_t error) {
    return error == cudaErrorMemoryAllocation ? "out of memory" : error == cudaErrorNoDevice ? "no device" : "failed";
}
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int* n) {
    *n = static_cast<int>(imitation::setting("BXNN_IMITATED_DEVICES", 1));
    return *n ? cudaSuccess : cudaErrorNoDevice;
}
inline cudaError_t cudaDriverGetVersion(int* version) { return *version = CUDART_VERSION, cudaSuccess; }
inline cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    std::strcpy(properties->name, "imitation");
    return cudaSuccess;
}
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
    switch (attribute) {
        case cudaDevAttrComputeCapabilityMajor:
            *value = static_cast<int>(imitation::setting("BXNN_IMITATED_CAPABILITY", 9));
            break;
        case cudaDevAttrComputeCapabilityMinor: *value = 5; break;
        case cudaDevAttrMultiProcessorCount: *value = 3; break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = 232448; break;
    }
    return cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    return *free = *total = std::size_t{1} << 28, cudaSuccess;
}
template <class F>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, F, int, std::size_t) {
    return *blocks = 1, cudaSuccess;
}
template <class F>
cudaError_t cudaFuncSetAttribute(F kernel, cudaFuncAttribute, int bytes) {
    imitation::most_shared[reinterpret_cast<void*>(kernel)] = static_cast<std::size_t>(bytes);
    return cudaSuccess;
}
inline cudaError_t cudaMalloc(void** p, std::size_t bytes) { return imitation::take(p, bytes); }
inline cudaError_t cudaFree(void* p) { return imitation::give(p); }
inline cudaError_t cudaMallocHost(void** p, std::size_t bytes) { return imitation::take(p, bytes); }
inline cudaError_t cudaFreeHost(void* p) { return imitation::give(p); }
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    return *stream = new CUstream_st, cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) { return delete stream, cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    ++imitation::waits;
    auto& waiting = (stream ? stream : &imitation::default_stream)->waiting;
    for (const auto& work : waiting) work();
    return waiting.clear(), cudaSuccess;
}
// From ordinary memory it may return before the copy has reached the device.
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
    const auto* first = static_cast<const std::byte*>(from);
    std::vector<std::byte> staged(first, first + bytes);
    return imitation::enqueue(nullptr,
                              [to, staged = std::move(staged)] { std::memcpy(to, staged.data(), staged.size()); });
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    return imitation::enqueue(stream, [=] { std::memcpy(to, from, bytes); });
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
    return imitation::enqueue(stream, [=] { std::memset(to, value, bytes); });
}
template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* shape, void (*kernel)(Parameters...), Arguments... arguments) {
    const auto most = imitation::most_shared.find(reinterpret_cast<void*>(kernel));
    if (shape->dynamicSmemBytes > (most == imitation::most_shared.end() ? 49152 : most->second))
        return cudaErrorInvalidValue;
    return imitation::enqueue(shape->stream,
                              [=, grid = shape->gridDim, block = shape->blockDim, shared = shape->dynamicSmemBytes] {
                                  gridDim = grid, blockDim = block;
                                  imitation::shared.resize(shared / 16);
                                  for (unsigned b = 0; b < grid.x; ++b)
                                      for (unsigned t = 0; t < block.x; ++t) {
                                          blockIdx = b, threadIdx = t;
                                          kernel(arguments...);
                                      }
                              });
}
