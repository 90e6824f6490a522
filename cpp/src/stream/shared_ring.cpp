#include "bxnn/shared_ring.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stream/link.hpp"

namespace bxnn::stream {

namespace {

constexpr std::uint64_t kMagic = 0x31'67'6e'69'72'78'62'00;  // "\0bxring1"
constexpr std::size_t kPage = 4096, kPlace = 64;
constexpr std::size_t kMostBytes = std::size_t{1} << 36;

// What is at the head of the memory.
struct Head {
    std::uint64_t magic, batch, slots, slot_bytes;
    std::uint64_t inputs;
    struct {
        char name[SharedRing::kMostName + 1];
        std::uint64_t elements, dtype;
    } input[SharedRing::kMostInputs];
    alignas(64) std::atomic<std::uint64_t> written;
    alignas(64) std::atomic<std::uint64_t> read;
    alignas(64) std::atomic<std::uint64_t> written_to;  // not 0: there was a writer
    std::atomic<std::uint64_t> closed;
};
static_assert(sizeof(Head) <= kPage && std::atomic<std::uint64_t>::is_always_lock_free);

// In front of a slot's crossings and rows.
struct SlotHead {
    std::uint64_t events, numbered;
};

std::size_t placed(std::size_t bytes) { return (bytes + kPlace - 1) / kPlace * kPlace; }

// Reader and writer each hold a lock on a byte of the file, which goes with them however they end.
enum class Role : off_t { reader = 0, writer = 1 };
struct flock lock_of(Role role) {
    struct flock lock = {};
    lock.l_type = F_WRLCK, lock.l_whence = SEEK_SET, lock.l_start = static_cast<off_t>(role), lock.l_len = 1;
    return lock;
}
bool take_role(int file, Role role) {
    struct flock lock = lock_of(role);
    return fcntl(file, F_OFD_SETLK, &lock) == 0;
}
bool taken(int file, Role role) {  // by another
    struct flock lock = lock_of(role);
    return fcntl(file, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
    throw Error(ErrorKind::input, "shared ring '" + name + "': " + what);
}
[[noreturn]] void refuse_system(const std::string& name, const char* doing) {
    refuse(name, std::string(doing) + ": " + std::strerror(errno));
}

void check_name(const std::string& name) {
    if (name.size() < 2 || name.size() > 200 || name[0] != '/' || name.find('/', 1) != std::string::npos)
        refuse(name, "expected a name such as '/trigger'");
}

}  // namespace

struct SharedRing::Impl {
    std::string name;
    int file = -1;
    Head* head = nullptr;
    std::size_t bytes = 0;
    bool reads = false;
    std::vector<Input> inputs;
    std::size_t batch = 0, slots = 0, slot_bytes = 0;  // copies: the other process can't change them
    std::vector<std::size_t> place;                    // of every input's rows in a slot

    ~Impl() {
        if (head) munmap(head, bytes);
        if (file >= 0) ::close(file);
        if (reads && file >= 0) shm_unlink(name.c_str());
    }

    void lay_out() {
        std::size_t at = placed(sizeof(SlotHead)) + placed(batch * sizeof(Crossing));
        place.clear();
        for (const auto& input : inputs) {
            place.push_back(at);
            at += placed(batch * bytes_of(input));
        }
        slot_bytes = at;
    }
    void map(std::size_t size) {
        void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory == MAP_FAILED) refuse_system(name, "mapping it");
        head = static_cast<Head*>(memory), bytes = size;
    }
    std::byte* slot(std::uint64_t number) const {
        return reinterpret_cast<std::byte*>(head) + kPage + number % slots * slot_bytes;
    }
};

SharedRing::SharedRing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SharedRing::SharedRing(SharedRing&&) noexcept = default;
SharedRing::~SharedRing() = default;
const std::vector<Input>& SharedRing::inputs() const { return impl_->inputs; }
std::size_t SharedRing::batch() const { return impl_->batch; }
std::size_t SharedRing::slots() const { return impl_->slots; }

namespace {

// Removes what a process left that is no more.
void remove_orphan(const std::string& name) {
    const int file = shm_open(name.c_str(), O_RDWR | O_CLOEXEC, 0);
    if (file < 0) return;
    std::uint64_t magic = 0;
    const bool known = pread(file, &magic, sizeof magic, 0) == sizeof magic && magic == kMagic;
    const bool read = taken(file, Role::reader);
    ::close(file);
    if (!known) refuse(name, "something else in /dev/shm has this name; take another");
    if (read) refuse(name, "another process reads it");
    shm_unlink(name.c_str());
}

}  // namespace

SharedRing SharedRing::create(const std::string& name, const std::vector<Input>& inputs, std::size_t batch,
                              std::size_t slots) {
    check_name(name);
    if (inputs.empty() || inputs.size() > kMostInputs || batch == 0 || batch > (1u << 20) || slots < 2 ||
        slots > (1u << 16))
        refuse(name, "expected from 1 to 16 inputs, to 2^20 events a batch, and from 2 to 2^16 slots");
    for (const auto& input : inputs)
        if (input.name.empty() || input.name.size() > kMostName || input.elements == 0 || input.elements > (1u << 24))
            refuse(name, "input '" + input.name + "': expected a name of at most 39 bytes, and at most 2^24 numbers");
    auto impl = std::make_unique<Impl>();
    impl->name = name, impl->inputs = inputs, impl->batch = batch, impl->slots = slots;
    impl->lay_out();
    if (impl->slot_bytes > kMostBytes / slots) refuse(name, "it would take more than 64 GiB");
    remove_orphan(name);
    impl->file = shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (impl->file < 0) refuse_system(name, "making it");
    impl->reads = true;
    if (!take_role(impl->file, Role::reader)) refuse_system(name, "locking it");
    const std::size_t size = kPage + impl->slot_bytes * slots;
    // Takes the memory now: a full /dev/shm would end the process later, in the middle of a write.
    if (const int error = posix_fallocate(impl->file, 0, static_cast<off_t>(size)); error) {
        errno = error;
        refuse_system(name, "taking its memory");
    }
    impl->map(size);
    Head& head = *impl->head;
    head.batch = batch, head.slots = slots, head.slot_bytes = impl->slot_bytes;
    head.inputs = inputs.size();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::memcpy(head.input[i].name, inputs[i].name.data(), inputs[i].name.size());
        head.input[i].elements = inputs[i].elements;
        head.input[i].dtype = static_cast<std::uint64_t>(inputs[i].dtype);
    }
    std::atomic_thread_fence(std::memory_order_release);
    head.magic = kMagic;
    return SharedRing(std::move(impl));
}

SharedRing SharedRing::open(const std::string& name) {
    check_name(name);
    auto impl = std::make_unique<Impl>();
    impl->name = name;
    impl->file = shm_open(name.c_str(), O_RDWR | O_CLOEXEC, 0);
    if (impl->file < 0) refuse_system(name, "opening it");
    struct stat status;
    if (fstat(impl->file, &status) != 0) refuse_system(name, "asking for its size");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size < kPage) refuse(name, "it is no ring of this version");
    impl->map(size);
    Head& head = *impl->head;
    if (head.magic != kMagic || head.inputs == 0 || head.inputs > kMostInputs || head.batch == 0 ||
        head.batch > (1u << 20) || head.slots == 0 || head.slots > (1u << 16))
        refuse(name, "it is no ring of this version");
    for (std::size_t i = 0; i < head.inputs; ++i) {
        const auto& input = head.input[i];
        if (input.elements == 0 || input.elements > (1u << 24) || input.dtype > static_cast<std::uint64_t>(DType::f64))
            refuse(name, "it is no ring of this version");
        impl->inputs.push_back(
            {std::string(input.name, strnlen(input.name, kMostName)), input.elements, static_cast<DType>(input.dtype)});
    }
    impl->batch = head.batch, impl->slots = head.slots;
    impl->lay_out();
    if (impl->slot_bytes != head.slot_bytes || (size - kPage) / impl->slot_bytes < impl->slots)
        refuse(name, "it is no ring of this version");
    if (!take_role(impl->file, Role::writer)) refuse(name, "another process writes to it");
    head.written_to = 1;
    return SharedRing(std::move(impl));
}

std::size_t SharedRing::write(std::span<const void* const> rows, const Crossing* crossings, std::size_t events,
                              std::chrono::nanoseconds wait) {
    auto& ring = *impl_;
    if (ring.reads) refuse(ring.name, "its reader does not write");
    if (rows.size() != ring.inputs.size())
        refuse(ring.name, "expected rows of " + std::to_string(ring.inputs.size()) + " inputs");
    const auto require_reader = [&] {
        if (!taken(ring.file, Role::reader)) refuse(ring.name, "its reader has ended");
    };
    require_reader();
    std::size_t done = 0;
    const std::int64_t end = now() + wait.count();
    while (done < events) {
        const auto head = ring.head->written.load(std::memory_order_relaxed);
        for (Patience patience; head - ring.head->read.load(std::memory_order_acquire) >= ring.slots; patience.wait())
            if (now() >= end) return require_reader(), done;
        const std::size_t n = std::min(events - done, ring.batch);
        std::byte* slot = ring.slot(head);
        const SlotHead about{n, crossings ? 1u : 0u};
        std::memcpy(slot, &about, sizeof about);
        if (crossings) std::memcpy(slot + placed(sizeof about), crossings + done, n * sizeof(Crossing));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t bytes = bytes_of(ring.inputs[i]);
            std::memcpy(slot + ring.place[i], static_cast<const std::byte*>(rows[i]) + done * bytes, n * bytes);
        }
        ring.head->written.store(head + 1, std::memory_order_release);
        done += n;
    }
    return done;
}

void SharedRing::close() { impl_->head->closed.store(1, std::memory_order_release); }

bool SharedRing::ended() const {
    const auto& head = *impl_->head;
    return head.closed.load(std::memory_order_acquire) &&
           head.written.load(std::memory_order_acquire) == head.read.load(std::memory_order_relaxed);
}

std::optional<SharedRing::Batch> SharedRing::read(std::chrono::nanoseconds wait) {
    auto& ring = *impl_;
    if (!ring.reads) refuse(ring.name, "its writer does not read");
    const Head& head = *ring.head;
    const auto number = head.read.load(std::memory_order_relaxed);
    const std::int64_t end = now() + wait.count();
    for (Patience patience; head.written.load(std::memory_order_acquire) == number; patience.wait()) {
        if (ended()) return {};
        if (now() < end) continue;
        const bool gone = head.written_to.load() && !taken(ring.file, Role::writer);
        if (gone && !head.closed.load(std::memory_order_acquire) &&
            head.written.load(std::memory_order_acquire) == number)
            refuse(ring.name, "its writer has ended without closing it");
        return {};
    }
    const std::byte* slot = ring.slot(number);
    SlotHead about;
    std::memcpy(&about, slot, sizeof about);
    if (about.events == 0 || about.events > ring.batch) refuse(ring.name, "its writer has damaged it");
    Batch batch{about.events, nullptr, {}};
    if (about.numbered) batch.crossings = reinterpret_cast<const Crossing*>(slot + placed(sizeof about));
    for (const std::size_t place : ring.place) batch.rows.push_back(slot + place);
    return batch;
}

void SharedRing::release() { impl_->head->read.fetch_add(1, std::memory_order_release); }

}  // namespace bxnn::stream
