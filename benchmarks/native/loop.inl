// The loops around a native contestant. The file that includes this defines before it a class `Contestant` with a
// constructor from a text and a call of (const void* in, void* out, size_t events).
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>

template <class Work>
int guarded(char* message, size_t size, Work work) {
    try {
        work();
        return 0;
    } catch (const std::exception& error) {
        std::strncpy(message, error.what(), size - 1);
        return 1;
    }
}

extern "C" void* loop_open(const char* text, char* message, size_t size) {
    Contestant* contestant = nullptr;
    guarded(message, size, [&] { contestant = new Contestant(text); });
    return contestant;
}

// `calls` calls with `batch` events each, from the first of `window` events again when too few are left.
extern "C" int loop_run(void* contestant, const char* in, char* out, size_t in_bytes, size_t out_bytes, size_t window,
                        size_t batch, size_t calls, char* message, size_t size) {
    return guarded(message, size, [&] {
        for (size_t i = 0, at = 0; i < calls; ++i, at = at + 2 * batch <= window ? at + batch : 0)
            (*static_cast<Contestant*>(contestant))(in + at * in_bytes, out + at * out_bytes, batch);
    });
}

// Nanoseconds of each call with one event; the clock's own time is part of them.
extern "C" int loop_latencies(void* contestant, const char* in, char* out, size_t in_bytes, size_t out_bytes,
                              size_t window, size_t calls, double* times, char* message, size_t size) {
    return guarded(message, size, [&] {
        for (size_t i = 0, at = 0; i < calls; ++i, at = at + 1 < window ? at + 1 : 0) {
            const auto start = std::chrono::steady_clock::now();
            (*static_cast<Contestant*>(contestant))(in + at * in_bytes, out + at * out_bytes, 1);
            times[i] = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
        }
    });
}
