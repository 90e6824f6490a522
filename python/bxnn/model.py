"""A model, and the way of arrays into and out of it."""

from __future__ import annotations

import json as json_text
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn import _core
from bxnn._core import Error, InputError, Tensor, UnsupportedError
from bxnn.document import located
from bxnn.places import replacing

Array = NDArray[Any]
Events = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]

FLOAT64_EXACT = 2**53


class Outputs(tuple[Array, ...]):
    """Results of a model with several outputs: a tuple in their order that may also be indexed by name."""

    names: tuple[str, ...]

    def __new__(cls, arrays: Sequence[Array], names: Sequence[str]) -> Outputs:
        outputs = super().__new__(cls, tuple(arrays))
        outputs.names = tuple(names)
        return outputs

    def __getnewargs__(self) -> tuple[tuple[Array, ...], tuple[str, ...]]:
        return tuple(self), self.names

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key not in self.names:
                raise KeyError(f"no output '{key}'; the outputs are {', '.join(self.names)}")
            key = self.names.index(key)
        return super().__getitem__(key)

    def __repr__(self) -> str:
        return f"Outputs({dict(zip(self.names, self, strict=True))})"


@dataclass(frozen=True)
class SelfTest:
    """Golden vectors of a model file, replayed at every instruction set that this CPU has.

    `levels` maps an instruction set to (values compared, values that differ).
    """

    events: int
    levels: dict[str, tuple[int, int]]

    @property
    def compared(self) -> int:
        return sum(compared for compared, _ in self.levels.values())

    @property
    def differing(self) -> int:
        return sum(differing for _, differing in self.levels.values())

    @property
    def ok(self) -> bool:
        return self.compared > 0 and self.differing == 0

    def __str__(self) -> str:
        levels = ", ".join(
            f"{isa}: {compared:,} values compared, {differing:,} differ"
            for isa, (compared, differing) in self.levels.items()
        )
        return f"{self.events:,} golden events; {levels}"


class Model:
    """A fixed-point network as exact integer operations; immutable, and safe to share between threads.

    Made by `Model.load` or `bxnn.convert`. Raw integers `r` of a tensor stand for `r * 2**-format.frac`.
    """

    __slots__ = ("_core", "_inputs", "_layers", "_names", "_outputs", "_reals_fit", "_shapes")

    def __init__(self, core: _core.Model) -> None:
        self._core = core
        self._inputs = tuple(core.inputs)
        self._outputs = tuple(core.outputs)
        self._names = tuple(t.name for t in self._outputs)
        self._layers = tuple(core.probes)
        self._shapes = [tuple(t.shape) for t in self._outputs + self._layers]
        self._reals_fit = all(float64_holds(t) for t in self._outputs)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a .bxnn file; 'package:NAME' is one that comes with bxnn.

        Raises ModelFileError if it is not one or is damaged, OSError if unreadable.
        """
        file = located(os.fspath(path))
        with file.open("rb"):
            pass  # the usual OSError where the file can't be read
        return cls(_core.Model.load(str(file)))

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Model:
        """The model whose `to_bytes` gave `data`. Raises ModelFileError."""
        return cls(_core.Model.from_bytes(bytes(data)))

    def to_bytes(self) -> bytes:
        """The content of the model's .bxnn file."""
        return self._core.to_bytes()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the .bxnn file; an existing file is replaced whole or not at all."""
        with replacing(Path(path)) as partial:
            partial.write_bytes(self.to_bytes())

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return Model.from_bytes, (self.to_bytes(),)

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def meta(self) -> dict[str, str]:
        """What the front end noted: origin, versions, hashes."""
        return dict(self._core.meta)

    @property
    def inputs(self) -> list[Tensor]:
        """Name, shape (without the batch), format and raw dtype of every input."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[Tensor]:
        """Name, shape (without the batch), format and raw dtype of every output."""
        return list(self._outputs)

    @property
    def layers(self) -> list[Tensor]:
        """The layers whose outputs `trace` gives, in the order of computation."""
        return list(self._layers)

    @property
    def golden_events(self) -> int:
        """Number of golden events that the model carries for `self_test`."""
        return self._core.golden_events

    def predict(self, x: Events, *, threads: int = 0, device: str = "cpu") -> Array | Outputs:
        """The firmware's answer for real numbers, as exact real numbers.

        x: one array for a model with one input (anything that NumPy takes as an array); otherwise a sequence
            of arrays in the order of `inputs`, or a mapping from input names. Shape `(*batch, *input shape)`
            or `(*batch, n)` with n elements an event; `*batch` may be empty and may hold zeros. Any real
            dtype; float32 and float64 are not copied when they are C-contiguous. Values are cast to the
            input's format with its own rounding and overflow.
        threads: 0 uses all CPUs.
        device: "cpu", or a GPU: "cuda", "cuda:1" (docs/howto/cuda.md). CuPy arrays, PyTorch's and
            others on a GPU are then read where they are, and the results lie on the GPU too.

        Returns float64 of shape `(*batch, *output shape)`; a tuple of them (`Outputs`, also indexed by name)
        if the model has several outputs. Raises InputError for a wrong shape or dtype, NaN or infinity, and
        UnsupportedError if an output has more bits than float64 holds.
        """
        if not self._reals_fit:
            for tensor in self._outputs:
                _require_float64_holds(tensor, "output")
        if device != "cpu":
            return self._results(self._on_gpu(x, device, raw=False))
        results = self._core.run_plain(x, False, threads)
        if results is None:
            results = self._evaluate(x, raw_in=False, raw_out=False, threads=threads)
        return self._results(results)

    def predict_raw(self, x: Events, *, threads: int = 0, device: str = "cpu") -> Array | Outputs:
        """The firmware's answer for raw integers, as raw integers in the narrowest dtype.

        x, device: as for `predict`, but x holds raw integers of the input's format, in any integer dtype.

        Returns arrays of `outputs[i].dtype`. Raises InputError for floats, and for integers outside the
        input's format, with the event index (batch axes counted in row-major order).
        """
        if device != "cpu":
            return self._results(self._on_gpu(x, device, raw=True))
        results = self._core.run_plain(x, True, threads)
        if results is None:
            results = self._evaluate(x, raw_in=True, raw_out=True, threads=threads)
        return self._results(results)

    def trace(
        self, x: Events, *, raw: bool = False, threads: int = 0, device: str = "cpu"
    ) -> dict[str, Array]:
        """Every layer's output, and the model's, by name.

        x, device: as for `predict`, or with raw=True as for `predict_raw`; the results are then raw integers
        too.
        An output of the same name as a layer appears once.
        """
        tensors = [*self._layers, *self._outputs]
        if not raw:
            for tensor in tensors:
                _require_float64_holds(tensor, "layer")
        if device != "cpu":
            arrays = self._on_gpu(x, device, raw=raw, trace=True)
        else:
            arrays = self._evaluate(x, raw_in=raw, raw_out=raw, trace=True, threads=threads)
        count = len(self._outputs)
        return {t.name: a for t, a in zip(tensors, arrays[count:] + arrays[:count], strict=True)}

    def with_golden(self, x: Events, *, raw: bool = False) -> Model:
        """A copy that carries these events and the reference executor's answers, for `self_test`.

        x: as for `predict`, or with raw=True as for `predict_raw`. Raises InputError as they do, and for
            no events.
        """
        _, arrays = self.events(x, raw=raw)
        if len(arrays[0]) == 0:
            raise InputError("golden vectors need at least one event, got none")
        golden = [
            array.astype(np.int64) if raw else _core.quantize_float(array, t.format)
            for array, t in zip(arrays, self._inputs, strict=True)
        ]
        return Model(self._core.with_golden(golden, None))

    def self_test(self) -> SelfTest:
        """Replay the model's golden vectors at every instruction set of this CPU.

        Raises Error if a single value differs, or if the model carries no golden vectors.
        """
        report = self.replay_golden()
        if not self.golden_events:
            raise Error(f"model '{self.name}' carries no golden vectors; add some with with_golden")
        if not report.ok:
            raise Error(f"model '{self.name}' does not give its golden outputs on this machine: {report}")
        return report

    def replay_golden(self) -> SelfTest:
        """As `self_test`, but a difference is only reported."""
        return SelfTest(self.golden_events, {isa: self._core.self_test(isa) for isa in _core.isa_levels()})

    @property
    def isa(self) -> str:
        """The instruction set that predictions use: the best of this CPU, or what BXNN_ISA or `tune` say."""
        return self._core.isa

    def tune(self, *, seconds: float = 0.5) -> Model:
        """A copy that uses the instruction set that is fastest here, found by measuring for so many seconds.

        The default is the best by name, which wins nearly always; answers are the same at every level. What
        was measured is of this machine alone and is not saved with the model.
        """
        if not 0 < seconds <= 3600:
            raise InputError(f"tune: expected up to 3600 seconds, got {seconds!r}")
        rng = np.random.default_rng(0)
        events = [_random_events(t, rng) for t in self._inputs]
        best = dict.fromkeys(_core.isa_levels(), float("inf"))
        end = perf_counter() + seconds
        while True:  # in turn, so that noise hits all levels alike
            for level in best:
                start = perf_counter()
                self._core.run(events, isa=level)
                best[level] = min(best[level], perf_counter() - start)
            if perf_counter() >= end:
                return Model(self._core.with_isa(min(best, key=best.__getitem__)))

    @overload
    def explain(self, *, json: Literal[False] = False) -> str: ...
    @overload
    def explain(self, *, json: Literal[True]) -> dict[str, Any]: ...
    def explain(self, *, json: bool = False) -> str | dict[str, Any]:
        """How each step is computed, and which proof allows it: a table, or with json=True its data.

        kernel: how it multiplies: by tiles, by pairs of 16-bit numbers, in plain lanes. cycles: expected, an
        event; counts of vector operations with weights measured on one CPU, to compare layers by.
        """
        document: dict[str, Any] = json_text.loads(self._core.explain())
        if json:
            return document
        from bxnn.explanation import as_table

        return as_table(document)

    def dump(self) -> str:
        """The graph as text, one operation a line."""
        return self._core.dump()

    def __repr__(self) -> str:
        def signature(tensors: tuple[Tensor, ...]) -> str:
            return ", ".join(f"{t.name}{list(t.shape)} {t.format}" for t in tensors)

        return f"<bxnn.Model '{self.name}': {signature(self._inputs)} -> {signature(self._outputs)}>"

    def _results(self, arrays: list[Array]) -> Array | Outputs:
        return arrays[0] if len(arrays) == 1 else Outputs(arrays, self._names)

    def _on_gpu(self, x: Events, device: str, *, raw: bool, trace: bool = False) -> list[Array]:
        from bxnn import cuda

        return cuda.outputs(self, x, device, raw=raw, trace=trace)

    def _evaluate(
        self, x: Events, *, raw_in: bool, raw_out: bool, trace: bool = False, threads: int = 0
    ) -> list[Array]:
        """Outputs, then with trace the layers, each of shape (*batch, *shape)."""
        if not isinstance(threads, int | np.integer) or threads < 0:
            raise InputError(f"threads: expected 0 for all CPUs, or a number of threads, got {threads!r}")
        batch, arrays = self.events(x, raw=raw_in)
        results = self._core.run(arrays, real=not raw_out, trace=trace, threads=threads)
        return [
            array if array.shape == (wanted := batch + shape) else array.reshape(wanted)
            for shape, array in zip(self._shapes, results, strict=False)
        ]

    def events(self, x: Events, *, raw: bool) -> tuple[tuple[int, ...], list[Array]]:
        """The batch shape of x, and for every input a C-contiguous [N, n] array that the core reads.

        The arrays are views of x wherever its memory layout and dtype allow. raw: as in `predict_raw`.
        """
        inputs = self._inputs
        given = [_plain_array(a, t) for a, t in zip(self._by_input(x), inputs, strict=True)]
        batches = [_batch_shape(a, t) for a, t in zip(given, inputs, strict=True)]
        for tensor, batch in zip(inputs, batches, strict=True):
            if batch != batches[0]:
                raise InputError(
                    f"input '{tensor.name}': expected the batch shape {batches[0]} of input "
                    f"'{inputs[0].name}', got {batch}; give every input the same events"
                )
        accept = _raw_integers if raw else _real_numbers
        flat = [
            accept(a, t).reshape(prod(batches[0]), prod(t.shape)) for a, t in zip(given, inputs, strict=True)
        ]
        return batches[0], flat

    def _by_input(self, x: Events) -> Sequence[ArrayLike]:
        names = [tensor.name for tensor in self._inputs]
        if isinstance(x, Mapping):
            if set(x) != set(names):
                raise InputError(f"expected arrays for the inputs {names}, got {sorted(map(str, x))}")
            return [x[name] for name in names]
        if len(names) == 1:
            return [x]  # type: ignore[list-item]
        if not isinstance(x, (list, tuple)) or len(x) != len(names):
            count = f"{len(x)}" if isinstance(x, (list, tuple)) else f"one {type(x).__name__}"
            raise InputError(
                f"expected {len(names)} arrays for the inputs {names}, got {count}; pass a list or a dict"
            )
        return x


def _random_events(tensor: Tensor, rng: np.random.Generator) -> Array:
    fmt = tensor.format
    return rng.integers(fmt.min_raw, fmt.max_raw, (4800, prod(tensor.shape)), tensor.dtype, endpoint=True)


def float64_holds(tensor: Tensor) -> bool:
    """Whether every number of the tensor's format is a float64."""
    return max(tensor.format.max_raw, -tensor.format.min_raw) <= FLOAT64_EXACT


def _require_float64_holds(tensor: Tensor, kind: str) -> None:
    if not float64_holds(tensor):
        raise UnsupportedError(
            f"{kind} '{tensor.name}' is {tensor.format}: float64 holds 53 of its {tensor.format.width} bits; "
            "use predict_raw or trace(raw=True), whose integers are exact"
        )


def _plain_array(x: ArrayLike, tensor: Tensor) -> Array:
    if np.ma.is_masked(x):
        raise InputError(f"input '{tensor.name}': got masked values; fill them first")
    try:
        return np.asarray(x)
    except (TypeError, ValueError) as error:
        raise InputError(f"input '{tensor.name}': expected an array of numbers: {error}") from None


def _batch_shape(array: Array, tensor: Tensor) -> tuple[int, ...]:
    shape, full = array.shape, tuple(tensor.shape)
    as_full = shape[len(shape) - len(full) :] == full and len(shape) >= len(full)
    as_flat = len(full) > 1 and shape[-1:] == (prod(full),)
    if as_full and as_flat and len(shape) == len(full):
        raise InputError(
            f"input '{tensor.name}': {shape} may be one event of shape {full} or a batch of flat events; "
            f"reshape to (1, {', '.join(map(str, full))}) to say which"
        )
    if as_full:
        return shape[: len(shape) - len(full)]
    if as_flat:
        return shape[:-1]
    dims = ", ".join(map(str, full))
    flat = f" or (..., {prod(full)})" if len(full) > 1 else ""
    raise InputError(f"input '{tensor.name}': expected shape (..., {dims}){flat}, got {shape}")


def _real_numbers(array: Array, tensor: Tensor) -> Array:
    """C-contiguous float32 or float64 of the same values; at most one copy."""
    kind, dtype = array.dtype.kind, array.dtype
    if kind == "f" and dtype.itemsize <= 8:
        return _packed(array, np.dtype(np.float64 if dtype.itemsize == 8 else np.float32))
    if kind not in "fiub":
        raise InputError(f"input '{tensor.name}': expected real numbers, got dtype {dtype}")
    exact = _packed(array, np.dtype(np.float64))
    if dtype.itemsize >= 8:
        lost = np.isfinite(array) & (exact.astype(dtype) != array) if kind == "f" else _beyond_float64(array)
        _refuse_first(lost, array, tensor, "a number that float64 holds exactly (predict_raw takes 64 bits)")
    return exact


def _beyond_float64(array: Array) -> NDArray[np.bool_]:
    beyond: NDArray[np.bool_] = array > FLOAT64_EXACT
    return beyond if array.dtype.kind == "u" else beyond | (array < -FLOAT64_EXACT)


def _raw_integers(array: Array, tensor: Tensor) -> Array:
    """C-contiguous native integers of the same values; at most one copy."""
    if array.dtype.kind not in "iub":
        raise InputError(
            f"input '{tensor.name}': expected raw integers of {tensor.format} "
            f"(value * 2**{tensor.format.frac}), got dtype {array.dtype}; real numbers go to predict"
        )
    dtype = np.dtype(np.uint8) if array.dtype.kind == "b" else array.dtype.newbyteorder("=")
    return _packed(array, dtype)


def _packed(array: Array, dtype: np.dtype[Any]) -> Array:
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])


def _refuse_first(refused: NDArray[np.bool_], array: Array, tensor: Tensor, expected: str) -> None:
    if refused.any():
        flat = int(np.argmax(refused))
        event, feature = divmod(flat, prod(tensor.shape))
        value = array.reshape(-1)[flat]
        raise InputError(
            f"input '{tensor.name}', event {event}, feature {feature}: expected {expected}, got {value}"
        )
