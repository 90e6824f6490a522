// What is behind Model and Context.
#pragma once

#include <mutex>
#include <optional>

#include "bxnn/model.hpp"
#include "ir/graph.hpp"
#include "kernels/kernels.hpp"

namespace bxnn {

struct Model::Impl {
    ir::Graph graph;
    std::vector<Tensor> inputs, outputs, probes;

    explicit Impl(ir::Graph g);
    // Plans are made once, when first asked for: for the reference or proven, with probes or without.
    const plan::Plan& plan(bool prove, bool probes) const;

private:
    mutable std::mutex mutex_;
    mutable std::optional<plan::Plan> plans_[2][2];
};

Model make_model(ir::Graph graph);

// Rows for one block, and the bodies that work on them.
struct Workspace {
    const kernels::Bodies& bodies;
    std::unique_ptr<std::byte[], void (*)(std::byte*)> arena;

    Workspace(const kernels::Bodies& b, const plan::Plan& plan);
    static std::size_t bytes(const kernels::Bodies& bodies, const plan::Plan& plan);
};

struct Context::Impl {
    std::shared_ptr<const Model::Impl> model;
    const kernels::Kernels* kernels;
    const plan::Plan* plan;
    Workspace block, single;
};

// Events that a thread of a pool takes at a time: a few blocks, so that the counter is not contended.
constexpr std::size_t kShare = 960;

// Checks the arrays of a call against the plan's edges. Throws Error(input).
void check_arrays(const plan::Plan& plan, std::span<const ConstArray> inputs, std::span<const Array> outputs);

// Events [first, first + count) of a call.
void predict_range(Context::Impl& context, std::span<const ConstArray> inputs, std::span<const Array> outputs,
                   std::size_t first, std::size_t count);

}  // namespace bxnn
