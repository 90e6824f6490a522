/* bxnn on NVIDIA GPUs, for C and for everything that calls C: the library libbxnn_cuda. It knows nothing of model
 * files: it takes a model's flat plan (bxnn::flat::flat_plan, or _core.Model.flat_plan in Python) as bytes.
 *
 * Functions return a code; bxnn_cuda_message() says in words what the thread's last failure was. Nothing is printed,
 * nothing thrown. A plan may be used by any number of contexts; a context by one call at a time. */
#ifndef BXNN_CUDA_H
#define BXNN_CUDA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bxnn_cuda_code {
    BXNN_CUDA_OK = 0,
    BXNN_CUDA_NO_DEVICE = 1,   /* no driver, no GPU, or none of that number */
    BXNN_CUDA_INPUT = 2,       /* arrays that do not fit the model */
    BXNN_CUDA_UNSUPPORTED = 3, /* a plan or a GPU that this library cannot use */
    BXNN_CUDA_MEMORY = 4,      /* too little memory, on the GPU or beside it */
    BXNN_CUDA_FAILED = 5,      /* anything else that CUDA reports */
    BXNN_CUDA_NUMBER = 6       /* an input's number is not allowed */
};

/* Element types, as in bxnn/model.hpp: integers are raw integers, floating-point numbers are real numbers. */
enum bxnn_cuda_type {
    BXNN_CUDA_I8 = 0,
    BXNN_CUDA_U8 = 1,
    BXNN_CUDA_I16 = 2,
    BXNN_CUDA_U16 = 3,
    BXNN_CUDA_I32 = 4,
    BXNN_CUDA_U32 = 5,
    BXNN_CUDA_I64 = 6,
    BXNN_CUDA_U64 = 7,
    BXNN_CUDA_F32 = 8,
    BXNN_CUDA_F64 = 9
};

/* [events][elements], contiguous. Outputs must be of a type that holds their format exactly. */
typedef struct bxnn_cuda_array {
    void* data;
    int type;
} bxnn_cuda_array;

/* The first number that is not allowed: by event, then input, then element. */
typedef struct bxnn_cuda_bad {
    uint64_t event;
    uint64_t input, element;
} bxnn_cuda_bad;

typedef struct bxnn_cuda_plan bxnn_cuda_plan;       /* a model on one device */
typedef struct bxnn_cuda_context bxnn_cuda_context; /* memory to compute in */

/* What the calling thread's last failure was. */
const char* bxnn_cuda_message(void);

/* How many devices there are. Where there is none: BXNN_CUDA_NO_DEVICE, and the message says why. */
int bxnn_cuda_device_count(int* count);
int bxnn_cuda_device_name(int device, char* name, size_t size);

/* Memory of a device, for arrays. */
int bxnn_cuda_memory_take(int device, size_t bytes, void** memory);
void bxnn_cuda_memory_give(int device, void* memory);

/* Copies a flat plan to a device. */
int bxnn_cuda_plan_load(const void* bytes, size_t size, int device, bxnn_cuda_plan** plan);
void bxnn_cuda_plan_free(bxnn_cuda_plan* plan);

/* All memory that calls from device memory need is taken here. The plan must outlive the context. */
int bxnn_cuda_context_create(const bxnn_cuda_plan* plan, bxnn_cuda_context** context);
void bxnn_cuda_context_free(bxnn_cuda_context* context);

/* Computes `events` events on the stream (a cudaStream_t; NULL: the default one). `arrays`: the inputs, then the
 * outputs, in memory of the plan's device. Only enqueues: nothing is allocated or waited for. The arrays and the
 * context must be left alone until the stream has come so far; bxnn_cuda_wait tells whether the inputs were fine. */
int bxnn_cuda_predict(bxnn_cuda_context* context, const bxnn_cuda_array* arrays, size_t count, uint64_t events,
                      void* stream);

/* Waits for the last bxnn_cuda_predict of the context, which was on this stream. BXNN_CUDA_NUMBER, and `bad`, for a raw
 * integer outside its format, NaN or infinity; the outputs of that call are then unspecified. */
int bxnn_cuda_wait(bxnn_cuda_context* context, void* stream, bxnn_cuda_bad* bad);

/* The same for arrays in ordinary memory, in one call that returns when the outputs are there. Events pass in shares
 * through pinned memory, so that copies and computing overlap; that memory is taken at the first call. */
int bxnn_cuda_predict_host(bxnn_cuda_context* context, const bxnn_cuda_array* arrays, size_t count, uint64_t events,
                           bxnn_cuda_bad* bad);

#ifdef __cplusplus
}
#endif

#endif
