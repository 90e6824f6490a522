"""Random QONNX graphs whose float32 arithmetic is exact: scales are powers of two, numbers have few bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.frontends.qonnx_graphs import QONNX, Graph

MODES = ("ROUND", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN", "HALF_EVEN")
DIRECT = ("ROUND", "FLOOR", "DOWN", "HALF_UP", "HALF_DOWN", "HALF_EVEN")


class Walk:
    """A chain of operators from a quantised input; `shape` is that of an event."""

    def __init__(self, seed: int, batch: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.batch = batch
        self.graph = Graph(batch, opset=17 if seed % 2 else 12, trunc=1 + seed % 2)
        self.shape = self._first_shape()
        self.outputs: list[str] = []
        self.kinds: dict[str, int] = {}
        bits = self.pick(2, 6)
        self.x = self.graph.input("x", *self.shape)
        self.x = self.graph.quant(
            self.x, bits, 2.0 ** -self.pick(0, 4), mode=self.choose(DIRECT), narrow=self.pick(0, 1)
        )

    def _first_shape(self) -> list[int]:
        return [self.pick(2, 7) for _ in range(1)] if self.pick(0, 2) == 0 else self._image()

    def _image(self) -> list[int]:
        return [2 * self.pick(1, 2), *(self.pick(4, 6) for _ in range(self.pick(1, 2)))]

    def pick(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def choose(self, options: Any) -> Any:
        return options[self.pick(0, len(options) - 1)]

    def dyadic(self, *shape: int, bits: int = 3, down: int = 2) -> Any:
        """Numbers of few bits."""
        return self.rng.integers(-(2**bits), 2**bits, shape) * 2.0 ** -self.pick(0, down)

    def then(self, kind: str, *more: str, **attributes: Any) -> None:
        self.x = self.graph.node(kind, self.x, *more, **attributes)

    def weights(self, *shape: int) -> str:
        g, rng = self.graph, self.rng
        if self.pick(0, 4) == 0:
            scale = g.constant(2.0 ** -self.pick(0, 2))
            return str(g.node("BipolarQuant", g.constant(rng.normal(0, 1, shape)), scale, domain=QONNX))
        per_channel = 2.0 ** -rng.integers(0, 3, (shape[0], *[1] * (len(shape) - 1)))
        scale = per_channel if self.pick(0, 1) else 2.0 ** -self.pick(0, 3)
        return g.quant(g.constant(rng.normal(0, 1, shape)), self.pick(2, 4), scale, narrow=self.pick(0, 1))

    def requantise(self) -> None:
        signed, g = self.pick(0, 1), self.graph
        channels = (1, self.shape[0], *[1] * (len(self.shape) - 1))
        scale: Any = (
            2.0 ** -self.rng.integers(-1, 3, channels) if self.pick(0, 2) == 0 else 2.0 ** self.pick(-3, 1)
        )
        zero = float(self.pick(-3, 3)) if self.pick(0, 3) == 0 else 0.0
        self.x = g.quant(
            self.x,
            self.pick(1, 6),
            scale,
            signed=signed,
            narrow=self.pick(0, 1),
            zero=zero,
            mode=self.choose(MODES),
        )

    def step(self) -> None:
        image = [
            self.conv,
            self.conv,
            self.pool,
            self.pool,
            self.global_pool,
            self.pad,
            self.slice,
            self.concat,
        ]
        vector = [self.matmul, self.matmul, self.gemm, self.split]
        both = [
            self.affine, self.normalise, self.arithmetic, self.bipolar, self.trunc, self.sign, self.relu,
            self.residual, self.reshape, self.transpose, self.stretch,
        ]  # fmt: skip
        self.choose((image if len(self.shape) > 1 else vector) + both)()
        self.outputs.append(self.x)
        if self.pick(0, 3):
            self.requantise()
            self.outputs.append(self.x)

    def conv(self) -> None:
        channels, spatial = self.shape[0], self.shape[1:]
        kernel = [self.pick(1, min(3, n)) for n in spatial]
        groups = self.choose([1, 2, channels]) if channels % 2 == 0 else 1
        filters = groups * self.pick(1, 2)
        attributes: dict[str, Any] = {"group": groups}
        if self.pick(0, 3) == 0:
            attributes["auto_pad"] = self.choose(["SAME_UPPER", "SAME_LOWER", "VALID"])
        else:
            attributes["pads"] = [self.pick(0, 1) for _ in range(2 * len(spatial))]
            attributes["dilations"] = [
                self.pick(1, 2) if (k - 1) * 2 < n else 1 for k, n in zip(kernel, spatial, strict=True)
            ]
        attributes["strides"] = [self.pick(1, 2) for _ in spatial]
        more = [self.weights(filters, channels // groups, *kernel)]
        if self.pick(0, 1):
            more.append(self.graph.constant(self.dyadic(filters)))
        dilations = attributes.get("dilations", [1] * len(kernel))
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
        self.then("Conv", *more, kernel_shape=kernel, **attributes)
        self.shape = [filters, *self._extent(spatial, spans, attributes)]
        self.requantise()

    @staticmethod
    def _extent(spatial: list[int], spans: list[int], attributes: dict[str, Any]) -> list[int]:
        if attributes.get("auto_pad", "").startswith("SAME"):
            return [-(-n // s) for n, s in zip(spatial, attributes["strides"], strict=True)]
        pads, rank = attributes.get("pads", [0] * 4), len(spatial)
        return [
            (n + pads[i] + pads[i + rank] - spans[i]) // attributes["strides"][i] + 1
            for i, n in enumerate(spatial)
        ]

    def pool(self) -> None:
        spatial = self.shape[1:]
        kernel = [min(2, n) for n in spatial]
        attributes = {"strides": [self.pick(1, 2) for _ in spatial], "pads": [0] * 2 * len(spatial)}
        if min(kernel) > 1:
            attributes["pads"] = [self.pick(0, 1) for _ in range(2 * len(spatial))]
        if self.pick(0, 1):
            self.then("MaxPool", kernel_shape=kernel, **attributes)
        else:
            self.then("AveragePool", kernel_shape=kernel, count_include_pad=self.pick(0, 1), **attributes)
        self.shape = [self.shape[0], *self._extent(spatial, kernel, attributes)]

    def global_pool(self) -> None:
        size = int(np.prod(self.shape[1:]))
        exact = size & (size - 1) == 0
        self.then(self.choose(["GlobalAveragePool", "GlobalMaxPool"]) if exact else "GlobalMaxPool")
        self.then("Flatten")
        self.shape = self.shape[:1]

    def pad(self) -> None:
        rank = len(self.shape)
        pads = [0, *(self.pick(0, 1) for _ in range(rank)), 0, *(self.pick(0, 1) for _ in range(rank))]
        mode = self.choose(["constant", "reflect", "edge"] if min(self.shape) > 1 else ["constant", "edge"])
        fill = [self.graph.constant(self.choose([0.0, 0.5]))] if mode == "constant" else []
        if mode == "reflect":
            pads[1] = pads[2 + rank] = 0
        self.then("Pad", self.graph.constant(pads, np.int64), *fill, mode=mode)
        self.shape = [n + pads[1 + i] + pads[2 + rank + i] for i, n in enumerate(self.shape)]

    def slice(self) -> None:
        if self.shape[1] < 4:
            return
        bounds = self.choose([(1, 3, 1), (-1, 0, -1), (0, 100, 2), (-100, -1, 1)])
        start, end, step = (self.graph.constant([n], np.int64) for n in bounds)
        self.then("Slice", start, end, self.graph.constant([2], np.int64), step)
        self.shape[1] = len(range(self.shape[1])[slice(bounds[0], bounds[1], bounds[2])])

    def concat(self) -> None:
        other = self.graph.quant(self.x, 3, 0.5, mode=self.choose(MODES))
        constant = self.graph.constant(np.broadcast_to(self.dyadic(1), (self.batch, *self.shape)))
        self.then("Concat", other, constant, axis=1)
        self.shape[0] *= 3
        order = self.rng.permutation(self.shape[0])[: self.pick(2, 4)]
        self.then("Gather", self.graph.constant(order, np.int64), axis=1)
        self.shape[0] = len(order)

    def matmul(self) -> None:
        width = self.pick(2, 5)
        weights = self.graph.node("Transpose", self.weights(width, self.shape[0]), perm=[1, 0])
        self.then("MatMul", weights)
        self.shape = [width]
        self.requantise()

    def gemm(self) -> None:
        width, transposed = self.pick(2, 5), self.pick(0, 1)
        weights = self.weights(width, self.shape[0])
        weights = weights if transposed else self.graph.node("Transpose", weights)
        bias = [self.graph.constant(self.dyadic(width))] if self.pick(0, 1) else []
        self.then("Gemm", weights, *bias, transB=transposed, alpha=self.choose([1.0, 0.5]), beta=1.0)
        self.shape = [width]
        self.requantise()

    def split(self) -> None:
        if self.shape[0] % 2:
            return
        a, b = self.graph.node("Split", self.x, outputs=2, axis=1)
        self.shape = [self.shape[0] // 2]
        self.x = self.graph.node(self.choose(["Add", "Sub", "Mul"]), a, b)
        self.requantise()

    def affine(self) -> None:
        shape = self.choose([[1], [self.shape[0], *[1] * (len(self.shape) - 1)]])
        self.then("Mul", self.graph.constant(self.dyadic(*shape)))
        self.then(self.choose(["Add", "Sub"]), self.graph.constant(self.dyadic(*shape)))
        self.then("Div", self.graph.constant(2.0 ** self.rng.integers(-1, 2, shape)))
        if self.pick(0, 1):
            self.x = self.graph.node("Sub", self.graph.constant(1.5), self.x)
        self.requantise()

    def normalise(self) -> None:
        n = self.shape[0]
        variance = 4.0 ** self.rng.integers(-1, 2, n) - 2.0**-6
        parameters = [self.dyadic(n), self.dyadic(n), self.dyadic(n), variance]
        self.then("BatchNormalization", *map(self.graph.constant, parameters), epsilon=2.0**-6)
        self.requantise()

    def arithmetic(self) -> None:
        other = self.graph.quant(self.x, 3, 2.0 ** self.pick(-2, 1), mode=self.choose(MODES))
        self.then(self.choose(["Add", "Sub", "Mul"]), other)
        self.requantise()

    def residual(self) -> None:
        other = self.graph.node("Neg", self.graph.node("Relu", self.x))
        self.then("Add", other)

    def bipolar(self) -> None:
        self.then("BipolarQuant", self.graph.constant(0.5), domain=QONNX)

    def sign(self) -> None:
        self.then("Sign")

    def trunc(self) -> None:
        scale = 0.25
        self.x = self.graph.quant(self.x, 6, scale)
        numbers = [scale, 0.0, 6.0, 2.0, 4.0] if self.graph.trunc == 2 else [scale, 0.0, 6.0, 4.0]
        extra = {"signed": 1, "narrow": self.pick(0, 1)} if self.graph.trunc == 2 else {}
        constants = [self.graph.constant(n) for n in numbers]
        self.then("Trunc", *constants, domain=QONNX, rounding_mode=self.choose(MODES), **extra)
        self.requantise()

    def relu(self) -> None:
        if self.pick(0, 1):
            self.then("Relu")
        else:
            self.then("Clip", *(self.graph.constant(n) for n in self.choose([(-0.5, 1.25), (0.0, 6.0)])))

    def reshape(self) -> None:
        g = self.graph
        if len(self.shape) > 1 and self.pick(0, 1):
            self.then("Reshape", self._exported_shape())
            self.shape = [int(np.prod(self.shape))]
        elif len(self.shape) > 1 and self.pick(0, 1):
            shape = g.node("Slice", g.node("Shape", self.x), *(g.constant([n], np.int64) for n in (0, 1)))
            wanted = g.node("Concat", shape, g.constant([-1], np.int64), axis=0)
            self.then("Reshape", wanted)
            self.shape = [int(np.prod(self.shape))]
        elif len(self.shape) == 1 and self.shape[0] % 2 == 0:
            self.then("Reshape", g.constant([0, 2, -1], np.int64))
            self.shape = [2, self.shape[0] // 2]
        self.then("Identity")
        self.then("Dropout")
        self.then("Cast", to=1)

    def _exported_shape(self) -> str:
        """[batch, elements] as PyTorch exports `x.view(x.size(0), x.size(1) * ... // 2 * 2)`."""
        g, sizes = self.graph, []
        for axis in range(len(self.shape) + 1):
            sizes.append(g.node("Gather", g.node("Shape", self.x), g.constant(axis, np.int64), axis=0))
        size = sizes[1]
        for other in sizes[2:]:
            size = g.node("Mul", size, other)
        odd = int(np.prod(self.shape)) % 2
        size = g.node("Mul", g.node("Div", size, g.constant(2, np.int64)), g.constant(2, np.int64))
        size = g.node("Add", size, g.constant(odd, np.int64))
        return str(g.node("Concat", *(self._unsqueezed(n, 0) for n in (sizes[0], size)), axis=0))

    def _unsqueezed(self, x: str, axis: int) -> str:
        if self.graph.opset < 13:
            return str(self.graph.node("Unsqueeze", x, axes=[axis]))
        return str(self.graph.node("Unsqueeze", x, self.graph.constant([axis], np.int64)))

    def transpose(self) -> None:
        order = self.rng.permutation(len(self.shape))
        self.then("Transpose", perm=[0, *(int(i) + 1 for i in order)])
        self.shape = [self.shape[i] for i in order]

    def stretch(self) -> None:
        """Unsqueeze, Expand, Squeeze: every element twice."""
        self.x = self._unsqueezed(self.x, 2)
        wide = [self.batch, self.shape[0], 2, *self.shape[1:]]
        self.then(
            "Expand",
            self.graph.node("Constant", value_ints=wide)
            if self.pick(0, 1)
            else self.graph.constant(wide, np.int64),
        )
        halves = self.graph.node("Split", self.x, outputs=2, axis=2)
        if self.graph.opset < 13:
            self.x = self.graph.node("Squeeze", halves[1], axes=[2])
        else:
            self.x = self.graph.node("Squeeze", halves[1], self.graph.constant([2], np.int64))

    def _integers(self, x: str) -> list[str]:
        """A chain of arithmetic of int64 numbers."""
        g = self.graph
        for kind in self.rng.permutation(["Add", "Sub", "Mul", "Div", "Neg"])[: self.pick(1, 5)]:
            small = self.pick(1, 5) * self.choose([-1, 1])
            x = g.node(str(kind), x, *([] if kind == "Neg" else [g.constant(small, np.int64)]))
        return [x]

    def finish(self) -> Any:
        g, integer = self.graph, 7
        outputs = list(dict.fromkeys([*self.outputs, self.x]))
        ends = [self.pick(0, 1) for _ in range(3)]
        if ends[0]:
            attributes = {"select_last_index": self.pick(0, 1), "keepdims": self.pick(0, 1)}
            outputs.append(g.node(self.choose(["ArgMax", "ArgMin"]), self.x, axis=-1, **attributes))
            outputs += self._integers(outputs[-1])
            self.kinds |= dict.fromkeys(outputs[-2:], integer)
        if ends[1] or not ends[0]:
            k = g.constant([1], np.int64)
            outputs += g.node("TopK", self.x, k, outputs=2, axis=1, largest=self.pick(0, 1))
            self.kinds[outputs[-1]] = integer
        return g.model(*outputs, kinds=self.kinds)


def random_model(seed: int, batch: int) -> Any:
    """The ModelProto of a seed, for a batch of that size."""
    walk = Walk(seed, batch)
    for _ in range(walk.pick(2, 6)):
        walk.step()
    return walk.finish()
