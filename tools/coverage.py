"""The tables of what is compared with C-simulation, from the golden cases and the records beside them.

python tools/coverage.py            writes docs/coverage.md
python tools/coverage.py --check    fails if the page is not up to date
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "firmware_ref"
MANIFEST = REFERENCE / "golden" / "manifest.json"
PAGE = ROOT / "docs" / "coverage.md"
COLUMNS = [(backend, io) for backend in ("Vitis", "Vivado") for io in ("io_parallel", "io_stream")]
EXECUTORS = {
    "x86-64": ("reference", "portable", "avx2", "avxvnni", "avx512", "avx512vnni", "amx"),
    "aarch64": ("reference", "portable", "neon", "neondot"),
}
RENEW = {
    "unavailable.json": "python -m firmware_ref.unavailable",
    "executors": "python -m tests.golden.record (another machine: see its --help), or remove the file",
}

HEAD = """\
# Layers compared with C-simulation

Written by `tools/coverage.py` from `firmware_ref`: the golden cases (`golden/manifest.json`), what the
executors gave for them (`golden/executors`, written by `python -m tests.golden.record`), and the attempts
at the rest (`unavailable.json`, written by `python -m firmware_ref.unavailable`).
"""
LAYERS = """
## By backend and io type

The number of golden cases in which a layer of that kind computes. Where there is none, the smallest network
with the layer was tried, and the note says what came of it.

"""
LEVELS = """
## By executor

The number of golden cases that an executor computed as C-simulation did, every compared value: in
{order}.

"""

Field = tuple[str, str, str]


class Executor(NamedTuple):
    """One instruction set of one machine; `each` gives [values, differing] of every case, or nothing."""

    machine: str
    level: str
    compares: str
    each: dict[str, list[int]]


class Stale(Exception):
    """A record that does not belong to the golden cases."""


def read_executors() -> list[Executor]:
    """The executors of the records, and those of which there is none."""
    manifest = hashlib.sha256(MANIFEST.read_bytes()).hexdigest()
    found = []
    for path in sorted((MANIFEST.parent / "executors").glob("*.json")):
        record = json.loads(path.read_text())
        if record["manifest_sha256"] != manifest:
            raise Stale(f"{path.relative_to(ROOT)} is of other golden cases; renew it: {RENEW['executors']}")
        for level, counts in record["executors"].items():
            found.append(Executor(record["machine"], level, record["compares"], counts["each"]))
    for machine, levels in EXECUTORS.items():
        known = {e.level for e in found if e.machine.split()[0] == machine}
        found += [Executor(machine, level, "", {}) for level in levels if level not in known]
    order = [(machine, level) for machine, levels in EXECUTORS.items() for level in levels]
    return sorted(found, key=lambda e: order.index((e.machine.split()[0], e.level)))


def read_unavailable(covered: set[Field], layers: tuple[str, ...]) -> dict[Field, str]:
    """Why a field has no golden case; every field has a case or a reason."""
    entries = json.loads((REFERENCE / "unavailable.json").read_text())["fields"]
    reasons = {(e["layer"], e["backend"], e["io_type"]): _reason(e) for e in entries}
    fields = {(layer, *column) for layer in layers for column in COLUMNS}
    for field in sorted(fields):
        if (field in covered) == (field in reasons):
            told = "has a golden case and a reason for none" if field in covered else "has no golden case"
            raise Stale(f"{', '.join(field)} {told}; renew unavailable.json: {RENEW['unavailable.json']}")
    return reasons


def _reason(entry: dict[str, str]) -> str:
    told = f"{entry['stage']}: `{entry['reason'].replace('`', '')}`"
    return f"{told}; bxnn refuses: `{entry['bxnn']}`" if entry["stage"] == "C-simulation" else told


def layer_table(layers: tuple[str, ...], cases: dict[Field, list[str]], reasons: dict[Field, str]) -> str:
    """Layers by backend and io type, and the notes."""
    lines = ["| layer | " + " | ".join(f"{backend}, {io}" for backend, io in COLUMNS) + " |"]
    lines.append("|---|" + "---:|" * len(COLUMNS))
    notes: dict[str, int] = {}
    for layer in layers:
        cells = []
        for column in COLUMNS:
            field = (layer, *column)
            if field in cases:
                cells.append(str(len(cases[field])))
            else:
                cells.append(f"– [{notes.setdefault(reasons[field], len(notes) + 1)}]")
        lines.append(f"| {layer} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"{number}. {note}" for note, number in notes.items()]
    return "\n".join(lines) + "\n"


def _share(names: list[str], executor: Executor) -> str:
    """'7', or '6 of 7' if an executor did not compute all of them equally."""
    if not names:
        return "–"
    equal = sum(executor.each.get(name, [0, 1])[1] == 0 for name in names)
    return str(equal) if equal == len(names) else f"{equal} of {len(names)}"


def executor_table(layers: tuple[str, ...], cases: dict[Field, list[str]], executors: list[Executor]) -> str:
    """Layers by executor; a cell has a number for each backend and io type."""
    recorded = [e for e in executors if e.each]
    lines = ["| layer | " + " | ".join(f"{e.level}, {e.machine}" for e in recorded) + " |"]
    lines.append("|---|" + "---|" * len(recorded))
    for layer in layers:
        cells = [
            " · ".join(_share(cases.get((layer, *column), []), executor) for column in COLUMNS)
            for executor in recorded
        ]
        lines.append(f"| {layer} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def summary(executors: list[Executor], count: int, values: int) -> str:
    """What every executor compared."""
    lines = [f"\n{count} golden cases, {values:,} values.\n"]
    lines.append("| executor | machine | compared | cases | values | differing |")
    lines.append("|---|---|---|---:|---:|---:|")
    for e in executors:
        numbers = [str(len(e.each)), *(f"{sum(c[i] for c in e.each.values()):,}" for i in (0, 1))]
        cells = [e.level, e.machine, e.compares or "not recorded", *(numbers if e.each else [""] * 3)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page; raises Stale if a record does not belong to the golden cases."""
    from bxnn.frontends.hls4ml import SUPPORTED_LAYERS

    manifest: dict[str, dict[str, Any]] = json.loads(MANIFEST.read_text())["cases"]
    cases: dict[Field, list[str]] = defaultdict(list)
    for name, case in manifest.items():
        for kind in case["classes"]:
            cases[kind, case["backend"], case["io_type"]].append(name)
    cases = dict(cases)
    reasons = read_unavailable(set(cases), SUPPORTED_LAYERS)
    executors = read_executors()
    return (
        HEAD
        + summary(executors, len(manifest), sum(case["values"] for case in manifest.values()))
        + LAYERS
        + layer_table(SUPPORTED_LAYERS, cases, reasons)
        + LEVELS.format(order=" · ".join(f"{backend} {io}" for backend, io in COLUMNS))
        + executor_table(SUPPORTED_LAYERS, cases, executors)
    )


def main() -> int:
    try:
        text = page()
    except Stale as error:
        print(f"{PAGE.relative_to(ROOT)}: {error}")
        return 1
    if "--check" not in sys.argv:
        PAGE.write_text(text)
        return 0
    if PAGE.read_text() != text:
        print(f"{PAGE.relative_to(ROOT)} is not up to date: run python tools/coverage.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
