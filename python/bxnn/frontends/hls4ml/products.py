"""The products of `nnet_mult.h` as weights of a dot operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bxnn._core import quantize

from .emit import Tensor
from .formats import CType
from .scope import Scope, Weights


@dataclass(frozen=True)
class Terms:
    """Products `weights[out][k] * value[tap]`, or `value[tap + offset[out][k]]`.

    `type` is the C++ type of a product; `product`, where given, the type that each is cast to before the
    accumulator's; `constant` a number to add to every output's bias.
    """

    value: int
    weights: NDArray[np.int64]
    w_frac: int
    type: CType
    offset: NDArray[np.int64] | None = None
    product: CType | None = None
    constant: NDArray[np.int64] | None = None

    def plus_constant(self, bias: Weights, accum: CType) -> NDArray[np.int64]:
        """The accumulator's start, bias and constant together, as raw integers of a wrapping accumulator."""
        start = np.asarray(quantize(bias.raw, bias.type.frac, accum.format), dtype=np.int64)
        assert self.constant is not None
        lifted = (start.astype(object) + self.constant.astype(object) * (1 << accum.frac)) % (
            1 << accum.width
        )
        wrapped = np.where(lifted > accum.format.max_raw, lifted - (1 << accum.width), lifted)
        return np.asarray(wrapped, dtype=np.int64)


def make_terms(
    scope: Scope,
    x: Tensor,
    key: str,
    where: NDArray[np.int64],
    accum: CType | None = None,
    *,
    skips_zeros: bool = False,
) -> Terms:
    """Terms of the layer's product class.

    `where[out][k]` is the weight's place in the project's array `key`; `accum` is the accumulator that the
    terms are summed in; with `skips_zeros` the generated code has no term for a weight whose number is zero.
    """
    product = scope.config.word("product")
    variable = scope.node.weights[key]
    if product == "weight_exponential":
        return _exponential(scope, x, key, where)
    weights = scope.weights(key)
    if len(weights.raw) <= int(where.max()):
        scope.refuse(
            f"it reads {int(where.max()) + 1} weights '{variable.name}', only {len(weights.raw)} exist"
        )
    raw, wt = weights.raw[where], weights.type
    kept = (weights.numbers[where] != 0) | (not skips_zeros)
    if product == "mult":
        return Terms(x.value, np.where(kept, raw, 0), wt.frac, x.type * wt)
    if product == "weight_binary":
        return Terms(x.value, np.where(kept, np.where(raw == 0, -1, 1), 0), 0, -x.type)
    if product == "weight_ternary":
        # every weight that is neither 0 nor -1 counts as 1, also the -2 that two bits allow
        signs = np.where(raw == 0, 0, np.where(raw == -1, -1, 1))
        return Terms(x.value, np.where(kept, signs, 0), 0, -x.type)
    if product == "data_binary":
        levels = scope.emit.builder.lut(x.value, np.array([-1, 1]), 0, CType(2, 2, True, True).format)
        return Terms(int(levels), np.where(kept, raw, 0), wt.frac, -wt)
    if product == "both_binary":
        return _both_binary(scope, x, raw, accum, bool(kept.all()))
    scope.refuse(f"the product '{product}' is not supported")


def _both_binary(
    scope: Scope, x: Tensor, raw: NDArray[np.int64], accum: CType | None, complete: bool
) -> Terms:
    """`x == w` of bits: x where w is 1, 1 - x where it is 0; the ones move into the bias."""
    if accum is None or accum.overflow != "WRAP" or accum.frac < 0 or not complete:
        scope.refuse(
            "the product of two bits is supported in Dense layers with an accumulator that wraps and has no "
            f"missing low bits, and without the Resource_Unrolled strategy; the accumulator is {accum}"
        )
    return Terms(x.value, np.where(raw == 0, -1, 1), 0, x.type, constant=(raw == 0).sum(axis=1))


def _exponential(scope: Scope, x: Tensor, key: str, where: NDArray[np.int64]) -> Terms:
    """`x << e`, negated or not, in an ap_fixed of twice the widths of x and e together."""
    variable = scope.node.weights[key]
    if variable.weight_class != "ExponentWeightVariable":
        scope.refuse(f"the weights '{variable.name}' are {variable.weight_class}, expected powers of two")
    sign, exponent, bits = _signs_and_exponents(scope, key)
    if len(sign) <= int(where.max()):
        scope.refuse(f"it reads {int(where.max()) + 1} weights '{variable.name}', but only {len(sign)} exist")
    sign, exponent = sign[where], exponent[where]
    half = bits + x.type.width
    wide = CType(2 * half, half, True)
    least, most = int(exponent.min()), int(exponent.max())
    exact = (
        x.type.frac - min(least, 0) <= wide.frac
        and x.type.integer + (not x.type.signed) + max(most, 0) < wide.integer
    )
    if exact:
        # nothing is lost in the wide type: the term is exactly +-2^e x
        return Terms(x.value, sign << (exponent - least), -least, wide)
    return _shifted(scope, x, wide, sign, exponent)


def _signs_and_exponents(scope: Scope, key: str) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """+-1, the exponent, and the width of the exponent's type."""
    variable = scope.node.weights[key]
    numbers = np.asarray(variable.data, dtype=np.float64)
    if not (np.isfinite(numbers).all() and (numbers != 0).all()):
        scope.refuse(f"weights '{variable.name}': a power of two is zero or not finite")
    ctype = scope.named(variable.type.name)
    signs, exponents = [], []
    for text in variable:
        sign, exponent = text.strip("{} ").split(",")
        signs.append(1 if float(sign) == 1 else -1)
        exponents.append(int(float(exponent)))
    wrapped = np.asarray(quantize(np.array(exponents, dtype=np.int64), 0, ctype.format), dtype=np.int64)
    return np.array(signs, dtype=np.int64), wrapped, ctype.width


def _shifted(
    scope: Scope, x: Tensor, wide: CType, sign: NDArray[np.int64], exponent: NDArray[np.int64]
) -> Terms:
    """The general case: the operand shifted by every exponent, less the bits that the type drops."""
    if wide.width > 64:
        scope.refuse(
            f"its power-of-two products lose bits in {wide}, which is wider than the supported 64 bits"
        )
    emit = scope.emit
    start = emit.assign(emit.reshape(x.value, (x.size,)), x.type, wide)
    shifts = np.unique(exponent)
    copies = [int(emit.builder.cast(start, wide.format, shift=int(e))) for e in shifts]
    value = emit.gather(copies, np.arange(len(copies) * x.size), (len(copies) * x.size,))
    offset = np.searchsorted(shifts, exponent) * x.size
    return Terms(value, sign, 0, wide, offset, wide)
