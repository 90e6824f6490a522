"""The native core against the interpreter, on random graphs, on every instruction set of this CPU.

Reproduce a failure with `compare(seed)`; BXNN_FUZZ_N is the number of seeds, BXNN_FUZZ_FIRST the first.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from .fx import OVERFLOWS, ROUNDS, Format, quantize_array, quantize_float_array
from .interpreter import SpecBuilder
from .random_graphs import edge_biased, random_floats, random_graph, random_inputs

core: Any = pytest.importorskip("bxnn._core")

FIRST = int(os.environ.get("BXNN_FUZZ_FIRST", "0"))
COUNT = int(os.environ.get("BXNN_FUZZ_N", "60"))
EVENTS = (1, 2, 3, 7, 16, 31, 33, 64, 65, 100, 130, 300)


class TwinBuilder:
    """Drives the interpreter's and the native builder together; their ids and inferred types must agree."""

    def __init__(self, name: str) -> None:
        self.spec, self.native = SpecBuilder(name), core.Builder(name)

    def __getattr__(self, method: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            expected = getattr(self.spec, method)(*args, **kwargs)
            if method in ("format_of", "shape_of"):
                return expected
            got = getattr(self.native, method)(
                *map(native_argument, args), **{k: native_argument(v) for k, v in kwargs.items()}
            )
            assert got == expected, f"{method}: native id {got}, expected {expected}"
            if got is not None:
                self.check_type(method, got)
            return expected

        return call

    def check_type(self, method: str, x: int) -> None:
        native, spec = self.native.format_of(x), self.spec.format_of(x)
        assert grid(native) == grid(spec), f"{method}, value {x}: native type {native}, expected {spec}"
        assert tuple(self.native.shape_of(x)) == self.spec.shape_of(x), f"{method}, value {x}"


def grid(fmt: Any) -> tuple[int, int, bool]:
    return fmt.width, fmt.integer, fmt.signed


def native_argument(value: Any) -> Any:
    """Spec formats, alone or in a list, as native ones."""
    if isinstance(value, Format):
        return core.Format(value.width, value.integer, value.signed, value.round, value.overflow)
    if isinstance(value, list):
        return [native_argument(v) for v in value]
    return value


def compare(seed: int) -> None:
    """Build one random graph twice and compare every output and probe on every level."""
    rng = np.random.default_rng(seed)
    twin = TwinBuilder(f"seed {seed}")
    random_graph(rng, twin)
    spec, native = twin.spec.build(), twin.native.build()
    if rng.random() < 0.3:
        native = core.Model.from_bytes(native.to_bytes())
    events = int(rng.choice(EVENTS))
    single = [np.clip(x, -3e38, 3e38).astype(np.float32) for x in random_floats(rng, spec, events)]
    for inputs in (random_inputs(rng, spec, events), random_floats(rng, spec, events), single):
        expected = spec.run(inputs, trace=True)
        for isa in ["reference", *core.isa_levels()]:
            for trace in (False, True):
                threads = int(rng.choice([1, 1, 2]))
                got = native.run(inputs, isa=isa, trace=trace, threads=threads)
                where = f"seed {seed}, isa {isa}, trace {trace}, {threads} threads, {inputs[0].dtype} inputs"
                equal(got, expected, spec.outputs + (spec.probes if trace else []), where)


def equal(got: list[Any], expected: list[Any], tensors: list[Any], where: str) -> None:
    assert len(got) == len(tensors), f"{where}: {len(got)} results, expected {len(tensors)}"
    for x, y, tensor in zip(got, expected[: len(tensors)], tensors, strict=True):
        assert x.shape == y.shape, f"{where}: '{tensor.name}' has shape {x.shape}, expected {y.shape}"
        different = np.argwhere(x.astype(object) != y)
        if len(different):
            at = tuple(different[0])
            raise AssertionError(
                f"{where}: '{tensor.name}' {tensor.format} differs in {len(different)} of {y.size} values, "
                f"first at [event, element] {at}: {x[at]}, expected {y[at]}"
            )


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("round", ROUNDS)
def test_casts(round: str, overflow: str) -> None:
    """The native casts of raw integers and of floats, every mode, narrow and wide."""
    rng = np.random.default_rng(0)
    small = np.arange(-300, 300)
    for _ in range(60):
        # the results are int64
        width = int(rng.choice([1, 2, 3, 8, 16, 31, 32, 33, 62, 63]))
        fmt = Format(width, int(rng.integers(-5, width + 6)), bool(rng.random() < 0.6), round, overflow)
        frac_from = fmt.frac + int(rng.integers(-30, 40))
        raw = np.concatenate([small, edge_biased(rng, -(2**63), 2**63 - 1, (100,))])
        got = core.quantize(raw, frac_from, native_argument(fmt))
        assert got.tolist() == quantize_array(raw, frac_from, fmt).tolist(), (fmt, frac_from)
        real = np.ldexp(rng.integers(-40, 40, 200) / 4, rng.integers(-3, width + 3, 200) - fmt.frac)
        got = core.quantize_float(real, native_argument(fmt))
        assert got.tolist() == quantize_float_array(real, fmt).tolist(), fmt


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_random_graph(seed: int) -> None:
    compare(seed)
