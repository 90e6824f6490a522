"""A network as integers: what every peer builds in its own tool. Needs NumPy alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Type(NamedTuple):
    """ap_[u]fixed<width, integer, round, overflow>; raw integer r means r * 2**-frac."""

    width: int
    integer: int
    signed: bool = True
    round: str = "TRN"
    overflow: str = "WRAP"

    @property
    def frac(self) -> int:
        """Bits behind the binary point."""
        return self.width - self.integer

    @property
    def largest(self) -> int:
        """The largest raw integer."""
        return int(2 ** (self.width - self.signed)) - 1

    def real(self, raw: Any) -> NDArray[np.float64]:
        """What raw integers mean."""
        numbers: NDArray[np.float64] = np.ldexp(np.asarray(raw, np.float64), -self.frac)
        return numbers


class Layer(NamedTuple):
    """Sums of products, cast to `type`, after which `relu` takes the larger of result and zero.

    Kinds: "dense"; "conv", `size` x `size`, stride 1, no padding, then the maximum of `pool` x `pool`; "lstm"
    over the rows of its input, which gives its last state. `weights` is [outputs][terms]: the terms of a
    convolution in the order row, column, channel; the outputs of an LSTM in the order input, forget, cell,
    output gate, its terms the row and the state.
    """

    kind: str
    weights: list[list[int]]
    bias: list[int]
    weight_type: Type
    bias_type: Type
    type: Type
    relu: bool = False
    accum: Type | None = None  # what every product and every sum is cast to
    size: int = 1
    pool: int = 1

    @property
    def real_weights(self) -> NDArray[np.float64]:
        """The weights [outputs, terms] as numbers."""
        return self.weight_type.real(self.weights)

    @property
    def real_bias(self) -> NDArray[np.float64]:
        """The bias [outputs] as numbers."""
        return self.bias_type.real(self.bias)


class Network(NamedTuple):
    """Layers behind one another, or an ensemble of trees.

    `error`: the answer is the sum of squared differences between the last layer's result and the input.
    `ensemble`: the model document of conifer, instead of layers.
    """

    name: str
    shape: list[int]
    input: Type
    layers: list[Layer]
    error: bool = False
    ensemble: Any = None

    def kinds(self) -> set[str]:
        """What a peer must be able to build: kinds of layers, and what lies beyond them."""
        kinds = {layer.kind for layer in self.layers}
        kinds |= {"narrow sums"} if any(layer.accum for layer in self.layers) else set()
        kinds |= {"squared error"} if self.error else set()
        return kinds | ({"trees"} if self.ensemble else set())

    def write(self, path: Path) -> None:
        """The network as a JSON file."""
        path.write_text(json.dumps(self))


def read(path: str) -> Network:
    """The network in a file that `Network.write` made."""
    name, shape, kind, layers, error, ensemble = json.loads(Path(path).read_text())
    return Network(name, shape, Type(*kind), [_layer(*layer) for layer in layers], error, ensemble)


def _layer(
    kind: str,
    weights: Any,
    bias: Any,
    of_weights: Any,
    of_bias: Any,
    of_result: Any,
    relu: bool,
    accum: Any,
    *rest: int,
) -> Layer:
    types = Type(*of_weights), Type(*of_bias), Type(*of_result)
    return Layer(kind, weights, bias, *types, relu, Type(*accum) if accum else None, *rest)
