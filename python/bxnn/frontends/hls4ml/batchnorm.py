"""Batch normalisation, its scale-only form, and its merger with a binary or ternary tanh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .emit import Tensor
from .formats import CType
from .products import make_terms
from .scope import Scope


def normalize(scope: Scope) -> None:
    """res = product(x, scale) + bias, one cast."""
    if scope.call.function != "normalize":
        scope.refuse(f"unknown function '{scope.call.function}'")
    if scope.stream:
        scope.require_equal_packs()
    x, rt = scope.input, scope.result()
    which = _norm_index(scope, x)
    taps = np.arange(x.size)[:, None]
    terms = make_terms(scope, x, "scale", which[:, None])
    bias = scope.weights("bias")
    if len(bias.raw) <= int(which.max()):
        scope.refuse(f"it reads {int(which.max()) + 1} biases, but only {len(bias.raw)} exist")
    scope.emit.check(terms.type + bias.type, rt)
    index = taps if terms.offset is None else taps + terms.offset
    value = scope.emit.builder.dot(
        terms.value,
        terms.weights[:, None, :],
        terms.w_frac,
        bias.raw[which][:, None],
        bias.type.frac,
        index=index.astype(np.int32),
        group=np.arange(x.size, dtype=np.int32),
        product=terms.product.format if terms.product else None,
        shape=x.shape,
        name=scope.name,
    )
    scope.finish(scope.emit.assign(int(value), terms.type + bias.type, rt))


def _norm_index(scope: Scope, x: Tensor) -> NDArray[np.int64]:
    """Which scale and bias every element takes."""
    n_in, n_filt = scope.number("n_in"), int(scope.config.text("n_filt"))
    if n_in != x.size:
        scope.refuse(f"it processes {n_in} elements of an input with {x.size}")
    if n_filt < 1 and n_filt != -1:
        scope.refuse(f"n_filt is {n_filt}; C-simulation divides by it")
    flat = np.arange(x.size)
    if n_filt == -1:
        return flat
    return (flat % x.pack if scope.stream else flat) % n_filt


def quantized_tanh(scope: Scope) -> None:
    """Comparisons with thresholds: a bit, or -1, 0 and 1 in two bits."""
    x, emit = scope.input, scope.emit
    which = _norm_index(scope, x)
    if scope.stream:
        scope.require_equal_packs()
        if int(which.max()) + 1 != x.pack:
            scope.refuse(
                f"C-simulation does not compile: {int(which.max()) + 1} thresholds for {x.pack} channels"
            )

    def thresholds(key: str) -> int:
        weights = scope.weights(key)
        if len(weights.raw) <= int(which.max()):
            scope.refuse(f"it reads {int(which.max()) + 1} thresholds, but only {len(weights.raw)} exist")
        if weights.type.format != x.type.format:
            scope.refuse(
                f"C-simulation does not compile: thresholds of type {weights.type} for inputs of {x.type}"
            )
        return emit.constant(weights.raw[which].reshape(x.shape), weights.type)

    function = scope.call.function
    if function == "normalize_binary_tanh":
        made, kind = emit.binary("ge", x.value, thresholds("threshold")), CType(1, 1, False, True)
    elif function == "normalize_ternary_tanh":
        above = emit.binary("gt", x.value, thresholds("threshold_hi"))
        below = emit.binary("le", x.value, thresholds("threshold_lo"))
        kind = CType(2, 2, True, True)
        rest = emit.select(below, emit.constant([-1], kind), emit.constant([0], kind))
        made = emit.select(above, emit.constant([1], kind), rest)
    else:
        scope.refuse(f"unknown function '{function}'")
    if scope.result() != kind:
        scope.refuse(f"C-simulation does not compile: its result type is {scope.result()}, expected {kind}")
    scope.finish(made)
