"""The page of a comparison: what differs, by seed, by number, by crossing, and the first events in full."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bxnn.study import plots
from bxnn.study.differences import Differences
from bxnn.study.report import Picture, Section, Table, write_report

_MOST_ROWS = 200


def write_differences(found: Differences, path: str | Path, title: str) -> None:
    """Write the page."""
    one, other = found.sides
    verdict = "all equal" if found.ok else f"{found.differing:,} differ"
    facts = {"events compared": f"{found.events:,}", "verdict": verdict, "sides": f"{one}, {other}"}
    sections = []
    if found.seeds:
        table = Table("Events by what was decided", seed_heads(found), seed_rows(found))
        sections.append(Section("Seeds", tables=[table]))
    if found.numbers:
        sections.append(_numbers(found))
    if found.bx_events is not None and found.bx_differing is not None:
        with plots.style():
            figure = plots.mismatches_by_bx("Differing events", found.bx_events, found.bx_differing)
            picture = Picture.of("Fraction of events that differ, by crossing of the orbit", figure)
        rows_of_bx = [
            (int(bx), f"{found.bx_events[bx]:,}", f"{found.bx_differing[bx]:,}")
            for bx in np.argsort(-found.bx_differing, kind="stable")[:_MOST_ROWS]
            if found.bx_differing[bx]
        ]
        table = Table("Crossings with differing events", ("bx", "events", "differ"), rows_of_bx)
        sections.append(Section("Crossings", tables=[table] if rows_of_bx else [], pictures=[picture]))
    if found.first:
        text = "\n".join(json.dumps(event) for event in found.first)
        sections.append(
            Section("First events", ["With all that is needed to see them again."], verbatim=text)
        )
    write_report(path, title, sections, facts)


def seed_heads(found: Differences) -> tuple[str, ...]:
    return "seed", "both", f"only {found.sides[0]}", f"only {found.sides[1]}", "neither"


def seed_rows(found: Differences) -> list[tuple[str, ...]]:
    return [
        (name, *(f"{n:,}" for n in (s.both, s.only_first, s.only_second, s.neither)))
        for name, s in found.seeds.items()
    ]


def number_rows(found: Differences) -> list[tuple[str, ...]]:
    """With the range of the differences."""
    return [
        (
            name,
            f"{n.values:,}",
            f"{n.differing:,}",
            f"{n.by.lower()[0]:,} to {n.by.upper()[-1]:,}" if n.differing else "0",
        )
        for name, n in found.numbers.items()
    ]


def _numbers(found: Differences) -> Section:
    one, other = found.sides
    section = Section("Numbers")
    heads = ("output", "compared", "differ", f"{other} − {one}")
    section.tables.append(Table("Raw integers", heads, number_rows(found)))
    for name, n in found.numbers.items():
        if n.differing:
            bins = [
                (f"{a:,}" if a == b else f"{a:,} to {b:,}", f"{int(c):,}")
                for a, b, c in zip(n.by.lower(), n.by.upper(), n.by.counts, strict=True)
                if c
            ]
            more = f" (the first {_MOST_ROWS} of {len(bins):,})" if len(bins) > _MOST_ROWS else ""
            title = f"{name}: by {other} − {one}{more}"
            section.tables.append(Table(title, ("difference", "values"), bins[:_MOST_ROWS]))
    return section
