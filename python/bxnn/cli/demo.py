"""`bxnn demo`: what bxnn does, on models and events that come with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from bxnn import _core, demo
from bxnn._core import InputError
from bxnn.cli.console import print_json, print_table
from bxnn.places import require_place
from bxnn.study.rates import CROSSING_RATE

SUMMARY = "score Level-1-like events with the shipped anomaly networks"
DESCRIPTION = """\
Replay the golden vectors of two shipped anomaly networks, score 18,000 Level-1-like events exactly as
firmware would, show rates, signal efficiencies and throughput on one core. Writes a picture.

  bxnn demo
  bxnn demo --out anomaly.pdf
  bxnn demo --json > demo.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("bxnn-demo.png"), help="the picture (default ./%(default)s)"
    )


def execute(args: argparse.Namespace) -> int:
    require_place(args.out)
    if args.out.suffix[1:] not in (kinds := demo.picture_kinds()):
        raise InputError(f"{args.out}: expected a picture's suffix, one of {', '.join(kinds)}")
    events = demo.load_events()
    results = [demo.demonstrate(name, events) for name in demo.MODELS]
    demo.draw(results, args.out)
    ok = all(result.self_test.ok for result in results)
    if args.json:
        print_json(
            {
                "ok": ok,
                "crossing_rate": CROSSING_RATE,
                "note": demo.NOTE,
                "isa": _core.active_isa(),
                "models": [result.as_dict() for result in results],
                "picture": str(args.out),
            }
        )
    else:
        _print(results, args.out)
    return 0 if ok else 1


def _print(results: list[demo.Result], picture: Path) -> None:
    print_table(
        "exactness and speed",
        (
            "model",
            "golden values compared",
            "differ",
            f"events/s, one core, {_core.active_isa()}",
            "ns/event",
        ),
        [
            (
                r.model,
                f"{r.self_test.compared:,}",
                f"{r.self_test.differing:,}",
                f"{r.events_per_second:,.0f}",
                f"{1e9 / r.events_per_second:,.1f}",
            )
            for r in results
        ],
    )
    for result in results:
        signals, fmt = list(result.auc), result.score_format
        rows = [_row(point, signals) for point in result.working_points]
        rows.append(("", "", "AUC", *(f"{result.auc[s]:.4f}" for s in signals)))
        print_table(
            f"{result.model}: signal efficiency at zero-bias rates, score > threshold ({fmt})",
            ("rate ≤", "zero bias passed", "threshold", *signals),
            rows,
        )
    tested = results[0].test_events
    lowest = CROSSING_RATE / tested / 1e3
    print(f"{tested:,} zero-bias test events: one of them is {lowest:.1f} kHz, the lowest rate within reach.")
    print(demo.NOTE)
    print(f"picture: {picture}")


def _row(point: demo.WorkingPoint, signals: list[str]) -> tuple[str, ...]:
    rate = f"{point.rate / 1e3:g} kHz"
    if point.efficiency is None:
        return (rate, "0", "out of reach", *("" for _ in signals))
    error = point.zero_bias_passed**0.5
    passed = f"{point.zero_bias_passed} ± {error:.0f}"
    return (rate, passed, f"{point.threshold:,}", *(f"{point.efficiency[s]:.1%}" for s in signals))
