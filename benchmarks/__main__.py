"""Events a second on one core: bxnn at every level of this CPU, and other tools on the same networks.

Writes PATH.json, PATH.md and, with matplotlib, PATH.png. Every answer of bxnn is compared with the reference
executor's, those of the peers as well; the exit status is 1 if one that must be exact differs, or bxnn fails.
Peers that cannot run are named with the reason (benchmarks/README.md says what each needs).
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, report, suite
from benchmarks.contest import NAMES
from benchmarks.models import SUBJECTS
from bxnn import _core

BATCHES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
PEERS = [name for name in NAMES if name != "bxnn"]


def interpreter(text: str) -> tuple[str, str]:
    """PEER=PYTHON."""
    name, _, python = text.partition("=")
    if name not in PEERS or not python:
        expected = f"one of {', '.join(PEERS)}, '=' and a Python"
        raise argparse.ArgumentTypeError(f"expected {expected}, got '{text}'")
    return name, python


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=list(SUBJECTS), default=list(SUBJECTS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="none: bxnn alone")
    parser.add_argument(
        "--python", type=interpreter, action="append", default=[], metavar="PEER=PYTHON",
        help="the Python that has a peer's tool (default: this one); for each peer",
    )  # fmt: skip
    parser.add_argument("--bxnn-build", type=Path, help="a build folder with libbxnn.a, for calls from C++")
    parser.add_argument("--levels", nargs="+", choices=_core.isa_levels(), default=_core.isa_levels())
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--core", type=int, help="the CPU to run on (default: the last allowed one)")
    parser.add_argument("--out", type=Path, metavar="PATH", help="default: benchmarks/results/<date>-<cpu>")
    return parser.parse_args()


def main() -> int:
    """Measure, write, print."""
    given = arguments()
    machine.pin(given.core)
    options = suite.Options(
        models=given.models,
        peers=given.peers,
        levels=sorted(given.levels, key=_core.isa_levels().index),
        batches=sorted(given.batches),
        rounds=given.rounds,
        pythons=dict(given.python),
        build=given.bxnn_build,
    )
    with tempfile.TemporaryDirectory(prefix="bxnn-benchmark-") as folder:
        document = suite.measure(options, Path(folder))
    slug = re.sub(r"\W+", "-", document["machine"]["cpu"]["model name"].lower()).strip("-")
    path = given.out or Path(__file__).parent / "results" / f"{document['date']}-{slug}"
    suite.write(document, path.with_name(f"{path.name}.json"))
    text = report.markdown(document)
    path.with_name(f"{path.name}.md").write_text(text)
    with contextlib.suppress(ImportError):
        report.draw(document, path.with_name(f"{path.name}.png"))
    print(text)
    faults = suite.wrong(document)
    print("\n".join(faults), file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
