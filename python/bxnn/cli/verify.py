"""`bxnn verify`: a model against its golden vectors, another model, expected outputs, or C-simulation."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bxnn import verify
from bxnn._core import InputError, Tensor
from bxnn.cli import conversion
from bxnn.cli import events as events_options
from bxnn.cli.arguments import non_negative, positive, refuse
from bxnn.cli.console import print_json
from bxnn.inspect_graph import graph_of
from bxnn.model import Model
from bxnn.reproducer import require_empty, write_reproducer
from bxnn.sources import Selection
from bxnn.sources.files import open_files
from bxnn.sources.source import whole
from bxnn.verify import VerifyReport

SUMMARY = "compare a model bit for bit with a reference"
DESCRIPTION = """\
Compare every bit of a model's outputs, and of its layers where the reference can trace them.

  bxnn verify model.bxnn                                      its golden vectors, every instruction set
  bxnn verify model.bxnn --source model.keras                 hls4ml C-simulation (needs hls4ml, g++)
  bxnn verify model.bxnn --model other.bxnn --events x.npy    another model
  bxnn verify model.bxnn --expected board.npz --events x.npy  outputs from elsewhere
  bxnn verify model.bxnn --source model.keras --reproducer d  a difference, as a folder that shows it again

Without a file of events, random raw integers over the whole input range are used. Floats of --expected are
real numbers, integers are raw integers of the output's format.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bxnn_model", metavar="model", help=".bxnn file")
    reference = parser.add_mutually_exclusive_group()
    reference.add_argument(
        "--source", metavar="FILE", help="convert this model with hls4ml and C-simulate it"
    )
    reference.add_argument("--model", metavar="FILE", help="another .bxnn file")
    reference.add_argument(
        "--expected", metavar="FILE", type=Path, help="expected outputs: .npy, .npz, .h5, ..."
    )
    events_options.add_arguments(parser)
    conversion.add_arguments(parser)
    parser.add_argument("--events", type=Path, metavar="FILE", help="events, as for `bxnn run`")
    parser.add_argument("--random", type=positive, metavar="N", help="random events (default 1000)")
    parser.add_argument(
        "--reproducer",
        type=Path,
        metavar="DIR",
        help="where a difference is found, write a folder that shows it: the model, one small event, both "
        "answers, a script that replays it",
    )
    parser.add_argument("--seed", type=non_negative, help="of the random events (default 1)")


def execute(args: argparse.Namespace) -> int:
    model = Model.load(args.bxnn_model)
    if args.reproducer:
        require_empty(args.reproducer)
    if not args.source:
        refuse(args, "config granularity backend io_type", "is of a conversion, which --source asks for")
    if args.events:
        refuse(args, "random seed", "is of random events, which --events takes the place of")
    if not (args.source or args.model or args.expected):
        reference = "needs a reference, --source, --model or --expected"
        refuse(args, "events random seed", f"{reference}; golden vectors have events of their own")
    if not args.events:
        refuse(args, "tree columns raw float", "says what is in a file of events; needs --events")
    if not (args.source or args.model or args.expected):
        return _golden(model, args)
    if args.expected and not args.events:
        raise InputError("--expected: needs --events, the file of events that these outputs belong to")
    x, raw = _events(model, args)
    if args.source:
        report = _against_source(model, x, raw, args)
    elif args.model:
        report = verify(model, Model.load(args.model), x, raw=raw)
    else:
        report = verify(model, _whole(args.expected, model.outputs), x, raw=raw)
    return _show(model, report, args)


def _golden(model: Model, args: argparse.Namespace) -> int:
    if not model.golden_events:
        raise InputError(
            f"{args.bxnn_model} carries no golden vectors; name a reference: --source, --model or --expected"
        )
    test = model.replay_golden()
    written = None
    if args.reproducer and not test.ok:
        graph = graph_of(model)
        inputs = {
            t.name: array.reshape(-1, *t.shape)
            for t, array in zip(model.inputs, graph.golden_inputs, strict=True)
        }
        written = _write(model, verify(model, list(graph.golden_outputs), inputs, raw=True), args)
    if args.json:
        head = {"ok": test.ok, "compared": test.compared, "differing": test.differing}
        print_json(head | asdict(test) | ({"reproducer": written} if args.reproducer else {}))
    else:
        print(f"'{model.name}': {test}\n{'identical' if test.ok else 'DIFFERENT'}")
        _tell(written)
    return 0 if test.ok else 1


def _events(model: Model, args: argparse.Namespace) -> tuple[dict[str, NDArray[Any]], bool]:
    if args.events is None:
        seed = 1 if args.seed is None else args.seed
        return events_options.random_events(model.inputs, args.random or 1000, seed), True
    events = _whole(args.events, model.inputs, events_options.selection(args))
    events_options.require_meaning(args, events, model.inputs)
    return events, bool(args.raw)


def _against_source(
    model: Model, x: dict[str, NDArray[Any]], raw: bool, args: argparse.Namespace
) -> VerifyReport:
    options = conversion.options(args)
    with conversion.of_source(args.source), tempfile.TemporaryDirectory(prefix="bxnn-csim-") as folder:
        from bxnn.convert import hls_graph

        # TensorFlow and hls4ml print; standard output is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            graph = hls_graph(args.source, *options, folder)
        return verify(model, graph, x, raw=raw)


def _whole(
    path: Path, tensors: Sequence[Tensor], selection: Selection | None = None
) -> dict[str, NDArray[Any]]:
    source = open_files(path, [tensor.name for tensor in tensors], selection)
    if source.count == 0:
        raise InputError(f"{path}: expected at least one event")
    return whole(source)


def _show(model: Model, report: VerifyReport, args: argparse.Namespace) -> int:
    written = _write(model, report, args)
    if args.json:
        print_json(json.loads(report.to_json()) | ({"reproducer": written} if args.reproducer else {}))
    else:
        print(report)
        _tell(written)
    return 0 if report.ok else 1


def _write(model: Model, report: VerifyReport, args: argparse.Namespace) -> str | None:
    """The folder of the reproducer, if one is asked for and there is a difference."""
    if not args.reproducer or report.counterexample is None:
        return None
    write_reproducer(args.reproducer, model, report)
    return str(args.reproducer)


def _tell(written: str | None) -> None:
    if written:
        print(f"reproducer: {written} (python {Path(written) / 'replay.py'})")
