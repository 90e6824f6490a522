"""The books of a stream as an HTML page, with plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bxnn.histogram import Histogram
from bxnn.sources.lhc import BUNCHES_PER_ORBIT
from bxnn.stream.books import Link, StageBooks
from bxnn.stream.campaign import Outcome
from bxnn.stream.live import duration, frequency
from bxnn.stream.setup import StreamSetup
from bxnn.study import plots
from bxnn.study.rates import Measured, fraction, rate_curve
from bxnn.study.report import Picture, Section, Table
from bxnn.study.report import write_report as write_page
from bxnn.study.stability import stability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUANTILES = ("p50", "p90", "p99", "p99.9", "p99.99", "max")


def write_report(setup: StreamSetup, outcome: Outcome, path: Path) -> None:
    """Write the page; it needs nothing else. Raises OSError."""
    books = outcome.books
    sections = [_books(outcome)]
    processed = books.stages[0].counts.processed
    for stage, declared in zip(books.stages, setup.stages, strict=True):
        sections.append(_stage(stage, processed, setup.scheme.crossing_rate, declared.menu.rate_budget_hz))
    sections.append(Section("Configuration", verbatim=Path(setup.file).read_text(encoding="utf-8")))
    sections += [
        Section(f"Menu of stage {s.name}", [f"sha256 {s.menu.sha256}"], verbatim=s.menu.text)
        for s in setup.stages
    ]
    facts = {
        "crossings with collisions": f"{books.arrived:,}",
        "without": f"{books.empty:,}",
        "time": f"{books.elapsed_ns / 1e9:.3f} s, {books.events_per_second / 1e6:.2f} M/s",
        "clock": "none: as fast as possible" if setup.rate is None else f"{setup.rate / 1e6:g} MHz",
        "bunches": f"{setup.scheme.bunches:,} in an orbit",
        "the books": "balance" if outcome.balanced else "DO NOT BALANCE",
    }
    if outcome.failure is not None:
        facts["failure"] = str(outcome.failure)
    write_page(path, f"Stream {setup.name}", sections, facts)


def _books(outcome: Outcome) -> Section:
    books = outcome.books
    links = [(stage.name, stage.link) for stage in books.stages]
    if books.accepted is not None:
        links.append(("file", books.accepted))
    heads = (
        "in front of",
        "arrived",
        "lost: no room",
        "lost: late",
        "abandoned",
        "batches that wait, p50",
        "most",
    )
    fates = [
        (name, *(f"{n:,}" for n in (k.arrived, k.lost_full, k.lost_late, k.abandoned)),
         k.occupancy["p50"], f"{k.occupancy['max']} of {k.capacity}")
        for name, k in links
    ]  # fmt: skip
    latencies = [
        (s.name, *(duration(s.latency[q]) for q in _QUANTILES), f"{s.over_budget:,}") for s in books.stages
    ]
    section = Section(
        "Books",
        ["Every crossing with collisions was processed, lost, or abandoned behind an error."],
        [Table("events", heads, fates), Table("latency", ("stage", *_QUANTILES, "over budget"), latencies)],
    )
    with plots.style():
        section.pictures.append(Picture.of("Latency of each stage", _latencies(books.stages)))
        for name, link in links:
            if link.lost:
                section.pictures.append(
                    Picture.of(f"Lost in front of {name}, by bunch crossing", _lost(link))
                )
    return section


def _stage(stage: StageBooks, processed: int, hz: float, budget: float | None) -> Section:
    counts = stage.counts
    section = Section(f"Stage {stage.name}")
    if processed == 0 or counts.processed == 0:
        section.text.append("No event came here.")
        return section

    def rate(events: int) -> Measured:
        return fraction(events, processed).times(hz)

    kept, pure = counts.kept.tolist(), counts.pure.tolist()
    rows = [
        (name, f"{fired:,}", f"{kept[i]:,}", f"{pure[i]:,}", frequency(rate(kept[i]).value))
        for i, (name, fired) in enumerate(zip(stage.seeds, counts.fired.tolist(), strict=True))
    ]
    total = rate(counts.accepted)
    rows.append(("accepted", "", f"{counts.accepted:,}", "", frequency(total.value)))
    section.text.append(
        f"{counts.processed:,} events, {counts.accepted:,} accepted: {frequency(total.value)} "
        f"({frequency(total.low)} to {frequency(total.high)}); {counts.dead:,} vetoed by dead time."
    )
    section.tables.append(Table("seeds", ("seed", "fired", "kept", "pure", "rate"), rows))
    with plots.style():
        bars = {name: (rate(kept[i]), rate(pure[i])) for i, name in enumerate(stage.seeds)}
        section.pictures.append(Picture.of("Rates after prescales", plots.rate_bars("", bars, budget)))
        overlap = stage.overlap.astype(np.float64)
        section.pictures.append(Picture.of("Overlaps", plots.overlap_matrix("", stage.seeds, overlap)))
        for name, histogram in stage.scores.items():
            if histogram.total:
                curve = rate_curve(histogram, hz * counts.processed / processed)
                section.pictures.append(
                    Picture.of(
                        f"Rate against the threshold on {name}", plots.rate_against_threshold("", curve, {})
                    )
                )
        if len(stage.sections) > 1:
            section.pictures.append(_by_section(stage, hz * counts.processed / processed))
    return section


def _by_section(stage: StageBooks, hz: float) -> Picture:
    accepted = [s.accepted for s in stage.sections]
    processed = [s.processed for s in stage.sections]
    rates = [fraction(k, n).times(hz) for k, n in zip(accepted, processed, strict=True)]
    steady = stability(accepted, processed)
    note = f"chi2 {steady.chi2:.1f} for {steady.degrees}, p = {steady.probability:.2g}"
    mean = hz * sum(accepted) / sum(processed)
    return Picture.of("Accepted, by section of time", plots.rate_by_section("", rates, mean, note))


def _latencies(stages: Sequence[StageBooks]) -> Figure:
    figure, axes = plots.new_axes()
    for stage in stages:
        histogram: Histogram = stage.latencies
        if histogram.total:
            reached = np.cumsum(histogram.counts.astype(np.float64)) / histogram.total
            axes.step(histogram.upper() / 1e3, 1 - reached, where="post", label=stage.name)
    axes.set(xscale="log", yscale="log", xlabel="latency / us", ylabel="fraction of events above")
    axes.legend()
    return figure


def _lost(link: Link) -> Figure:
    figure, axes = plots.new_axes()
    axes.step(np.arange(BUNCHES_PER_ORBIT), link.lost_by_bx, where="mid")
    axes.set(xlabel="bx", ylabel="crossings lost", ylim=(0, None))
    return figure
