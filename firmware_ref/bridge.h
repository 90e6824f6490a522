// Runs an HLS C-simulation over many events, exchanging raw integers instead of floating-point numbers.
// The generated driver includes this file, then the project's top function, whose trace calls are
// redirected to bridge_save.
#pragma once

#include "prelude.h"

#include "nnet_utils/nnet_helpers.h"

namespace bridge {

// One result: [events][size] raw integers.
struct Slot {
    std::string name;
    size_t size;
    std::vector<int64_t> data;
};

inline std::vector<Slot> &slots() {
    static std::vector<Slot> all;
    return all;
}
inline size_t event = 0;

// Only the result types matter: the integer type with the bits of a fixed-point type.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> ap_int<W> ap_int_of(const ap_fixed<W, I, Q, O, N> &);
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> ap_uint<W> ap_int_of(const ap_ufixed<W, I, Q, O, N> &);
template <int W> ap_int<W> ap_int_of(const ap_int<W> &);
template <int W> ap_uint<W> ap_int_of(const ap_uint<W> &);

template <class T> int64_t to_raw(const T &x) {
    static_assert(T::width <= 64, "a raw integer wider than 64 bits");
    decltype(ap_int_of(x)) bits = x.range(T::width - 1, 0);
    return bits.to_int64();
}

template <class T> void from_number(T &x, int64_t raw) {
    ap_int<64> bits = raw;
    x.range(T::width - 1, 0) = bits.range(T::width - 1, 0);
}
template <class T> void from_number(T &x, double number) { x = T(number); }

template <class N, class T> void load(const N *from, T *to, size_t size) {
    for (size_t i = 0; i < size; i++)
        from_number(to[i], from[i]);
}
template <class N, class T> void load(const N *from, hls::stream<T> &to, size_t size) {
    for (size_t i = 0; i < size; i += T::size) {
        T pack;
        for (size_t j = 0; j < T::size; j++)
            from_number(pack[j], from[i + j]);
        to.write(pack);
    }
}

template <class T> void store(T *from, int64_t *to, size_t size) {
    for (size_t i = 0; i < size; i++)
        to[i] = to_raw(from[i]);
}
// Leaves the stream as it was found.
template <class T> void store(hls::stream<T> &from, int64_t *to, size_t size) {
    for (size_t i = 0; i < size; i += T::size) {
        T pack = from.read();
        for (size_t j = 0; j < T::size; j++)
            to[i + j] = to_raw(pack[j]);
        from.write(pack);
    }
}

template <class T> void drain(T *) {}
template <class T> void drain(hls::stream<T> &from) {
    while (!from.empty())
        from.read();
}

template <class V> void save(V &&from, const char *name, size_t size) {
    for (Slot &slot : slots()) {
        if (slot.name != name)
            continue;
        if (slot.size != size) {
            std::fprintf(stderr, "layer %s has %zu values, expected %zu\n", name, size, slot.size);
            std::exit(3);
        }
        store(from, slot.data.data() + event * size, size);
        return;
    }
}

template <class N> std::vector<N> read_all(const char *path, size_t count) {
    std::vector<N> data(count);
    std::FILE *file = std::fopen(path, "rb");
    if (!file || std::fread(data.data(), sizeof(N), count, file) != count) {
        std::fprintf(stderr, "cannot read %zu numbers from %s\n", count, path);
        std::exit(3);
    }
    std::fclose(file);
    return data;
}

inline void write_all(const char *path) {
    std::FILE *file = std::fopen(path, "wb");
    for (const Slot &slot : slots())
        if (!file || std::fwrite(slot.data.data(), sizeof(int64_t), slot.data.size(), file) != slot.data.size()) {
            std::fprintf(stderr, "cannot write %s\n", path);
            std::exit(3);
        }
    std::fclose(file);
}

} // namespace bridge

namespace nnet {
template <class T> void bridge_save(T *data, const char *layer, size_t size) {
    bridge::save(data, (std::string("layer:") + layer).c_str(), size);
}
template <class T> void bridge_save(hls::stream<T> &data, const char *layer, size_t size) {
    bridge::save(data, (std::string("layer:") + layer).c_str(), size);
}
} // namespace nnet

#define save_layer_output bridge_save
