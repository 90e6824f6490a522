"""Emission of C++ expressions as operations, with the checks that need to know the C++ types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from bxnn._core import Format

from .formats import CType, assignment_fault, negative_is_above

Refuse = Callable[[str], NoReturn]

ZERO = CType(1, 1, False, True)
ONE = CType(1, 1, False, True)


@dataclass(frozen=True)
class Tensor:
    """The output of a layer: its value in the graph, its C++ element type, its shape.

    `pack` is the number of elements in a word of an io_stream FIFO, 0 in io_parallel.
    """

    value: int
    type: CType
    shape: tuple[int, ...]
    pack: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


class Emit:
    """A builder seen through C++ types; `refuse` raises the error that names the layer."""

    def __init__(self, builder: Any, refuse: Refuse) -> None:
        self.builder = builder
        self.refuse = refuse

    def check(self, source: CType, target: CType) -> None:
        """Refuse an assignment on which C-simulation fails."""
        fault = assignment_fault(source, target)
        if fault:
            self.refuse(fault)

    def assign(self, value: int, source: CType, target: CType, *, shift: int = 0) -> int:
        """`target x = value * 2^shift`, where the C++ expression has type `source`."""
        self.check(source, target)
        fmt = target.format
        if shift == 0 and _same_grid(self.builder.format_of(value), fmt):
            return value
        return int(self.builder.cast(value, fmt, shift=shift))

    def binary(
        self, kind: str, a: int, b: int, source: CType | None = None, target: CType | None = None
    ) -> int:
        """`a kind b`, assigned to `target` where one is given."""
        if target is None:
            return int(self.builder.binary(kind, a, b))
        if source is not None:
            self.check(source, target)
        return int(self.builder.binary(kind, a, b, target.format))

    def above(self, a: int, a_type: CType, b: int, b_type: CType) -> int:
        """The C++ comparison `a > b`, in which some types make a negative number the largest."""
        greater = self.binary("gt", a, b)
        if not negative_is_above(a_type, b_type):
            return greater
        zero, bit = self.constant([0], CType(1, 1, False, True)), CType(1, 1, False, True)
        if a_type.signed:
            return self.select(self.binary("ge", a, zero), greater, self.constant([1], bit))
        return self.select(self.binary("ge", b, zero), greater, zero)

    def select(self, condition: int, a: int, b: int) -> int:
        return int(self.builder.select(condition, a, b))

    def constant(self, raw: ArrayLike, ctype: CType) -> int:
        data = np.asarray(raw)
        return int(self.builder.constant(data if data.ndim else data.reshape(1), ctype.format))

    def integer(self, number: int) -> int:
        """A C++ integer literal, in the narrowest type."""
        bits = max(1, number.bit_length() if number >= 0 else (~number).bit_length() + 1)
        return self.constant([number], CType(bits, bits, number < 0, True))

    def gather(self, values: Sequence[int], index: ArrayLike, shape: Sequence[int]) -> int:
        indices = np.asarray(index, dtype=np.int32).ravel()
        return int(self.builder.gather(list(values), indices, shape=list(shape)))

    def reshape(self, value: int, shape: Sequence[int]) -> int:
        """The same elements in the same order under another shape."""
        if tuple(self.builder.shape_of(value)) == tuple(shape):
            return value
        return self.gather([value], np.arange(int(np.prod(shape))), shape)

    def tabulate(self, value: int, function: Callable[[Emit, int], int]) -> int:
        """`function` of every element through one table over all raw integers of the operand.

        The table is filled by running the function's own operations, so that its meaning is written once.
        """
        fmt = self.builder.format_of(value)
        sub = type(self.builder)("table")
        sub.output(function(Emit(sub, self.refuse), sub.input("x", (1,), fmt)), "y")
        model = sub.build()
        first = fmt.min_raw
        (out,) = model.run([np.arange(first, fmt.max_raw + 1, dtype=np.int64).reshape(-1, 1)])
        return int(
            self.builder.lut(value, np.asarray(out).ravel().astype(np.int64), first, model.outputs[0].format)
        )


def _same_grid(a: Format, b: Format) -> bool:
    return (a.width, a.integer, a.signed) == (b.width, b.integer, b.signed)
