// Events from another process through shared memory (POSIX), without locks: one writer, one reader.
//
//     auto ring = SharedRing::create("/trigger", {{"objects", 57, DType::i16}}, 1024, 64);   // the reader
//     auto ring = SharedRing::open("/trigger");                                              // the writer
//     ring.write(rows, crossings, events, wait);  ...  ring.close();
//
// The layout of the memory: docs/spec/stream.md.
#pragma once

#include "bxnn/stream.hpp"

namespace bxnn::stream {

class SharedRing {
public:
    static constexpr std::size_t kMostInputs = 16, kMostName = 39;

    // Takes the name, in /dev/shm, until the object is gone. One that a dead process left is replaced; one in use, or
    // sizes out of range, throw Error(input).
    static SharedRing create(const std::string& name, const std::vector<Input>& inputs, std::size_t batch,
                             std::size_t slots);
    // As the one writer. Throws Error(input) if there is no such ring, it has a writer, or it is none of this version.
    static SharedRing open(const std::string& name);
    SharedRing(SharedRing&&) noexcept;
    ~SharedRing();

    const std::vector<Input>& inputs() const;
    std::size_t batch() const;
    std::size_t slots() const;

    // The writer's. Copies events [0, n); says how many found room in time. crossings: rising, or nullptr for the
    // next ones with collisions. Throws Error(input) if the reader has ended, however it did.
    std::size_t write(std::span<const void* const> rows, const Crossing* crossings, std::size_t events,
                      std::chrono::nanoseconds wait);
    void close();  // no more will come

    // The reader's. A batch in the shared memory, until it is released; nothing if none came in time or none can come.
    // Throws Error(input) if the writer has died, or has written what is no batch.
    struct Batch {
        std::size_t events = 0;
        const Crossing* crossings = nullptr;  // nullptr: the next ones with collisions
        std::vector<const void*> rows;
    };
    std::optional<Batch> read(std::chrono::nanoseconds wait);
    void release();
    bool ended() const;  // the writer has closed it, and all is read

private:
    struct Impl;
    explicit SharedRing(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace bxnn::stream
