"""Softmax in its four implementations, over one slice or many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format, quantize

from . import tables
from .activations import table_entries
from .emit import Emit
from .formats import CType, from_floats
from .index import Rule, lookup
from .scope import Scope


@dataclass(frozen=True)
class Slices:
    """The tensor seen as [outer][size][inner]; every softmax runs along size."""

    outer: int
    size: int
    inner: int

    @property
    def count(self) -> int:
        return self.outer * self.inner

    def positions(self) -> NDArray[np.int64]:
        """Flat position of element [slice][j], slices in the order [outer][inner]."""
        grid = np.arange(self.outer * self.size * self.inner).reshape(self.outer, self.size, self.inner)
        return np.asarray(grid.transpose(0, 2, 1).reshape(self.count, self.size))

    def slice_of(self) -> NDArray[np.int64]:
        """Slice that the element at every flat position belongs to."""
        owner = np.empty(self.outer * self.size * self.inner, dtype=np.int64)
        owner[self.positions().ravel()] = np.repeat(np.arange(self.count), self.size)
        return owner


def softmax(scope: Scope) -> None:
    implementation = scope.config.word("implementation")
    if implementation not in _IMPLEMENTATIONS:
        known = ", ".join(sorted(_IMPLEMENTATIONS))
        scope.refuse(f"the implementation '{implementation}' is not supported; supported are {known}")
    slices = _slices(scope)
    _IMPLEMENTATIONS[implementation](scope, slices)


def _slices(scope: Scope) -> Slices:
    x, function = scope.input, scope.call.function
    if scope.number("n_in") != x.size:
        scope.refuse(f"it processes {scope.number('n_in')} elements of an input with {x.size}")
    if scope.stream:
        scope.require_equal_packs()
        if scope.config.text("axis") != "-1":
            scope.refuse("C-simulation aborts: io_stream supports the last axis only")
        return Slices(x.size // x.pack, x.pack, 1)
    size = scope.number("n_slice")
    if function == "softmax_multidim":
        slices = Slices(scope.number("n_outer"), size, scope.number("n_inner"))
    elif function == "softmax":
        slices = Slices(1, size, 1)
    else:
        scope.refuse(f"unknown function '{function}'")
    if slices.outer * slices.size * slices.inner != x.size:
        scope.refuse(f"its slices {slices} do not cover the {x.size} elements of its input")
    return slices


def _stable(scope: Scope, slices: Slices) -> None:
    """exp of the distance to the slice's maximum, cast to inp_norm_t."""
    emit, x, norm = scope.emit, scope.input, scope.ctype("inp_norm_t")
    flat = emit.reshape(x.value, (x.size,))
    top = emit.builder.reduce("max", flat, slices.outer, slices.size, slices.inner, shape=(slices.count,))
    tops = emit.gather([top], slices.slice_of(), (x.size,))
    distance = emit.binary("sub", tops, flat, x.type - x.type, norm)
    _normalized(scope, slices, distance, norm, negated=True)


def _latency(scope: Scope, slices: Slices) -> None:
    """exp of the inputs themselves."""
    x = scope.input
    _normalized(scope, slices, scope.emit.reshape(x.value, (x.size,)), x.type, negated=False)


def _normalized(scope: Scope, slices: Slices, argument: int, kind: CType, *, negated: bool) -> None:
    """exp_table[argument] / sum, through the table of inverses."""
    emit, accum, inverse_in = scope.emit, scope.ctype("accum_t"), scope.ctype("inv_inp_t")
    inverse_t, rt = scope.ctype("inv_table_t"), scope.result()
    scale = scope.config.real("exp_scale")
    exps = _top_bits_lookup(
        scope,
        argument,
        kind,
        "exp_table_size",
        lambda x: table_entries(
            scope, tables.exponential(x, scale, negated), scope.ctype("exp_table_t"), accum
        ),
        accum,
    )
    emit.check(accum + accum, accum)
    total = emit.builder.reduce(
        "sum",
        exps,
        slices.outer,
        slices.size,
        slices.inner,
        accum=accum.format,
        order="tree",
        shape=(slices.count,),
    )
    inverses = _top_bits_lookup(
        scope,
        emit.assign(total, accum, inverse_in),
        inverse_in,
        "inv_table_size",
        lambda x: from_floats(tables.inverse(x), inverse_t),
        inverse_t,
    )
    spread = emit.gather([inverses], slices.slice_of(), (scope.input.size,))
    scope.finish(emit.binary("mul", exps, spread, accum * inverse_t, rt))


def _top_bits_lookup(
    scope: Scope,
    value: int,
    kind: CType,
    size_member: str,
    fill: Callable[[tables.Floats], NDArray[np.int64]],
    target: CType,
) -> int:
    """A table addressed by the top bits of the raw integer, filled for the numbers that they stand for."""
    size = scope.number(size_member)
    bits = size.bit_length() - 1
    if size < 2 or size != 1 << bits or size > tables.LARGEST:
        scope.refuse(f"{size_member} is {size}; C-simulation is defined for powers of two from 2 only")
    if bits > kind.width:
        scope.refuse(
            f"{size_member} is {size}, but its argument has {kind.width} bits only; reduce the table size"
        )
    if kind.width > bits:
        fmt = Format(bits, kind.integer, kind.signed)
        value = int(scope.emit.builder.cast(value, fmt))
    low = -(size // 2) if kind.signed else 0
    arguments = np.arange(low, low + size).astype(np.float64) * 2.0 ** (kind.integer - bits)
    entries = fill(arguments.astype(np.float32))
    return int(scope.emit.builder.lut(value, entries, low, target.format))


def _legacy(scope: Scope, slices: Slices) -> None:
    """1 / sum_j exp(x_j - x_i), with tables of ap_fixed<18, 8> whatever the layer's types say."""
    emit, x, rt = scope.emit, scope.input, scope.result()
    kind = scope.ctype("table_t")
    exp_size = scope.number("table_size" if scope.stream else "exp_table_size")
    inverse_size = scope.number("table_size" if scope.stream else "inv_table_size")
    for size in (exp_size, inverse_size):
        if not 1 <= size <= tables.LARGEST:
            scope.refuse(f"a table has {size} entries, supported are 1 to {tables.LARGEST}")
    total = _legacy_sums(emit, x.value, x.type, slices, kind, exp_size)
    entries = table_entries(scope, tables.invert_legacy(inverse_size), kind, rt)
    scope.finish(lookup(emit, total, kind, Rule(inverse_size, 64, 0), entries, rt))


def _legacy_sums(emit: Emit, x: int, xt: CType, slices: Slices, kind: CType, size: int) -> int:
    """sum_j exp(x_j - x_i) for every element i, summed in the order of j; the term of j = i is 1."""
    n = slices.size
    positions = slices.positions()
    other = np.repeat(positions[:, None, :], n, axis=1).ravel()  # [slice][i][j] -> x_j
    own = np.repeat(positions[:, :, None], n, axis=2).ravel()
    shape = (slices.count * n * n,)
    difference = emit.binary("sub", emit.gather([x], other, shape), emit.gather([x], own, shape))
    entries = from_floats(tables.exp_legacy(size), kind)
    terms = lookup(emit, difference, xt - xt, Rule(size, 16, size // 2), entries, kind)
    one = emit.constant(from_floats(np.array([1.0]), kind), kind)
    diagonal = np.where(other == own, shape[0], np.arange(shape[0]))
    total = emit.builder.reduce(
        "sum",
        emit.gather([terms, one], diagonal, shape),
        slices.count * n,
        n,
        1,
        accum=kind.format,
        order="sequential",
        shape=(slices.count * n,),
    )
    back = np.empty(slices.count * n, dtype=np.int64)
    back[positions.ravel()] = np.arange(slices.count * n)
    return emit.gather([total], back, (slices.count * n,))


def _argmax(scope: Scope, slices: Slices) -> None:
    """1 at the first largest element of a slice, 0 elsewhere."""
    emit, x, rt = scope.emit, scope.input, scope.result()
    flat = emit.reshape(x.value, (x.size,))
    best = emit.builder.reduce("argmax", flat, slices.outer, slices.size, slices.inner, shape=(slices.count,))
    place = np.empty(x.size, dtype=np.int64)
    place[slices.positions().ravel()] = np.tile(np.arange(slices.size), slices.count)
    bits = max(1, (slices.size - 1).bit_length())
    places = emit.constant(place, CType(bits, bits, False, True))
    hit = emit.binary("eq", emit.gather([best], slices.slice_of(), (x.size,)), places)
    levels = np.asarray(quantize(np.array([0, 1]), 0, rt.format), dtype=np.int64)
    scope.finish(emit.builder.lut(hit, levels, 0, rt.format))


_IMPLEMENTATIONS: dict[str, Callable[[Scope, Slices], None]] = {
    "stable": _stable,
    "latency": _latency,
    "legacy": _legacy,
    "argmax": _argmax,
}
