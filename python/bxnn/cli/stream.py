"""`bxnn stream`: crossings through a trigger."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bxnn._core import Error
from bxnn.cli.arguments import non_negative, seconds
from bxnn.cli.console import print_json, print_table
from bxnn.cli.result_files import writing
from bxnn.histogram import save
from bxnn.stream.campaign import Campaign, Outcome
from bxnn.stream.live import LiveView, duration, frequency
from bxnn.stream.prometheus import MetricsServer
from bxnn.stream.setup import MOST_CROSSINGS, StreamSetup, read_setup

SUMMARY = "let crossings stream through a trigger"
DESCRIPTION = """\
Let bunch crossings stream from a source through the stages of a trigger, as fast as possible or by the LHC's
clock, with books in which every crossing is processed, or lost and counted with its orbit and bx.

  bxnn stream package:toy.yml                         shipped events, Level 1 and HLT
  bxnn stream run.yml --live                          with a view on the terminal
  bxnn stream run.yml --crossings 1000000000 --json > books.json
  bxnn stream run.yml --prometheus 9464               counters on http://127.0.0.1:9464/metrics

The configuration: docs/howto/streams.md. Ctrl-C, or SIGTERM, ends a run with its books, and status 130. With
`checkpoint` in the configuration a run goes on where it was, whatever ended it.
"""

_REFRESH = 0.25  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="configuration file, or package:NAME")
    parser.add_argument("--crossings", type=non_negative, help="crossings with collisions, in all")
    parser.add_argument(
        "--live", action="store_true", help="show rates, losses, latencies and seeds meanwhile"
    )
    parser.add_argument(
        "--prometheus", type=non_negative, metavar="PORT", help="serve counters; 0: any free port"
    )
    parser.add_argument("--histograms", type=Path, metavar="FILE.npz", help="save the histograms of scores")
    parser.add_argument("--fresh", action="store_true", help="begin anew, whatever the checkpoint says")
    parser.add_argument("--seconds", type=seconds, help="stop after so long")


def execute(args: argparse.Namespace) -> int:
    setup = _with_options(read_setup(args.config), args)
    campaign = Campaign(setup, fresh=args.fresh)
    outcome = _run(campaign, setup, args)
    if setup.histograms:
        with writing(setup.histograms):
            _save_histograms(setup.histograms, outcome)
    if setup.report:
        with writing(setup.report):
            _write_report(setup, outcome)
    if args.json:
        print_json(_document(setup, outcome))
    else:
        _print(setup, outcome)
    if outcome.failure is not None:
        text = " ".join(str(outcome.failure).split())
        known = isinstance(outcome.failure, (Error, OSError, ImportError))
        print(
            f"bxnn stream: error: {'' if known else type(outcome.failure).__name__ + ': '}{text}",
            file=sys.stderr,
        )
        if args.debug:
            raise outcome.failure
        return 2
    return 130 if outcome.stopped and args.seconds is None else 0


def _with_options(setup: StreamSetup, args: argparse.Namespace) -> StreamSetup:
    from dataclasses import replace

    if args.crossings is not None:
        setup = replace(setup, crossings=args.crossings)
    elif args.seconds is not None and setup.endless and setup.crossings is None:
        setup = replace(setup, crossings=MOST_CROSSINGS)
    if args.prometheus is not None:
        setup = replace(setup, prometheus=("127.0.0.1", args.prometheus))
    if args.histograms is not None:
        setup = replace(setup, histograms=args.histograms.absolute())
    return setup


def _run(campaign: Campaign, setup: StreamSetup, args: argparse.Namespace) -> Outcome:
    """The run has a thread of its own, so that this one can watch and be interrupted."""
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(campaign.run()), name="bxnn-run")
    with ExitStack() as stack:
        stack.enter_context(_interrupts(campaign))
        if setup.prometheus:
            address, port = setup.prometheus
            server = MetricsServer(lambda: campaign.stream.books(histograms=False), address, port)
            stack.enter_context(server)
            print(f"counters: {server.url}", file=sys.stderr)
        update = stack.enter_context(_view(campaign, setup, args))
        if args.seconds is not None:
            timer = threading.Timer(args.seconds, campaign.stop)
            stack.callback(timer.cancel)
            timer.start()
        thread.start()
        while thread.is_alive():
            thread.join(_REFRESH)
            update()
    return outcomes[0]


@contextmanager
def _interrupts(campaign: Campaign) -> Iterator[None]:
    """The first signal ends the run, the next the process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(*_: Any) -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        campaign.stop()

    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _view(campaign: Campaign, setup: StreamSetup, args: argparse.Namespace) -> Iterator[Any]:
    if not args.live:
        yield lambda: None
        return
    from rich.console import Console
    from rich.live import Live

    if not sys.stderr.isatty():
        print("--live: standard error is no terminal, so there is nothing to see", file=sys.stderr)
    view = LiveView(setup.name, campaign.stream.scheme.bunches)
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        yield lambda: live.update(view.draw(campaign.stream.books(histograms=False)), refresh=True)


def _document(setup: StreamSetup, outcome: Outcome) -> dict[str, Any]:
    books = outcome.books.as_dict()
    books["balanced"] = outcome.balanced
    return {
        "stream": setup.name,
        "config": setup.file,
        "menus": [{"stage": s.name, "menu": s.menu.name, "sha256": s.menu.sha256} for s in setup.stages],
        "clock_hz": setup.rate,
        "bunches": setup.scheme.bunches,
        "stopped": outcome.stopped,
        "ended_early": outcome.ended_early,
        "failure": None if outcome.failure is None else str(outcome.failure),
        "resumed_at": outcome.resumed_at,
        "run_seconds": outcome.seconds,
        "energy": outcome.energy.as_dict(outcome.books.arrived - outcome.resumed_at),
        "accepted_file": None
        if setup.accepted is None
        else {"path": str(setup.accepted), "written": outcome.written, "unwritten": outcome.unwritten},
        **books,
    }


def _print(setup: StreamSetup, outcome: Outcome) -> None:
    books = outcome.books
    first, hz = books.stages[0].counts.processed, setup.scheme.crossing_rate

    def rate(events: int) -> str:
        return frequency(events * hz / first) if first else ""

    for stage in books.stages:
        counts = stage.counts
        rows = [
            (name, f"{fired:,}", f"{kept:,}", f"{pure:,}", rate(int(kept)))
            for name, fired, kept, pure in zip(
                stage.seeds, counts.fired, counts.kept, counts.pure, strict=True
            )
        ]
        title = f"stage {stage.name}: accepted {counts.accepted:,}, {rate(counts.accepted)}"
        print_table(title, ("seed", "fired", "kept", "pure", "rate"), rows)
    _print_books(setup, outcome)
    if outcome.resumed_at:
        print(f"went on behind {outcome.resumed_at:,} crossings of a saved run")
    if setup.accepted is not None:
        lost = books.accepted.lost if books.accepted else 0
        print(f"accepted: {outcome.written:,} events -> {setup.accepted}")
        if lost or outcome.unwritten:
            print(f"accepted, but not in the file: {lost:,} found no room, {outcome.unwritten:,} failed")
    energy = outcome.energy.as_dict(books.arrived - outcome.resumed_at)
    if isinstance(energy["j_per_event"], float):
        print(f"energy of the whole machine: {energy['j_per_event'] * 1e9:.3g} nJ a crossing")
    else:
        print(f"energy: not known; {energy['cpu']}")


def _print_books(setup: StreamSetup, outcome: Outcome) -> None:
    books, clocked = outcome.books, setup.rate is not None
    heads = ["stage", "arrived", "processed", "no room", "late", "abandoned", "dead time"]
    heads += ["p50", "p99", "p99.99", "max", *(["over budget"] if clocked else [])]
    rows = []
    for stage in books.stages:
        link = stage.link
        numbers = (link.arrived, stage.counts.processed, link.lost_full, link.lost_late, link.abandoned)
        row = [stage.name, *(f"{n:,}" for n in (*numbers, stage.counts.dead))]
        row += [duration(stage.latency[q]) for q in ("p50", "p99", "p99.99", "max")]
        rows.append(row + ([f"{stage.over_budget:,}"] if clocked else []))
    print_table("books" if clocked else "books; without a clock, latencies count from the read", heads, rows)
    print(
        f"{books.arrived:,} crossings with collisions, {books.empty:,} without, in "
        f"{books.elapsed_ns / 1e9:.3f} s: {books.events_per_second / 1e6:.2f} M/s; "
        f"the books {'balance' if outcome.balanced else 'DO NOT BALANCE'}"
    )
    if outcome.ended_early:
        print(f"the source has ended before the {setup.crossings:,} crossings that were asked for")


def _save_histograms(path: Path, outcome: Outcome) -> None:
    histograms = {}
    for stage in outcome.books.stages:
        for name, histogram in {**stage.scores, "latency_ns": stage.latencies}.items():
            histograms[f"{stage.name}.{name}"] = histogram
    save(path, histograms)


def _write_report(setup: StreamSetup, outcome: Outcome) -> None:
    from bxnn.stream.report import write_report

    assert setup.report is not None
    write_report(setup, outcome, setup.report)
