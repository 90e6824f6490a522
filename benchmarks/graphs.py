"""A network as a bxnn model, by the builder of graphs; trees by the front end for conifer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.network import Layer, Network, Type
from bxnn import _core
from bxnn.frontends.conifer import from_conifer

TABLE = Type(10, 4, True, "RND", "SAT")  # arguments of the LSTM's functions


class Built(NamedTuple):
    """A model, and the multiplications by weights that one event takes."""

    model: _core.Model
    multiplications: int


def build(network: Network, folder: Path) -> Built:
    """The model of a network; writes what the front end reads into the folder."""
    if network.ensemble:
        path = folder / f"{network.name}.json"
        path.write_text(json.dumps(network.ensemble))
        return Built(from_conifer(path).build(), 0)
    graph = _Graph(network)
    return Built(graph.finish(), graph.multiplications)


def _format(kind: Type) -> _core.Format:
    return _core.Format(*kind)


def windows(height: int, width: int, channels: int, size: int, stride: int) -> NDArray[np.int32]:
    """Places [positions, size * size * channels] of the elements that every window sees."""
    place = np.arange(height * width * channels, dtype=np.int32).reshape(height, width, channels)
    rows = range(0, height - size + 1, stride)
    columns = range(0, width - size + 1, stride)
    return np.stack([place[i : i + size, j : j + size].ravel() for i in rows for j in columns])


class _Graph:
    """The graph of layers behind one another."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.builder = _core.Builder(network.name)
        self.multiplications = 0
        self.shape = list(network.shape)

    def finish(self) -> _core.Model:
        b = self.builder
        first = x = b.input("x", self.network.shape, _format(self.network.input))
        for layer in self.network.layers:
            x = getattr(self, layer.kind)(x, layer)
        if self.network.error:
            difference = b.binary("sub", x, first)
            x = b.reduce("sum", b.binary("mul", difference, difference), 1, self.shape[0], 1)
        b.output(x, "y")
        return b.build()

    def dense(self, x: int, layer: Layer) -> int:
        self.shape = [len(layer.weights)]
        return self.activation(self.sums(x, layer), layer)

    def conv(self, x: int, layer: Layer) -> int:
        height, width, channels = self.shape
        x = self.activation(self.sums(x, layer, windows(height, width, channels, layer.size, 1)), layer)
        height, width, channels = height - layer.size + 1, width - layer.size + 1, len(layer.weights)
        if layer.pool > 1:
            taps = layer.pool**2
            places = windows(height, width, channels, layer.pool, layer.pool).reshape(-1, taps, channels)
            height, width = height // layer.pool, width // layer.pool
            pools = self.builder.gather([x], places.transpose(0, 2, 1).ravel())  # position, channel, tap
            x = self.builder.reduce("max", pools, height * width * channels, taps, 1)
        self.shape = [height, width, channels]
        return x

    def lstm(self, x: int, layer: Layer) -> int:
        """Sums are cast to the table's type, everything else to the type of the state."""
        b, (steps, inputs), units = self.builder, self.shape, len(layer.weights) // 4
        state = _format(layer.type)
        sigmoid = self.table(lambda v: 1 / (1 + np.exp(-v)), layer.type)
        tanh = self.table(np.tanh, layer.type)
        h = c = b.constant(np.zeros(units, dtype=np.int64), state)
        for step in range(steps):
            row = np.r_[step * inputs : (step + 1) * inputs, steps * inputs : steps * inputs + units]
            sums = b.cast(self.sums(b.gather([x, h], row.astype(np.int32)), layer), _format(TABLE))
            i, f, g, o = (b.gather([sums], (np.arange(units) + k * units).astype(np.int32)) for k in range(4))
            kept = b.binary("mul", sigmoid(f), c)
            c = b.cast(b.binary("add", kept, b.binary("mul", sigmoid(i), tanh(g))), state)
            h = b.cast(b.binary("mul", sigmoid(o), tanh(b.cast(c, _format(TABLE)))), state)
        self.shape = [units]
        return h

    def sums(self, x: int, layer: Layer, index: Any = None) -> int:
        weights, bias = (np.array(raw, dtype=np.int64) for raw in (layer.weights, layer.bias))
        self.multiplications += weights.size * (1 if index is None else len(index))
        accum = _format(layer.accum) if layer.accum else None
        fracs = layer.weight_type.frac, layer.bias_type.frac
        return self.builder.dot(x, weights, fracs[0], bias, fracs[1], index=index, accum=accum)

    def activation(self, x: int, layer: Layer) -> int:
        x = self.builder.cast(x, _format(layer.type))
        if not layer.relu or not layer.type.signed:
            return x
        return self.builder.binary("max", x, self.builder.constant([0], _format(layer.type)))

    def table(self, function: Any, result: Type) -> Any:
        first = -(2 ** (TABLE.width - 1))
        values = function(TABLE.real(np.arange(first, -first)))
        raw = np.rint(np.ldexp(values, result.frac)).astype(np.int64)
        return lambda x: self.builder.lut(x, raw, first, _format(result))
