// A chain of dot products by tensor cores (flat::Fused, docs/adr/0012): a warp takes 16 events from their inputs to
// their outputs. Between layers, activations stay in registers: the columns that a lane has are the bytes that it
// gives to the next product.

using flat::FusedLayer;
using Bytes = plan::TiledWeights::Bytes;
constexpr std::uint32_t kGroup = FusedLayer::kEvents, kStep = FusedLayer::kStep, kColumns = FusedLayer::kColumns;
constexpr std::uint32_t kWarps = 4;  // of a block

// What is the same for all events of a call. Numbers are staged as they are, or converted to 16 bits.
struct Staging {
    bool as_they_are = false;
    bool is_signed = true;                         // of numbers of 8 bits as they are
    std::uint32_t size = 2;                        // bytes of a staged number
    std::uint32_t forbidden = 0;                   // bits of a word that must be zero,
    std::uint32_t differing = 0;                   // or, with a one here, that must equal their lower neighbours
    std::uint32_t stage_bytes = 0, out_bytes = 0;  // of a warp: twice the first, once the second
};

// Bytes of a stage: what the last lanes read goes beyond the last row.
inline std::uint32_t bytes_of_stage(std::uint32_t elements, std::uint32_t steps) {
    return ((kGroup - 1) * elements + kStep * steps + 4) * 2 / 16 * 16 + 16;
}

// For numbers that are converted.
inline Staging staging_of(Program p) {
    const auto& header = p.header();
    Staging s;
    s.stage_bytes = bytes_of_stage(static_cast<std::uint32_t>(p.get(header.inputs)[0].rows.rows.size),
                                   p.get(header.fused.layers)[0].steps);
    s.out_bytes = header.fused.out_bytes;
    return s;
}

// For numbers of 8 and 16 bits, which begin at a multiple of 16 bytes: which of them the format allows, as bits of a
// word full of them.
inline void stage_as_they_are(DType type, const flat::Input& input, Staging& s) {
    if (type > DType::u16) return;
    s.as_they_are = true;
    s.size = type <= DType::u8 ? 1 : 2;
    const int bits = static_cast<int>(s.size) * 8, width = input.width;
    const bool format_signed = input.lo < 0;
    s.is_signed = type == DType::i8 || type == DType::i16;
    const bool by_sign = s.is_signed && format_signed;
    // the lowest bit that must be zero, or equal to the one below it
    int first = format_signed && !s.is_signed ? width - 1 : width;
    if (s.is_signed && !format_signed && first > bits - 1) first = bits - 1;
    const std::uint32_t all = bits == 8 ? 0xffu : 0xffffu;
    const std::uint32_t one = first < bits ? all << first & all : 0;
    s.forbidden = one * (bits == 8 ? 0x01010101u : 0x00010001u);
    s.differing = by_sign ? ~0u : 0;
}

// Columns 16u + 8t + 2q + j of event g + 8r, at 4t + 2r + j.
struct Results {
    std::int32_t at[8];
};

// The activations of two events that a lane has: fragments of the low bytes, and of the high ones.
template <std::uint32_t S>
struct Activations {
    PerLane<Quad> bytes[2][S];
};

template <class T>
BXNN_INLINE T load_as(const std::byte* from) {
    return *reinterpret_cast<const T*>(from);
}

// What a warp works with.
struct Desk {
    Program program;
    const Call& call;
    const Staging& staging;
    const std::byte* image;
    std::byte* stage;  // of the group
    std::byte* out;
    std::uint64_t first;   // event
    std::uint32_t events;  // of the group
    std::uint32_t elements;
};

BXNN_INLINE std::int32_t staged_number(const Desk& d, std::uint32_t event, std::uint32_t element) {
    const std::uint32_t i = event * d.elements + element;
    if (d.staging.size == 2) return reinterpret_cast<const Short*>(d.stage)[i];
    const auto byte = static_cast<std::uint8_t>(d.stage[i]);
    return d.staging.is_signed ? std::int32_t{static_cast<std::int8_t>(byte)} : std::int32_t{byte};
}

// Reads the group's staged numbers as fragments.
template <std::uint32_t S>
BXNN_INLINE void load_activations(const Desk& d, const FusedLayer& l, Activations<S>& x) {
    const std::uint32_t size = d.staging.size;
    const bool both = l.bytes == Bytes::both;
    each_lane([&](std::uint32_t lane) {
        BXNN_UNROLL
        for (std::uint32_t r = 0; r < 2; ++r) {
            const std::uint32_t at = ((lane / 4 + 8 * r) * d.elements + lane % 4 * 8 * l.steps) * size;
            const std::byte* words = d.stage + (at & ~3u);
            const std::uint32_t up = at % 4 * 8;
            std::int32_t last = load_as<Word>(words);
            const auto next = [&](std::uint32_t i) {
                const std::int32_t before = last;
                last = load_as<Word>(words + 4 * i + 4);
                return word_between(before, last, up);
            };
            BXNN_UNROLL
            for (std::uint32_t s = 0; s < S; ++s) {
                if (s >= l.steps) continue;
                BXNN_UNROLL
                for (std::uint32_t h = 0; h < 2; ++h) {
                    std::int32_t low, high;
                    if (size == 2) {
                        const std::int32_t a = next(4 * s + 2 * h), b = next(4 * s + 2 * h + 1);
                        low = bytes_of(a, b, 0x6420), high = bytes_of(a, b, 0x7531);
                    } else {
                        low = next(2 * s + h);
                        const auto signs = static_cast<std::uint32_t>(low) >> 7 & 0x01010101u;
                        high = d.staging.is_signed ? static_cast<std::int32_t>(signs * 0xffu) : 0;
                    }
                    x.bytes[0][s][lane].at[2 * h + r] = low;
                    if (both) x.bytes[1][s][lane].at[2 * h + r] = high;
                }
            }
        }
    });
}

// The sums of unit u: products of bytes by their significance, Horner's scheme at the end.
template <Bytes bytes, bool wide, std::uint32_t S>
BXNN_INLINE void sum_unit(const Desk& d, const FusedLayer& l, std::uint32_t u, const Activations<S>& x,
                          PerLane<Results>& sums) {
    constexpr int x_planes = bytes == Bytes::both ? 2 : 1, w_planes = wide ? 2 : 1, levels = x_planes + w_planes - 1;
    PerLane<Quad> acc[levels][2];
    each_lane([&](std::uint32_t lane) {
        const std::byte* start = d.image + l.start + (u * kColumns + lane % 4 * 2) * 4;
        BXNN_UNROLL
        for (int t = 0; t < 2; ++t) {
            const auto two = load_as<Pair>(start + 32 * t);
            acc[0][t][lane] = {{two.at[0], two.at[1], two.at[0], two.at[1]}};
            BXNN_UNROLL
            for (int level = 1; level < levels; ++level) acc[level][t][lane] = {};
        }
    });
    BXNN_UNROLL
    for (std::uint32_t s = 0; s < S; ++s) {
        if (s >= l.steps) continue;
        PerLane<Quad> w[w_planes];
        each_lane([&](std::uint32_t lane) {
            BXNN_UNROLL
            for (int plane = 0; plane < w_planes; ++plane)
                w[plane][lane] =
                    load_as<Fragment>(
                        d.image + l.weights +
                        (((u * l.steps + s) * w_planes + static_cast<std::uint32_t>(plane)) * kLanes + lane) * 16)
                        .quad;
        });
        if constexpr (x_planes == 2) {
            if constexpr (wide) {
                multiply_add<true, true, 0>(acc[2][0], x.bytes[1][s], w[1]);
                multiply_add<true, true, 1>(acc[2][1], x.bytes[1][s], w[1]);
                multiply_add<false, true, 0>(acc[1][0], x.bytes[0][s], w[1]);
                multiply_add<false, true, 1>(acc[1][1], x.bytes[0][s], w[1]);
            }
            multiply_add<true, !wide, 0>(acc[1][0], x.bytes[1][s], w[0]);
            multiply_add<true, !wide, 1>(acc[1][1], x.bytes[1][s], w[0]);
            multiply_add<false, !wide, 0>(acc[0][0], x.bytes[0][s], w[0]);
            multiply_add<false, !wide, 1>(acc[0][1], x.bytes[0][s], w[0]);
        } else {
            constexpr bool is_signed = bytes == Bytes::low_signed;
            if constexpr (wide) {
                multiply_add<is_signed, true, 0>(acc[1][0], x.bytes[0][s], w[1]);
                multiply_add<is_signed, true, 1>(acc[1][1], x.bytes[0][s], w[1]);
            }
            multiply_add<is_signed, !wide, 0>(acc[0][0], x.bytes[0][s], w[0]);
            multiply_add<is_signed, !wide, 1>(acc[0][1], x.bytes[0][s], w[0]);
        }
    }
    each_lane([&](std::uint32_t lane) {
        BXNN_UNROLL
        for (int t = 0; t < 2; ++t) BXNN_UNROLL
        for (int i = 0; i < 4; ++i) {
            auto sum = static_cast<std::uint32_t>(acc[levels - 1][t][lane].at[i]);
            BXNN_UNROLL
            for (int level = levels - 2; level >= 0; --level)
                sum = sum * 256 + static_cast<std::uint32_t>(acc[level][t][lane].at[i]);
            sums[lane].at[4 * t + i] = static_cast<std::int32_t>(sum);
        }
    });
}

// Steps behind the finish, on what a lane has of unit u.
BXNN_APART BXNN_ANYWHERE inline Results apply_rest(Program p, const FusedLayer* l, std::uint32_t column, Results x) {
    const flat::Step* steps = p.get(l->rest);
    for (std::uint64_t s = 0; s < l->rest.size; ++s) {
        const flat::Step& step = steps[s];
        if (step.kind == flat::Step::Kind::cast && step.shift_up.size == 0) {
            quantize_rows(x.at, 8, p.lanes<Cast<std::int32_t>>(step.casts)[0]);
            continue;
        }
        BXNN_UNROLL
        for (std::uint32_t k = 0; k < 4; ++k) {
            const std::uint32_t first = column + k / 2 * 8;
            const std::uint32_t count = first >= l->columns ? 0 : l->columns - first < 2 ? 1 : 2;
            std::int32_t lanes[2] = {x.at[2 * k], x.at[2 * k + 1]};
            apply_step(p, step, first, count, lanes);
            x.at[2 * k] = lanes[0], x.at[2 * k + 1] = lanes[1];
        }
    }
    return x;
}

// Results of unit u into the rows of an output, in 32 bits.
BXNN_INLINE void sink_unit(const Desk& d, const FusedLayer& l, const flat::Sink& sink, std::uint32_t u,
                           const PerLane<Results>& x) {
    auto* rows = reinterpret_cast<Word*>(d.out + sink.at);
    const std::int32_t* elements = d.program.get(sink.element);
    each_lane([&](std::uint32_t lane) {
        BXNN_UNROLL
        for (std::uint32_t k = 0; k < 8; ++k) {
            const std::int32_t element = elements[u * kColumns + k / 4 * 8 + lane % 4 * 2 + k % 2];
            const std::uint32_t event = lane / 4 + k / 2 % 2 * 8;
            const std::int32_t raw = l.halves ? static_cast<std::int16_t>(x[lane].at[k]) : x[lane].at[k];
            if (element >= 0) rows[event * sink.elements + static_cast<std::uint32_t>(element)] = raw;
        }
    });
    sync_lanes();  // tensor cores need all lanes at one place
}

// Sums of squares of a lane's two events, with those of unit u.
BXNN_INLINE void add_squares(const Desk& d, const FusedLayer& l, const flat::Squares& squares, std::uint32_t u,
                             const PerLane<Results>& x, PerLane<std::int64_t> (&sums)[2]) {
    const std::int32_t* subtracted = d.program.get(squares.subtracted) + u * kColumns;
    each_lane([&](std::uint32_t lane) {
        BXNN_UNROLL
        for (std::uint32_t k = 0; k < 8; ++k) {
            const std::int32_t element = subtracted[k / 4 * 8 + lane % 4 * 2 + k % 2];
            if (element == flat::Squares::kLeftOut) continue;
            const std::uint32_t r = k / 2 % 2;
            std::int32_t y = l.halves ? static_cast<std::int16_t>(x[lane].at[k]) : x[lane].at[k];
            y = moved_up(y, squares.up);
            if (element >= 0)
                y -= moved_up(staged_number(d, lane / 4 + 8 * r, static_cast<std::uint32_t>(element)),
                              squares.up_subtracted);
            sums[r][lane] += std::int64_t{y} * y;
        }
    });
    sync_lanes();
}

// The sums of squares as what they are asked for.
BXNN_INLINE void store_squares(const Desk& d, const flat::Squares& squares, PerLane<std::int64_t> (&sums)[2]) {
    const auto& header = d.program.header();
    const std::size_t array = header.inputs.size + squares.output;
    add_over_four(sums[0]), add_over_four(sums[1]);
    each_lane([&](std::uint32_t lane) {
        const std::uint32_t event = lane / 4 + lane % 4 * 8;  // lanes 0 and 1 of four store one each
        if (event < d.events && lane % 4 < 2)
            write_number(d.program.get(header.outputs)[squares.output], d.call.types[array], d.call.data[array],
                         d.first + event, lane % 4 == 0 ? sums[0][lane] : sums[1][lane]);
    });
}

// The activations of the next layer that a unit's results are.
template <std::uint32_t u, std::uint32_t S>
BXNN_INLINE void keep_unit(bool both, const PerLane<Results>& results, Activations<S>& next) {
    each_lane([&](std::uint32_t lane) {
        const auto& x = results[lane].at;
        BXNN_UNROLL
        for (std::uint32_t r = 0; r < 2; ++r) {
            const std::int32_t a = bytes_of(x[2 * r], x[2 * r + 1], 0x5410);
            const std::int32_t b = bytes_of(x[4 + 2 * r], x[4 + 2 * r + 1], 0x5410);
            next.bytes[0][u / 2][lane].at[u % 2 * 2 + r] = bytes_of(a, b, 0x6420);
            if (both) next.bytes[1][u / 2][lane].at[u % 2 * 2 + r] = bytes_of(a, b, 0x7531);
        }
    });
}

template <bool wide, std::uint32_t S>
BXNN_INLINE void sum_unit(const Desk& d, const FusedLayer& l, std::uint32_t u, const Activations<S>& x,
                          PerLane<Results>& sums) {
    if (l.bytes == Bytes::both) sum_unit<Bytes::both, wide>(d, l, u, x, sums);
    else if (l.bytes == Bytes::low_signed) sum_unit<Bytes::low_signed, wide>(d, l, u, x, sums);
    else sum_unit<Bytes::low_unsigned, wide>(d, l, u, x, sums);
}

// Units from u on. squares: none but for the last layer.
template <bool stepped, std::uint32_t S, std::uint32_t u = 0>
BXNN_INLINE void run_units(const Desk& d, const FusedLayer& l, bool both, const flat::Squares* squares,
                           const Activations<S>& x, Activations<S>& next, PerLane<std::int64_t> (&sums)[2]) {
    if constexpr (u < 2 * S) {
        if (u >= l.units) return;
        PerLane<Results> results;
        if (l.wide_weights) sum_unit<true>(d, l, u, x, results);
        else sum_unit<false>(d, l, u, x, results);
        each_lane([&](std::uint32_t lane) {
            BXNN_UNROLL
            for (int k = 0; k < 8; ++k)
                results[lane].at[k] = finished(results[lane].at[k], l.finish, l.finish.lo, l.finish.hi);
            if constexpr (stepped)
                if (l.rest.size > 0)
                    results[lane] = apply_rest(d.program, &l, u * kColumns + lane % 4 * 2, results[lane]);
        });
        if constexpr (stepped) sync_lanes();
        for (std::uint64_t s = 0; s < l.sinks.size; ++s) sink_unit(d, l, d.program.get(l.sinks)[s], u, results);
        if (squares) add_squares(d, l, *squares, u, results, sums);
        keep_unit<u>(both, results, next);
        run_units<stepped, S, u + 1>(d, l, both, squares, x, next, sums);
    }
}

// All layers of a group whose numbers are staged.
template <std::uint32_t S, bool stepped>
BXNN_INLINE void run_layers(const Desk& d) {
    const auto& fused = d.program.header().fused;
    const FusedLayer* layers = d.program.get(fused.layers);
    const flat::Squares* squares = fused.squares.size > 0 ? d.program.get(fused.squares) : nullptr;
    Activations<S> x = {}, next = {};
    PerLane<std::int64_t> sums[2] = {};
    load_activations(d, layers[0], x);
    for (std::uint64_t k = 0; k < fused.layers.size; ++k) {
        const FusedLayer& l = layers[k];
        const bool last = k + 1 == fused.layers.size, both = !last && layers[k + 1].bytes == Bytes::both;
        run_units<stepped>(d, l, both, last ? squares : nullptr, x, next, sums);
        x = next;
    }
    if (squares) store_squares(d, *squares, sums);
}

// The numbers of events [first, first + events) on their way into a stage; those of events beyond are zeros.
BXNN_INLINE void begin_stage(const Desk& d) {
    const std::uint32_t all = kGroup * d.elements, given = d.events * d.elements;
    const flat::Input& input = d.program.get(d.program.header().inputs)[0];
    each_lane([&](std::uint32_t lane) {
        if (d.staging.as_they_are) {
            const std::uint32_t bytes = given * d.staging.size;
            const auto* from = static_cast<const std::byte*>(d.call.data[0]) + d.first * d.elements * d.staging.size;
            for (std::uint32_t at = lane * 16; at < all * d.staging.size; at += kLanes * 16) {
                const std::uint32_t left = at < bytes ? bytes - at : 0;
                begin_copy(d.stage + at, left > 0 ? from + at : from, left < 16 ? left : 16);
            }
            return;
        }
        for (std::uint32_t i = lane; i < all; i += kLanes) {
            std::int64_t raw = 0;
            const std::uint64_t place = d.first * d.elements + i;
            if (i < given && !read_number(input, d.call.types[0], d.call.data[0], place, raw)) note_bad(d.call, place);
            *reinterpret_cast<Short*>(d.stage + 2 * i) = static_cast<std::int16_t>(raw);
        }
    });
}

// Looks for numbers that are not allowed, notes them, and puts allowed ones in their place.
BXNN_INLINE void check_stage(const Desk& d) {
    const std::uint32_t bytes = kGroup * d.elements * d.staging.size;
    PerLane<bool> bad;
    each_lane([&](std::uint32_t lane) {
        std::uint32_t wrong = 0;
        for (std::uint32_t at = lane * 16; at < bytes; at += kLanes * 16) {
            const Quad four = load_as<Fragment>(d.stage + at).quad;
            BXNN_UNROLL
            for (int i = 0; i < 4; ++i) {
                const auto word = static_cast<std::uint32_t>(four.at[i]);
                wrong |= (word ^ (word << 1 & d.staging.differing)) & d.staging.forbidden;
            }
        }
        bad[lane] = wrong != 0;
    });
    if (!any_lane(bad)) return;
    const flat::Input& input = d.program.get(d.program.header().inputs)[0];
    sync_lanes();
    each_lane([&](std::uint32_t lane) {
        for (std::uint32_t i = lane; i < d.events * d.elements; i += kLanes) {
            std::int64_t raw = 0;
            const std::uint64_t place = d.first * d.elements + i;
            if (!read_number(input, d.call.types[0], d.call.data[0], place, raw)) note_bad(d.call, place);
            std::byte* to = d.stage + i * d.staging.size;
            if (d.staging.size == 1) *reinterpret_cast<std::int8_t*>(to) = static_cast<std::int8_t>(raw);
            else *reinterpret_cast<Short*>(to) = static_cast<std::int16_t>(raw);
        }
    });
    sync_lanes();
}

// The group's rows of an output, to where the caller wants them. Numbers of 16 and 32 bits go in wholes of 16 bytes.
BXNN_INLINE void copy_out(const Desk& d, const flat::Sink& sink) {
    const auto& header = d.program.header();
    const flat::Output& output = d.program.get(header.outputs)[sink.output];
    const std::size_t array = header.inputs.size + sink.output;
    const DType type = d.call.types[array];
    const auto* rows = reinterpret_cast<const Word*>(d.out + sink.at);
    const std::uint64_t first = d.first * sink.elements;
    const std::uint32_t all = d.events * sink.elements;
    const bool halves = type == DType::i16 || type == DType::u16, words = type == DType::i32 || type == DType::u32;
    const std::uint32_t together = halves ? 8 : words ? 4 : all + 1, whole = all / together * together;
    auto* to = reinterpret_cast<Fragment*>(static_cast<std::byte*>(d.call.data[array]) + first * (halves ? 2 : 4));
    each_lane([&](std::uint32_t lane) {
        for (std::uint32_t i = lane; i < whole / together; i += kLanes) {
            Quad x = load_as<Fragment>(reinterpret_cast<const std::byte*>(rows + i * together)).quad;
            if (halves) {
                const Quad y = load_as<Fragment>(reinterpret_cast<const std::byte*>(rows + i * together + 4)).quad;
                x = {{bytes_of(x.at[0], x.at[1], 0x5410), bytes_of(x.at[2], x.at[3], 0x5410),
                      bytes_of(y.at[0], y.at[1], 0x5410), bytes_of(y.at[2], y.at[3], 0x5410)}};
            }
            to[i].quad = x;
        }
        for (std::uint32_t i = whole + lane; i < all; i += kLanes)
            write_number(output, type, d.call.data[array], first + i, rows[i]);
    });
}

BXNN_INLINE void copy_outputs(const Desk& d) {
    const auto& fused = d.program.header().fused;
    for (std::uint64_t k = 0; k < fused.layers.size; ++k) {
        const FusedLayer& l = d.program.get(fused.layers)[k];
        for (std::uint64_t s = 0; s < l.sinks.size; ++s) copy_out(d, d.program.get(l.sinks)[s]);
    }
}

// Every warps-th group from the warp's number on. `own` is its part of shared memory, behind the image: two stages that
// take turns, and rows of outputs.
template <std::uint32_t S, bool stepped>
BXNN_INLINE void run_groups(Program p, const Call& call, const Staging& staging, const std::byte* image, std::byte* own,
                            std::uint64_t warp, std::uint64_t warps) {
    const auto elements = static_cast<std::uint32_t>(p.get(p.header().inputs)[0].rows.rows.size);
    const std::uint64_t groups = (call.events + kGroup - 1) / kGroup;
    const auto desk = [&](std::uint64_t group, std::uint32_t turn) {
        const std::uint64_t first = group * kGroup, left = call.events - first;
        return Desk{p,
                    call,
                    staging,
                    image,
                    own + turn * staging.stage_bytes,
                    own + 2 * staging.stage_bytes,
                    first,
                    left < kGroup ? static_cast<std::uint32_t>(left) : kGroup,
                    elements};
    };
    std::uint32_t turn = 0;
    if (warp < groups) begin_stage(desk(warp, turn));
    group_copies();
    for (std::uint64_t group = warp; group < groups; group += warps, turn ^= 1) {
        if (group + warps < groups) begin_stage(desk(group + warps, turn ^ 1));
        group_copies();
        wait_for_copies<1>();
        sync_lanes();
        const Desk d = desk(group, turn);
        if (staging.forbidden != 0) check_stage(d);
        run_layers<S, stepped>(d);
        sync_lanes();
        copy_outputs(d);
        sync_lanes();
    }
}

// Calls f with what the kernel for a chain is compiled for: steps of the widest layer, and whether steps follow sums.
template <class F>
inline void with_fused(const flat::Fused& fused, F&& f) {
    const bool wide = fused.width > 2 * kStep;
    if (wide && fused.stepped) f.template operator()<4, true>();
    else if (wide) f.template operator()<4, false>();
    else if (fused.stepped) f.template operator()<2, true>();
    else f.template operator()<2, false>();
}
