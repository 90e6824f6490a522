// The C-simulation's top function in a plain loop over events. The project's own source is included before this
// file; TOP, INPUT and RESULT name its function and types, RAW the integers of the input, INPUTS and RESULTS sizes.
#include <cstddef>
#include <cstdint>

namespace {

struct Contestant {
    explicit Contestant(const char*) {}

    void operator()(const void* in, void* out, std::size_t events) {
        const auto* raw = static_cast<const RAW*>(in);
        auto* result = static_cast<std::int64_t*>(out);
        for (std::size_t e = 0; e < events; ++e) {
            INPUT x[INPUTS];
            RESULT y[RESULTS];
            for (int i = 0; i < INPUTS; ++i) x[i].range(INPUT::width - 1, 0) = raw[e * INPUTS + i];
            TOP(x, y);
            for (int i = 0; i < RESULTS; ++i) {
                const auto bits = y[i].range(RESULT::width - 1, 0).to_uint64();
                result[e * RESULTS + i] =
                    static_cast<std::int64_t>(bits << (64 - RESULT::width)) >> (64 - RESULT::width);
            }
        }
    }
};

}  // namespace

#include "loop.inl"
