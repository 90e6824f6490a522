"""Event scores as part of a model: exact integer operations appended to a graph that a front end has emitted.

    builder = RecordingBuilder("vae_encoder")
    from_model_graph(hls_model, builder)
    (mean,) = builder.output_ids.values()
    builder.output(sum_of_squares(builder, mean), "score")
    model = bxnn.Model(builder.build())

Nothing is rounded and nothing can overflow: every result has the exact type of its operation
(docs/spec/ir.md). A model's outputs have at most 64 bits; cast a wider score before it becomes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from bxnn._core import Builder, Format

__all__ = ["RecordingBuilder", "squared_error", "sum_of_squares"]


class RecordingBuilder(Builder):
    """A Builder that remembers the ids of the values that became inputs and outputs, by name and in order."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.input_ids: dict[str, int] = {}
        self.output_ids: dict[str, int] = {}

    def input(self, name: str, shape: Sequence[int], fmt: Format) -> int:
        value = super().input(name, shape, fmt)
        self.input_ids[name] = value
        return value

    def output(self, x: int, name: str) -> None:
        super().output(x, name)
        self.output_ids[name] = x


def sum_of_squares(builder: Builder, value: int) -> int:
    """The sum of x^2 over the elements of a value of any shape; one element, shape (1,).

    Raises GraphError if the exact sum may need more than 126 bits.
    """
    squares = builder.binary("mul", value, value)
    return builder.reduce("sum", squares, 1, prod(builder.shape_of(value)), 1, shape=[1])


def squared_error(builder: Builder, a: int, b: int) -> int:
    """The sum of (a - b)^2 over the elements of two values of one shape; one element, shape (1,).

    Their formats may differ; the difference is exact. The mean squared error is this divided by the number of
    elements; a threshold on the sum needs no division. Raises ValueError if the shapes differ, GraphError if
    the exact sum may need more than 126 bits.
    """
    if tuple(builder.shape_of(a)) != tuple(builder.shape_of(b)):
        raise ValueError(
            f"squared_error: expected two values of one shape, got {tuple(builder.shape_of(a))} and "
            f"{tuple(builder.shape_of(b))}; reshape one with gather"
        )
    return sum_of_squares(builder, builder.binary("sub", a, b))
