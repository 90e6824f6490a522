"""The examples of docs/spec/exactness.md: path and lanes as stated, results as the interpreter's."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spec import fx
from spec.interpreter import SpecBuilder

core: Any = pytest.importorskip("bxnn._core")

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "exactness.md"
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| ap_u?fixed<", line)
]


def build(builder: Any, parse: Any, row: tuple[str, ...]) -> Any:
    x, weights, w_frac, bias, b_frac, product, accum, _, _ = row
    w = np.array([[int(number) for number in weights.split()]])
    value = builder.input("x", [w.shape[1]], parse(x))
    formats = {"product": product, "accum": accum}
    named = {name: parse(text) for name, text in formats.items() if text != "−"}
    builder.output(builder.dot(value, w, int(w_frac), np.array([[int(bias)]]), int(b_frac), **named), "y")
    return builder.build()


def events(fmt: Any, elements: int) -> Any:
    """Corners of the input range, then uniform raw integers."""
    corners = (fmt.min_raw, fmt.min_raw + 1, -1, 0, 1, fmt.max_raw)
    grid = np.array(list(itertools.product(corners, repeat=elements)), dtype=np.int64)
    rng = np.random.default_rng(1)
    uniform = rng.integers(fmt.min_raw, fmt.max_raw, (2000, elements), dtype=np.int64, endpoint=True)
    return np.concatenate([grid, uniform])


def test_the_page_has_examples_of_every_path() -> None:
    assert {row[7] for row in ROWS} == {"exact", "floored per term", "cast per term", "in stated order"}
    assert {row[8] for row in ROWS} == {"int32", "int64", "int128"}


@pytest.mark.parametrize("row", ROWS, ids=[" ".join(row[:7]) for row in ROWS])
def test_example(row: tuple[str, ...]) -> None:
    model = build(core.Builder(""), core.Format.parse, row)
    (step,) = json.loads(model.explain())["steps"]
    assert (step["path"], step["lanes"]) == row[7:]
    raw = events(model.inputs[0].format, model.inputs[0].shape[0])
    (expected,) = build(SpecBuilder(""), fx.Format.parse, row).run([raw])
    for isa in ["reference", *core.isa_levels()]:
        (got,) = model.run([raw], isa=isa)
        assert (got.astype(object) == expected).all(), isa
