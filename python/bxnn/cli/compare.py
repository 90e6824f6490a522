"""`bxnn compare`: recorded data against the emulator, or two versions of a model or menu."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bxnn._core import InputError
from bxnn.cli.arguments import non_negative, refuse
from bxnn.cli.console import print_json, print_table, progress
from bxnn.cli.result_files import writing
from bxnn.places import require_place
from bxnn.sources import CrossingColumns, Selection, open_source
from bxnn.study.difference_report import number_rows, seed_heads, seed_rows, write_differences
from bxnn.study.differences import Differences
from bxnn.study.emulators import MENU_SUFFIXES, Emulator
from bxnn.study.readout import compare_readout
from bxnn.study.versions import compare_versions

SUMMARY = "data against the emulator; two versions against each other"
DESCRIPTION = """\
A readout, inputs with what the hardware answered, against a model or a menu:

  bxnn compare menu.yml run.root --recorded seeds=l1_word --columns objects=l1_objs --orbit orbit --bx bx
  bxnn compare net.bxnn run.h5 --recorded score=hw_score --threshold score=2000000

or two versions, on the same events; which change their decision, by seed:

  bxnn compare old.yml new.yml --events zerobias.npz --columns objects

Integers are raw integers of the model's formats; real numbers are quantised (inputs), or have to be exact
numbers of the format (answers). Any number of events, a chunk at a time.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("emulator", help="model (.bxnn) or menu (.yml)")
    parser.add_argument("other", help="readout, or another model or menu")
    parser.add_argument("--events", type=Path, help="events for two versions")
    parser.add_argument(
        "--recorded",
        action="append",
        default=[],
        metavar="NAME=COLUMN",
        help="column with the hardware's answer for an output, a seed, or 'seeds', the word of all",
    )
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="OUTPUT=T", help="a decision: output > T"
    )
    parser.add_argument(
        "--columns", action="append", default=[], metavar="[INPUT=]A,B,...", help="columns of inputs"
    )
    parser.add_argument("--tree", help="tree in a ROOT file (default: the only one)")
    parser.add_argument("--orbit", metavar="COLUMN", help="column of the orbit number")
    parser.add_argument("--bx", metavar="COLUMN", help="column of the bunch crossing")
    parser.add_argument("--first-bx", type=int, choices=(0, 1), help="bx are counted from 0 (default) or 1")
    parser.add_argument(
        "--shown", type=non_negative, default=10, help="first differing events in full (default 10)"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="page with tables and the map of crossings"
    )


def execute(args: argparse.Namespace) -> int:
    if args.report:
        require_place(args.report, (args.emulator, args.other, args.events))
    if (args.orbit is None) != (args.bx is None):
        raise InputError("--orbit and --bx: expected both or none")
    if args.orbit is None:
        refuse(args, "first_bx", "says how --bx counts; needs --orbit and --bx")
    crossing = CrossingColumns(args.orbit, args.bx, args.first_bx or 0) if args.orbit else None
    thresholds = {name: _integer(text) for name, text in _pairs(args.threshold, "--threshold")}
    found = _compare(args, crossing, thresholds)
    if args.report:
        with writing(args.report):
            write_differences(found, args.report, f"{args.emulator} and {args.other}")
    if args.json:
        print_json(found.as_dict())
    else:
        _print(found)
    return 0 if found.ok else 1


def _compare(
    args: argparse.Namespace, crossing: CrossingColumns | None, thresholds: dict[str, int]
) -> Differences:
    emulator = Emulator.load(args.emulator, thresholds)
    if Path(args.other).suffix.lower() in (".bxnn", *MENU_SUFFIXES):
        if args.events is None:
            raise InputError("two versions: expected the events to compare them on (--events FILE)")
        if args.recorded:
            raise InputError("--recorded: is for a readout; two versions are compared with each other")
        other = Emulator.load(args.other, thresholds)
        names = [t.name for t in emulator.model.inputs]
        source = open_source(args.events, names, Selection(args.columns, args.tree, crossing))
        with progress("events", source.count or 0) as advance:
            return compare_versions(emulator, other, source, shown=args.shown, advance=advance)
    if args.events is not None:
        raise InputError(f"--events: {args.other} is no model or menu; a readout has its events itself")
    with progress("events", 0) as advance:
        return compare_readout(
            emulator,
            args.other,
            dict(_pairs(args.recorded, "--recorded")),
            columns=args.columns,
            tree=args.tree,
            crossing=crossing,
            shown=args.shown,
            advance=advance,
        )


def _pairs(options: list[str], name: str) -> list[tuple[str, str]]:
    pairs = [(head, rest) for head, _, rest in (option.rpartition("=") for option in options)]
    for (head, rest), option in zip(pairs, options, strict=True):
        if not head or not rest:
            raise InputError(f"{name}: expected NAME=VALUE, got '{option}'")
    twice = {head for head, _ in pairs if sum(head == other for other, _ in pairs) > 1}
    if twice:
        raise InputError(f"{name}: '{min(twice)}' is given twice")
    return pairs


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"--threshold: expected a raw integer, got '{text}'") from None


def _print(found: Differences) -> None:
    one, other = found.sides
    print(f"{found.events:,} events compared, {found.differing:,} differ")
    if found.seeds:
        print_table("seeds", seed_heads(found), seed_rows(found))
    if found.numbers:
        print_table(
            "numbers", ("output", "values compared", "differ", f"{other} − {one}"), number_rows(found)
        )
    if found.bx_differing is not None and found.differing and found.bx_events is not None:
        worst = np.argsort(-found.bx_differing, kind="stable")[:10]
        rows = [
            (int(bx), f"{found.bx_events[bx]:,}", f"{found.bx_differing[bx]:,}")
            for bx in worst
            if found.bx_differing[bx]
        ]
        print_table("crossings with most differing events", ("bx", "events", "differ"), rows)
    for event in found.first:
        place = f", orbit {event['orbit']}, bx {event['bx']}" if "orbit" in event else ""
        print(f"event {event['event']}{place}: inputs {event['inputs']}")
        differing = [name for name in event[one] if event[one][name] != event[other][name]]
        for name in differing:
            print(f"  {name}: {one} {event[one][name]}, {other} {event[other][name]}")
