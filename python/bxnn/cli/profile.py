"""`bxnn profile`: what the casts of a model do to events."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bxnn import profile
from bxnn._core import InputError
from bxnn.cli import events as events_options
from bxnn.cli.arguments import positive
from bxnn.cli.console import print_json
from bxnn.cli.result_files import require_picture
from bxnn.model import Model
from bxnn.sources.files import open_files
from bxnn.sources.source import head

SUMMARY = "count what every cast does to events: wrapped, saturated, rounded values"
DESCRIPTION = """\
Count, exactly, what every cast of a model does to events: how many values wrapped, saturated, lost bits; the
range seen and the range allowed; how many integer bits the events need. Rows are layers, then casts.

  bxnn profile model.bxnn --events x.npy
  bxnn profile model.bxnn --events x.npy --plot bits.png
  bxnn profile model.bxnn --events x.h5 --dataset l1/features --first 20000 --json > profile.json

Takes the first 1,000 events unless told otherwise: NumPy computes every cast of every one of them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=".bxnn file")
    parser.add_argument(
        "--events", type=Path, metavar="FILE", required=True, help="events, as for `bxnn run`"
    )
    events_options.add_arguments(parser)
    parser.add_argument(
        "--first", type=positive, default=1_000, metavar="N", help="events to take (default %(default)s)"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also a picture: bits given, used, missing")


def execute(args: argparse.Namespace) -> int:
    model = Model.load(args.model)
    if args.plot:
        require_picture(args.plot, [args.model, args.events])
    source = open_files(args.events, [t.name for t in model.inputs], events_options.selection(args))
    if source.count == 0:
        raise InputError(f"{args.events}: expected at least one event")
    events = head(source, args.first)
    events_options.require_meaning(args, events, model.inputs)
    found = profile(model, events, raw=bool(args.raw))
    if args.plot:
        found.plot(args.plot)
    if args.json:
        print_json(json.loads(found.to_json()) | ({"picture": str(args.plot)} if args.plot else {}))
    else:
        print(found)
        if args.plot:
            print(f"picture: {args.plot}")
    return 0
