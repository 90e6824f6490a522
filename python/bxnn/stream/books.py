"""The books of a stream: what arrived, what became of it, how long it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn.histogram import Histogram
from bxnn.sources.lhc import BUNCHES_PER_ORBIT

UInts = NDArray[np.uint64]
Quantiles = Mapping[str, int]  # p50, p90, p99, p99.9, p99.99, max


@dataclass(frozen=True)
class Lost:
    """Crossings lost one after the other, `first` to `last`; late: for being late, else for want of room."""

    first: int
    last: int
    events: int
    late: bool


@dataclass(frozen=True)
class Link:
    """In front of a stage, or of the file of accepted events: arrived = processed + lost + abandoned.

    lost_full: found no room. lost_late: came later than allowed. abandoned: behind an error. lost_by_bx:
    uint64 [3564]. runs: the first 65,536 of them; more_runs: how many others. capacity, waiting: batches.
    """

    arrived: int
    lost_full: int
    lost_late: int
    abandoned: int
    lost_by_bx: UInts
    runs: tuple[Lost, ...]
    more_runs: int
    capacity: int
    waiting: int
    occupancy: Quantiles

    @property
    def lost(self) -> int:
        return self.lost_full + self.lost_late


@dataclass(frozen=True)
class Counts:
    """Events: processed, accepted, dead (kept by a seed, but not accepted for dead time).

    Of every seed, uint64 [seeds]: fired (its cut was true), kept (after requirements and prescale), pure (the
    only one kept).
    """

    processed: int
    accepted: int
    dead: int
    fired: UInts
    kept: UInts
    pure: UInts


@dataclass(frozen=True)
class Section:
    """A section of time: number = orbit / orbits a section. kept: uint64 [seeds]."""

    number: int
    processed: int
    accepted: int
    kept: UInts


@dataclass(frozen=True)
class Version:
    """A version of a stage's menu, in use from the crossing `start` on; histograms by name of the score."""

    model: str
    start: int
    counts: Counts
    scores: Mapping[str, Histogram]


@dataclass(frozen=True)
class StageBooks:
    """One stage. overlap: uint64 [seeds, seeds], kept and kept. Latencies in ns, over_budget in events.

    A latency is the time from the crossing (for later stages: from the decision of the stage before) to the
    decision; without a clock, from the time at which the batch was taken in.
    """

    name: str
    seeds: tuple[str, ...]
    link: Link
    counts: Counts
    overlap: UInts
    sections: tuple[Section, ...]
    versions: tuple[Version, ...]
    latency: Quantiles
    latencies: Histogram
    over_budget: int
    batches: int
    busy_ns: int

    @property
    def scores(self) -> dict[str, Histogram]:
        """Histograms of all versions together."""
        merged: dict[str, Histogram] = {}
        for version in self.versions:
            for name, histogram in version.scores.items():
                merged[name] = merged[name] + histogram if name in merged else histogram
        return merged


@dataclass(frozen=True)
class Books:
    """Crossings [first, next) have been, `arrived` of them with collisions; accepted: the last link."""

    first: int
    next: int
    arrived: int
    elapsed_ns: int
    stages: tuple[StageBooks, ...]
    accepted: Link | None

    @property
    def empty(self) -> int:
        """Crossings without collisions."""
        return self.next - self.first - self.arrived

    @property
    def events_per_second(self) -> float:
        return self.arrived * 1e9 / self.elapsed_ns if self.elapsed_ns else 0.0

    @property
    def balanced(self) -> bool:
        """Whether every event is accounted for; False, too, while some are under way."""
        arrived = self.arrived
        for stage in self.stages:
            link = stage.link
            if link.arrived != arrived or arrived != stage.counts.processed + link.lost + link.abandoned:
                return False
            arrived = stage.counts.accepted
        return self.accepted is None or self.accepted.arrived == arrived

    @classmethod
    def of(
        cls, raw: Mapping[str, Any], stages: Sequence[tuple[Sequence[str], Sequence[str]]], kept: bool
    ) -> Books:
        """From what the core says. stages: names of seeds and of scores; kept: accepted events are taken."""
        return cls(
            raw["first"],
            raw["next"],
            raw["arrived"],
            raw["elapsed_ns"],
            tuple(_stage(s, *names) for s, names in zip(raw["stages"], stages, strict=True)),
            _link(raw["accepted"]) if kept else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON: everything but histograms."""
        seconds = self.elapsed_ns / 1e9
        return {
            "crossings": {
                "first": place(self.first),
                "next": place(self.next),
                "with_collisions": self.arrived,
                "without": self.empty,
            },
            "seconds": seconds,
            "events_per_second": self.events_per_second,
            "balanced": self.balanced,
            "stages": [_stage_dict(stage, self.elapsed_ns) for stage in self.stages],
            "accepted": None if self.accepted is None else _link_dict(self.accepted),
        }


def place(crossing: int) -> dict[str, int]:
    """Orbit and bx of a crossing."""
    return {"orbit": crossing // BUNCHES_PER_ORBIT, "bx": crossing % BUNCHES_PER_ORBIT}


def _link(raw: Mapping[str, Any]) -> Link:
    return Link(
        raw["arrived"],
        raw["lost_full"],
        raw["lost_late"],
        raw["abandoned"],
        raw["lost_by_bx"],
        tuple(Lost(*run) for run in raw["lost_runs"]),
        raw["more_lost_runs"],
        raw["capacity"],
        raw["waiting"],
        raw["occupancy"],
    )


def _counts(raw: Mapping[str, Any]) -> Counts:
    return Counts(raw["processed"], raw["accepted"], raw["dead"], raw["fired"], raw["kept"], raw["pure"])


def _stage(raw: Mapping[str, Any], seeds: Sequence[str], scores: Sequence[str]) -> StageBooks:
    def version(v: Mapping[str, Any]) -> Version:
        histograms = {name: Histogram(*h) for name, h in zip(scores, v["scores"], strict=False)}
        return Version(v["model"], v["from"], _counts(v["counts"]), histograms)

    return StageBooks(
        raw["name"],
        tuple(seeds),
        _link(raw["link"]),
        _counts(raw["counts"]),
        raw["overlap"],
        tuple(Section(s["number"], s["processed"], s["accepted"], s["kept"]) for s in raw["sections"]),
        tuple(version(v) for v in raw["versions"]),
        raw["latency"],
        Histogram(*raw["latency_histogram"]),
        raw["over_budget"],
        raw["batches"],
        raw["busy_ns"],
    )


def _link_dict(link: Link) -> dict[str, Any]:
    return {
        "arrived": link.arrived,
        "lost_full": link.lost_full,
        "lost_late": link.lost_late,
        "abandoned": link.abandoned,
        "lost_by_bx": {str(bx): int(n) for bx, n in enumerate(link.lost_by_bx) if n},
        "lost_runs": [
            {"first": place(run.first), "last": place(run.last), "events": run.events, "late": run.late}
            for run in link.runs[:100]
        ],
        "lost_runs_in_all": len(link.runs) + link.more_runs,
        "ring": {"batches": link.capacity, "waiting": link.waiting, "occupancy": dict(link.occupancy)},
    }


def _stage_dict(stage: StageBooks, elapsed_ns: int) -> dict[str, Any]:
    counts = stage.counts
    return {
        "name": stage.name,
        "link": _link_dict(stage.link),
        "processed": counts.processed,
        "accepted": counts.accepted,
        "dead": counts.dead,
        "seeds": [
            {"name": name, "fired": int(fired), "kept": int(kept), "pure": int(pure)}
            for name, fired, kept, pure in zip(
                stage.seeds, counts.fired, counts.kept, counts.pure, strict=True
            )
        ],
        "overlap": stage.overlap.tolist(),
        "latency_ns": dict(stage.latency),
        "over_budget": stage.over_budget,
        "batches": stage.batches,
        "busy": stage.busy_ns / elapsed_ns if elapsed_ns else 0.0,
        "sections": [
            {"number": s.number, "processed": s.processed, "accepted": s.accepted, "kept": s.kept.tolist()}
            for s in stage.sections
        ],
        "versions": [
            {
                "model": v.model,
                "from": place(v.start),
                "processed": v.counts.processed,
                "accepted": v.counts.accepted,
            }
            for v in stage.versions
        ],
    }
