"""TimeDistributed: `nnet_time_distributed.h`, a loop over time steps around other layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .emit import Tensor
from .scope import Scope

_EXTENTS = {2: ("n_chan",), 3: ("in_width", "n_chan"), 4: ("in_height", "in_width", "n_chan")}


def split_body(scope: Scope, following: Sequence[Any]) -> tuple[list[Any], Any]:
    """The layers inside the loop that this layer opens, and the one that closes it."""
    end = f"{scope.name}_end"
    for i, node in enumerate(following):
        if node.name == end and node.class_name == "TimeDistributed":
            return list(following[:i]), node
    scope.refuse("hls4ml did not write its wrapped layer into the graph; C-simulation does not compile")


def time_steps(scope: Scope) -> list[Tensor]:
    """Every time step of the input, as the wrapped layers see it."""
    x, shape, steps = scope.input, scope.shape(), scope.number("n_time_steps")
    size = _step_size(scope)
    _require_copies(scope, x, x.size, int(np.prod(shape)), steps * size, size)
    index = np.arange(x.size).reshape(steps, size)
    return [Tensor(scope.emit.gather([x.value], row, shape), x.type, shape, 0) for row in index]


def join_steps(scope: Scope, steps: Sequence[Tensor]) -> None:
    """What the wrapped layers made of every time step, one after the other."""
    count, size = scope.number("n_time_steps"), _step_size(scope)
    total = int(np.prod(scope.shape()))
    _require_copies(scope, steps[0], total, steps[0].size, len(steps) * size, size)
    if len(steps) != count:
        scope.refuse(f"it collects {count} time steps of a loop over {len(steps)}")
    scope.finish(scope.emit.gather([step.value for step in steps], np.arange(total), scope.shape()))


def _step_size(scope: Scope) -> int:
    """Elements that the header copies in a time step."""
    dim = scope.number("dim")
    if scope.stream or dim not in _EXTENTS:
        scope.refuse(
            "C-simulation does not compile: TimeDistributed exists in io_parallel, with one to three axes "
            f"after the time; here there are {dim - 1}, in {'io_stream' if scope.stream else 'io_parallel'}"
        )
    return int(np.prod([scope.number(name) for name in _EXTENTS[dim]]))


def _require_copies(scope: Scope, source: Tensor, whole: int, part: int, copied: int, size: int) -> None:
    if source.type != scope.result():
        scope.refuse(
            f"C-simulation does not compile: it copies {source.type} to {scope.result()}; make them equal"
        )
    if whole != copied or part != size:
        scope.refuse(
            f"it copies {copied} elements, {size} a time step, but its arrays have {whole} and {part}; "
            "C-simulation goes beyond them"
        )
