"""LSTM, GRU and Bidirectional: `nnet_recurrent.h`, unrolled over the time steps.

The headers' static state is reset at the first step of every event, so that both variants compute the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import activations
from .code import Config, structs
from .dense import dense_filters
from .emit import Emit, Tensor
from .formats import C_INT, CType
from .inner import inner_scope
from .scope import Scope
from .sums import weighted_sums

_ACTIVATIONS = ("relu", "sigmoid", "tanh")
_WEIGHTS = ("weight", "recurrent_weight", "bias", "recurrent_bias")


class State(NamedTuple):
    """Values of h, and of an LSTM's s, in the result's type."""

    h: int
    s: int


@dataclass(frozen=True)
class Cell:
    """One recurrent network: its configuration, the structs that this names, and its weights."""

    scope: Scope
    kind: str
    config: Config
    structs: Mapping[str, str]
    weights: Mapping[str, Any]

    @property
    def n_state(self) -> int:
        return self.config.number("n_state")

    @property
    def accum(self) -> CType:
        return self.scope.named(self.config.text("accum_t"))

    def sums(self, which: int, x: Tensor, steps: int) -> int:
        """The gates [steps][gate][state] of the dense layer `mult_config<which>` over every step of x."""
        accum = self.config.text("accum_t")
        prefix = "recurrent_" if which == 2 else ""
        inner = inner_scope(
            self.scope,
            self.structs[self.config.text(f"mult_config{which}")],
            x,
            accum,
            (steps, _KINDS[self.kind].gates * self.n_state),
            weights={"weight": self.weights[f"{prefix}weight"], "bias": self.weights[f"{prefix}bias"]},
            attributes={"resource_unrolled_dense_codegen": self._unrolled(which)},
        )
        n_in, n_out = inner.number("n_in"), inner.number("n_out")
        if steps * n_in != x.size or n_out != _KINDS[self.kind].gates * self.n_state:
            self.scope.refuse(f"its dense layer of {n_in} inputs and {n_out} outputs does not fit it")
        if inner.config.word("product") in ("data_binary", "both_binary") and not x.type.is_bit:
            # hls4ml chooses both products by the type of the input
            self.scope.refuse("its recurrent product is one of bits, which its state is not")
        kernel, reuse_factor = inner.config.word("kernel"), inner.number("reuse_factor")
        if kernel.startswith("DenseResource") and kernel.endswith("leq_nin") != (reuse_factor <= n_in):
            # hls4ml chooses both kernels by the reuse factor of the first
            self.scope.refuse(
                f"C-simulation stops with an assertion: the kernel {kernel} of its product {which} "
                f"is not one for {n_in} inputs and a reuse factor of {reuse_factor}; use a smaller one"
            )
        taps = np.arange(steps * n_in).reshape(steps, 1, n_in)
        return weighted_sums(inner, taps, dense_filters(inner, n_in, n_out))

    def _unrolled(self, which: int) -> Any:
        return self.scope.node.get_attr(f"resource_unrolled_dense_codegen_{which}")

    def activate(self, member: str, recurrent: bool, value: int, kind: CType) -> int:
        """The activation of the configuration struct behind `member`, from `kind` to accum_t."""
        function = self.config.text("activation_recr" if recurrent else "activation")
        if function not in _ACTIVATIONS:
            self.scope.refuse(
                f"C-simulation does not compile: recurrent layers have no activation '{function}'; "
                f"supported are {', '.join(_ACTIVATIONS)}"
            )
        struct = self.config.text(member)
        shape = tuple(self.scope.emit.builder.shape_of(value))
        inner = inner_scope(
            self.scope,
            self.structs[struct],
            Tensor(value, kind, shape, 0),
            self.config.text("accum_t"),
            shape,
            function=f"nnet::{function}<data_T, res_T, {struct}>(data, res);",
        )
        activations.plain(inner)
        return inner.made["res"].value


def lstm(scope: Scope) -> None:
    """`lstm_stack`."""
    _recurrent(scope, "LSTM")


def gru(scope: Scope) -> None:
    """`gru_stack`; the reset gate is applied after the recurrent product, whatever the model says."""
    _recurrent(scope, "GRU")


def _recurrent(scope: Scope, kind: str) -> None:
    if scope.call.function != f"{kind.lower()}_stack":
        scope.refuse(f"unknown function '{scope.call.function}'")
    parts = structs(str(scope.node.get_attr("config_cpp")))
    config = Config(parts[scope.call.types[-1]])
    cell = Cell(scope, kind, config, parts, {key: scope.node.weights[key] for key in _WEIGHTS})
    if kind == "LSTM":
        # where the variant with static state is called, the other one is compiled too
        _require_one_type(cell)
    start = _initial_state(cell)
    x = scope.inputs[0]
    _require_shape(scope, config, x, config.number("n_state"))
    states = _run(cell, x, list(range(config.number("n_sequence"))), start)
    _finish(scope, config, [state.h for state in states])


def bidirectional(scope: Scope) -> None:
    """`bidirectional_stack`: one cell from the first step to the last, one from the last to the first."""
    if scope.call.function != "bidirectional_stack":
        scope.refuse(f"unknown function '{scope.call.function}'")
    if scope.stream:
        scope.refuse("C-simulation does not compile: Bidirectional exists in io_parallel only")
    parts = structs(str(scope.node.get_attr("config_cpp")))
    config = Config(parts[scope.call.types[-1]])
    steps = list(range(config.number("n_sequence")))
    cells = [_direction(scope, config, parts, name) for name in ("forward", "backward")]
    n_out = sum(cell.n_state for cell in cells)
    _require_shape(scope, config, scope.input, n_out)
    outputs = []
    for cell, order in zip(cells, (steps, steps[::-1]), strict=True):
        states = _run(cell, scope.input, order, _zero_state(cell))
        in_time = [state.h for _, state in sorted(zip(order, states, strict=True))]
        outputs.append(in_time if config.number("n_sequence_out") > 1 else [states[-1].h])
    each = [scope.emit.gather(pair, np.arange(n_out), (n_out,)) for pair in zip(*outputs, strict=True)]
    _finish(scope, config, each)


def _direction(scope: Scope, config: Config, parts: Mapping[str, str], name: str) -> Cell:
    function = config.text(f"RNNfunc_{name}").split("::")[-1]
    kind = function.split("_")[0].upper()
    if function not in ("lstm_class", "lstm_class_static", "gru_class", "gru_class_static"):
        scope.refuse(f"its {name} layer '{function}' is not supported; supported are LSTM, GRU")
    weights = {key: scope.node.weights[f"{name}_{key}"] for key in _WEIGHTS}
    cell = Cell(scope, kind, Config(parts[config.text(f"{name.upper()}_CONFIG")]), parts, weights)
    if function == "lstm_class":
        _require_one_type(cell)
    return cell


def _require_one_type(cell: Cell) -> None:
    """The variant of an LSTM without static state hands arrays of all three types to the same parameters."""
    kinds = [cell.scope.inputs[0].type, cell.accum, cell.scope.result()]
    if len(set(kinds)) > 1:
        cell.scope.refuse(
            "C-simulation does not compile: an LSTM needs one type for its input, its accumulator and its "
            f"result, they are {', '.join(map(str, kinds))}; make them equal"
        )


def _zero_state(cell: Cell) -> State:
    zeros = cell.scope.emit.constant(np.zeros(cell.n_state, dtype=np.int64), cell.scope.result())
    return State(zeros, zeros)


def _initial_state(cell: Cell) -> State:
    """Zeros, or what further inputs hold; the header uses their arrays for the states that follow."""
    scope = cell.scope
    if len(scope.call.types) == 3:
        return _zero_state(cell)
    states, result = scope.inputs[1:], scope.result()
    if len(states) != len(_KINDS[cell.kind].states) or any(t.size != cell.n_state for t in states):
        scope.refuse(
            f"its initial states have shapes {[t.shape for t in states]}, expected ({cell.n_state},)"
        )
    kinds = [scope.named(cell.weights[key].type.name) for key in _WEIGHTS]
    faults = [t.type for t in states if t.type != result]
    if scope.stream or faults or kinds[0] != kinds[1] or kinds[2] != kinds[3]:
        scope.refuse(
            "C-simulation does not compile: with initial states it needs io_parallel, states of the result's "
            f"type {result}, and the same types for weights and recurrent weights and for both biases"
        )
    for name in scope.node.inputs[1:]:
        readers = [n for n in scope.node.model.get_layers() if name in n.inputs and n is not scope.node]
        if readers or scope.node.inputs.count(name) > 1 or name in scope.node.model.outputs:
            scope.refuse(f"C-simulation overwrites its initial state '{name}', which is used elsewhere too")
    return State(states[0].value, states[-1].value)


def _require_shape(scope: Scope, config: Config, x: Tensor, n_out: int) -> None:
    """The loops must read the whole input, in words of one step, and write the whole output."""
    n_in, steps = config.number("n_in"), config.number("n_sequence")
    written = config.number("n_sequence_out") * n_out
    size = int(np.prod(scope.shape()))
    if x.size != steps * n_in or size != written:
        scope.refuse(
            f"it reads {steps} steps of {n_in} elements and writes {written} elements, but its input has "
            f"{x.size} and its output {size}; C-simulation goes beyond its arrays"
        )
    if scope.stream and (x.pack != n_in or scope.pack() != n_out):
        scope.refuse(
            f"its streams carry {x.pack} and {scope.pack()} elements a word, expected a step of {n_in} and "
            f"a state of {n_out}"
        )


def _run(cell: Cell, x: Tensor, order: Sequence[int], state: State) -> list[State]:
    """The states after every step, the steps taken in `order`."""
    emit, kind = cell.scope.emit, _KINDS[cell.kind]
    size = kind.gates * cell.n_state
    products = cell.sums(1, x, len(order))
    states = []
    for step in order:
        own = emit.gather([products], np.arange(size) + step * size, (size,))
        h = Tensor(state.h, cell.scope.result(), (cell.n_state,), 0)
        state = kind.step(cell, own, cell.sums(2, h, 1), state)
        states.append(state)
    return states


def _lstm_step(cell: Cell, own: int, recurrent: int, state: State) -> State:
    """s = c i + s f and h = o activation(s), of the gates i, f, c, o."""
    emit, accum, result, n = cell.scope.emit, cell.accum, cell.scope.result(), cell.n_state
    gates = emit.binary("add", own, recurrent, accum + accum, accum)
    i_f_o = _part(emit, gates, [*range(2 * n), *range(3 * n, 4 * n)])
    sigma = cell.activate("ACT_CONFIG_LSTM", True, i_f_o, accum)
    candidate = cell.activate("ACT_CONFIG_T", False, _part(emit, gates, range(2 * n, 3 * n)), accum)
    taken = emit.binary("mul", candidate, _part(emit, sigma, range(n)))
    kept = emit.binary("mul", state.s, _part(emit, sigma, range(n, 2 * n)))
    s = emit.binary("add", taken, kept, accum * accum + result * accum, result)
    squashed = cell.activate("ACT_CONFIG_T", False, s, result)
    h = emit.binary("mul", _part(emit, sigma, range(2 * n, 3 * n)), squashed, accum * accum, result)
    return State(h, s)


def _gru_step(cell: Cell, own: int, recurrent: int, state: State) -> State:
    """h = candidate (1 - z) + h z, the candidate from r times the recurrent product."""
    emit, accum, result, n = cell.scope.emit, cell.accum, cell.scope.result(), cell.n_state
    first, both = _part(emit, own, range(2 * n)), _part(emit, recurrent, range(2 * n))
    sigma = cell.activate(
        "ACT_CONFIG_GRU", True, emit.binary("add", first, both, accum + accum, accum), accum
    )
    halves = [_part(emit, sigma, range(n)), _part(emit, sigma, range(n, 2 * n))]
    z, r = halves[::-1] if cell.config.text("pytorch_order") == "true" else halves
    memory = emit.binary("mul", r, _part(emit, recurrent, range(2 * n, 3 * n)), accum * accum, accum)
    total = emit.binary("add", _part(emit, own, range(2 * n, 3 * n)), memory, accum + accum, accum)
    candidate = cell.activate("ACT_CONFIG_T", False, total, accum)
    rest = emit.binary("sub", emit.integer(1), z)
    taken, kept = emit.binary("mul", candidate, rest), emit.binary("mul", state.h, z)
    h = emit.binary("add", taken, kept, accum * (C_INT - accum) + result * accum, result)
    return State(h, h)


def _part(emit: Emit, value: int, places: Sequence[int]) -> int:
    return emit.gather([value], places, (len(places),))


def _finish(scope: Scope, config: Config, each: Sequence[int]) -> None:
    """All steps one after the other, or the last one alone."""
    kept = each if config.number("n_sequence_out") > 1 else each[-1:]
    size = int(np.prod(scope.shape()))
    scope.finish(scope.emit.gather(kept, np.arange(size), (size,)))


class Kind(NamedTuple):
    """Gates of a cell, the states it keeps, and one step of it: (cell, own sums, recurrent sums, state)."""

    gates: int
    states: str
    step: Callable[[Cell, int, int, State], State]


_KINDS = {"LSTM": Kind(4, "hs", _lstm_step), "GRU": Kind(3, "h", _gru_step)}
