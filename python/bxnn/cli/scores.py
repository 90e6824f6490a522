"""Command-line options of commands that take scores: of a file, or of a model on the events of a file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bxnn._core import InputError
from bxnn.cli.console import progress
from bxnn.histogram import MOST_BITS, Histogram, load
from bxnn.sources import Selection, open_source
from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY
from bxnn.study.emulators import Emulator
from bxnn.study.rates import FILLED_BUNCHES

CHUNK = 65_536
_SCORE = "score"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("scores")
    group.add_argument("--model", help="model (.bxnn) or menu (.yml): the files hold its inputs, not scores")
    group.add_argument("--output", default=_SCORE, help="output of the model (default %(default)s)")
    group.add_argument(
        "--columns", action="append", default=[], metavar="[INPUT=]A,B,...", help="columns of the file"
    )
    group.add_argument("--tree", help="tree in a ROOT file (default: the only one)")
    group.add_argument(
        "--bits",
        type=int,
        default=16,
        help="scores are exact below 2**BITS, of 2 to 24 (default %(default)s)",
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
    if args.model is None and (saved := _saved(path, columns or [args.output])) is not None:
        return saved
    if not 2 <= args.bits <= MOST_BITS:
        raise InputError(f"--bits: expected 2 to {MOST_BITS}, got {args.bits}")
    found = Histogram(args.bits)
    emulator = Emulator.load(args.model) if args.model else None
    names = [t.name for t in emulator.model.inputs] if emulator else [_SCORE]
    source = open_source(path, names, Selection(columns, args.tree))
    with progress(path.name, source.count or 0) as advance:
        for chunk in source.chunks(CHUNK):
            if emulator:
                numbers = emulator.answers(chunk).numbers
                if args.output not in numbers or numbers[args.output].shape[1] != 1:
                    single = [n for n, a in numbers.items() if a.shape[1] == 1]
                    raise InputError(
                        f"--output: expected an output of one number of {single}, got '{args.output}'"
                    )
                values = numbers[args.output]
            else:
                values = np.asarray(chunk[_SCORE])
                if values.reshape(len(values), -1).shape[1] != 1 or values.dtype.kind not in "iu":
                    raise InputError(
                        f"{path}: expected one raw integer an event, got {values.dtype} {values.shape[1:]}; "
                        "name a column with --columns, or give the --model that makes scores of the events"
                    )
            found.fill(values)
            advance(len(values))
    if not found.total:
        raise InputError(f"{path}: expected at least one event, got none")
    return found


def _saved(path: Path, names: list[str]) -> Histogram | None:
    """The histogram of a file that bxnn.histogram.save wrote; None where it is another file."""
    if path.suffix != ".npz" or not path.is_file():
        return None
    try:
        found = load(path)
    except InputError:
        return None
    if len(found) == 1:
        return next(iter(found.values()))
    for name in names:
        if name in found:
            return found[name]
    raise InputError(f"{path}: which histogram? name one with --columns: {', '.join(found)}")
