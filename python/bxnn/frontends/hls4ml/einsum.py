"""Contractions: `nnet_einsum.h` of two inputs, `nnet_einsum_dense.h` of an input and weights."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from . import adders
from .dense import dense_filters
from .emit import Tensor
from .scope import Scope
from .shape import permuted
from .sums import Filters, running_sum, weighted_sums

Indices = NDArray[np.int64]


def transposed(scope: Scope, which: str) -> Indices:
    """Where the elements of a transposed array come from, by the layer's transposition named so."""
    return permuted(scope.config.array(f"{which}_to_shape"), scope.config.array(f"{which}_perm_strides"))


def einsum(scope: Scope) -> None:
    """Sums of products of two inputs, every sum cast to accum_t."""
    if scope.call.function != "einsum" or len(scope.inputs) != 2:
        scope.refuse(f"'{scope.call.function}' of {len(scope.inputs)} inputs is not supported")
    if scope.stream:
        scope.refuse("C-simulation has no einsum in io_stream")
    if scope.config.word("product") != "mult":
        scope.refuse(f"the product '{scope.config.word('product')}' is not supported; supported is mult")
    a, b = scope.inputs
    groups, rows, columns, n = (scope.number(k) for k in ("n_inplace", "n_free0", "n_free1", "n_contract"))
    left = transposed(scope, "tpose_inp0").reshape(groups, rows, 1, n)
    right = transposed(scope, "tpose_inp1").reshape(groups, 1, columns, n)
    _require_inputs(scope, [(a, left), (b, right)])
    shape = (groups, rows, columns, n)
    emit, accum, size = scope.emit, scope.ctype("accum_t"), groups * rows * columns
    x, y = (
        emit.gather([tensor.value], np.broadcast_to(index, shape), (size * n,))
        for tensor, index in ((a, left), (b, right))
    )
    products = emit.binary("mul", x, y)
    total = running_sum(scope, products, a.type * b.type, np.arange(size * n).reshape(size, n), accum)
    _finish(scope, emit.assign(total, accum, scope.result()))


def einsum_dense(scope: Scope) -> None:
    """A dense layer for every row of the transposed input: weights of its group, biases of its own."""
    if scope.call.function != "einsum_dense":
        scope.refuse(f"unknown function '{scope.call.function}'")
    if scope.stream:
        scope.refuse("C-simulation has no einsum in io_stream")
    names = ("n_inplace", "n_free_data", "n_free_kernel", "n_contract")
    groups, rows, n_out, n_in = (scope.number(name) for name in names)
    taps = transposed(scope, "tpose_inp").reshape(groups, rows, n_in)
    _require_inputs(scope, [(scope.input, taps)])
    if scope.config.word("strategy") == "distributed_arithmetic":
        return _finish(scope, _adders(scope, taps))
    filters = dense_filters(scope, n_in, n_out)
    shape = (groups, rows, n_out, n_in)
    offset = np.arange(groups)[:, None, None, None] * n_in * n_out
    where = np.broadcast_to(filters.where + offset, shape).reshape(-1, n_in)
    order = np.broadcast_to(filters.order, shape).reshape(-1, n_in)
    every = np.broadcast_to(taps[:, :, None, :], shape).reshape(1, -1, n_in)
    biases = np.asarray(scope.weights("bias").raw).reshape(groups, rows, n_out)
    if groups == 1 and (biases == biases[:, :1]).all():  # one set of filters for all rows
        taken = Filters(filters.where, filters.order, filters.skips_zeros, biases=np.arange(n_out))
        return _finish(scope, weighted_sums(scope, taps[0][:, None, :], taken))
    taken = Filters(where, order, filters.skips_zeros, biases=np.arange(len(where)))
    _finish(scope, weighted_sums(scope, every, taken))


def _adders(scope: Scope, taps: Indices) -> int:
    """One generated function a group, into accum_t; then the biases are added."""
    accum, emit, bias = scope.ctype("accum_t"), scope.emit, scope.weights("bias")
    code = scope.generated("da_codegen")
    made = []
    for group, rows in enumerate(taps):
        found = re.search(rf"void einsum_\d+_da_{group}_of_{len(taps)}\(", code)
        if not found:
            scope.refuse(f"its generated code has no function for group {group}")
        made.append(adders.apply(scope, code[found.start() :], rows, accum))
    size = sum(int(np.prod(emit.builder.shape_of(value))) for value in made)
    total = made[0] if len(made) == 1 else emit.gather(made, np.arange(size), (size,))
    biased = emit.binary("add", total, emit.constant(bias.raw, bias.type), accum + bias.type, accum)
    return emit.assign(biased, accum, scope.result())


def _require_inputs(scope: Scope, used: list[tuple[Tensor, Indices]]) -> None:
    for tensor, index in used:
        if int(index.max()) >= tensor.size:
            scope.refuse(f"C-simulation reads beyond its input of {tensor.size} elements")


def _finish(scope: Scope, value: int) -> None:
    """The layer's output: the transposed results."""
    index = transposed(scope, "tpose_out")
    scope.finish(scope.emit.gather([value], index, scope.shape()))
