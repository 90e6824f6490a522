"""`bxnn study`: a menu on samples of events, as a folder of numbers, plots and a page."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bxnn.cli.arguments import non_negative
from bxnn.cli.console import print_json, print_table, progress
from bxnn.cli.result_files import writing
from bxnn.places import require_place

SUMMARY = "rates, overlaps, efficiencies and ROC curves of a menu, with a report"
DESCRIPTION = """\
Run a trigger menu on samples of events: rates by seed with overlaps, efficiencies of signals and what the
anomaly seeds add, ROC curves and thresholds of the scores, stability. Writes report.html, plots, and all
numbers as JSON, CSV and (with uproot) ROOT.

  bxnn study                            the shipped Level-1 menu on the shipped events
  bxnn study study.yml -o results       your own: docs/howto/studies.md
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "configuration", nargs="?", default="package:l1_anomaly.yml", help="YAML file (default %(default)s)"
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("bxnn-study"),
        help="folder of the results (default ./%(default)s)",
    )
    parser.add_argument(
        "--threads", type=non_negative, default=0, help="threads to use (default 0: all CPUs)"
    )


def execute(args: argparse.Namespace) -> int:
    from bxnn.study.configuration import load_configuration
    from bxnn.study.menu_report import (
        EFFICIENCY_HEADS,
        RATE_HEADS,
        as_document,
        efficiency_rows,
        khz,
        rate_rows,
        require_apart,
        write_study,
    )
    from bxnn.study.menu_study import run_study, sample_events

    if not args.out.is_dir():
        require_place(args.out)
    configuration = load_configuration(args.configuration)
    for sample in configuration.samples:
        require_apart(args.out, sample.file)
    total = sum(sample_events(configuration, sample) for sample in configuration.samples)
    began = time.perf_counter()
    with progress("events", total) as advance:
        study = run_study(configuration, threads=args.threads, advance=advance)
    seconds = time.perf_counter() - began
    with writing(args.out):
        written = write_study(study, args.out)
    if args.json:
        print_json(as_document(study) | {"folder": str(args.out), "files": written})
        return 0
    rate = configuration.crossing_rate
    print_table(
        f"rates of {configuration.menu.name}, {configuration.background}", RATE_HEADS, rate_rows(study)
    )
    print_table("efficiencies, after prescales", EFFICIENCY_HEADS, efficiency_rows(study))
    for name, score in study.scores.items():
        areas = ", ".join(f"{s} {r.area.measured.value:.4f}" for s, r in score.roc.items())
        if areas:
            print(f"{name}: AUC {areas}")
    budget = configuration.menu.rate_budget_hz
    judged = (
        ""
        if budget is None
        else f" of {budget / 1e3:g} kHz: {'within' if study.within_budget else 'above'} it"
    )
    print(f"total rate {khz(study.rates.rate(rate))} kHz{judged}")
    print(f"{total:,} event{'' if total == 1 else 's'} in {seconds:.1f} s; report: {args.out / written[0]}")
    if configuration.note:
        print(configuration.note)
    return 0
