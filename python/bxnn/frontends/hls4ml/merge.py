"""Layers of two inputs: element-wise merges, dot products, concatenation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .emit import Tensor
from .formats import CType, negative_is_above
from .scope import Scope

_HALF = CType(1, 0, False)
_KINDS = ("add", "subtract", "multiply", "average", "maximum", "minimum")


def _two(scope: Scope) -> tuple[Tensor, Tensor]:
    tensors = scope.inputs
    if len(tensors) != 2:
        scope.refuse(f"it has {len(tensors)} inputs; C-simulation supports 2")
    return tensors[0], tensors[1]


def elementwise(scope: Scope) -> None:
    """Both operands at full precision, one cast; in io_parallel the shorter operand repeats."""
    function = scope.call.function
    if function not in _KINDS:
        scope.refuse(f"the merge '{function}' is not supported; supported are {', '.join(_KINDS)}")
    a, b = _two(scope)
    rt, emit, shape = scope.result(), scope.emit, scope.shape()
    n = int(np.prod(shape))
    if scope.stream:
        scope.require_equal_packs()
    if n != max(a.size, b.size) or (scope.stream and a.size != b.size):
        scope.refuse(f"it merges {a.size} and {b.size} elements into {n}")
    x, y = _repeated(scope, a, shape), _repeated(scope, b, shape)
    if function == "add":
        value = emit.binary("add", x, y, a.type + b.type, rt)
    elif function == "subtract":
        value = emit.binary("sub", x, y, a.type - b.type, rt)
    elif function == "multiply":
        value = emit.binary("mul", x, y, a.type * b.type, rt)
    elif function == "average":
        value = emit.assign(emit.binary("add", x, y), (a.type + b.type) * _HALF, rt, shift=-1)
    else:
        emit.check(a.type, rt)
        if negative_is_above(a.type, b.type):
            emit.check(b.type, rt)
            first, second = (x, a.type), (y, b.type)
            passes = emit.above(*first, *second) if function == "maximum" else emit.above(*second, *first)
            ends = [emit.assign(x, a.type, rt), emit.assign(y, b.type, rt)]
            return scope.finish(emit.select(passes, *ends))
        value = emit.binary("max" if function == "maximum" else "min", x, y, b.type, rt)
    scope.finish(value)


def _repeated(scope: Scope, x: Tensor, shape: tuple[int, ...]) -> int:
    """The operand under the result's shape: element i is `x[i % size]`."""
    n = int(np.prod(shape))
    if x.size == n:
        return scope.emit.reshape(x.value, shape)
    return scope.emit.gather([x.value], np.arange(n) % x.size, shape)


def dot1d(scope: Scope) -> None:
    """Products cast to accum_t, then summed in order."""
    if scope.call.function != "dot1d" or scope.stream:
        scope.refuse("supported is the dot product of two vectors in io_parallel")
    if scope.config.word("product") != "mult":
        scope.refuse(f"the product '{scope.config.word('product')}' is not supported; supported is mult")
    a, b = _two(scope)
    if a.type.is_bit:
        scope.refuse("C-simulation does not compile a dot product of ap_uint<1>")
    n = scope.number("n_in")
    if not a.size == b.size == n:
        scope.refuse(f"it multiplies {n} elements of inputs with {a.size} and {b.size}")
    accum, emit = scope.ctype("accum_t"), scope.emit
    products = emit.binary("mul", a.value, emit.reshape(b.value, a.shape), a.type * b.type, accum)
    total = emit.builder.reduce("sum", products, 1, n, 1, accum=accum.format, order="sequential", shape=(1,))
    scope.finish(emit.assign(int(total), accum, scope.result()))


def concatenate(scope: Scope) -> None:
    """Every element cast to the result's type."""
    a, b = _two(scope)
    function = scope.call.function
    rank = {"concatenate1d": 1, "concatenate2d": 2, "concatenate3d": 3}.get(function)
    if rank is None or len(a.shape) != rank or len(b.shape) != rank:
        scope.refuse(
            f"'{function}' of shapes {a.shape} and {b.shape} is not supported; supported are ranks 1 to 3"
        )
    axis = _axis(int(scope.config.text("axis")), rank)
    index = _concatenated(a.shape, b.shape, axis, scope)
    rt, emit = scope.result(), scope.emit
    if scope.stream:
        _require_stream_words(scope, a, b, axis)
    parts = [emit.assign(t.value, t.type, rt) for t in (a, b)]
    scope.finish(emit.gather(parts, index, scope.shape()))


def _axis(axis: int, rank: int) -> int:
    """The axis that the header picks: from 1, the batch being 0, or negative from the end."""
    if rank == 1:
        return 0
    if axis in (rank, -1):
        return rank - 1
    if rank == 3 and axis in (2, -2):
        return 1
    return 0


def _concatenated(a: tuple[int, ...], b: tuple[int, ...], axis: int, scope: Scope) -> NDArray[np.int64]:
    first = np.arange(int(np.prod(a))).reshape(a)
    second = np.arange(int(np.prod(b))).reshape(b) + first.size
    try:
        joined: NDArray[np.int64] = np.concatenate([first, second], axis=axis)
    except ValueError as error:
        scope.refuse(f"shapes {a} and {b} along axis {axis}: {error}")
    if joined.shape != scope.shape():
        scope.refuse(f"it concatenates {a} and {b} into {scope.shape()}, but C-simulation joins axis {axis}")
    return joined


def _require_stream_words(scope: Scope, a: Tensor, b: Tensor, axis: int) -> None:
    packs, out = (a.pack, b.pack), scope.pack()
    last = axis == len(a.shape) - 1
    if (len(a.shape) > 1 and packs != (a.shape[-1], b.shape[-1])) or out != scope.shape()[-1]:
        scope.refuse(
            f"stream words of {packs} and {out} elements do not match the shapes; C-simulation is undefined"
        )
    if not last and packs[0] != packs[1]:
        scope.refuse(f"stream words of {packs} elements differ; C-simulation is undefined")
