"""Element-wise activations: `nnet_activation.h` in io_parallel, `nnet_activation_stream.h` in io_stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import quantize

from . import tables
from .emit import ZERO, Emit
from .formats import C_INT, CType, from_floats
from .index import Rule, lookup
from .scope import Scope

# Inputs up to this width go through one table of all raw integers; wider ones through the header's own steps.
TABULATED_WIDTH = 12

Body = Callable[[Emit, int], int]

_SELU_LAMBDA = 1.0507009873554804934193349852946


def plain(scope: Scope) -> None:
    """`nnet::<activation><data_T, res_T, config>(data, res)`."""
    function = scope.call.function
    if function not in _PLAIN:
        scope.refuse(
            f"the activation '{function}' is not supported; supported are {', '.join(sorted(_PLAIN))}"
        )
    _PLAIN[function](scope)


def parametrized(scope: Scope) -> None:
    """`nnet::<activation><data_T, param_t, res_T, config>(data, param, res)` with a literal parameter."""
    call = scope.call
    if call.function not in _PARAMETRIZED:
        known = ", ".join(sorted(_PARAMETRIZED))
        scope.refuse(f"the activation '{call.function}' is not supported; supported are {known}")
    kind = scope.named(call.types[1])
    raw = int(from_floats(np.array([_literal(scope, call.arguments[1])]), kind)[0])
    _PARAMETRIZED[call.function](scope, raw, kind)


def _literal(scope: Scope, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        scope.refuse(f"its parameter '{text}' is not a number")


def _apply(scope: Scope, body: Body, *, cheap: bool = False) -> None:
    """Emit `body` for the layer's input; narrow inputs through one table unless the body is cheap."""
    if scope.stream:
        scope.require_equal_packs()
    x = scope.input
    _require_size(scope, x.size)
    if x.type.width <= TABULATED_WIDTH and not cheap:
        scope.finish(scope.emit.tabulate(x.value, body))
    else:
        scope.finish(body(scope.emit, x.value))


def _require_size(scope: Scope, size: int) -> None:
    if scope.number("n_in") != size:
        scope.refuse(f"it processes {scope.number('n_in')} elements of an input with {size}")


def _linear(scope: Scope) -> None:
    xt, rt = scope.input.type, scope.result()
    _apply(scope, lambda emit, x: emit.assign(x, xt, rt), cheap=True)


def _relu(scope: Scope) -> None:
    xt, rt = scope.input.type, scope.result()
    _apply(scope, lambda emit, x: emit.binary("max", x, emit.constant([0], ZERO), xt, rt), cheap=True)


def _relu_max(limit: int) -> Callable[[Scope], None]:
    def handler(scope: Scope) -> None:
        if scope.stream:
            scope.refuse("C-simulation does not compile: the stream headers have no such activation")
        xt, rt = scope.input.type, scope.result()

        def body(emit: Emit, x: int) -> int:
            positive = emit.binary("max", x, emit.constant([0], ZERO))
            return emit.binary("min", positive, emit.integer(limit), xt, rt)

        _apply(scope, body, cheap=True)

    return handler


def _from_table(scope: Scope) -> None:
    """sigmoid, tanh, softplus, softsign."""
    fill, span = tables.CENTRED[scope.call.function]
    size = _table_size(scope)
    entries = table_entries(scope, fill(size), scope.ctype("table_t"), scope.result())
    rule = Rule(size, span, span // 2 * size // span)
    xt, rt = scope.input.type, scope.result()
    _apply(scope, lambda emit, x: lookup(emit, x, xt, rule, entries, rt))


def _table_size(scope: Scope, member: str = "table_size") -> int:
    size = scope.number(member)
    if not 1 <= size <= tables.LARGEST:
        scope.refuse(f"{member} is {size}, supported are 1 to {tables.LARGEST}")
    return size


def table_entries(scope: Scope, numbers: NDArray[Any], kind: CType, target: CType) -> NDArray[np.int64]:
    """Entries stored as `kind`, then assigned to `target`: raw integers of `target`."""
    scope.emit.check(kind, target)
    try:
        stored = from_floats(numbers, kind)
    except ValueError as error:
        scope.refuse(str(error))
    return np.asarray(quantize(stored, kind.frac, target.format), dtype=np.int64)


def _elu(scope: Scope, raw: int, kind: CType) -> None:
    """Positive values pass, others are `alpha * table[x * size / -8]`."""
    size = _table_size(scope)
    stored = from_floats(tables.elu(size), scope.ctype("table_t"))
    table_t, rt, xt = scope.ctype("table_t"), scope.result(), scope.input.type
    scope.emit.check(kind * table_t, rt)
    if (kind * table_t).width > 64:
        scope.refuse(
            f"the product of its parameter and its table is {(kind * table_t).width} bits wide, at most 64"
        )
    entries = np.asarray(quantize(stored * raw, kind.frac + table_t.frac, rt.format), dtype=np.int64)
    _positive_or_table(scope, entries, Rule(size, -8, 0, "last"), lambda emit, x: emit.assign(x, xt, rt))


def _plain_elu(scope: Scope) -> None:
    _elu(scope, 1, CType(1, 1, False, True))


def _selu(scope: Scope) -> None:
    """The positive factor is ap_ufixed<16, 1> in io_parallel and of the input's type in io_stream."""
    size = _table_size(scope)
    xt, rt = scope.input.type, scope.result()
    entries = table_entries(scope, tables.selu(size), scope.ctype("table_t"), rt)
    factor = xt if scope.stream else CType(16, 1, False)
    raw = from_floats(np.array([_SELU_LAMBDA]), factor)

    def positive(emit: Emit, x: int) -> int:
        return emit.binary("mul", emit.constant(raw, factor), x, factor * xt, rt)

    _positive_or_table(scope, entries, Rule(size, -8, 0, "last" if scope.stream else "first"), positive)


def _positive_or_table(scope: Scope, entries: NDArray[np.int64], rule: Rule, positive: Body) -> None:
    """`x >= 0 ? positive(x) : entries[index]`, both of the result's type."""
    xt, rt = scope.input.type, scope.result()

    def body(emit: Emit, x: int) -> int:
        passes = emit.binary("ge", x, emit.constant([0], ZERO))
        return emit.select(passes, positive(emit, x), lookup(emit, x, xt, rule, entries, rt))

    _apply(scope, body)


def _leaky_relu(scope: Scope, raw: int, kind: CType) -> None:
    xt, rt = scope.input.type, scope.result()
    _apply(scope, lambda emit, x: _positive_or_product(emit, x, xt, emit.constant([raw], kind), kind, rt))


def prelu(scope: Scope) -> None:
    """Leaky relu with one slope an element."""
    if scope.call.function != "prelu":
        scope.refuse(f"unknown function '{scope.call.function}'")
    x, alpha = scope.input, scope.weights("param")
    if len(alpha.raw) != x.size:
        scope.refuse(f"it has {len(alpha.raw)} slopes for {x.size} elements")

    def body(emit: Emit, value: int) -> int:
        slopes = emit.constant(alpha.raw.reshape(x.shape), alpha.type)
        return _positive_or_product(emit, value, x.type, slopes, alpha.type, scope.result())

    _apply(scope, body, cheap=True)


def _positive_or_product(emit: Emit, x: int, xt: CType, slope: int, kind: CType, rt: CType) -> int:
    """`x > 0 ? x : slope * x`, each assigned to the result's type."""
    passes = emit.binary("gt", x, emit.constant([0], ZERO))
    return emit.select(passes, emit.assign(x, xt, rt), emit.binary("mul", slope, x, kind * xt, rt))


def _thresholded_relu(scope: Scope, raw: int, kind: CType) -> None:
    xt, rt = scope.input.type, scope.result()

    def body(emit: Emit, x: int) -> int:
        passes = emit.above(x, xt, emit.constant([raw], kind), kind)
        return emit.select(passes, emit.assign(x, xt, rt), emit.constant([0], rt))

    _apply(scope, body)


def hard(scope: Scope) -> None:
    """hard_sigmoid: `slope * x + shift` between 0 and 1; hard_tanh: twice that, minus 1."""
    function = scope.call.function
    if function not in ("hard_sigmoid", "hard_tanh"):
        scope.refuse(f"the activation '{function}' is not supported; supported are hard_sigmoid, hard_tanh")
    slope_t, shift_t = (scope.named(scope.node.attributes[f"{m}_t"].name) for m in ("slope", "shift"))
    slope = from_floats(np.array([scope.config.real("slope")]), slope_t)
    shift = from_floats(np.array([scope.config.real("shift")]), shift_t)
    xt, rt = scope.input.type, scope.result()
    line_t = slope_t * xt + shift_t
    twice = CType(32, 32, True, True) * line_t - CType(32, 32, True, True)

    def body(emit: Emit, x: int) -> int:
        line = emit.binary(
            "add", emit.binary("mul", emit.constant(slope, slope_t), x), emit.constant(shift, shift_t)
        )
        above = emit.binary("max", line, emit.integer(0))
        if function == "hard_sigmoid":
            return emit.binary("min", above, emit.integer(1), line_t, rt)
        inside = emit.binary("min", above, emit.integer(1))
        return emit.binary("sub", emit.binary("add", inside, inside), emit.integer(1), twice, rt)

    _apply(scope, body)


def _binary_tanh(scope: Scope) -> None:
    """1 for x >= 0; otherwise -1, or 0 where the result is a single bit."""
    rt = scope.result()
    signs = np.array([0, 1] if rt.is_bit else [-1, 1], dtype=np.int64)
    entries = np.asarray(quantize(signs, 0, rt.format), dtype=np.int64)

    def body(emit: Emit, x: int) -> int:
        passes = emit.binary("ge", x, emit.constant([0], ZERO))
        return int(emit.builder.lut(passes, entries, 0, rt.format))

    _apply(scope, body)


def _ternary_tanh(scope: Scope) -> None:
    """io_parallel compares 2x, wrapped into the input's type, with 1 and -1; io_stream compares x itself."""
    xt, rt = scope.input.type, scope.result()
    entries = np.asarray(quantize(np.array([-1, 0, 1]), 0, rt.format), dtype=np.int64)

    def body(emit: Emit, x: int) -> int:
        if not scope.stream:
            x = emit.assign(x, CType(32, 32, True, True) * xt, xt, shift=1)
        above = emit.binary("gt", x, emit.integer(1))
        middle = emit.above(x, xt, emit.integer(-1), C_INT)
        level = emit.binary("add", above, middle)
        padded = np.append(entries, 0)  # two bits allow a 3 that never comes
        return int(emit.builder.lut(level, padded, 0, rt.format))

    _apply(scope, body)


def unary_lut(scope: Scope) -> None:
    """`table[bits of x]`."""
    if scope.call.function != "unary_lut":
        scope.refuse(f"unknown function '{scope.call.function}'")
    if scope.stream:
        scope.require_equal_packs()
    table, x, rt = scope.weights("table"), scope.input, scope.result()
    if len(table.raw) < 1 << x.type.width:
        scope.refuse(
            f"its table has {len(table.raw)} entries, its {x.type.width}-bit input needs {1 << x.type.width}"
        )
    scope.emit.check(table.type, rt)
    entries = np.asarray(quantize(table.raw, table.type.frac, rt.format), dtype=np.int64)[: 1 << x.type.width]
    low = -(1 << (x.type.width - 1)) if x.type.signed else 0
    scope.finish(scope.emit.builder.lut(x.value, np.roll(entries, -low), low, rt.format))


_PLAIN: dict[str, Callable[[Scope], None]] = {
    "linear": _linear,
    "relu": _relu,
    "relu6": _relu_max(6),
    "relu1": _relu_max(1),
    "sigmoid": _from_table,
    "tanh": _from_table,
    "softplus": _from_table,
    "softsign": _from_table,
    "elu": _plain_elu,
    "selu": _selu,
    "binary_tanh": _binary_tanh,
    "ternary_tanh": _ternary_tanh,
}

_PARAMETRIZED: dict[str, Callable[[Scope, int, CType], None]] = {
    "elu": _elu,
    "leaky_relu": _leaky_relu,
    "thresholded_relu": _thresholded_relu,
}
