/* The same as model.hpp, for C and every language that can call it. No function throws, prints or aborts.
 *
 * A function that can fail returns a bxnn_status and writes the reason, zero-terminated and cut to `message_size`, to
 * `message` (which may be NULL). Pointers are owned by the caller unless a function says otherwise. */
#ifndef BXNN_C_API_H
#define BXNN_C_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    BXNN_OK = 0,
    BXNN_INPUT = 1,       /* data does not fit the model */
    BXNN_FILE = 2,        /* the model file is damaged, truncated or too new */
    BXNN_GRAPH = 3,       /* the program in it breaks a rule */
    BXNN_UNSUPPORTED = 4, /* legal, but not reproduced exactly */
    BXNN_MEMORY = 5,
    BXNN_INTERNAL = 6
} bxnn_status;

typedef enum {
    BXNN_I8,
    BXNN_U8,
    BXNN_I16,
    BXNN_U16,
    BXNN_I32,
    BXNN_U32,
    BXNN_I64,
    BXNN_U64,
    BXNN_F32,
    BXNN_F64
} bxnn_dtype;

typedef struct bxnn_model bxnn_model;
typedef struct bxnn_context bxnn_context;

/* Raw integer r of a tensor stands for r * 2^-(width - integer). */
typedef struct {
    const char* name; /* lives as long as the model */
    size_t size;      /* elements per event */
    int width, integer, is_signed;
} bxnn_tensor;

bxnn_status bxnn_model_load(const char* path, bxnn_model** model, char* message, size_t message_size);
void bxnn_model_free(bxnn_model* model); /* NULL is allowed; contexts stay valid */
size_t bxnn_model_inputs(const bxnn_model* model);
size_t bxnn_model_outputs(const bxnn_model* model);
bxnn_status bxnn_model_input(const bxnn_model* model, size_t i, bxnn_tensor* tensor);
bxnn_status bxnn_model_output(const bxnn_model* model, size_t i, bxnn_tensor* tensor);
bxnn_status bxnn_model_self_test(const bxnn_model* model, uint64_t* compared, uint64_t* differing, char* message,
                                 size_t message_size);

/* One context per thread; isa NULL or "" takes the best level. */
bxnn_status bxnn_context_new(const bxnn_model* model, const char* isa, bxnn_context** context, char* message,
                             size_t message_size);
void bxnn_context_free(bxnn_context* context);

/* inputs[i], outputs[i]: [events][size], contiguous. Does not allocate unless it fails. */
bxnn_status bxnn_predict(const bxnn_model* model, bxnn_context* context, const void* const* inputs,
                         const bxnn_dtype* input_types, void* const* outputs, const bxnn_dtype* output_types,
                         size_t events, char* message, size_t message_size);

#ifdef __cplusplus
}
#endif
#endif
