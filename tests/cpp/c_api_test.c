/* The C interface from plain C99. Usage: c_api_test NETWORK.bxnn DAMAGED.bxnn (written by write_models). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxnn/c_api.h"

static int failures = 0;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            ++failures;                                                             \
        }                                                                           \
    } while (0)

enum { EVENTS = 200, INPUTS = 16, OUTPUTS = 4 };
static char message[256];

static void load_errors(const char* damaged) {
    bxnn_model* model = NULL;
    CHECK(bxnn_model_load("/nowhere/model.bxnn", &model, message, sizeof message) == BXNN_FILE);
    CHECK(model == NULL && strstr(message, "cannot read '/nowhere/model.bxnn'") != NULL);
    CHECK(bxnn_model_load(damaged, &model, message, sizeof message) == BXNN_FILE);
    CHECK(model == NULL && strstr(message, damaged) != NULL && strstr(message, "checksum") != NULL);
    CHECK(bxnn_model_load(NULL, &model, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_model_load(damaged, NULL, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_model_load(NULL, NULL, NULL, 0) == BXNN_INPUT);
}

static void cut_messages(void) {
    bxnn_model* model = NULL;
    char small[8];
    memset(small, 'x', sizeof small);
    CHECK(bxnn_model_load("/nowhere/model.bxnn", &model, small, 5) == BXNN_FILE);
    CHECK(strcmp(small, "cann") == 0 && small[5] == 'x' && small[7] == 'x');
    memset(small, 'x', sizeof small);
    CHECK(bxnn_model_load("/nowhere/model.bxnn", &model, small, 1) == BXNN_FILE);
    CHECK(small[0] == '\0' && small[1] == 'x');
    memset(small, 'x', sizeof small);
    CHECK(bxnn_model_load("/nowhere/model.bxnn", &model, small, 0) == BXNN_FILE);
    CHECK(small[0] == 'x');
    CHECK(bxnn_model_load("/nowhere/model.bxnn", &model, NULL, 100) == BXNN_FILE);
}

static void describe(const bxnn_model* model) {
    bxnn_tensor tensor;
    uint64_t compared = 1, differing = 1;
    CHECK(bxnn_model_inputs(model) == 1 && bxnn_model_outputs(model) == 1);
    CHECK(bxnn_model_input(model, 0, &tensor) == BXNN_OK);
    CHECK(strcmp(tensor.name, "x") == 0 && tensor.size == INPUTS && tensor.width == 10 && tensor.integer == 4 &&
          tensor.is_signed == 1);
    CHECK(bxnn_model_output(model, 0, &tensor) == BXNN_OK);
    CHECK(strcmp(tensor.name, "score") == 0 && tensor.size == OUTPUTS && tensor.width == 16 && tensor.integer == 6);
    CHECK(bxnn_model_input(model, 1, &tensor) == BXNN_INPUT && bxnn_model_output(model, 1, &tensor) == BXNN_INPUT);
    CHECK(bxnn_model_input(model, 0, NULL) == BXNN_INPUT &&
          bxnn_model_output(model, (size_t)-1, &tensor) == BXNN_INPUT);
    CHECK(bxnn_model_inputs(NULL) == 0 && bxnn_model_outputs(NULL) == 0);
    CHECK(bxnn_model_input(NULL, 0, &tensor) == BXNN_INPUT && bxnn_model_output(NULL, 0, &tensor) == BXNN_INPUT);
    CHECK(bxnn_model_self_test(model, &compared, &differing, message, sizeof message) == BXNN_OK);
    CHECK(compared > 0 && differing == 0);
    CHECK(bxnn_model_self_test(NULL, &compared, &differing, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_model_self_test(model, NULL, &differing, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_model_self_test(model, &compared, NULL, NULL, 0) == BXNN_INPUT);
}

/* Raw integers, single and double precision on the same grid give the same numbers. */
static void predict(const bxnn_model* model, bxnn_context* context) {
    static int16_t raw[EVENTS * INPUTS];
    static float single[EVENTS * INPUTS];
    static double real[EVENTS * INPUTS], numbers[EVENTS * OUTPUTS];
    static int32_t first[EVENTS * OUTPUTS], second[EVENTS * OUTPUTS];
    const void* in = raw;
    void* out = first;
    bxnn_dtype in_type = BXNN_I16, out_type = BXNN_I32;
    int i;
    for (i = 0; i < EVENTS * INPUTS; ++i) {
        raw[i] = (int16_t)(i * 37 % 1024 - 512);
        single[i] = (float)raw[i] / 64, real[i] = raw[i] / 64.0;
    }
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, EVENTS, message, sizeof message) == BXNN_OK);
    in = single, in_type = BXNN_F32, out = second;
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, EVENTS, message, sizeof message) == BXNN_OK);
    CHECK(memcmp(first, second, sizeof first) == 0);
    in = real, in_type = BXNN_F64, out = numbers, out_type = BXNN_F64;
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, EVENTS, message, sizeof message) == BXNN_OK);
    for (i = 0; i < EVENTS * OUTPUTS; ++i) CHECK(numbers[i] == first[i] / 1024.0);
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, 0, NULL, 0) == BXNN_OK);

    raw[5 * INPUTS + 2] = 512;
    in = raw, in_type = BXNN_I16;
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, EVENTS, message, sizeof message) == BXNN_INPUT);
    CHECK(strstr(message, "event 5, element 2") != NULL && strstr(message, "-512 to 511") != NULL);
    real[7 * INPUTS + 1] = strtod("nan", NULL);
    in = real, in_type = BXNN_F64;
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, EVENTS, message, sizeof message) == BXNN_INPUT);
    CHECK(strstr(message, "event 7, element 1") != NULL && strstr(message, "NaN") != NULL);
    out_type = BXNN_I8;
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &out_type, EVENTS, message, sizeof message) == BXNN_INPUT);
    CHECK(strstr(message, "cannot hold") != NULL);
}

static void predict_errors(const bxnn_model* model, bxnn_context* context) {
    static int16_t raw[INPUTS];
    static int32_t result[OUTPUTS];
    const void* in = raw;
    const void* no_input = NULL;
    void* out = result;
    void* no_output = NULL;
    const bxnn_dtype in_type = BXNN_I16, out_type = BXNN_I32, unknown = (bxnn_dtype)10;
    CHECK(bxnn_predict(NULL, context, &in, &in_type, &out, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, NULL, &in, &in_type, &out, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, NULL, &in_type, &out, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &in, NULL, &out, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &in, &in_type, NULL, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, NULL, 1, NULL, 0) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &no_input, &in_type, &out, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &in, &in_type, &no_output, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &in, &unknown, &out, &out_type, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &in, &in_type, &out, &unknown, 1, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_predict(model, context, &no_input, &in_type, &no_output, &out_type, 0, message, sizeof message) ==
          BXNN_OK);
}

int main(int argc, char** argv) {
    static const char* const levels[] = {NULL, "", "portable", "reference"};
    bxnn_model* model = NULL;
    bxnn_context* context = NULL;
    size_t i;
    if (argc != 3) return fprintf(stderr, "usage: c_api_test NETWORK.bxnn DAMAGED.bxnn\n"), 2;
    load_errors(argv[2]);
    cut_messages();
    CHECK(bxnn_model_load(argv[1], &model, message, sizeof message) == BXNN_OK);
    if (!model) return fprintf(stderr, "%s\n", message), 1;
    describe(model);
    CHECK(bxnn_context_new(model, "mmx", &context, message, sizeof message) == BXNN_INPUT);
    CHECK(context == NULL && strstr(message, "instruction set 'mmx'") != NULL);
    CHECK(bxnn_context_new(NULL, NULL, &context, message, sizeof message) == BXNN_INPUT);
    CHECK(bxnn_context_new(model, NULL, NULL, message, sizeof message) == BXNN_INPUT);
    for (i = 0; i < sizeof levels / sizeof *levels; ++i) {
        CHECK(bxnn_context_new(model, levels[i], &context, message, sizeof message) == BXNN_OK);
        predict(model, context);
        predict_errors(model, context);
        bxnn_context_free(context);
        context = NULL;
    }
    CHECK(bxnn_context_new(model, NULL, &context, message, sizeof message) == BXNN_OK);
    bxnn_model_free(model); /* before its context */
    bxnn_context_free(context);
    bxnn_model_free(NULL);
    bxnn_context_free(NULL);
    printf(failures ? "%d failures\n" : "passed\n", failures);
    return failures ? 1 : 0;
}
