#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <system_error>
#include <thread>

#include "runtime/model_impl.hpp"

namespace bxnn {

namespace {

unsigned usable_cpus() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());  // more CPUs than the set can name
}

struct Job {
    std::span<Context> contexts;
    std::span<const ConstArray> inputs;
    std::span<const Array> outputs;
    std::size_t events = 0;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr error;  // of the lowest failing share
    std::size_t error_at = 0;
    std::mutex error_mutex;

    void work(std::size_t worker) {
        while (!failed.load(std::memory_order_relaxed)) {
            const std::size_t first = next.fetch_add(kShare, std::memory_order_relaxed);
            if (first >= events) return;
            try {
                predict_range(contexts[worker].impl(), inputs, outputs, first, std::min(kShare, events - first));
            } catch (...) {
                const std::lock_guard lock(error_mutex);
                if (!error || first < error_at) error = std::current_exception(), error_at = first;
                failed = true;
            }
        }
    }
};

}  // namespace

struct Pool::Impl {
    std::vector<std::thread> workers;  // the caller is worker 0
    std::mutex mutex, calls;
    std::condition_variable wake, done;
    Job* job = nullptr;
    std::uint64_t generation = 0;
    unsigned busy = 0;
    bool stop = false;

    ~Impl() {
        {
            const std::lock_guard lock(mutex);
            stop = true;
        }
        wake.notify_all();
        for (auto& worker : workers) worker.join();
    }

    void loop(std::size_t worker) {
        std::uint64_t seen = 0;
        for (;;) {
            Job* mine = nullptr;
            {
                std::unique_lock lock(mutex);
                wake.wait(lock, [&] { return stop || generation != seen; });
                if (stop) return;
                seen = generation;
                mine = worker < job->contexts.size() ? job : nullptr;
            }
            if (mine) mine->work(worker);
            const std::lock_guard lock(mutex);
            if (--busy == 0) done.notify_one();
        }
    }
};

Pool::Pool(unsigned threads) : impl_(std::make_unique<Impl>()) {
    if (threads == 0) threads = usable_cpus();
    try {
        for (std::size_t worker = 1; worker < threads; ++worker)
            impl_->workers.emplace_back([impl = impl_.get(), worker] { impl->loop(worker); });
    } catch (const std::system_error& error) {
        throw Error(ErrorKind::input, "a pool of " + std::to_string(threads) + " threads: only " +
                                          std::to_string(impl_->workers.size() + 1) +
                                          " can be started: " + error.what());
    }
}

Pool::~Pool() = default;

unsigned Pool::threads() const { return static_cast<unsigned>(impl_->workers.size()) + 1; }

void Pool::predict(const Model& model, std::span<Context> contexts, std::span<const ConstArray> inputs,
                   std::span<const Array> outputs, std::size_t events) {
    if (contexts.empty()) throw Error(ErrorKind::input, "a pool needs at least one context");
    for (auto& context : contexts)
        if (context.impl().model.get() != &model.impl() || context.impl().plan != contexts.front().impl().plan)
            throw Error(ErrorKind::input, "all contexts of a pool's call must be alike and belong to the model");
    check_arrays(*contexts.front().impl().plan, inputs, outputs);
    const std::lock_guard one_call(impl_->calls);
    Job job{contexts, inputs, outputs, events, {}, {}, nullptr, 0, {}};
    const bool alone = impl_->workers.empty() || contexts.size() == 1 || events <= kShare;
    if (!alone) {
        const std::lock_guard lock(impl_->mutex);
        impl_->job = &job;
        impl_->busy = static_cast<unsigned>(impl_->workers.size());
        ++impl_->generation;
    }
    if (!alone) impl_->wake.notify_all();
    job.work(0);
    if (!alone) {
        std::unique_lock lock(impl_->mutex);
        impl_->done.wait(lock, [&] { return impl_->busy == 0; });
        impl_->job = nullptr;
    }
    if (job.error) std::rethrow_exception(job.error);
}

}  // namespace bxnn
