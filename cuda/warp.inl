// A warp: its lanes' registers, and what lanes do together. On a GPU a lane is a thread, and every function is called
// by all of a warp at once; elsewhere one thread has the registers of all lanes.

constexpr std::uint32_t kLanes = 32;

struct Quad {
    std::int32_t at[4];
};
// Words that memory is read and written by.
struct __attribute__((aligned(8), may_alias)) Pair {
    std::int32_t at[2];
};
struct __attribute__((aligned(16), may_alias)) Fragment {
    Quad quad;
};

#ifdef __CUDA_ARCH__
template <class T>
struct PerLane {
    T own;
    BXNN_INLINE T& operator[](std::uint32_t) { return own; }
    BXNN_INLINE const T& operator[](std::uint32_t) const { return own; }
};
template <class F>
BXNN_INLINE void each_lane(F&& f) {
    f(threadIdx.x % kLanes);
}
BXNN_INLINE void sync_lanes() { __syncwarp(); }
#else
template <class T>
struct PerLane {
    T of[kLanes];
    T& operator[](std::uint32_t lane) { return of[lane]; }
    const T& operator[](std::uint32_t lane) const { return of[lane]; }
};
template <class F>
inline void each_lane(F&& f) {
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) f(lane);
}
inline void sync_lanes() {}
#endif

// Bytes of b and a by number: byte 0 of a is 0, of b 4.
BXNN_INLINE std::int32_t bytes_of(std::int32_t a, std::int32_t b, std::uint32_t which) {
#ifdef __CUDA_ARCH__
    return static_cast<std::int32_t>(__byte_perm(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), which));
#else
    const std::uint64_t both =
        static_cast<std::uint64_t>(static_cast<std::uint32_t>(b)) << 32 | static_cast<std::uint32_t>(a);
    std::uint32_t found = 0;
    for (int i = 0; i < 4; ++i) found |= static_cast<std::uint32_t>(both >> 8 * (which >> 4 * i & 7) & 0xff) << 8 * i;
    return static_cast<std::int32_t>(found);
#endif
}

// The word that begins `up` bits, up < 32, above the lowest of a, with b above it.
BXNN_INLINE std::int32_t word_between(std::int32_t a, std::int32_t b, std::uint32_t up) {
#ifdef __CUDA_ARCH__
    return static_cast<std::int32_t>(__funnelshift_r(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), up));
#else
    const std::uint64_t both =
        static_cast<std::uint64_t>(static_cast<std::uint32_t>(b)) << 32 | static_cast<std::uint32_t>(a);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(both >> up));
#endif
}

// Whether any lane says so.
BXNN_INLINE bool any_lane(const PerLane<bool>& says) {
#ifdef __CUDA_ARCH__
    return __any_sync(~0u, says.own);
#else
    bool any = false;
    for (const bool one : says.of) any |= one;
    return any;
#endif
}

// Sums over the four lanes that share events, in each of them.
BXNN_INLINE void add_over_four(PerLane<std::int64_t>& x) {
#ifdef __CUDA_ARCH__
    x.own += __shfl_xor_sync(~0u, static_cast<long long>(x.own), 1);
    x.own += __shfl_xor_sync(~0u, static_cast<long long>(x.own), 2);
#else
    for (std::uint32_t first = 0; first < kLanes; first += 4) {
        const std::int64_t sum = x[first] + x[first + 1] + x[first + 2] + x[first + 3];
        for (std::uint32_t q = 0; q < 4; ++q) x[first + q] = sum;
    }
#endif
}

// sum += A B modulo 2^32: A of 16 events by 32 bytes, B of 32 bytes by 8 columns, the words 2 * tile and after it of b.
// The fragments are those of mma.m16n8k32 for 8-bit integers in the PTX ISA: of row g = lane / 4 and q = lane % 4, word
// 2h + r of A has the bytes 16h + 4q ... of event g + 8r, word h of B those of column g, and word 2r + j of the sum is
// event g + 8r, column 2q + j.
template <bool a_signed, bool b_signed, int tile>
BXNN_INLINE void multiply_add(PerLane<Quad>& sum, const PerLane<Quad>& a, const PerLane<Quad>& b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define BXNN_MMA(types)                                                                                             \
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32." types                                                     \
                 ".s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "                                                     \
                 "{%0,%1,%2,%3};"                                                                                   \
                 : "+r"(sum.own.at[0]), "+r"(sum.own.at[1]), "+r"(sum.own.at[2]), "+r"(sum.own.at[3])               \
                 : "r"(a.own.at[0]), "r"(a.own.at[1]), "r"(a.own.at[2]), "r"(a.own.at[3]), "r"(b.own.at[2 * tile]), \
                   "r"(b.own.at[2 * tile + 1]))
    if constexpr (a_signed && b_signed) BXNN_MMA("s8.s8");
    else if constexpr (a_signed) BXNN_MMA("s8.u8");
    else if constexpr (b_signed) BXNN_MMA("u8.s8");
    else BXNN_MMA("u8.u8");
#undef BXNN_MMA
#elif defined(__CUDA_ARCH__)
    __trap();  // such GPUs run the other kernel
#else
    const auto byte = [](std::int32_t word, std::uint32_t b, bool is_signed) {
        const auto bits = static_cast<std::uint8_t>(static_cast<std::uint32_t>(word) >> 8 * b);
        return is_signed ? std::int32_t{static_cast<std::int8_t>(bits)} : std::int32_t{bits};
    };
    for (std::uint32_t lane = 0; lane < kLanes; ++lane)
        for (std::uint32_t i = 0; i < 4; ++i) {
            const std::uint32_t row = lane / 4, r = i / 2, column = lane % 4 * 2 + i % 2;
            auto total = static_cast<std::uint32_t>(sum[lane].at[i]);
            for (std::uint32_t k = 0; k < 32; ++k) {
                const std::uint32_t h = k / 16, q = k % 16 / 4;
                const std::int32_t x = byte(a[row * 4 + q].at[2 * h + r], k % 4, a_signed);
                const std::int32_t w = byte(b[column * 4 + q].at[2 * tile + h], k % 4, b_signed);
                total += static_cast<std::uint32_t>(x * w);
            }
            sum[lane].at[i] = static_cast<std::int32_t>(total);
        }
#endif
}

// Begins to copy 16 bytes, which both begin at multiples of 16, into shared memory: of `bytes`, the rest are zeros.
BXNN_INLINE void begin_copy(std::byte* to, const std::byte* from, std::uint32_t bytes) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(to))), "l"(from), "r"(bytes)
                 : "memory");
#else
    for (std::uint32_t i = 0; i < 16; ++i) to[i] = i < bytes ? from[i] : std::byte{0};
#endif
}
// Copies that began since the last call belong together.
BXNN_INLINE void group_copies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// Waits for the lane's copies but those of the last `left` groups.
template <int left>
BXNN_INLINE void wait_for_copies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(left) : "memory");
#endif
}
