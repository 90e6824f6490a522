"""Command-line options of commands that take scores: of a file, or of a model on the events of a file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bxnn._core import InputError
from bxnn.cli.console import progress
from bxnn.document import closest
from bxnn.histogram import MOST_BITS, Histogram, holds_histograms, load
from bxnn.sources import Selection, open_source
from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY
from bxnn.sources.source import Array, Chunk, evaluated
from bxnn.study.emulators import Emulator
from bxnn.study.rates import FILLED_BUNCHES

CHUNK = 65_536
_SCORE = "score"
_BITS = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("scores")
    group.add_argument("--model", help="model (.bxnn) or menu (.yml): the files hold its inputs, not scores")
    group.add_argument("--output", help=f"output of the model, or histogram (default {_SCORE})")
    group.add_argument(
        "--columns", action="append", default=[], metavar="[INPUT=]A,B,...", help="columns of the file"
    )
    group.add_argument("--tree", help="tree in a ROOT file (default: the only one)")
    group.add_argument(
        "--bits",
        type=int,
        help=f"scores are exact below 2**BITS, of 2 to 24 (default {_BITS})",
    )


def add_beam(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filled",
        type=int,
        default=FILLED_BUNCHES,
        metavar="N",
        help="filled bunches of the orbit (default %(default)s)",
    )


def crossing_rate(args: argparse.Namespace) -> float:
    """Filled crossings a second."""
    if not 1 <= args.filled <= BUNCHES_PER_ORBIT:
        raise InputError(f"--filled: expected 1 to {BUNCHES_PER_ORBIT} bunches, got {args.filled}")
    return float(REVOLUTION_FREQUENCY * args.filled)


def read(args: argparse.Namespace, path: Path, columns: list[str] | None = None) -> Histogram:
    """The scores of a file: raw integers of a column, of a model on its events, or a histogram saved before.

    A file of histograms (.npz with NAME/counts) holds the one that --output or --columns names, or one alone.
    """
    columns = args.columns if columns is None else columns
    if args.model is None and holds_histograms(path):
        return _saved(args, path, columns)
    if args.model is None and args.output is not None:
        raise InputError(f"--output: {path} holds scores, not histograms; give the --model that has outputs")
    bits = _BITS if args.bits is None else args.bits
    if not 2 <= bits <= MOST_BITS:
        raise InputError(f"--bits: expected 2 to {MOST_BITS}, got {bits}")
    found = Histogram(bits)
    emulator = Emulator.load(args.model) if args.model else None
    names = [t.name for t in emulator.model.inputs] if emulator else [_SCORE]
    source = open_source(path, names, Selection(columns, args.tree))

    def fill(chunk: Chunk) -> None:
        found.fill(_of_model(emulator, args.output or _SCORE, chunk) if emulator else _of_file(chunk))

    with progress(path.name, source.count or 0) as advance:
        for events, _ in evaluated(source.chunks(CHUNK), fill, path):
            advance(events)
    if not found.total:
        raise InputError(f"{path}: expected at least one event, got none")
    return found


def _of_model(emulator: Emulator, output: str, chunk: Chunk) -> Array:
    numbers = emulator.answers(chunk).numbers
    if output not in numbers or numbers[output].shape[1] != 1:
        single = [n for n, a in numbers.items() if a.shape[1] == 1]
        raise InputError(f"--output: expected an output of one number of {single}, got '{output}'")
    return numbers[output]


def _of_file(chunk: Chunk) -> Array:
    values = np.asarray(chunk[_SCORE])
    if values.reshape(len(values), -1).shape[1] != 1 or values.dtype.kind not in "iu":
        raise InputError(
            f"expected one raw integer an event, got {values.dtype} {values.shape[1:]}; "
            "name a column with --columns, or give the --model that makes scores of the events"
        )
    return values


def _saved(args: argparse.Namespace, path: Path, columns: list[str]) -> Histogram:
    """One of the histograms that bxnn.histogram.save wrote."""
    found = load(path)
    if args.tree is not None:
        raise InputError(f"{path}: --tree is for ROOT files")
    asked = columns or ([args.output] if args.output else [])
    if not asked and len(found) > 1:
        asked = [_SCORE]
    if len(asked) > 1:
        raise InputError(f"{path}: expected the name of one histogram, got {', '.join(asked)}")
    name = asked[0] if asked else next(iter(found))
    if name not in found:
        raise InputError(
            f"{path}: no histogram '{name}'; name one with --columns: {', '.join(found)}"
            f"{closest(name, found)}"
        )
    if args.bits not in (None, found[name].bits):
        raise InputError(
            f"{path}: the histogram '{name}' has {found[name].bits} bits, --bits says {args.bits}"
        )
    return found[name]
