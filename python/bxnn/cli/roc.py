"""`bxnn roc`: how well a score tells signals from background."""

from __future__ import annotations

import argparse
from pathlib import Path

from bxnn._core import InputError
from bxnn.cli import scores
from bxnn.cli.console import print_json, print_table
from bxnn.cli.rates import save_figure
from bxnn.cli.result_files import require_picture
from bxnn.histogram import Histogram
from bxnn.study.curves import Roc, roc
from bxnn.study.rates import passing, working_point

SUMMARY = "ROC curves, areas under them, efficiencies at rates"
DESCRIPTION = """\
ROC curves of a score: one file of background, any number of signals.

  bxnn roc zerobias.npy ttbar.npy zll.npy --plot roc.svg
  bxnn roc l1.npz:zerobias_objs l1.npz:ttbar_objs --model menu.yml --output vae.score

FILE:COLUMN is a column of a file (array, dataset, branch), as --columns COLUMN for all. Scores are raw
integers. AUC is the probability that signal scores above background, ties one half, with DeLong's
uncertainty.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("background", help="scores, or with --model events: FILE or FILE:COLUMN")
    parser.add_argument("signals", nargs="+", help="the same of signals")
    scores.add_arguments(parser)
    scores.add_beam(parser)
    parser.add_argument(
        "--rate",
        type=float,
        action="append",
        metavar="HZ",
        help="signal efficiency at this rate of the background",
    )
    parser.add_argument("--plot", type=Path, help="picture of the curves")


def execute(args: argparse.Namespace) -> int:
    if args.plot:
        names = [_place(text)[0] for text in (args.background, *args.signals)]
        require_picture(args.plot, [*names, args.model])
    rate = scores.crossing_rate(args)
    background = _read(args, args.background)
    points = [working_point(background, target, rate) for target in args.rate or ()]
    curves: dict[str, Roc] = {}
    efficiency: dict[str, list[dict[str, float] | None]] = {}
    for name in args.signals:
        if name in curves:
            raise InputError(f"'{name}' is given twice")
        signal = _read(args, name)
        if signal.bits != background.bits:
            raise InputError(
                f"{name}: the histogram has {signal.bits} bits, that of {args.background} {background.bits}; "
                "take histograms of the same --bits"
            )
        curves[name] = roc(background, signal)
        efficiency[name] = [
            None if p.threshold is None else passing(signal, p.threshold)._asdict() for p in points
        ]
    if args.plot:
        from bxnn.study import plots

        with plots.style():
            save_figure(args.plot, plots.roc_curves(args.plot.stem, curves))
    areas = {name: curve.area.measured for name, curve in curves.items()}
    if args.json:
        print_json(
            {
                "background": args.background,
                "events": background.total,
                "rates": [
                    {"target_hz": p.target, "threshold": p.threshold, "passed": p.passed} for p in points
                ],
                "signals": {
                    name: {"auc": areas[name]._asdict(), "efficiency": efficiency[name]} for name in curves
                },
            }
        )
        return 0
    heads = [f"at {p.target / 1e3:g} kHz" for p in points]
    rows = [
        (
            name,
            f"{a.value:.4f} ± {a.error:.4f}",
            *(f"{e['value']:.2%}" if e else "–" for e in efficiency[name]),
        )
        for name, a in areas.items()
    ]
    print(f"background: {args.background}, {background.total:,} events")
    print_table("signals", ("signal", "AUC", *heads), rows)
    return 0


def _read(args: argparse.Namespace, text: str) -> Histogram:
    file, column = _place(text)
    return scores.read(args, file, None if column is None else [column])


def _place(text: str) -> tuple[Path, str | None]:
    """The file and, where it is named, the column."""
    file, _, column = text.rpartition(":")
    return (Path(text), None) if not file or Path(text).exists() else (Path(file), column)
