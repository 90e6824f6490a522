"""Regenerates the golden vectors from HLS C-simulation.

    python -m firmware_ref.generate [CASE ...]           golden/<case>.npz: raw inputs, outputs and layers
    python -m firmware_ref.generate --models [CASE ...]  golden/<case>.bxnn: the network converted by bxnn

Needs hls4ml, TensorFlow and QKeras (and QONNX for one case); the first form also needs g++.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_ref.cases import CASES, Case
from firmware_ref.csim import FLAGS, Csim
from firmware_ref.inputs import Raw, exhaustive, grid_of, l1_like, mixed

GOLDEN = Path(__file__).parent / "golden"
MANIFEST = GOLDEN / "manifest.json"
OPTIMISE = "-O3"  # as hls4ml compiles


def narrow(raw: Raw) -> NDArray[Any]:
    """The same integers in the narrowest signed dtype."""
    for dtype in (np.int8, np.int16, np.int32):
        if raw.size == 0 or (raw.min() >= np.iinfo(dtype).min and raw.max() <= np.iinfo(dtype).max):
            return raw.astype(dtype)
    return raw


def draw_inputs(case: Case, model: Any) -> list[Raw]:
    """The raw inputs of a case, one [N, n] array an input of the ModelGraph."""
    rng = np.random.default_rng(case.seed)
    drawn = []
    for variable in model.get_input_variables():
        grid, size = grid_of(variable.type.precision), int(np.prod(variable.shape))
        if case.inputs == "exhaustive":
            drawn.append(exhaustive(grid, size))
            continue
        events = mixed(rng, grid, case.events, size)
        l1 = l1_like(grid, case.events // 2) if case.inputs == "l1" else None
        if l1 is not None:
            events[: len(l1)] = l1
        drawn.append(events)
    return drawn


def simulate(case: Case) -> dict[str, Any]:
    """Writes golden/<case>.npz; its entry in the manifest."""
    model = case.build(case.seed)
    inputs = draw_inputs(case, model)
    with Csim(model, optimise=OPTIMISE) as csim:
        outputs, layers = csim.run(inputs)
        # A layer that is an output of the model is stored once, as the output.
        layers = {name: raw for name, raw in layers.items() if name not in model.outputs}
        arrays = {f"input:{t.name}": narrow(raw) for t, raw in zip(csim.inputs, inputs, strict=True)}
        arrays |= {f"output:{name}": narrow(raw) for name, raw in zip(model.outputs, outputs, strict=True)}
        arrays |= {f"layer:{name}": narrow(raw) for name, raw in layers.items()}
        formats = {t.name: t.precision for t in csim.inputs + csim.traced}
    path = GOLDEN / f"{case.name}.npz"
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return {
        "what": case.what,
        "seed": case.seed,
        "events": len(inputs[0]),
        "values": sum(a.size for key, a in arrays.items() if not key.startswith("input:")),
        "io_type": model.config.get_config_value("IOType"),
        "backend": model.config.get_config_value("Backend"),
        "inputs": {t.name: f"{t.precision}[{t.size}]" for t in csim.inputs},
        "outputs": list(model.outputs),
        "formats": formats,
        "sha256": sha256(path),
    }


def convert(case: Case) -> dict[str, Any]:
    """Writes golden/<case>.bxnn; adds to the case's entry in the manifest."""
    import bxnn

    graph = case.build(case.seed)
    path = GOLDEN / f"{case.name}.bxnn"
    bxnn.convert(graph).save(path)
    classes = sorted({str(layer.class_name) for layer in graph.get_layers()})
    return {"classes": classes, "model_sha256": sha256(path)}


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest() -> dict[str, Any]:
    """The manifest, or one without cases."""
    return dict(json.loads(MANIFEST.read_text())) if MANIFEST.exists() else {"cases": {}}


def write_manifest(manifest: dict[str, Any]) -> None:
    """Cases in alphabetical order, only those that exist."""
    import hls4ml

    compiler = subprocess.run(
        ["g++", "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    head = {
        "tool": f"hls4ml {hls4ml.__version__}, C-simulation with the ap_types of its wheel",
        "compiler": compiler,
        "flags": [OPTIMISE, *FLAGS],
        "command": "python -m firmware_ref.generate && python -m firmware_ref.generate --models",
        "arrays": "input:<name>, output:<name>, layer:<name>: raw integers [N, n], value = raw * 2**-frac",
    }
    cases = {name: manifest["cases"][name] for name in sorted(manifest["cases"]) if name in CASES}
    MANIFEST.write_text(json.dumps(head | {"cases": cases}, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Command line; the number of cases that failed is the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all")
    parser.add_argument(
        "--models", action="store_true", help="convert with bxnn instead of running C-simulation"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - CASES.keys():
        parser.error(f"unknown case {sorted(unknown)}; known: {', '.join(CASES)}")
    warnings.filterwarnings("ignore")
    GOLDEN.mkdir(exist_ok=True)
    failed = 0
    for name in options.cases or CASES:
        start = time.perf_counter()
        manifest = read_manifest()
        entry = manifest["cases"].setdefault(name, {})
        try:
            if options.models:
                entry.update(convert(CASES[name]))
            else:
                entry.update(simulate(CASES[name]))
            write_manifest(manifest)
            print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
        except Exception as error:
            failed += 1
            print(f"{name}: FAILED {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
