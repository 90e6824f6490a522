"""Records where a layer cannot be compared with C-simulation, by trying the smallest network that has it.

    python -m firmware_ref.unavailable           tries every field without a golden case
    python -m firmware_ref.unavailable LAYER ...

A field is a layer, a backend and an io type; what came of it is in unavailable.json. Keras 2 and HGQ2 do not
fit into one environment: a run tries the layers of the Keras that it finds, and keeps what the file says of
the others.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import sys
import traceback
import warnings
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from firmware_ref.attempts import ATTEMPTS
from firmware_ref.csim import Csim, CsimFailed
from firmware_ref.generate import MANIFEST
from firmware_ref.inputs import grid_of, mixed

RECORD = Path(__file__).parent / "unavailable.json"
VARIANTS = tuple(product(("Vitis", "Vivado"), ("io_parallel", "io_stream")))
EVENTS = 50

Field = tuple[str, str, str]


class Available(Exception):
    """Nothing fails: the field lacks a golden case."""


def open_fields() -> list[Field]:
    """The fields of supported layers without a golden case."""
    from bxnn.frontends.hls4ml import SUPPORTED_LAYERS

    cases = json.loads(MANIFEST.read_text())["cases"].values()
    covered = {(kind, case["backend"], case["io_type"]) for case in cases for kind in case["classes"]}
    fields = [(layer, *variant) for layer in SUPPORTED_LAYERS for variant in VARIANTS]
    return [field for field in fields if field not in covered]


def attempt(layer: str, backend: str, io_type: str) -> dict[str, str]:
    """The stage at which a network with the layer fails, and how; raises Available if none does."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            graph = ATTEMPTS[layer].build(backend, io_type)
    except Exception as error:
        told = str(error) or traceback.extract_tb(error.__traceback__)[-1].line
        return {"stage": "hls4ml", "reason": _line(f"{type(error).__name__}: {told}")}
    classes = sorted({node.class_name for node in graph.get_layers()})
    if layer not in classes:
        return {"stage": "hls4ml", "reason": f"converts the network without it, to {', '.join(classes)}"}
    refusal = _refusal(graph)
    try:
        _simulate(graph)
    except CsimFailed as error:
        if not refusal:
            raise RuntimeError(f"bxnn converts what C-simulation cannot compute: {error}") from error
        return {"stage": "C-simulation", "reason": _line(str(error)), "bxnn": refusal}
    if not refusal:
        raise Available
    return {"stage": "bxnn refuses", "reason": refusal, "bxnn": refusal}


def _refusal(graph: Any) -> str:
    import bxnn

    try:
        bxnn.convert(graph)
    except bxnn.UnsupportedError as error:
        return str(error)
    return ""


def _simulate(graph: Any) -> None:
    rng = np.random.default_rng(1)
    variables = graph.get_input_variables()
    inputs = [mixed(rng, grid_of(v.type.precision), EVENTS, int(np.prod(v.shape))) for v in variables]
    with contextlib.redirect_stdout(io.StringIO()), Csim(graph, optimise="-O0") as csim:
        csim.run(inputs)


def _line(text: str) -> str:
    """The first line of an error, without the folders and places of its files."""
    first = re.sub(r"\x1b\[[0-9;]*m", "", text).strip().splitlines()[0]
    return re.sub(r"\S*/([\w.]+):\d+:\d+: ", r"\1: ", first)[:300]


def main(arguments: list[str] | None = None) -> int:
    """Command line; the number of fields that lack a golden case or an attempt is the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layers", nargs="*", metavar="LAYER", help="default: all")
    only = parser.parse_args(arguments).layers
    warnings.filterwarnings("ignore")
    import hls4ml

    fields = open_fields()
    known = json.loads(RECORD.read_text())["fields"] if RECORD.exists() else []
    found = {(e["layer"], e["backend"], e["io_type"]): e for e in known}
    found = {field: entry for field, entry in found.items() if field in fields}
    failed = 0
    for field in fields:
        layer = field[0]
        if only and layer not in only:
            continue
        if layer not in ATTEMPTS:
            failed += 1
            print(f"{', '.join(field)}: no network to try in firmware_ref/attempts.py", file=sys.stderr)
        elif ATTEMPTS[layer].keras == version("keras").split(".")[0]:
            try:
                entry = dict(zip(("layer", "backend", "io_type"), field, strict=True)) | attempt(*field)
                found[field] = entry
                print(f"{', '.join(field)}: {entry['stage']}: {entry['reason']}", flush=True)
            except Available:
                failed += 1
                print(f"{', '.join(field)}: works and has no golden case", file=sys.stderr, flush=True)
    record = {
        "tool": f"hls4ml {hls4ml.__version__}",
        "command": "python -m firmware_ref.unavailable",
        "fields": [found[field] for field in sorted(found)],
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
