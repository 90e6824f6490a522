// libbxnn_cuda: plans on devices, and calls from device memory and from ordinary memory.
#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "cuda/begin.hpp"
#include "cuda/bxnn_cuda.h"

namespace bxnn::cuda {

struct FreeOnDevice {
    void operator()(void* p) const { cudaFree(p); }
};
struct FreePinned {
    void operator()(void* p) const { cudaFreeHost(p); }
};
struct FreeStream {
    void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
using OnDevice = std::unique_ptr<std::byte, FreeOnDevice>;
using Pinned = std::unique_ptr<std::byte, FreePinned>;
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, FreeStream>;

// Events that pass through pinned memory together.
struct Share {
    Stream stream;
    Pinned host_in, host_out, host_bad;
    OnDevice in, out, bad;
    std::uint64_t first = 0, events = 0;  // none: nothing is under way
};

namespace {

#include "cuda/bodies.inl"

#ifdef __CUDACC__
[[maybe_unused]] __device__ inline Fragment* shared_memory() {
    extern __shared__ Fragment memory[];
    return memory;
}
[[maybe_unused]] __device__ inline std::uint32_t block_threads() { return blockDim.x; }
#else
// Where one thread does what a warp does, it does what the block does too.
inline Fragment* shared_memory() { return reinterpret_cast<Fragment*>(imitation::shared.data()); }
inline std::uint32_t block_threads() { return 1; }
#endif

// Events of one arena after the other: block b has arena b and events b, b + gridDim.x ... in units of kEvents.
__global__ void __launch_bounds__(kEvents)
    run_plan(Program program, const __grid_constant__ Call call, std::byte* arenas) {
    const std::size_t arena = std::size_t{program.header().bytes_per_event} * kEvents;
    const Column column{arenas + arena * blockIdx.x, threadIdx.x};
    prepare(program, column);
    const std::uint64_t step = std::uint64_t{gridDim.x} * kEvents;
    for (std::uint64_t event = std::uint64_t{blockIdx.x} * kEvents + threadIdx.x; event < call.events; event += step)
        run_event(program, call, event, column);
}

// A chain's weights in shared memory, then warp after warp on its own part of it.
template <std::uint32_t S, bool stepped>
__global__ void __launch_bounds__(kWarps* kLanes, S <= 2    ? 4
                                                  : stepped ? 2
                                                            : 3)
    run_fused(Program program, const __grid_constant__ Call call, const __grid_constant__ Staging staging) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800  // older GPUs run the other kernel
    const auto& image = program.header().fused.image;
    const auto* words = reinterpret_cast<const Fragment*>(program.get(image));
    Fragment* shared = shared_memory();
    const auto fragments = static_cast<std::uint32_t>(image.size / 4), threads = block_threads();
    for (std::uint32_t i = threads > 1 ? threadIdx.x : 0; i < fragments; i += threads) shared[i] = words[i];
    __syncthreads();
    const std::uint32_t warp = threadIdx.x / kLanes;
    std::byte* own = reinterpret_cast<std::byte*>(shared + fragments) +
                     std::size_t{warp} * (2 * staging.stage_bytes + staging.out_bytes);
    if (threads > 1 || threadIdx.x % kLanes == 0)
        run_groups<S, stepped>(program, call, staging, reinterpret_cast<const std::byte*>(shared), own,
                               std::uint64_t{blockIdx.x} * kWarps + warp, std::uint64_t{gridDim.x} * kWarps);
#endif
}

// A failure, thrown in here and turned into a code at the edge of the library.
struct Failure {
    int code;
};

thread_local char message[512] = "";

[[gnu::format(printf, 2, 3)]] Failure failure(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return {code};
}

void check(cudaError_t error, const char* doing) {
    if (error == cudaSuccess) return;
    cudaGetLastError();  // or it would be reported again, by a later call
    const int code =
        error == cudaErrorMemoryAllocation ? BXNN_CUDA_MEMORY
        : error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver || error == cudaErrorInvalidDevice
            ? BXNN_CUDA_NO_DEVICE
        : error == cudaErrorNoKernelImageForDevice ? BXNN_CUDA_UNSUPPORTED
                                                   : BXNN_CUDA_FAILED;
    throw failure(code, "%s: %s", doing, cudaGetErrorString(error));
}

// Nothing but a code leaves the library.
template <class F>
int guarded(F&& f) {
    try {
        f();
        return BXNN_CUDA_OK;
    } catch (const Failure& failed) {
        return failed.code;
    } catch (const std::bad_alloc&) {
        return failure(BXNN_CUDA_MEMORY, "out of memory").code;
    } catch (...) {
        return failure(BXNN_CUDA_FAILED, "an unexpected failure").code;
    }
}

int devices() {
    int count = 0, driver = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return count;
    cudaGetLastError();
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        throw failure(BXNN_CUDA_NO_DEVICE, "no NVIDIA driver is installed");
    if (error == cudaErrorInsufficientDriver)
        throw failure(BXNN_CUDA_NO_DEVICE, "the NVIDIA driver is for CUDA %d.%d; version %d.%d or newer is needed",
                      driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    throw failure(BXNN_CUDA_NO_DEVICE, "%s", error == cudaSuccess ? "no device" : cudaGetErrorString(error));
}

void require_device(int device) {
    const int count = devices();
    if (device < 0 || device >= count)
        throw failure(BXNN_CUDA_NO_DEVICE, "there is no device %d; there are %d, numbered from 0", device, count);
}

// Makes a device the thread's current one, and undoes that.
class Current {
public:
    explicit Current(int device) {
        check(cudaGetDevice(&before_), "asking for the device");
        check(cudaSetDevice(device), "choosing the device");
    }
    ~Current() { cudaSetDevice(before_); }
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;

private:
    int before_ = 0;
};

OnDevice on_device(std::size_t bytes, const char* what) {
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
    if (error == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        throw failure(BXNN_CUDA_MEMORY, "the GPU has no %zu MiB left for %s", (bytes >> 20) + 1, what);
    }
    check(error, what);
    return OnDevice(static_cast<std::byte*>(memory));
}

Pinned pinned(std::size_t bytes) {
    void* memory = nullptr;
    check(cudaMallocHost(&memory, std::max<std::size_t>(bytes, 1)), "taking pinned memory");
    return Pinned(static_cast<std::byte*>(memory));
}

Stream make_stream() {
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
    return Stream(stream);
}

std::size_t size_of_type(int type) {
    constexpr std::size_t sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    return sizes[type];
}

// Whether a type holds all numbers of an output's format.
bool holds(int type, const flat::Output& output) {
    const int digits = output.width - (output.is_signed ? 1 : 0), integer = output.width - output.frac;
    if (type == BXNN_CUDA_F32) return digits <= 24 && output.frac <= 126 && integer <= 126;
    if (type == BXNN_CUDA_F64) return digits <= 53 && output.frac <= 1000 && integer <= 1000;
    const int bits = 8 * static_cast<int>(size_of_type(type));
    return type % 2 == 1 ? !output.is_signed && digits <= bits : digits <= bits - 1;
}

constexpr std::size_t kMostArenas = std::size_t{2} << 30;  // bytes
constexpr std::size_t kStage = std::size_t{16} << 20;      // bytes of inputs, and of outputs, that pass together
constexpr std::uint64_t kFewest = 64 * kEvents;            // events that are worth a share of their own
constexpr std::size_t kPlace = 256;                        // arrays of a share begin at multiples of it

std::size_t rounded(std::size_t bytes) { return (bytes + kPlace - 1) / kPlace * kPlace; }

}  // namespace
}  // namespace bxnn::cuda

using namespace bxnn::cuda;
using bxnn::flat::Header;

struct bxnn_cuda_plan {
    int device = 0;
    std::vector<bxnn::i128> words;  // the plan's bytes, aligned
    OnDevice bytes;
    std::size_t in_elements = 0, out_elements = 0;
    int most_shared = 0;     // bytes that a block may have
    std::size_t shared = 0;  // bytes that run_fused takes; none: the GPU or the plan is not for it

    const Program program() const { return {reinterpret_cast<const std::byte*>(words.data())}; }
    std::size_t elements(std::size_t array) const {
        const auto p = program();
        const std::size_t inputs = p.header().inputs.size;
        const auto& rows =
            array < inputs ? p.get(p.header().inputs)[array].rows : p.get(p.header().outputs)[array - inputs].rows;
        return rows.rows.size;
    }
};

struct bxnn_cuda_context {
    const bxnn_cuda_plan* plan = nullptr;
    OnDevice arenas, bad;
    Pinned host_bad;
    unsigned blocks = 1, fused_blocks = 0;
    std::array<Share, 2> shares;
    bool staged = false;
};

namespace bxnn::cuda {
namespace {

// Bytes of shared memory that a block of run_fused needs, if the GPU has that many and tensor cores for 8-bit integers.
std::size_t shared_bytes(const Header& header, int capability, int most) {
    const auto& fused = header.fused;
    if (fused.layers.size == 0 || capability < 80) return 0;
    const Program program{reinterpret_cast<const std::byte*>(&header)};
    const Staging staging = staging_of(program);
    const std::size_t bytes = fused.image.size * 4 + kWarps * (2 * staging.stage_bytes + staging.out_bytes);
    return bytes <= static_cast<std::size_t>(most) ? bytes : 0;
}

std::unique_ptr<bxnn_cuda_plan> load_plan(const void* bytes, std::size_t size, int device) {
    require_device(device);
    const Current current(device);
    int major = 0, minor = 0;
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "asking for the GPU's kind");
    check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "asking for the GPU's kind");
    if (major * 10 + minor < 75)
        throw failure(BXNN_CUDA_UNSUPPORTED, "device %d has compute capability %d.%d; 7.5 or newer is needed", device,
                      major, minor);
    auto plan = std::make_unique<bxnn_cuda_plan>();
    plan->device = device;
    plan->words.resize((std::max(size, sizeof(Header)) + flat::kAlign - 1) / flat::kAlign);
    std::memcpy(plan->words.data(), bytes, size);
    const Header& header = plan->program().header();
    if (header.magic != flat::kMagic || header.bytes != size)
        throw failure(BXNN_CUDA_UNSUPPORTED, "these bytes are no plan, or one of another version of bxnn");
    const std::size_t arrays = header.inputs.size + header.outputs.size;
    if (arrays > kMostArrays)
        throw failure(BXNN_CUDA_UNSUPPORTED, "the model has %zu inputs and outputs; at most %zu are supported", arrays,
                      kMostArrays);
    for (std::size_t a = 0; a < arrays; ++a)
        (a < header.inputs.size ? plan->in_elements : plan->out_elements) += plan->elements(a);
    check(cudaDeviceGetAttribute(&plan->most_shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          "asking for shared memory");
    plan->shared = shared_bytes(header, major * 10 + minor, plan->most_shared);
    plan->bytes = on_device(size, "the model");
    check(cudaMemcpy(plan->bytes.get(), bytes, size, cudaMemcpyHostToDevice), "copying the model");
    check(cudaStreamSynchronize(nullptr), "copying the model");  // other streams don't wait for the copy's end
    return plan;
}

std::unique_ptr<bxnn_cuda_context> make_context(const bxnn_cuda_plan& plan) {
    const Current current(plan.device);
    int processors = 0, at_once = 0;
    std::size_t free = 0, total = 0;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, plan.device),
          "asking for the GPU's size");
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&at_once, run_plan, kEvents, 0), "preparing the kernel");
    check(cudaMemGetInfo(&free, &total), "asking for free memory");
    const std::size_t arena = std::max<std::size_t>(plan.program().header().bytes_per_event, 1) * kEvents;
    const std::size_t full = static_cast<std::size_t>(processors) * static_cast<std::size_t>(std::max(at_once, 1));
    const std::size_t fitting = std::min(free / 4, kMostArenas) / arena;
    auto context = std::make_unique<bxnn_cuda_context>();
    context->plan = &plan;
    // Two at least, so that both shares of a call from ordinary memory have one.
    context->blocks = static_cast<unsigned>(std::clamp<std::size_t>(fitting, 2, std::max<std::size_t>(full, 2)));
    if (plan.shared > 0)
        with_fused(plan.program().header().fused, [&]<std::uint32_t S, bool stepped>() {
            const auto kernel = run_fused<S, stepped>;
            // The limit is the kernel's, for all models that take it.
            check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, plan.most_shared),
                  "taking shared memory");
            check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&at_once, kernel, kWarps * kLanes, plan.shared),
                  "preparing the kernel");
            context->fused_blocks = static_cast<unsigned>(processors) * static_cast<unsigned>(std::max(at_once, 1));
        });
    context->arenas = on_device(arena * context->blocks, "a model's scratch memory");
    context->bad = on_device(sizeof kNoneBad, "a context");
    context->host_bad = pinned(sizeof kNoneBad);
    return context;
}

void check_arrays(const bxnn_cuda_plan& plan, const bxnn_cuda_array* arrays, std::size_t count) {
    const auto program = plan.program();
    const Header& header = program.header();
    if (count != header.inputs.size + header.outputs.size)
        throw failure(BXNN_CUDA_INPUT, "expected %zu input and %zu output arrays, got %zu arrays in all",
                      static_cast<std::size_t>(header.inputs.size), static_cast<std::size_t>(header.outputs.size),
                      count);
    for (std::size_t a = 0; a < count; ++a) {
        if (arrays[a].type < BXNN_CUDA_I8 || arrays[a].type > BXNN_CUDA_F64)
            throw failure(BXNN_CUDA_INPUT, "array %zu: %d is no element type", a, arrays[a].type);
        if (a < header.inputs.size) continue;
        const auto& output = program.get(header.outputs)[a - header.inputs.size];
        if (!holds(arrays[a].type, output))
            throw failure(BXNN_CUDA_INPUT, "output %zu has %d bits, which its array's type cannot hold exactly",
                          a - static_cast<std::size_t>(header.inputs.size), output.width);
    }
}

// Copies of 16 bytes begin at multiples of that.
bool aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % 16 == 0; }

// Enqueues one call for tensor cores; false where its outputs do not lie as those need it.
bool launch_fused(const bxnn_cuda_context& context, const Call& call, cudaStream_t stream) {
    const auto& plan = *context.plan;
    const auto program = plan.program();
    const Header& header = program.header();
    if (context.fused_blocks == 0 || !std::all_of(call.data + 1, call.data + 1 + header.outputs.size, aligned))
        return false;
    Staging staging = staging_of(program);
    if (aligned(call.data[0])) stage_as_they_are(call.types[0], program.get(header.inputs)[0], staging);
    cudaLaunchConfig_t shape{};
    const std::uint64_t wanted = (call.events + kGroup * kWarps - 1) / (kGroup * kWarps);
    shape.gridDim = dim3(static_cast<unsigned>(std::min<std::uint64_t>(wanted, context.fused_blocks)));
    shape.blockDim = dim3(kWarps * kLanes);
    shape.dynamicSmemBytes = plan.shared, shape.stream = stream;
    with_fused(header.fused, [&]<std::uint32_t S, bool stepped>() {
        check(cudaLaunchKernelEx(&shape, run_fused<S, stepped>, Program{plan.bytes.get()}, call, staging),
              "starting the kernel");
    });
    return true;
}

// Enqueues one call, on arenas [first, first + blocks) if it needs them.
void launch(const bxnn_cuda_context& context, const Call& call, unsigned first, unsigned blocks, cudaStream_t stream) {
    check(cudaMemsetAsync(call.bad, 0xff, sizeof kNoneBad, stream), "preparing a call");
    if (call.events == 0 || launch_fused(context, call, stream)) return;
    const auto& plan = *context.plan;
    std::byte* arenas = context.arenas.get() + std::size_t{plan.program().header().bytes_per_event} * kEvents * first;
    const auto wanted = std::min<std::uint64_t>((call.events + kEvents - 1) / kEvents, blocks);
    cudaLaunchConfig_t shape{};
    shape.gridDim = dim3(static_cast<unsigned>(wanted)), shape.blockDim = dim3(kEvents);
    shape.stream = stream;
    check(cudaLaunchKernelEx(&shape, run_plan, Program{plan.bytes.get()}, call, arenas), "starting the kernel");
}

void predict(const bxnn_cuda_context& context, const bxnn_cuda_array* arrays, std::size_t count, std::uint64_t events,
             cudaStream_t stream) {
    check_arrays(*context.plan, arrays, count);
    const Current current(context.plan->device);
    Call call{};
    for (std::size_t a = 0; a < count; ++a)
        call.data[a] = arrays[a].data, call.types[a] = static_cast<DType>(arrays[a].type);
    call.events = events;
    call.bad = reinterpret_cast<unsigned long long*>(context.bad.get());
    launch(context, call, 0, context.blocks, stream);
    check(cudaMemcpyAsync(context.host_bad.get(), call.bad, sizeof kNoneBad, cudaMemcpyDeviceToHost, stream),
          "asking for bad numbers");
}

// Throws if a number was bad; the call's first event is number `first` of the caller's.
void refuse_bad(const bxnn_cuda_plan& plan, const Pinned& noted, std::uint64_t first, bxnn_cuda_bad* bad) {
    unsigned long long place = kNoneBad;
    std::memcpy(&place, noted.get(), sizeof place);
    if (place == kNoneBad) return;
    bxnn_cuda_bad found{first + place / plan.in_elements, 0, place % plan.in_elements};
    while (found.element >= plan.elements(found.input)) found.element -= plan.elements(found.input++);
    if (bad) *bad = found;
    throw failure(BXNN_CUDA_NUMBER, "input %llu, event %llu, element %llu: the number is not allowed",
                  static_cast<unsigned long long>(found.input), static_cast<unsigned long long>(found.event),
                  static_cast<unsigned long long>(found.element));
}

// One call from ordinary memory.
struct HostCall {
    bxnn_cuda_context& context;
    const bxnn_cuda_array* arrays;
    std::size_t count, inputs;
    std::uint64_t events;

    std::size_t bytes(std::size_t a) const { return context.plan->elements(a) * size_of_type(arrays[a].type); }

    // Memory for shares, once; 8 bytes are the most that an element takes.
    void stage() const {
        if (context.staged) return;
        const std::size_t in = std::max(kStage, context.plan->in_elements * 8) + kMostArrays * kPlace;
        const std::size_t out = std::max(kStage, context.plan->out_elements * 8) + kMostArrays * kPlace;
        for (auto& share : context.shares) {
            share.stream = make_stream();
            share.host_in = pinned(in), share.host_out = pinned(out), share.host_bad = pinned(sizeof kNoneBad);
            share.in = on_device(in, "inputs"), share.out = on_device(out, "outputs");
            share.bad = on_device(sizeof kNoneBad, "a context");
        }
        context.staged = true;
    }

    // Events of a share: a quarter of all, if that is many, as far as memory goes.
    std::uint64_t most_events() const {
        std::size_t in = 1, out = 1;
        for (std::size_t a = 0; a < count; ++a) (a < inputs ? in : out) += bytes(a);
        const std::uint64_t fitting = std::max<std::uint64_t>(kStage / std::max(in, out), 1);
        return std::min(fitting, std::max(kFewest, events / 4));
    }

    void start(Share& share, std::uint64_t first, std::uint64_t n, unsigned arena, unsigned blocks) const {
        cudaStream_t stream = share.stream.get();
        share.first = first, share.events = n;
        Call call{};
        call.events = n;
        call.bad = reinterpret_cast<unsigned long long*>(share.bad.get());
        std::size_t in = 0, out = 0;
        for (std::size_t a = 0; a < count; ++a) {
            std::size_t& at = a < inputs ? in : out;
            call.data[a] = (a < inputs ? share.in : share.out).get() + at;
            call.types[a] = static_cast<DType>(arrays[a].type);
            if (a < inputs)
                std::memcpy(share.host_in.get() + at, static_cast<const std::byte*>(arrays[a].data) + first * bytes(a),
                            n * bytes(a));
            at += rounded(n * bytes(a));
        }
        check(cudaMemcpyAsync(share.in.get(), share.host_in.get(), in, cudaMemcpyHostToDevice, stream),
              "copying inputs");
        launch(context, call, arena, blocks, stream);
        check(cudaMemcpyAsync(share.host_out.get(), share.out.get(), out, cudaMemcpyDeviceToHost, stream),
              "copying outputs");
        check(cudaMemcpyAsync(share.host_bad.get(), call.bad, sizeof kNoneBad, cudaMemcpyDeviceToHost, stream),
              "asking for bad numbers");
    }

    void finish(Share& share, bxnn_cuda_bad* bad) const {
        const std::uint64_t n = std::exchange(share.events, 0);
        if (n == 0) return;
        check(cudaStreamSynchronize(share.stream.get()), "computing");
        refuse_bad(*context.plan, share.host_bad, share.first, bad);
        std::size_t out = 0;
        for (std::size_t a = inputs; a < count; ++a) {
            std::memcpy(static_cast<std::byte*>(arrays[a].data) + share.first * bytes(a), share.host_out.get() + out,
                        n * bytes(a));
            out += rounded(n * bytes(a));
        }
    }

    // Shares take turns: while one is computed, the other's numbers are copied.
    void run(bxnn_cuda_bad* bad) const {
        stage();
        const std::uint64_t most = most_events();
        const unsigned half = context.blocks / 2;
        std::size_t turn = 0;
        for (std::uint64_t first = 0; first < events; first += most, turn ^= 1) {
            finish(context.shares[turn], bad);
            start(context.shares[turn], first, std::min(most, events - first), turn ? half : 0,
                  turn ? context.blocks - half : half);
        }
        finish(context.shares[turn], bad), finish(context.shares[turn ^ 1], bad);
    }
};

void predict_host(bxnn_cuda_context& context, const bxnn_cuda_array* arrays, std::size_t count, std::uint64_t events,
                  bxnn_cuda_bad* bad) {
    check_arrays(*context.plan, arrays, count);
    const Current current(context.plan->device);
    try {
        HostCall{context, arrays, count, context.plan->program().header().inputs.size, events}.run(bad);
    } catch (const Failure&) {
        for (auto& share : context.shares) {  // its memory is in use until its stream has come to the end
            if (share.stream) cudaStreamSynchronize(share.stream.get());
            share.events = 0;
        }
        throw;
    }
}

}  // namespace
}  // namespace bxnn::cuda

#define BXNN_CUDA_API extern "C" __attribute__((visibility("default")))

BXNN_CUDA_API const char* bxnn_cuda_message(void) { return message; }

BXNN_CUDA_API int bxnn_cuda_device_count(int* count) {
    *count = 0;
    return guarded([&] { *count = devices(); });
}

BXNN_CUDA_API int bxnn_cuda_device_name(int device, char* name, size_t size) {
    return guarded([&] {
        require_device(device);
        cudaDeviceProp properties{};
        check(cudaGetDeviceProperties(&properties, device), "asking for the GPU's name");
        std::snprintf(name, size, "%s", properties.name);
    });
}

BXNN_CUDA_API int bxnn_cuda_memory_take(int device, size_t bytes, void** memory) {
    return guarded([&] {
        require_device(device);
        const Current current(device);
        *memory = on_device(bytes, "an array").release();
    });
}

BXNN_CUDA_API void bxnn_cuda_memory_give(int device, void* memory) {
    guarded([&] {
        const Current current(device);
        OnDevice(static_cast<std::byte*>(memory)).reset();
    });
}

BXNN_CUDA_API int bxnn_cuda_plan_load(const void* bytes, size_t size, int device, bxnn_cuda_plan** plan) {
    *plan = nullptr;
    return guarded([&] { *plan = load_plan(bytes, size, device).release(); });
}

BXNN_CUDA_API void bxnn_cuda_plan_free(bxnn_cuda_plan* plan) { delete plan; }

BXNN_CUDA_API int bxnn_cuda_context_create(const bxnn_cuda_plan* plan, bxnn_cuda_context** context) {
    *context = nullptr;
    return guarded([&] { *context = make_context(*plan).release(); });
}

BXNN_CUDA_API void bxnn_cuda_context_free(bxnn_cuda_context* context) { delete context; }

BXNN_CUDA_API int bxnn_cuda_predict(bxnn_cuda_context* context, const bxnn_cuda_array* arrays, size_t count,
                                    uint64_t events, void* stream) {
    return guarded([&] { predict(*context, arrays, count, events, static_cast<cudaStream_t>(stream)); });
}

BXNN_CUDA_API int bxnn_cuda_wait(bxnn_cuda_context* context, void* stream, bxnn_cuda_bad* bad) {
    return guarded([&] {
        const Current current(context->plan->device);
        check(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "computing");
        refuse_bad(*context->plan, context->host_bad, 0, bad);
    });
}

BXNN_CUDA_API int bxnn_cuda_predict_host(bxnn_cuda_context* context, const bxnn_cuda_array* arrays, size_t count,
                                         uint64_t events, bxnn_cuda_bad* bad) {
    return guarded([&] { predict_host(*context, arrays, count, events, bad); });
}
