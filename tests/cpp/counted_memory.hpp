// Global new and delete that count, and that refuse what exceeds a limit. For one source file of a program.
#pragma once

#include <cstddef>

#include <malloc.h>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace memory {

inline std::atomic<std::size_t> allocations{0}, releases{0}, live{0}, peak{0};
inline std::atomic<std::size_t> limit{~std::size_t{0}};  // of live bytes; more throws std::bad_alloc

inline void* take(std::size_t bytes, std::size_t alignment) {
    ++allocations;
    const std::size_t wanted = live + bytes;
    if (wanted > peak) peak = wanted;
    if (wanted > limit) throw std::bad_alloc();
    void* p = std::aligned_alloc(alignment, (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment);
    if (!p) throw std::bad_alloc();
    live += malloc_usable_size(p);
    return p;
}
inline void give(void* p) {
    if (!p) return;
    ++releases;
    live -= malloc_usable_size(p);
    std::free(p);
}

}  // namespace memory

void* operator new(std::size_t n) { return memory::take(n, alignof(std::max_align_t)); }
void* operator new[](std::size_t n) { return memory::take(n, alignof(std::max_align_t)); }
void* operator new(std::size_t n, std::align_val_t a) { return memory::take(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return memory::take(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { memory::give(p); }
void operator delete[](void* p) noexcept { memory::give(p); }
void operator delete(void* p, std::size_t) noexcept { memory::give(p); }
void operator delete[](void* p, std::size_t) noexcept { memory::give(p); }
void operator delete(void* p, std::align_val_t) noexcept { memory::give(p); }
void operator delete[](void* p, std::align_val_t) noexcept { memory::give(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { memory::give(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { memory::give(p); }
