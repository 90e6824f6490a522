"""Networks of the sizes that Level-1 triggers have, of random weights: what a sweep measures.

A 57-32-16-8, activations of 16 bits, weights of 8 · A8 the same with activations of 8 bits · Af as A with
hls4ml's default accumulators, every product rounded down to ap_fixed<16,6> · B an autoencoder
57-32-16-3-16-32-57 and its squared error · C 16-64-32-32-5 of 6 bits · D 128-72-72-8-72-72-128 of 8 bits ·
conv two convolutions over 18x14, pooling, a dense layer.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bxnn import _core

Format = _core.Format


class Subject(NamedTuple):
    """A network, and the multiplications that one event takes."""

    model: Any
    multiplications: int


class _Layers:
    """A graph of dense layers and convolutions with random weights."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self.builder = _core.Builder(name)
        self.rng = np.random.default_rng(seed)
        self.multiplications = 0

    def linear(self, x: int, filters: int, bits: int, index: Any = None, **accum: Any) -> int:
        terms = len(index[0]) if index is not None else int(np.prod(self.builder.shape_of(x)))
        half = 2 ** (bits - 1)
        weights = self.rng.integers(-half, half, (filters, terms))
        bias = self.rng.integers(-128, 128, filters)
        self.multiplications += weights.size * (len(index) if index is not None else 1)
        return int(self.builder.dot(x, weights, bits - 1, bias, 4, index=index, **accum))

    def relu(self, x: int, fmt: Any) -> int:
        x = self.builder.cast(x, fmt)
        if not fmt.signed:
            return x
        return int(self.builder.binary("max", x, self.builder.constant([0], fmt)))

    def dense(
        self, name: str, sizes: list[int], into: Any, between: Any, out: Any, bits: int, **accum: Any
    ) -> tuple[int, int]:
        """The input and the output of dense layers with relu between them."""
        first = x = self.builder.input(name, [sizes[0]], into)
        for _, size in pairwise(sizes[:-1]):
            x = self.relu(self.linear(x, size, bits, **accum), between)
        return first, int(self.builder.cast(self.linear(x, sizes[-1], bits, **accum), out))

    def finish(self, x: int) -> Subject:
        self.builder.output(x, "y")
        return Subject(self.builder.build(), self.multiplications)


def _mlp(name: str, sizes: list[int], into: Any, between: Any, out: Any, bits: int, **accum: Any) -> Subject:
    layers = _Layers(name)
    return layers.finish(layers.dense("x", sizes, into, between, out, bits, **accum)[1])


def _autoencoder() -> Subject:
    layers, act = _Layers("B"), Format(16, 6, True, "RND", "SAT")
    x, back = layers.dense("x", [57, 32, 16, 3, 16, 32, 57], Format(16, 6), act, act, 8)
    b = layers.builder
    error = b.binary("sub", back, x)
    squares = b.binary("mul", error, error)
    return layers.finish(b.reduce("sum", squares, 1, 57, 1))


def _windows(height: int, width: int, channels: int, size: int, stride: int) -> Any:
    place = np.arange(height * width * channels, dtype=np.int32).reshape(height, width, channels)
    rows = range(0, height - size + 1, stride)
    columns = range(0, width - size + 1, stride)
    return np.stack([place[i : i + size, j : j + size].ravel() for i in rows for j in columns])


def _convolutions() -> Subject:
    layers, act = _Layers("conv"), Format(8, 3, False, "RND", "SAT")
    b = layers.builder
    x = b.input("x", [18, 14, 1], Format(8, 8, False))
    x = layers.relu(layers.linear(x, 4, 6, _windows(18, 14, 1, 3, 1)), act)  # 16x12x4
    pools = _windows(16, 12, 4, 2, 2).reshape(48, 4, 4).transpose(0, 2, 1)  # position, channel, tap
    x = b.reduce("max", b.gather([x], pools.ravel()), 192, 4, 1)  # 8x6x4
    x = layers.relu(layers.linear(x, 6, 6, _windows(8, 6, 4, 3, 1)), act)  # 6x4x6
    x = layers.relu(layers.linear(x, 16, 6), act)
    return layers.finish(int(b.cast(layers.linear(x, 4, 6), Format(16, 8))))


def _subjects() -> dict[str, Callable[[], Subject]]:
    deep, small = [57, 32, 16, 8], [16, 64, 32, 32, 5]
    wide = [128, 72, 72, 8, 72, 72, 128]
    act16, act8 = Format(16, 6, True, "RND", "SAT"), Format(8, 3, True, "RND", "SAT")
    plain, act6 = Format(16, 6), Format(6, 2, False, "RND", "SAT")
    return {
        "A": lambda: _mlp("A", deep, plain, act16, act16, 8),
        "A8": lambda: _mlp("A8", deep, Format(8, 3), act8, act8, 8),
        "Af": lambda: _mlp("Af", deep, plain, plain, plain, 8, accum=plain),
        "B": _autoencoder,
        "C": lambda: _mlp("C", small, Format(6, 2), act6, plain, 6),
        "D": lambda: _mlp("D", wide, Format(8, 3), act8, act8, 8),
        "conv": _convolutions,
    }


SUBJECTS = _subjects()
