// conifer's own C++ in a plain loop over events. INPUT, THRESHOLD, WEIGHT and SCORE are its types; text: the path of
// the model document.
#include <cstddef>
#include <functional>
#include <vector>

#include "ap_fixed.h"
#include "conifer.h"

namespace {

struct Types : conifer::ConiferConfiguration {
    using input_t = INPUT;
    using threshold_t = THRESHOLD;
    using weight_t = WEIGHT;
    using score_t = SCORE;
    static constexpr bool useAddTree = false;
};

struct Contestant {
    conifer::BDT<Types> trees;
    std::vector<double> event = std::vector<double>(INPUTS);

    explicit Contestant(const char* path) : trees(path) {}

    void operator()(const void* in, void* out, std::size_t events) {
        const auto* x = static_cast<const double*>(in);
        auto* scores = static_cast<double*>(out);
        for (std::size_t e = 0; e < events; ++e) {
            event.assign(x + e * INPUTS, x + (e + 1) * INPUTS);
            for (const double score : trees._decision_function_double(event)) *scores++ = score;
        }
    }
};

}  // namespace

#include "loop.inl"
