"""`bxnn rates`: the rate of a score against its threshold."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bxnn.cli import scores
from bxnn.cli.console import print_json, print_table
from bxnn.cli.result_files import require_picture, writing
from bxnn.places import require_place
from bxnn.study.rates import RateCurve, passing, rate_curve, working_point

SUMMARY = "rate against threshold, thresholds for target rates"
DESCRIPTION = """\
Rates of score > threshold, from scores of zero-bias events or from a model on the events themselves.

  bxnn rates scores.npy --rate 10e3 --rate 100e3
  bxnn rates events.npz --model menu.yml --output vae.score --rate 30e3 --plot rate.svg
  bxnn rates run.root --columns axo_score --filled 2340
  bxnn rates histograms.npz --columns vae.score/zerobias

Rates are fractions of filled bunches * 11,245.5 Hz, with Wilson intervals of 68 %. Scores are raw integers.
"""

_TARGETS = (1e3, 1e4, 3e4, 1e5, 3e5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="scores, events (with --model), or histograms")
    scores.add_arguments(parser)
    scores.add_beam(parser)
    parser.add_argument(
        "--rate", type=float, action="append", metavar="HZ", help="find the threshold for this rate"
    )
    parser.add_argument(
        "--threshold", type=int, action="append", metavar="T", help="give the rate of score > T"
    )
    parser.add_argument("--plot", type=Path, help="picture of the rate against the threshold")
    parser.add_argument("--csv", type=Path, help="the whole curve")


def execute(args: argparse.Namespace) -> int:
    read = (args.file, args.model)
    if args.plot:
        require_picture(args.plot, read)
    if args.csv:
        require_place(args.csv, read)
    rate = scores.crossing_rate(args)
    histogram = scores.read(args, args.file)
    targets = args.rate or ([] if args.threshold else _TARGETS)
    points = [working_point(histogram, target, rate) for target in targets]
    given = [(t, passing(histogram, t).times(rate)) for t in args.threshold or ()]
    curve = rate_curve(histogram, rate)
    if args.csv:
        _write_csv(args.csv, curve)
    if args.plot:
        _draw(args.plot, curve, {"target": max(targets)} if targets else {})
    document: dict[str, Any] = {
        "events": histogram.total,
        "crossing_rate_hz": rate,
        "working_points": [
            {"target_hz": p.target, "threshold": p.threshold, "passed": p.passed, "rate_hz": p.rate._asdict()}
            for p in points
        ],
        "thresholds": [{"threshold": t, "rate_hz": m._asdict()} for t, m in given],
    }
    if args.json:
        print_json(document)
        return 0
    rows = [
        (
            f"{p.target / 1e3:g} kHz",
            "out of reach" if p.threshold is None else f"{p.threshold:,}",
            *_told(p.rate),
        )
        for p in points
    ] + [("", f"{t:,}", *_told(m)) for t, m in given]
    print(f"{args.file}: {histogram.total:,} events, {rate / 1e6:.2f} MHz of crossings")
    print_table(
        "rates",
        ("rate ≤", "score >", "rate / kHz", "68 % from", "to"),
        rows,
    )
    print(f"one event is {rate / histogram.total / 1e3:.3g} kHz")
    return 0


def _told(measured: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(f"{number / 1e3:,.3f}" for number in measured)


def _write_csv(path: Path, curve: RateCurve) -> None:
    columns = (curve.threshold, curve.passed, curve.rate, curve.low, curve.high)
    lines = [",".join(map(str, row)) for row in zip(*(c.tolist() for c in columns), strict=True)]
    with writing(path):
        path.write_text("\n".join(["threshold,passed,rate_hz,low_hz,high_hz", *lines]) + "\n")


def _draw(path: Path, curve: RateCurve, budgets: dict[str, float]) -> None:
    from bxnn.study import plots

    with plots.style():
        save_figure(path, plots.rate_against_threshold(path.stem, curve, budgets))


def save_figure(path: Path, figure: Any) -> None:
    """Write a picture; errors of the system tell the file."""
    with writing(path):
        figure.savefig(path)
