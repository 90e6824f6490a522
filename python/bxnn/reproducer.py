"""A folder that shows a difference again, with bxnn alone: the model, one event, both answers, a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bxnn._core import InputError
from bxnn.model import Model
from bxnn.sources.numpy_files import write_npz

if TYPE_CHECKING:
    from bxnn.verify import Counterexample, VerifyReport

_README = """\
A difference between a fixed-point model and a reference, as one event

model       '{model}', in model.bxnn
reference   {reference}
where       {kind} '{name}', {format}
event       {event}, counted from 0, of {events}{smaller}

model.bxnn     the model
inputs.npz     raw integers of the event, (1, *shape), under the names of the model's inputs
expected.npy   what the reference gave for it: {meaning}
found.npy      what the model gave: raw integers
replay.py      runs the event and compares again; needs bxnn and NumPy, not the reference:

    python replay.py

Its exit status is 0 if the model now gives what was expected, 1 if it does not.
A raw integer r of {format} means r * 2**-{fraction}.

Differing values, neurons counted in row-major order:

{table}
"""

_SCRIPT = '''\
"""Runs the event of this folder through the model and compares with what was expected."""

import sys
from pathlib import Path

import bxnn
import numpy as np

NAME = {name!r}  # the {kind}
FRACTION = {fraction}  # a raw integer r means r * 2**-FRACTION

folder = Path(__file__).parent
model = bxnn.Model.load(folder / "model.bxnn")
with np.load(folder / "inputs.npz") as file:
    inputs = {{name: file[name] for name in file.files}}
expected = np.load(folder / "expected.npy")
before = np.load(folder / "found.npy")
found = {answer}

numbers = found if expected.dtype.kind == "i" else np.ldexp(found.astype(float), -FRACTION)
for neuron in np.flatnonzero(numbers != expected):
    print(f"{{NAME}}[{{neuron}}]: found {{numbers[neuron]}}, expected {{expected[neuron]}}")
if (found != before).any():
    print("the model does not give what it gave when this was written")
print(f"{{np.count_nonzero(numbers != expected)}} of {{expected.size}} values differ")
sys.exit(int((numbers != expected).any()))
'''


def require_empty(folder: Path) -> None:
    """Raise InputError if the folder can't be written, or holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: expected a folder that is empty or does not exist yet")


def write_reproducer(folder: Path, model: Model, report: VerifyReport) -> None:
    """Write the report's counterexample; InputError if it has none, or if the folder is not empty."""
    example = report.counterexample
    if example is None:
        raise InputError("the report found no difference, so there is nothing to reproduce")
    require_empty(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.bxnn")
    inputs = {t.name: np.array(example.inputs[t.name], t.dtype).reshape(1, *t.shape) for t in model.inputs}
    with (folder / "inputs.npz").open("wb") as file:
        write_npz(file, inputs)
    np.save(folder / "found.npy", np.array(example.found, np.int64))
    np.save(folder / "expected.npy", np.array(example.expected, np.int64 if _raw(example) else np.float64))
    (folder / "README.txt").write_text(_readme(model, report, example), encoding="utf-8")
    (folder / "replay.py").write_text(_script(model, example), encoding="utf-8")


def _raw(example: Counterexample) -> bool:
    """Whether what was expected is raw integers that int64 holds."""
    return all(isinstance(v, int) and -(2**63) <= v < 2**63 for v in example.expected)


def _format_of(model: Model, example: Counterexample) -> tuple[str, int]:
    tensors = model.layers if example.kind == "layer" else model.outputs
    (fmt,) = (t.format for t in tensors if t.name == example.name)
    return str(fmt), fmt.frac


def _readme(model: Model, report: VerifyReport, example: Counterexample) -> str:
    fmt, fraction = _format_of(model, example)
    raw = _raw(example)
    found = [float(np.ldexp(v, -fraction)) if not raw else v for v in example.found]
    rows = [(i, f, e) for i, (f, e) in enumerate(zip(found, example.expected, strict=True)) if f != e]
    table = ["    neuron  found  expected", *(f"    {i:6}  {f}  {e}" for i, f, e in rows[:50])]
    if len(rows) > 50:
        table.append(f"    and {len(rows) - 50} more")
    before, after = example.nonzero
    smaller = f", made smaller: {after} numbers that are not zero, {before} before" if example.calls else ""
    return _README.format(
        model=report.model,
        reference=report.reference,
        kind=example.kind,
        name=example.name,
        format=fmt,
        fraction=fraction,
        event=example.event,
        events=report.events,
        smaller=smaller,
        meaning="raw integers" if raw else "real numbers, some of which are no raw integers",
        table="\n".join(table),
    )


def _script(model: Model, example: Counterexample) -> str:
    _, fraction = _format_of(model, example)
    layer = example.kind == "layer"
    index = 0 if layer else [t.name for t in model.outputs].index(example.name)
    single = "model.predict_raw(inputs)" + (f"[{index}]" if len(model.outputs) > 1 else "")
    answer = "model.trace(inputs, raw=True)[NAME]" if layer else single
    return _SCRIPT.format(name=example.name, kind=example.kind, fraction=fraction, answer=f"{answer}.ravel()")
