"""The table of what is compared with C-simulation, from the golden cases and the front end's table of layers.

python tools/coverage.py            writes docs/coverage.md
python tools/coverage.py --check    fails if the page is not up to date
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "coverage.md"
COLUMNS = [(backend, io) for backend in ("Vitis", "Vivado") for io in ("io_parallel", "io_stream")]

HEAD = """\
# Layers compared with C-simulation

Written by `tools/coverage.py` from `firmware_ref/golden/manifest.json` and the layers that the hls4ml front
end supports. A number counts the golden cases in which a layer of that kind computes; `tests/golden` replays
each of them at every instruction set of the machine that runs the tests, output by output and layer by layer.
An empty field is not compared by a golden case: the layer may have no code there, or the fuzzer compares it.


"""


def table() -> str:
    from bxnn.frontends.hls4ml import SUPPORTED_LAYERS

    cases = json.loads((ROOT / "firmware_ref" / "golden" / "manifest.json").read_text())["cases"]
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for case in cases.values():
        for kind in case["classes"]:
            found[kind, case["backend"], case["io_type"]] += 1
    lines = ["| layer | " + " | ".join(f"{backend}, {io}" for backend, io in COLUMNS) + " |"]
    lines.append("|---|" + "---:|" * len(COLUMNS))
    for kind in SUPPORTED_LAYERS:
        counts = [found.get((kind, backend, io), 0) for backend, io in COLUMNS]
        lines.append(f"| {kind} | " + " | ".join(str(n) if n else "" for n in counts) + " |")
    values = sum(case["values"] for case in cases.values())
    lines += ["", f"{len(cases)} golden cases, {values:,} values each level.", ""]
    return HEAD + "\n".join(lines)


def main() -> int:
    if "--check" not in sys.argv:
        PAGE.write_text(table())
        return 0
    if PAGE.read_text() != table():
        print(f"{PAGE} is not up to date: run python tools/coverage.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
