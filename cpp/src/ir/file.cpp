#include "ir/file.hpp"

#include <bit>
#include <cstring>

namespace bxnn::ir {
namespace {

constexpr std::uint8_t kMagic[8] = {0x89, 'B', 'X', 'N', 'N', '\r', '\n', 0x1a};
constexpr std::size_t kHeaderSize = 64, kAlignment = 64;

template <class T>
void put(std::vector<std::uint8_t>& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

int container_of(std::int64_t lo, std::int64_t hi) {
    for (const int bytes : {1, 2, 4})
        if (-(std::int64_t{1} << (8 * bytes - 1)) <= lo && hi < (std::int64_t{1} << (8 * bytes - 1))) return bytes;
    return 8;
}

// Writes the program section; integer arrays go to the blob section and leave a reference.
struct Writer {
    std::vector<std::uint8_t> program, blobs;

    void text(const std::string& s) {
        put(program, static_cast<std::uint32_t>(s.size()));
        program.insert(program.end(), s.begin(), s.end());
    }
    void format(const Format& f) {
        put(program, static_cast<std::int32_t>(f.width));
        put(program, static_cast<std::int32_t>(f.integer));
        put(program, static_cast<std::uint8_t>(f.is_signed));
        put(program, static_cast<std::uint8_t>(f.round));
        put(program, static_cast<std::uint8_t>(f.overflow));
    }
    template <class T>
    void integers(const std::vector<T>& v) {
        const auto [lo, hi] = std::minmax_element(v.begin(), v.end());
        const int bytes = v.empty() ? 1 : container_of(*lo, *hi);
        blobs.resize((blobs.size() + kAlignment - 1) / kAlignment * kAlignment);
        put(program, static_cast<std::uint8_t>(bytes));
        put(program, static_cast<std::uint64_t>(v.size()));
        put(program, static_cast<std::uint64_t>(blobs.size()));
        for (const auto x : v)
            for (int i = 0; i < bytes; ++i)
                blobs.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(x) >> (8 * i)));
    }

    // Fields of an operation.
    void operator()(const char*, const Format& f) { format(f); }
    void operator()(const char*, const std::optional<Format>& f) {
        put(program, static_cast<std::uint8_t>(f.has_value()));
        if (f) format(*f);
    }
    void operator()(const char*, const std::vector<Format>& list) {
        put(program, static_cast<std::uint32_t>(list.size()));
        for (const auto& f : list) format(f);
    }
    void operator()(const char*, const Integers& v) { integers(v); }
    void operator()(const char*, const Indices& v) { integers(v); }
    template <class T>
        requires std::is_integral_v<T>
    void operator()(const char*, const T& value) {
        put(program, value);
    }
    template <class E, std::size_t N>
    void operator()(const char*, const E& value, const std::string_view (&)[N]) {
        put(program, static_cast<std::uint8_t>(value));
    }
};

[[noreturn]] void damaged(const std::string& what) {
    throw Error(ErrorKind::file, "not a readable .bxnn file: " + what);
}

bool is_utf8(const std::uint8_t* s, std::size_t n) {
    for (std::size_t i = 0; i < n;) {
        const std::uint8_t c = s[i++];
        const int more = c < 0x80 ? 0 : (c & 0xe0) == 0xc0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : (c & 0xf8) == 0xf0 ? 3 : -1;
        if (more < 0 || i + static_cast<std::size_t>(more) > n) return false;
        std::uint32_t code = more == 0 ? c : c & (0x3fu >> more);
        for (int k = 0; k < more; ++k, ++i) {
            if ((s[i] & 0xc0) != 0x80) return false;
            code = code << 6 | (s[i] & 0x3fu);
        }
        constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    }
    return true;
}

// Reads what Writer writes; every read is checked against the section it is in.
struct Reader {
    std::span<const std::uint8_t> program, blobs;
    std::size_t unread = blobs.size();  // bytes of blobs that no array has claimed: arrays do not overlap

    std::span<const std::uint8_t> take(std::uint64_t n) {
        if (n > program.size()) damaged("the program section ends too early");
        const auto head = program.first(static_cast<std::size_t>(n));
        program = program.subspan(static_cast<std::size_t>(n));
        return head;
    }
    template <class T>
    T get() {
        std::uint64_t value = 0;
        const auto bytes = take(sizeof(T));
        for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
        return static_cast<T>(value);
    }
    // A count of things that take at least `bytes` each in this section.
    std::uint32_t count(std::size_t bytes) {
        const auto n = get<std::uint32_t>();
        if (n > program.size() / bytes) damaged("a count is larger than the file");
        return n;
    }
    std::string text() {
        const auto bytes = take(get<std::uint32_t>());
        if (!is_utf8(bytes.data(), bytes.size())) damaged("a string is not UTF-8");
        return {bytes.begin(), bytes.end()};
    }
    Format format() {
        Format f;
        f.width = get<std::int32_t>();
        f.integer = get<std::int32_t>();
        if (f.width < 1 || f.width > kMaxBits || f.integer < -4096 || f.integer > 4096)
            damaged("a format is out of bounds");
        const auto is_signed = get<std::uint8_t>(), round = get<std::uint8_t>(), overflow = get<std::uint8_t>();
        if (is_signed > 1 || round > 6 || overflow > 3) damaged("a format has an unknown mode");
        f.is_signed = is_signed != 0;
        f.round = static_cast<Round>(round);
        f.overflow = static_cast<Overflow>(overflow);
        return f;
    }
    template <class T>
    std::vector<T> integers() {
        const auto bytes = get<std::uint8_t>();
        const auto n = get<std::uint64_t>(), offset = get<std::uint64_t>();
        if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || bytes > sizeof(T))
            damaged("an integer array has an unknown width");
        if (offset > blobs.size() || n > (blobs.size() - offset) / bytes)
            damaged("an integer array lies outside the file");
        if (n * bytes > unread) damaged("integer arrays overlap");
        unread -= static_cast<std::size_t>(n * bytes);
        std::vector<T> v(static_cast<std::size_t>(n));
        const std::uint8_t* p = blobs.data() + offset;
        for (auto& x : v) {
            std::uint64_t raw = 0;
            for (int i = 0; i < bytes; ++i) raw |= std::uint64_t{*p++} << (8 * i);
            const int spare = 64 - 8 * bytes;
            x = static_cast<T>(static_cast<std::int64_t>(raw << spare) >> spare);
        }
        return v;
    }

    void operator()(const char*, Format& f) { f = format(); }
    void operator()(const char*, std::optional<Format>& f) {
        const auto present = get<std::uint8_t>();
        if (present > 1) damaged("a flag is neither 0 nor 1");
        if (present) f = format();
    }
    void operator()(const char*, std::vector<Format>& list) {
        list.resize(count(11));
        if (list.empty()) damaged("a list of formats is empty");
        for (auto& f : list) f = format();
    }
    void operator()(const char*, Integers& v) { v = integers<std::int64_t>(); }
    void operator()(const char*, Indices& v) { v = integers<std::int32_t>(); }
    template <class T>
        requires std::is_integral_v<T>
    void operator()(const char*, T& value) {
        value = get<T>();
    }
    template <class E, std::size_t N>
    void operator()(const char*, E& value, const std::string_view (&)[N]) {
        const auto code = get<std::uint8_t>();
        if (code >= N) damaged("an operation has an unknown kind");
        value = static_cast<E>(code);
    }
};

template <std::size_t I = 0>
Attributes make_operation(std::size_t code) {
    if constexpr (I == std::variant_size_v<Attributes>) {
        damaged("operation code " + std::to_string(code) + " is unknown");
    } else {
        return code == I ? Attributes(std::in_place_index<I>) : make_operation<I + 1>(code);
    }
}

void write_node(Writer& w, const Node& node) {
    put(w.program, static_cast<std::uint8_t>(node.op.index()));
    w.text(node.name);
    put(w.program, static_cast<std::uint32_t>(node.operands.size()));
    for (const Id id : node.operands) put(w.program, id);
    put(w.program, static_cast<std::uint32_t>(node.value.shape.size()));
    for (const auto dim : node.value.shape) put(w.program, dim);
    w.format(node.value.type);
    std::visit([&](auto op) { op.fields(w); }, node.op);
}

Node read_node(Reader& r) {
    Node node;
    node.op = make_operation(r.get<std::uint8_t>());
    node.name = r.text();
    node.operands.resize(r.count(4));
    for (auto& id : node.operands) id = r.get<Id>();
    node.value.shape.resize(r.count(4));
    for (auto& dim : node.value.shape) dim = r.get<std::uint32_t>();
    node.value.type = r.format();
    std::visit([&](auto& op) { op.fields(r); }, node.op);
    return node;
}

void write_marks(Writer& w, const std::vector<Mark>& marks) {
    put(w.program, static_cast<std::uint32_t>(marks.size()));
    for (const auto& mark : marks) put(w.program, mark.id), w.text(mark.name);
}

std::vector<Mark> read_marks(Reader& r) {
    std::vector<Mark> marks(r.count(8));
    for (auto& mark : marks) mark.id = r.get<Id>(), mark.name = r.text();
    return marks;
}

std::uint64_t load64(std::span<const std::uint8_t> bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{bytes[at + i]} << (8 * i);
    return value;
}

}  // namespace

std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const auto b : bytes) hash = (hash ^ b) * 0x100000001b3u;
    return hash;
}

std::vector<std::uint8_t> write_file(const Graph& graph) {
    Writer w;
    w.text(graph.name);
    put(w.program, static_cast<std::uint32_t>(graph.meta.size()));
    for (const auto& [key, value] : graph.meta) w.text(key), w.text(value);
    put(w.program, static_cast<std::uint32_t>(graph.nodes.size()));
    for (const auto& node : graph.nodes) write_node(w, node);
    write_marks(w, graph.outputs);
    write_marks(w, graph.probes);
    put(w.program, graph.golden.events);
    if (graph.golden.events > 0)
        for (const auto* arrays : {&graph.golden.inputs, &graph.golden.outputs})
            for (const auto& array : *arrays) w.integers(array);

    w.program.resize((w.program.size() + kAlignment - 1) / kAlignment * kAlignment);
    std::vector<std::uint8_t> body = std::move(w.program);
    const std::size_t program_size = body.size();
    body.insert(body.end(), w.blobs.begin(), w.blobs.end());

    std::vector<std::uint8_t> file(std::begin(kMagic), std::end(kMagic));
    put(file, kFileVersion);
    put(file, std::uint32_t{0});
    put(file, static_cast<std::uint64_t>(kHeaderSize + body.size()));
    put(file, checksum(body));
    put(file, static_cast<std::uint64_t>(kHeaderSize));
    put(file, static_cast<std::uint64_t>(kHeaderSize + program_size));
    file.resize(kHeaderSize);
    file.insert(file.end(), body.begin(), body.end());
    return file;
}

Graph read_file(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kHeaderSize) damaged("it has " + std::to_string(bytes.size()) + " bytes, fewer than a header");
    if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) damaged("it does not begin with the .bxnn signature");
    const auto version = static_cast<std::uint32_t>(load64(bytes, 8));
    if (version != kFileVersion)
        damaged("its format version is " + std::to_string(version) + ", this library reads version " +
                std::to_string(kFileVersion) + "; install a newer bxnn or write the model again");
    const auto size = load64(bytes, 16);
    if (size != bytes.size())
        damaged("it has " + std::to_string(bytes.size()) + " bytes, its header says " + std::to_string(size) +
                "; copy it again");
    if (checksum(bytes.subspan(kHeaderSize)) != load64(bytes, 24)) damaged("its checksum is wrong; copy it again");
    const auto program_at = load64(bytes, 32), blobs_at = load64(bytes, 40);
    if (program_at < kHeaderSize || program_at > blobs_at || blobs_at > bytes.size()) damaged("its sections overlap");

    Reader r{bytes.subspan(static_cast<std::size_t>(program_at), static_cast<std::size_t>(blobs_at - program_at)),
             bytes.subspan(static_cast<std::size_t>(blobs_at))};
    Graph graph;
    graph.name = r.text();
    for (auto n = r.count(8); n > 0; --n) {
        auto key = r.text();
        graph.meta[std::move(key)] = r.text();
    }
    for (auto n = r.count(16); n > 0; --n) graph.nodes.push_back(read_node(r));
    graph.outputs = read_marks(r);
    graph.probes = read_marks(r);
    graph.golden.events = r.get<std::uint64_t>();
    if (graph.golden.events > 0) {
        for (std::size_t i = graph.inputs().size(); i > 0; --i)
            graph.golden.inputs.push_back(r.integers<std::int64_t>());
        for (std::size_t i = graph.outputs.size(); i > 0; --i)
            graph.golden.outputs.push_back(r.integers<std::int64_t>());
    }
    for (const auto b : r.program)
        if (b != 0) damaged("there is something behind the program");
    return graph;
}

}  // namespace bxnn::ir
