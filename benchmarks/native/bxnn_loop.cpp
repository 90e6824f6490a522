// bxnn's C API in a loop over batches, for timing without Python between the calls.
#include "bxnn/c_api.h"

struct Loop {
    bxnn_model* model = nullptr;
    bxnn_context* context = nullptr;
};

extern "C" void* bxnn_loop_open(const char* path, const char* isa) {
    static Loop loops[16];
    static int used = 0;
    Loop& loop = loops[used];
    if (used == 16 || bxnn_model_load(path, &loop.model, nullptr, 0) != BXNN_OK ||
        bxnn_context_new(loop.model, isa, &loop.context, nullptr, 0) != BXNN_OK)
        return nullptr;
    ++used;
    return &loop;
}

extern "C" int bxnn_loop_run(void* handle, const int16_t* raw, int16_t* mean, int64_t* score, size_t events, size_t batch) {
    const Loop& loop = *static_cast<Loop*>(handle);
    const bxnn_dtype in = BXNN_I16, out[] = {BXNN_I16, BXNN_I64};
    for (size_t at = 0; at < events; at += batch) {
        const size_t count = events - at < batch ? events - at : batch;
        const void* inputs[] = {raw + at * 57};
        void* outputs[] = {mean + at * 8, score + at};
        if (bxnn_predict(loop.model, loop.context, inputs, &in, outputs, out, count, nullptr, 0) != BXNN_OK) return 1;
    }
    return 0;
}
