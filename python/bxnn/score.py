"""Event scores behind a model, as exact integer operations that `bxnn.compose` appends to its graph.

bxnn.compose(model, after={"score": Score("mu")})                     # sum of mu^2
bxnn.compose(model, after={"score": Score("y", minus="x", mean=True, mean_format=Format(18, 0, False))})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from numpy.typing import ArrayLike

from bxnn._core import Builder, Format, InputError
from bxnn.constants import real_constant

__all__ = ["Score"]


@dataclass(frozen=True, eq=False)
class Score:
    """One number from all elements of a value: the sum of squares, of products with weights, or their mean.

        d[i] = of[i] - minus[i]          cast to difference
        t[i] = d[i] * weights[i]         cast to product; without weights, d[i] * d[i]
        s = t[0] + t[1] + …              every term and every sum cast to accum, added in `order`
        s * (1 / n)                      if mean; then cast to result

    of: name of an output, a layer or an input of the model (as the network sees it, scaled and cast).
    minus: such a name, of the same shape, cast to minus_format; or real numbers, one or one for each element.
    weights: real numbers, one or one for each element.
    mean: multiply by 1/n, cast to mean_format; without one, n has to be a power of two.
    order: 'sequential' or 'tree', as for `reduce` in docs/spec/ir.md.

    A format that is not stated leaves its cast out, so nothing is rounded and nothing overflows. Real numbers
    are cast to minus_format or weights_format, and are exact without one. The result has shape (1,); an
    output has at most 64 bits, so a wider score needs `result` or `accum`.
    """

    of: str
    minus: str | ArrayLike | None = None
    weights: ArrayLike | None = None
    mean: bool = False
    minus_format: Format | None = None
    difference: Format | None = None
    weights_format: Format | None = None
    product: Format | None = None
    accum: Format | None = None
    order: Literal["sequential", "tree"] = "sequential"
    mean_format: Format | None = None
    result: Format | None = None

    def __call__(self, builder: Builder, values: Mapping[str, int]) -> int:
        """Append the score to a graph whose values have these names; the id of the result.

        Raises InputError for a name, a shape or numbers that don't fit, GraphError where the exact numbers
        may need more than 126 bits.
        """
        value = _named(values, self.of, "of")
        shape = builder.shape_of(value)
        if self.minus is not None:
            value = builder.binary("sub", value, self._subtrahend(builder, values, shape), self.difference)
        factor = (
            value
            if self.weights is None
            else real_constant(builder, self.weights, self.weights_format, shape, "weights")
        )
        terms = builder.binary("mul", value, factor, self.product)
        size = prod(shape)
        total = builder.reduce("sum", terms, 1, size, 1, accum=self.accum, order=self.order, shape=[1])
        if self.mean:
            total = builder.binary("mul", total, self._inverse(builder, size))
        return total if self.result is None else builder.cast(total, self.result)

    def _subtrahend(self, builder: Builder, values: Mapping[str, int], shape: tuple[int, ...]) -> int:
        if not isinstance(self.minus, str):
            return real_constant(builder, self.minus, self.minus_format, shape, "minus")  # type: ignore[arg-type]
        value = _named(values, self.minus, "minus")
        if tuple(builder.shape_of(value)) != tuple(shape):
            raise InputError(
                f"minus '{self.minus}': expected the shape {tuple(shape)} of '{self.of}', got "
                f"{tuple(builder.shape_of(value))}"
            )
        return value if self.minus_format is None else builder.cast(value, self.minus_format)

    def _inverse(self, builder: Builder, size: int) -> int:
        if self.mean_format is None and size & (size - 1):
            raise InputError(f"mean: 1/{size} is not exact in any format; state mean_format, or use the sum")
        return real_constant(builder, [1.0 / size], self.mean_format, (1,), "mean")


def _named(values: Mapping[str, int], name: str, what: str) -> int:
    if name not in values:
        raise InputError(f"{what}: no value '{name}'; there are {', '.join(values)}")
    return values[name]
