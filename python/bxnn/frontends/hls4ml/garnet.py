"""GarNet and GarNetStack: `nnet_garnet.h`, with the mean over vertices as output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format, libm, quantize

from .code import Config, structs
from .emit import Tensor
from .formats import C_UNSIGNED, CType, from_floats
from .scope import Scope, Weights

_TABULATED_VERTICES = 16  # width of a number of vertices that goes through tables


@dataclass(frozen=True)
class Sublayer:
    """Sizes and weights of one exchange between vertices and aggregators."""

    n_in: int
    n_aggregators: int
    n_out: int
    mix: Weights  # [out][aggregator][in]
    mix_bias: Weights  # [out][aggregator]
    distance: Weights  # [aggregator][in]
    distance_bias: Weights
    bias: Weights


@dataclass(frozen=True)
class Means:
    """Weights of the edges [vertex][aggregator], their means, and the means of the features they weigh."""

    edges: int
    edge: int
    feature: int


@dataclass(frozen=True)
class Network:
    """What all sublayers share: sizes, types, and how many vertices count."""

    scope: Scope
    config: Config
    vertices: Tensor
    counted: int  # for every vertex, whether it is one of them

    def kind(self, member: str) -> CType:
        return self.scope.named(self.config.text(member))

    def number(self, member: str) -> int:
        return self.config.number(member)


def garnet(scope: Scope) -> None:
    """One sublayer."""
    config = scope.config
    names = {role: f"{role}_" for role in ("input_transform", "aggregator_distance", "output_transform")}
    _emit(scope, "garnet", config, [_sublayer(scope, config, names)])


def garnet_stack(scope: Scope) -> None:
    """Sublayers, each of which feeds every vertex of the next."""
    parts = structs(str(scope.node.get_attr("config_cpp")))
    name = scope.call.types[-1]
    count = Config(parts[name]).number("n_sublayers")
    if count < 2:
        scope.refuse("C-simulation applies the only sublayer of a GarNetStack twice; use a GarNet")
    sublayers = []
    for i in range(count):
        roles = ("input_transform", "aggregator_distance", "output_transform")
        names = {role: f"{role}_{i}_" for role in roles}
        sublayers.append(_sublayer(scope, Config(parts[f"{name}::sublayer_t<{i}>"]), names))
    _emit(scope, "garnet_stack", Config(parts[f"{name}_base"]), sublayers)


def _sublayer(scope: Scope, config: Config, names: dict[str, str]) -> Sublayer:
    n_in, n_aggregators, n_out = (
        config.number(member) for member in ("n_in_features", "n_aggregators", "n_out_features")
    )
    mix, distance, output = names.values()
    made = Sublayer(
        n_in,
        n_aggregators,
        n_out,
        scope.weights(f"{mix}weights"),
        scope.weights(f"{mix}biases"),
        scope.weights(f"{distance}weights"),
        scope.weights(f"{distance}biases"),
        scope.weights(f"{output}biases"),
    )
    stored = [len(w.raw) for w in (made.mix, made.mix_bias, made.distance, made.distance_bias, made.bias)]
    pairs = n_out * n_aggregators
    if stored != [pairs * n_in, pairs, n_aggregators * n_in, n_aggregators, n_out]:
        scope.refuse(
            f"its weights have {stored} elements, which does not fit {n_in}, {n_aggregators}, {n_out}"
        )
    return made


def _emit(scope: Scope, function: str, config: Config, sublayers: Sequence[Sublayer]) -> None:
    if scope.call.function != function:
        scope.refuse(f"unknown function '{scope.call.function}'")
    if scope.stream:
        scope.refuse("C-simulation does not compile: GarNet exists in io_parallel only")
    if config.text("output_collapse") != "collapse_mean":
        scope.refuse(
            "supported is collapse='mean' alone: C-simulation leaves the outputs of vertices that do not "
            "count unset, and has no other way to collapse them"
        )
    x = scope.inputs[0]
    if x.size != config.number("n_vertices") * sublayers[0].n_in or scope.shape() != (sublayers[-1].n_out,):
        scope.refuse(f"its input {x.shape} and output {scope.shape()} do not fit its configuration")
    network = _network(scope, config)
    data = x
    for i, sublayer in enumerate(sublayers):
        means = _aggregated(network, sublayer, data)
        base = _output_base(network, sublayer, means)
        if i + 1 < len(sublayers):
            data = _vertex_outputs(network, sublayer, means, base)
    scope.finish(_collapsed(network, sublayers[-1], means, base))


def _network(scope: Scope, config: Config) -> Network:
    """How many vertices count is a table: those up to the number, or whole groups where it has a fraction."""
    number, vertices = scope.inputs[1], config.number("n_vertices")
    groups = config.number("reuse_factor")
    per_group = vertices >> config.number("log2_reuse_factor")
    if groups * per_group != vertices:
        scope.refuse(f"C-simulation goes beyond its {vertices} vertices; use a power of two as reuse factor")
    if number.size != 1 or number.type.width > _TABULATED_VERTICES or number.type.frac < 0:
        scope.refuse(
            f"the number of its vertices has the type {number.type}; supported are types of up to "
            f"{_TABULATED_VERTICES} bits, at most all of them for the fraction"
        )
    fmt = number.type.format
    raw = np.arange(fmt.min_raw, fmt.max_raw + 1, dtype=np.int64)
    whole = raw >> number.type.frac
    is_whole = whole << number.type.frac == raw
    started = -(-raw // (per_group << number.type.frac)) * per_group  # groups that begin below the number
    # a negative number compares as one beyond all of the header's unsigned counters
    counts = np.where(raw < 0, vertices, np.clip(np.where(is_whole, whole, started), 0, vertices))
    bits = vertices.bit_length()
    counted = scope.emit.builder.lut(number.value, counts, fmt.min_raw, Format(bits, bits, False))
    places = scope.emit.constant(np.arange(vertices), CType(bits, bits, False, True))
    return Network(scope, config, number, scope.emit.binary("gt", int(counted), places))


def _edge_table(network: Network) -> NDArray[np.int64]:
    """exp(-d^2) for every raw distance, in the type of d^2, then that of an edge; less than one at zero."""
    distance, edge = network.kind("distance_t"), network.kind("edge_weight_t")
    fmt = distance.format
    d = np.arange(fmt.min_raw, fmt.max_raw + 1) * 2.0**-distance.frac
    square = -distance * distance
    network.scope.emit.check(square, edge)
    stored = from_floats(libm("exp", -d * d), square)
    entries = np.asarray(quantize(stored, square.frac, edge.format), dtype=np.int64)
    below_one = CType(edge.width, 0, False, overflow="SAT")
    network.scope.emit.check(below_one, edge)
    first = quantize(from_floats(np.array([1.0]), below_one), below_one.frac, edge.format)
    entries[-fmt.min_raw] = int(first[0])
    return entries


def _aggregated(network: Network, layer: Sublayer, x: Tensor) -> Means:
    """Distances, edges, and the means over vertices of the edges and of the features that they weigh."""
    emit, vertices, edge_t = network.scope.emit, network.number("n_vertices"), network.kind("edge_weight_t")
    n_in, n_agg, distance_t = layer.n_in, layer.n_aggregators, network.kind("distance_t")
    distance = emit.builder.dot(
        x.value,
        layer.distance.raw.reshape(n_agg, n_in),
        layer.distance.type.frac,
        layer.distance_bias.raw[None, :],
        layer.distance_bias.type.frac,
        index=np.arange(vertices * n_in, dtype=np.int32).reshape(vertices, n_in),
        product=distance_t.format,
        accum=distance_t.format,
        name=network.scope.name,
    )
    edges = int(emit.builder.lut(distance, _edge_table(network), distance_t.format.min_raw, edge_t.format))
    of_edge = np.repeat(np.arange(vertices), n_agg)
    edges = emit.binary("mul", edges, emit.gather([network.counted], of_edge, of_edge.shape))
    # [vertex][aggregator][feature]
    own = np.repeat(np.arange(vertices * n_agg), n_in)
    element = np.tile(np.arange(vertices * n_in).reshape(vertices, 1, n_in), (1, n_agg, 1))
    size = vertices * n_agg * n_in
    weighed = emit.binary(
        "mul",
        emit.gather([x.value], element, (size,)),
        emit.gather([edges], own, (size,)),
        x.type * edge_t,
        x.type,
    )
    edge, feature = network.kind("edge_weight_aggr_t"), network.kind("aggr_t")
    edge_sum = _grouped_sum(network, edges, edge_t, n_agg, edge)
    feature_sum = _grouped_sum(network, weighed, x.type, n_agg * n_in, feature)
    return Means(
        edges,
        _normalized(network, edge_sum, edge, edge_t),
        _normalized(network, feature_sum, feature, feature),
    )


def _grouped_sum(network: Network, value: int, kind: CType, inner: int, accum: CType) -> int:
    """Every group of vertices is summed, divided by its size with a shift, and added to the sum of groups."""
    groups, vertices = network.number("reuse_factor"), network.number("n_vertices")
    shift = network.number("n_vertices_width") - network.number("log2_reuse_factor")
    sums = _sum(network.scope, value, kind, (groups, vertices // groups, inner), accum)
    return _sum(network.scope, _shifted(network, sums, accum, shift), accum, (1, groups, inner), accum)


def _sum(scope: Scope, value: int, kind: CType, shape: tuple[int, int, int], accum: CType) -> int:
    """Sums along the middle axis, cast after every addition: [outer][inner]."""
    emit, (outer, size, inner) = scope.emit, shape
    emit.check(accum + kind, accum)
    if kind == accum or (accum.frac >= kind.frac and accum.overflow == "WRAP"):
        # casting the terms first changes nothing
        reduce = emit.builder.reduce
        return int(reduce("sum", value, outer, size, inner, accum=accum.format, shape=[outer * inner]))
    places = np.arange(outer * size * inner).reshape(outer, size, inner)
    total = emit.constant(np.zeros(outer * inner, dtype=np.int64), accum)
    for i in range(size):
        term = emit.gather([value], places[:, i], (outer * inner,))
        total = emit.binary("add", total, term, accum + kind, accum)
    return total


def _shifted(network: Network, value: int, kind: CType, shift: int) -> int:
    """`value >> shift`: the type stays, low bits are dropped."""
    if shift == 0:
        return value
    return int(
        network.scope.emit.builder.cast(value, Format(kind.width, kind.integer, kind.signed), shift=-shift)
    )


def _normalized(network: Network, value: int, kind: CType, target: CType) -> int:
    """A sum of groups divided by their number with a shift, or by the number of vertices through norm_t."""
    emit = network.scope.emit
    if network.config.text("mean_by_nvert") != "true":
        return emit.assign(_shifted(network, value, kind, network.number("log2_reuse_factor")), kind, target)
    norm = network.kind("norm_t")
    number = network.vertices.type
    raw = np.arange(number.format.min_raw, number.format.max_raw + 1, dtype=np.int64)
    dividend = network.number("n_vertices") // network.number("reuse_factor") << number.frac
    quotient = dividend // np.where(raw == 0, 1, np.abs(raw)) * np.sign(raw)
    if number.is_int:
        quotient = np.where(raw < 0, 0, quotient)  # C++ divides by the negative number as an unsigned one
    # `unsigned / number` has the number's type, without its fraction bits
    whole = CType(max(number.integer, 1), max(number.integer, 1), number.signed)
    quotient = np.asarray(quantize(quotient, 0, whole.format)) * (number.integer > 0)
    emit.check(C_UNSIGNED, norm)
    entries = np.asarray(quantize(quotient, 0, norm.format), dtype=np.int64)
    factor = emit.builder.lut(network.vertices.value, entries, number.format.min_raw, norm.format)
    return emit.binary("mul", value, int(factor), kind * norm, target)


def _output_base(network: Network, layer: Sublayer, means: Means) -> int:
    """The mean features mixed, every sum cast to aggr_t: [out][aggregator]."""
    emit, aggr, edge_t = network.scope.emit, network.kind("aggr_t"), network.kind("edge_weight_t")
    n_in, n_agg, size = layer.n_in, layer.n_aggregators, layer.n_out * layer.n_aggregators
    aggregator = np.tile(np.arange(n_agg), layer.n_out)
    total = emit.binary(
        "mul",
        emit.gather([means.edge], aggregator, (size,)),
        emit.constant(layer.mix_bias.raw, layer.mix_bias.type),
        edge_t * layer.mix_bias.type,
        aggr,
    )
    mix = layer.mix.raw.reshape(size, n_in)
    for i in range(n_in):
        feature = emit.gather([means.feature], aggregator * n_in + i, (size,))
        term = emit.binary("mul", feature, emit.constant(mix[:, i], layer.mix.type))
        total = emit.binary("add", total, term, aggr + aggr * layer.mix.type, aggr)
    return total


def _vertex_outputs(network: Network, layer: Sublayer, means: Means, base: int) -> Tensor:
    """The outputs of every vertex, every product and sum cast to the result's type."""
    scope, vertices, n_agg = network.scope, network.number("n_vertices"), layer.n_aggregators
    emit, result = scope.emit, network.kind("output_t")
    size = vertices * layer.n_out
    vertex, output = np.divmod(np.arange(size), layer.n_out)
    biases = emit.constant(np.tile(layer.bias.raw, vertices), layer.bias.type)
    total = emit.assign(biases, layer.bias.type, result)
    source = network.kind("edge_weight_t") * network.kind("aggr_t")
    for a in range(n_agg):
        edge = emit.gather([means.edges], vertex * n_agg + a, (size,))
        mixed = emit.gather([base], output * n_agg + a, (size,))
        term = emit.binary("mul", edge, mixed, source, result)
        total = emit.binary("add", total, term, result + result, result)
    return Tensor(total, result, (vertices, layer.n_out), 0)


def _collapsed(network: Network, layer: Sublayer, means: Means, base: int) -> int:
    """The mean of the outputs of all vertices."""
    emit, result, n_agg = network.scope.emit, network.scope.result(), layer.n_aggregators
    total = emit.assign(_mean_bias(network, layer), layer.bias.type, result)
    source = result + network.kind("edge_weight_t") * network.kind("aggr_t")
    for a in range(n_agg):
        edge = emit.gather([means.edge], np.full(layer.n_out, a), (layer.n_out,))
        mixed = emit.gather([base], np.arange(layer.n_out) * n_agg + a, (layer.n_out,))
        total = emit.binary("add", total, emit.binary("mul", edge, mixed), source, result)
    return total


def _mean_bias(network: Network, layer: Sublayer) -> int:
    """The biases, times the share of the vertices that the number of vertices is of all."""
    emit, aggr, number = network.scope.emit, network.kind("aggr_t"), network.vertices
    bias = emit.constant(layer.bias.raw, layer.bias.type)
    if network.config.text("mean_by_nvert") == "true":
        return bias
    bias = emit.assign(bias, layer.bias.type, aggr)
    bias = emit.binary("mul", bias, emit.reshape(number.value, (1,)), aggr * number.type, aggr)
    bias = _shifted(network, bias, aggr, network.number("n_vertices_width"))
    return emit.assign(bias, aggr, layer.bias.type)
