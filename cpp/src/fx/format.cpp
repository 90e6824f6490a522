#include "fx/format.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace bxnn {
namespace {

constexpr std::array<std::string_view, 7> kRoundNames = {"TRN",     "TRN_ZERO",    "RND",     "RND_ZERO",
                                                         "RND_INF", "RND_MIN_INF", "RND_CONV"};
constexpr std::array<std::string_view, 4> kOverflowNames = {"WRAP", "SAT", "SAT_ZERO", "SAT_SYM"};

template <class Mode, std::size_t N>
Mode parse_mode(std::string_view text, const std::array<std::string_view, N>& names, const char* what) {
    std::string_view bare = text;
    if (bare.starts_with("AP_")) bare.remove_prefix(3);
    for (std::size_t i = 0; i < N; ++i)
        if (bare == names[i]) return static_cast<Mode>(i);
    std::string known;
    for (auto name : names) known += (known.empty() ? "" : ", ") + std::string(name);
    throw Error(ErrorKind::unsupported,
                std::string(what) + " mode '" + std::string(text) + "' is not supported; supported: " + known);
}

std::string_view trim(std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
}

int parse_int(std::string_view field, std::string_view whole) {
    int value = 0;
    auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (code != std::errc{} || end != field.data() + field.size())
        throw Error(ErrorKind::unsupported, "format '" + std::string(whole) + "': '" + std::string(field) +
                                                "' is not an integer; expected e.g. ap_fixed<16,6>");
    return value;
}

}  // namespace

std::string_view name_of(Round mode) { return kRoundNames.at(static_cast<std::size_t>(mode)); }
std::string_view name_of(Overflow mode) { return kOverflowNames.at(static_cast<std::size_t>(mode)); }
Round parse_round(std::string_view text) { return parse_mode<Round>(text, kRoundNames, "rounding"); }
Overflow parse_overflow(std::string_view text) { return parse_mode<Overflow>(text, kOverflowNames, "overflow"); }

std::string Format::str() const {
    std::string text = is_signed ? "ap_fixed<" : "ap_ufixed<";
    text += std::to_string(width) + "," + std::to_string(integer);
    if (round != Round::TRN || overflow != Overflow::WRAP)
        text += ",AP_" + std::string(name_of(round)) + ",AP_" + std::string(name_of(overflow));
    return text + ">";
}

Format Format::parse(std::string_view text) {
    const auto fail = [&](const std::string& why) -> Error {
        return {ErrorKind::unsupported,
                "format '" + std::string(text) + "': " + why +
                    "; expected ap_[u]fixed<width,integer[,round[,overflow]]> or ap_[u]int<width>"};
    };
    std::string_view rest = trim(text);
    if (rest.starts_with("ap_")) rest.remove_prefix(3);
    Format format;
    if (rest.starts_with('u')) format.is_signed = false, rest.remove_prefix(1);
    const bool fixed = rest.starts_with("fixed<");
    if (!fixed && !rest.starts_with("int<")) throw fail("not a fixed-point type");
    rest.remove_prefix(fixed ? 6 : 4);
    if (!rest.ends_with('>')) throw fail("'>' is missing");
    rest.remove_suffix(1);
    std::vector<std::string_view> fields;
    for (std::size_t comma = 0; comma != std::string_view::npos; rest.remove_prefix(comma + 1)) {
        comma = rest.find(',');
        fields.push_back(trim(rest.substr(0, comma)));
        if (comma == std::string_view::npos) break;
    }
    if (fixed ? fields.size() < 2 || fields.size() > 5 : fields.size() != 1) throw fail("wrong number of arguments");
    format.width = parse_int(fields[0], text);
    format.integer = fixed ? parse_int(fields[1], text) : format.width;
    if (fields.size() > 2) format.round = parse_round(fields[2]);
    if (fields.size() > 3) format.overflow = parse_overflow(fields[3]);
    if (fields.size() > 4 && parse_int(fields[4], text) != 0) throw fail("saturation bits are not supported");
    if (format.width < 1 || format.width > 64) throw fail("the width must be 1 to 64");
    if (format.integer < -1024 || format.integer > 1024) throw fail("the integer part must be within ±1024");
    return format;
}

std::size_t Tensor::size() const {
    std::size_t n = 1;
    for (auto dim : shape) n *= dim;
    return n;
}

namespace fx {
namespace {
#include "fx/quantize.inl"
#include "fx/real.inl"
}  // namespace

void check_format(const Format& f, int width_limit, const std::string& where) {
    if (f.width < 1 || f.width > width_limit)
        throw Error(width_limit > 64 ? ErrorKind::unsupported : ErrorKind::graph,
                    where + ": width " + std::to_string(f.width) + " is outside 1 to " + std::to_string(width_limit));
    if (f.integer < -1024 || f.integer > 1024)
        throw Error(ErrorKind::graph, where + ": integer part " + std::to_string(f.integer) + " is outside ±1024");
}

Format exact_type(i128 lo, i128 hi, int frac) {
    Format type;
    type.is_signed = lo < 0;
    type.width = std::max(signed_bits(lo), signed_bits(hi)) - (type.is_signed ? 0 : 1);
    type.width = std::max(type.width, 1);
    type.integer = type.width - frac;
    return type;
}

i128 quantize(i128 r, int frac_from, const Format& format) {
    if (r == 0) return 0;
    int shift = frac_from - format.frac();
    if (shift > kMaxBits) {
        // |r / 2^shift| < 1/2 and only its sign matters: stand in a number with these properties.
        const bool tie_possible = shift == kMaxBits + 1 && (r == kMaxMagnitude || r == -kMaxMagnitude);
        if (!tie_possible) r = r < 0 ? -1 : 1;
        else r = r < 0 ? -(kMaxMagnitude >> 1) : kMaxMagnitude >> 1;
        frac_from -= shift - kMaxBits;
        shift = kMaxBits;
    }
    auto cast = make_cast<i128>(frac_from, format, false);
    with_modes(cast.round, cast.fit, cast.down > 0, [&]<Round round, bool rounds, Fit fit>() {
        if constexpr (rounds) r = round_off<round>(r, cast.down);
        r = bring_into_range<fit>(r, cast);
    });
    return r;
}

i128 quantize(float x, const Format& format) {
    const Real real = real_of(std::bit_cast<std::uint32_t>(x));
    return quantize(real.integer, -real.exponent, format);
}
i128 quantize(double x, const Format& format) {
    const Real real = real_of(std::bit_cast<std::uint64_t>(x));
    return quantize(real.integer, -real.exponent, format);
}

}  // namespace fx
}  // namespace bxnn
