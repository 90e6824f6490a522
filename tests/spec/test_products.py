"""Sums of products, which scores are made of: every kernel that adds them, at the ends of its conditions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .fx import Format
from .random_graphs import edge_biased, max_raw, min_raw
from .test_spec_native import TwinBuilder, core, equal

CASES = [  # formats of x and y (None: x itself), elements, of a sum, how it is added
    (Format(16, 16, True), None, 8, 8, ("pairs", "int64")),  # two squares: 2^31, unsigned
    (Format(16, 16, True), None, 12, 4, ("pairs", "int64")),
    (
        Format(15, 15, True),
        Format(16, 16, True),
        6,
        6,
        ("pairs", "int64"),
    ),  # two products: at least -2^30 * 2
    (Format(15, 15, False), Format(15, 15, True), 6, 6, ("pairs", "int64")),
    (
        Format(16, 16, True),
        Format(16, 16, True),
        6,
        6,
        ("lanes", "int64"),
    ),  # two products: 2^31 or -2^31 + ...
    (Format(13, 13, True), Format(13, 13, True), 64, 32, ("pairs", "int32")),
    (Format(8, 8, False), None, 2, 2, ("pairs", "int32")),
    (Format(16, 16, True), None, 7, 7, ("lanes", "int64")),  # an odd number
    (Format(17, 17, True), None, 57, 57, ("lanes", "int64")),
    (Format(32, 32, True), None, 5, 5, ("lanes", "int128")),
    (Format(31, 31, False), Format(9, 9, True), 10, 5, ("lanes", "int64")),
    (Format(40, 40, True), None, 4, 2, ("lanes", "int128")),
]


@pytest.mark.parametrize(("x", "y", "n", "size", "kernel"), CASES)
def test_sums_of_products(x: Format, y: Format | None, n: int, size: int, kernel: tuple[str, str]) -> None:
    rng = np.random.default_rng(n)
    twin = TwinBuilder("products")
    formats = [x] if y is None else [x, y]
    values = [twin.input(f"x{i}", [n], fmt) for i, fmt in enumerate(formats)]
    total = twin.reduce("sum", twin.binary("mul", values[0], values[-1]), n // size, size, 1)
    twin.output(twin.cast(total, Format(63, 63, True, "TRN", "WRAP")), "total")
    spec, native = twin.spec.build(), twin.native.build()
    step = json.loads(native.explain("avx2" if "avx2" in core.isa_levels() else "portable"))["steps"][0]
    assert (step["kernel"], step["lanes"]) == kernel
    events = 130
    inputs = [edge_biased(rng, min_raw(f), max_raw(f), (events, n)).astype(np.int64) for f in formats]
    for row, ends in enumerate([(0, 0), (0, -1), (-1, 0), (-1, -1)]):  # all at one end, or the other
        for array, fmt, end in zip(inputs, formats, ends, strict=False):
            array[row] = (min_raw(fmt), max_raw(fmt))[end]
    expected = spec.run(inputs, trace=False)
    for isa in ["reference", *core.isa_levels()]:
        for some in (events, 1, 97):
            got = native.run([a[:some] for a in inputs], isa=isa)
            equal(got, [e[:some] for e in expected], spec.outputs, f"{isa}, {some} events")
