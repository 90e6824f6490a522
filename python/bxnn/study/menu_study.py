"""A menu on samples of events: every number of the study, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bxnn._core import InputError
from bxnn.histogram import Histogram
from bxnn.sources import Selection, Source, open_source
from bxnn.sources.source import evaluated
from bxnn.study.configuration import Sample, StudyConfiguration
from bxnn.study.curves import Roc, roc
from bxnn.study.emulators import SEEDS, Emulator
from bxnn.study.menus import MenuCounts, MenuFractions
from bxnn.study.rates import (
    Measured,
    RateCurve,
    WorkingPoint,
    passing,
    rate_curve,
    working_point,
)
from bxnn.study.stability import Stability, stability

CHUNK = 65_536
BITS = 16  # scores are known exactly below 2**16, above to one part in 2**15


@dataclass
class SampleCounts:
    """What a sample's events did: words of seeds in sections in the file's order, scores."""

    sections: list[MenuCounts]
    scores: dict[str, Histogram]

    @property
    def counts(self) -> MenuCounts:
        total = MenuCounts(self.sections[0].names, self.sections[0].prescales)
        for section in self.sections:
            total.merge(section)
        return total


@dataclass(frozen=True)
class ScoreStudy:
    """One score: its rate on the background, thresholds for target rates, ROC curves by signal."""

    rate: RateCurve
    points: tuple[WorkingPoint, ...]
    efficiency: tuple[dict[str, Measured], ...]  # of each point with a threshold, by signal
    roc: dict[str, Roc]


@dataclass(frozen=True, eq=False)
class MenuStudy:
    """All numbers of a study. rates: of the background, in fractions of crossings; efficiency: by signal."""

    configuration: StudyConfiguration
    samples: dict[str, SampleCounts]
    rates: MenuFractions
    unprescaled: MenuFractions
    efficiency: dict[str, MenuFractions]
    gain: dict[str, Measured]
    rest: dict[str, Measured]
    scores: dict[str, ScoreStudy]
    stability: dict[str, Stability]

    @property
    def signals(self) -> list[str]:
        return [name for name in self.samples if name != self.configuration.background]

    @property
    def within_budget(self) -> bool | None:
        """Whether the total rate is at most the menu's budget; None without a budget."""
        budget = self.configuration.menu.rate_budget_hz
        return None if budget is None else self.rates.rate(self.configuration.crossing_rate).value <= budget


def run_study(
    configuration: StudyConfiguration,
    *,
    threads: int = 0,
    advance: Callable[[int], None] = lambda events: None,
) -> MenuStudy:
    """Raises InputError and OSError where a sample can't be used or has no events."""
    samples = {s.name: count_sample(configuration, s, threads, advance) for s in configuration.samples}
    background = samples[configuration.background]
    signals = {name: s for name, s in samples.items() if name != configuration.background}
    counts = background.counts
    rest = [name for name in counts.names if name not in configuration.anomaly]
    each = {name: s.counts for name, s in samples.items()}
    return MenuStudy(
        configuration=configuration,
        samples=samples,
        rates=counts.summary(),
        unprescaled=counts.summary(prescaled=False),
        efficiency={name: each[name].summary() for name in signals},
        gain={name: each[name].gain(configuration.anomaly) for name in each},
        rest={name: each[name].accepted(rest) for name in each},
        scores={name: _score(configuration, name, samples) for name in configuration.menu.scores},
        stability=_stability(background),
    )


def sample_events(configuration: StudyConfiguration, sample: Sample) -> int:
    """Events of a sample that are used. Raises as `open_source` does, and InputError if there are none."""
    source = _open(configuration, sample)
    if source.count is None:
        raise InputError(
            f"sample '{sample.name}': expected a file, whose events can be counted, got a stream"
        )
    count = source.count - sample.first
    if count <= 0:
        raise InputError(f"sample '{sample.name}': expected events after the first {sample.first}, got none")
    return count


def _open(configuration: StudyConfiguration, sample: Sample) -> Source:
    names = [t.name for t in configuration.menu.model.inputs]
    return open_source(sample.file, names, Selection(sample.columns, sample.tree))


def count_sample(
    configuration: StudyConfiguration, sample: Sample, threads: int, advance: Callable[[int], None]
) -> SampleCounts:
    """Run the menu on one sample."""
    menu = configuration.menu
    count, source = sample_events(configuration, sample), _open(configuration, sample)
    names, prescales = tuple(s.name for s in menu.seeds), tuple(s.prescale for s in menu.seeds)
    found = SampleCounts(
        [MenuCounts(names, prescales) for _ in range(configuration.sections)],
        {name: Histogram(BITS) for name in menu.scores},
    )
    emulator, done = Emulator(menu.model), 0
    for _, numbers in evaluated(
        source.chunks(CHUNK, sample.first),
        lambda chunk: emulator.answers(chunk, threads=threads).numbers,
        f"sample '{sample.name}', {sample.file}",
        sample.first,
    ):
        words = numbers[SEEDS][:, 0]
        section = (done + np.arange(len(words))) * configuration.sections // count
        for s in np.unique(section).tolist():
            found.sections[s].fill(words[section == s])
        for name, histogram in found.scores.items():
            histogram.fill(numbers[name])
        done += len(words)
        advance(len(words))
    return found


def _score(configuration: StudyConfiguration, name: str, samples: dict[str, SampleCounts]) -> ScoreStudy:
    rate = configuration.crossing_rate
    background = samples[configuration.background].scores[name]
    signals = {s: c.scores[name] for s, c in samples.items() if s != configuration.background}
    points = tuple(working_point(background, target, rate) for target in configuration.rates)
    efficiency = tuple(
        {} if p.threshold is None else {s: passing(h, p.threshold) for s, h in signals.items()}
        for p in points
    )
    return ScoreStudy(
        rate_curve(background, rate), points, efficiency, {s: roc(background, h) for s, h in signals.items()}
    )


def _stability(background: SampleCounts) -> dict[str, Stability]:
    """Of every seed before its prescale."""
    events = [section.events for section in background.sections]
    fired = np.array([s.fired if s.events else (0,) * len(s.names) for s in background.sections])
    return {name: stability(fired[:, i], events) for i, name in enumerate(background.sections[0].names)}
