"""The native core. Arrays are NumPy arrays; raw integers are int64 unless a narrower dtype is stated."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__version__: str

class Error(RuntimeError):
    """Base of all errors raised by bxnn."""

class InputError(Error, ValueError):
    """Data handed to a model does not fit it: shape, dtype, range, NaN or infinity."""

class ModelFileError(Error):
    """A .bxnn file is truncated, damaged, of an unknown version, or hostile."""

class GraphError(Error):
    """A graph breaks a rule of the IR (docs/spec/ir.md)."""

class UnsupportedError(Error):
    """The model uses something that bxnn does not reproduce exactly, so it refuses."""

class Format:
    """ap_[u]fixed<width, integer, round, overflow>; value = raw * 2**-frac, frac = width - integer."""

    def __init__(
        self, width: int, integer: int, signed: bool = True, round: str = "TRN", overflow: str = "WRAP"
    ) -> None: ...
    @staticmethod
    def parse(text: str) -> Format:
        """Read C++ or hls4ml spelling: 'ap_fixed<16,6,AP_RND,AP_SAT,0>', 'ufixed<8,2>', 'int<4>'."""
    @property
    def width(self) -> int: ...
    @property
    def integer(self) -> int: ...
    @property
    def frac(self) -> int: ...
    @property
    def signed(self) -> bool: ...
    @property
    def round(self) -> str: ...
    @property
    def overflow(self) -> str: ...
    @property
    def min_raw(self) -> int: ...
    @property
    def max_raw(self) -> int: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

def quantize(raw: ArrayLike, frac_from: int, fmt: Format) -> NDArray[np.int64]:
    """Cast raw * 2**-frac_from to fmt; shape kept."""

def quantize_float(x: ArrayLike, fmt: Format) -> NDArray[np.int64]:
    """Cast the exact binary values of float64 x to fmt; NaN and infinities raise InputError."""

def libm(function: str, x: ArrayLike) -> NDArray[np.float64]:
    """The C library's function ('exp', 'expf', 'tanh', 'tanhf', 'log', 'logf', ...) on every element.

    Functions ending in f take and give float; x is rounded to float first.
    """

class Builder:
    """Builds a graph, one operation a call; every method returns the id of the value it makes.

    The meaning of each operation and attribute: docs/spec/ir.md.
    """

    def __init__(self, name: str = "") -> None: ...
    def set_meta(self, key: str, value: str) -> None: ...
    def format_of(self, x: int) -> Format:
        """Type of a value (modes TRN, WRAP)."""
    def shape_of(self, x: int) -> tuple[int, ...]: ...
    def input(self, name: str, shape: Sequence[int], fmt: Format) -> int: ...
    def constant(self, raw: ArrayLike, type: Format, name: str = "") -> int: ...
    def cast(self, x: int, fmt: Format | Sequence[Format], *, shift: int = 0, name: str = "") -> int: ...
    def dot(
        self,
        x: int,
        weights: ArrayLike,  # int64 [G, F, K], [F, K] for G = 1
        w_frac: int,
        bias: ArrayLike | None = None,  # int64 [G, F]; None: zero
        b_frac: int = 0,
        *,
        index: ArrayLike | None = None,  # int32 [P, K]; None: P = 1, K = n, identity
        group: ArrayLike | None = None,  # int32 [P]; None: all zero
        product: Format | None = None,
        accum: Format | None = None,
        shape: Sequence[int] | None = None,  # of the result; None: [P * F]
        name: str = "",
    ) -> int: ...
    def gather(
        self,
        xs: Sequence[int],
        index: ArrayLike,
        *,
        fill: int = 0,
        shape: Sequence[int] | None = None,
        name: str = "",
    ) -> int: ...
    def lut(self, x: int, table: ArrayLike, first: int, type: Format, *, name: str = "") -> int: ...
    def binary(self, kind: str, a: int, b: int, fmt: Format | None = None, *, name: str = "") -> int: ...
    def select(self, c: int, a: int, b: int, fmt: Format | None = None, *, name: str = "") -> int: ...
    def reduce(
        self,
        kind: str,
        x: int,
        outer: int,
        size: int,
        inner: int,
        *,
        accum: Format | None = None,
        order: str = "sequential",
        shape: Sequence[int] | None = None,
        name: str = "",
    ) -> int: ...
    def probe(self, x: int, layer: str) -> None: ...
    def output(self, x: int, name: str) -> None: ...
    def build(self) -> Model:
        """Verify the graph, prove ranges, plan; raises GraphError or UnsupportedError."""

class Tensor:
    """Name, shape and format of an input, an output or a traced layer."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def format(self) -> Format: ...
    @property
    def dtype(self) -> np.dtype[Any]:
        """Narrowest of int8, int16, int32, int64 (unsigned: uint8 …) that holds the raw integers."""

class Model:
    """Immutable; may be used from any number of threads at once."""

    @staticmethod
    def load(path: str) -> Model: ...
    @staticmethod
    def from_bytes(data: bytes) -> Model: ...
    def to_bytes(self) -> bytes: ...
    def with_golden(self, inputs: Sequence[ArrayLike], outputs: Sequence[ArrayLike] | None) -> Model:
        """A copy with these raw inputs and outputs, [N, n] int64; None: outputs of the reference executor."""
    def with_meta(self, key: str, value: str) -> Model: ...
    @property
    def name(self) -> str: ...
    @property
    def meta(self) -> dict[str, str]: ...
    @property
    def inputs(self) -> list[Tensor]: ...
    @property
    def outputs(self) -> list[Tensor]: ...
    @property
    def probes(self) -> list[Tensor]: ...
    @property
    def golden_events(self) -> int: ...
    def run(
        self,
        inputs: Sequence[NDArray[Any]],  # an input each: [N, n], C-contiguous, (u)int8..64 raw or float real
        *,
        real: bool = False,  # outputs as float64 numbers instead of raw integers
        trace: bool = False,  # also the probes, after the outputs
        threads: int = 1,  # 0: all CPUs
        isa: str = "",  # "" = best; or one of isa_levels(); "reference" = the scalar executor
    ) -> list[NDArray[Any]]: ...
    def with_isa(self, isa: str) -> Model:
        """A copy that predicts at that level; "": the active one. Raises InputError if it is not usable."""
    @property
    def isa(self) -> str: ...
    def run_plain(self, x: object, raw: bool, threads: object) -> list[NDArray[Any]] | None:
        """The outputs [N, *output shape] for an ordinary batch [N, *shape] of a model's only input.

        None where x or the model is anything else: only `run` and its checks tell why.
        """
    def self_test(self, isa: str = "") -> tuple[int, int]:
        """Replay the golden vectors: (values compared, values that differ)."""
    def explain(self, isa: str = "") -> str:
        """One JSON document: of each planned step its layer, kernel, expected cycles, lanes and proof."""
    def flat_plan(self, trace: bool = False) -> bytes:
        """The proven plan as plain data, for libbxnn_cuda; trace: with the probes as further outputs."""
    def explain_cuda(self) -> str:
        """One JSON document: which kernel carries out the plan on GPUs, and why."""
    def dump(self) -> str:
        """The graph as text, one operation a line."""

def isa_levels() -> list[str]:
    """Instruction sets usable on this CPU, slowest first: 'portable', 'avx2', 'avx512', ..."""

def active_isa() -> str:
    """The level in use: the best, or what the environment variable BXNN_ISA forces."""

class Stage:
    """A stage of a stream: docs/spec/stream.md. seeds: (name, keep, after) of every bit of `seeds`."""

    def __init__(
        self,
        *,
        name: str,
        model: Model,
        seeds: Sequence[tuple[str, int, int]],
        dead_time: Sequence[tuple[int, int]],
        number: int,
        histogram_bits: int,
        batch: int,
        deadline_ns: int,
        budget_ns: int,
        ring: int,
        threads: int,
        isa: str,
        predict: Callable[[list[NDArray[Any]]], Sequence[NDArray[Any]]] | None = None,
    ) -> None: ...

class Engine:
    """Streams of crossings through stages of a trigger: docs/spec/stream.md."""

    def __init__(
        self,
        *,
        inputs: Sequence[tuple[str, int, np.dtype[Any]]],
        stages: Sequence[Stage],
        filled: NDArray[np.bool_] | None = None,
        rate: float | None = None,
        lag_ns: int = 10_000_000,
        one_thread: bool = False,
        keep_accepted: bool = False,
        accepted_ring: int = 64,
        section_orbits: int = 1 << 18,
        first: int = 0,
    ) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    @property
    def stopped(self) -> bool: ...
    def put(self, rows: Sequence[NDArray[Any]], crossings: NDArray[np.uint64] | None = None) -> int:
        """How many have arrived: all, unless it is stopped."""
    def put_shared(self, ring: SharedRing, seconds: float) -> int:
        """Take batches that come within the time; how many events, -1 at the end."""
    def replay(self, rows: Sequence[NDArray[Any]], crossings: int, at: int = 0) -> None: ...
    def flush(self) -> None: ...
    def finish(self) -> None: ...
    def swap(self, stage: int, next: Stage, orbit: int = 0) -> None: ...
    def take(
        self, seconds: float
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], list[NDArray[Any]]] | None: ...
    def books(self, histograms: bool = True) -> dict[str, Any]: ...
    def save(self) -> bytes: ...
    def restore(self, state: bytes) -> None: ...

class SharedRing:
    """Events from another process through shared memory: one writer, one reader; docs/spec/stream.md."""

    @staticmethod
    def create(
        name: str, inputs: Sequence[tuple[str, int, np.dtype[Any]]], batch: int = 1024, slots: int = 64
    ) -> SharedRing:
        """The reader's: takes the name ('/trigger') until the object is gone. Raises InputError."""
    @staticmethod
    def open(name: str) -> SharedRing:
        """The writer's. Raises InputError if there is none, or it has a writer."""
    @property
    def inputs(self) -> list[tuple[str, int, np.dtype[Any]]]: ...
    def write(
        self, rows: Sequence[NDArray[Any]], crossings: NDArray[np.uint64] | None = None, seconds: float = 1.0
    ) -> int:
        """Copy events [N, elements] of every input; how many found room in time."""
    def close(self) -> None:
        """No more will come."""
    @property
    def ended(self) -> bool: ...

def prescale_hash(number: int, seed: int, crossing: int) -> int:
    """The number, of 2**64, that decides on a prescaled seed: docs/spec/stream.md."""

def histogram_bins(values: NDArray[np.int64], bits: int) -> tuple[int, int, NDArray[np.uint64]]:
    """(bits, first bin, counts) of a histogram of int64 values."""
