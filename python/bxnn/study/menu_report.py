"""A menu study as a folder: numbers, plots, and the page that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from bxnn._core import InputError
from bxnn.study import plots
from bxnn.study.menu_study import MenuStudy
from bxnn.study.numbers import NUMBERS, Columns, write_numbers
from bxnn.study.rates import Measured
from bxnn.study.report import Picture, Section, Table, software, write_report

REPORT = "report.html"


def write_study(study: MenuStudy, folder: str | Path) -> list[str]:
    """Write everything into the folder, which is made; returns the names of the files, the report first."""
    target = Path(folder)
    (target / "plots").mkdir(parents=True, exist_ok=True)
    histograms = {
        f"{score}/{sample}": h for sample, c in study.samples.items() for score, h in c.scores.items()
    }
    names = write_numbers(target, as_document(study), as_tables(study), histograms)
    with plots.style():
        sections = [_rates(study), _overlaps(study), _efficiencies(study)]
        sections += [_score(study, name) for name in study.scores]
        sections.append(_stability(study))
    names_of = file_names(section.title for section in sections)
    for section in sections:
        for i, picture in enumerate(section.pictures):
            name = f"plots/{names_of[section.title].lower()}_{i}.svg"
            (target / name).write_bytes(picture.svg)
            names.append(name)
    sections.append(_configuration(study))
    c = study.configuration
    total = study.rates.rate(c.crossing_rate)
    facts = {
        "menu": f"{c.menu.name}, version {c.menu.version}, SHA-256 {c.menu.sha256[:16]}…",
        "events": ", ".join(f"{name} {s.counts.events:,}" for name, s in study.samples.items()),
        "rate of crossings": f"{c.crossing_rate / 1e6:.2f} MHz ({c.filled_bunches:,} bunches)",
        "total rate": f"{khz(total)} kHz{_budget(study)}",
    }
    if c.note:
        facts["note"] = c.note
    if why := plots.missing_style():
        facts["plots"] = why
    write_report(target / REPORT, f"Trigger study {c.name}", sections, facts)
    return [REPORT, *names]


def require_apart(folder: Path, file: Path) -> None:
    """Raises InputError if `write_study` would write over a file that the study reads."""
    if file.resolve().parent == folder.resolve() and file.name in (REPORT, *NUMBERS):
        raise InputError(
            f"{file}: is read by the study, whose results would be written over it; choose another folder"
        )


def khz(rate: Measured) -> str:
    """A rate of Hz in kHz, with the ends of its interval as differences."""
    value, low, high = (number / 1e3 for number in rate)
    return f"{_digits(value)} +{_digits(high - value)} −{_digits(value - low)}"


def _digits(number: float) -> str:
    """Three digits or so, never an exponent; what is below a thousandth is 0."""
    if number < 1e-3:
        return "0"
    places = 0 if number >= 100 else 1 if number >= 10 else 2 if number >= 1 else 3
    return f"{number:,.{places}f}"


def percent(share: Measured) -> str:
    """A fraction with half its interval, in percent."""
    return f"{share.value:.2%} ± {share.error:.2%}".replace("% ±", " ±").replace("%", " %")


def _budget(study: MenuStudy) -> str:
    budget = study.configuration.menu.rate_budget_hz
    if budget is None:
        return ""
    return f", {'within' if study.within_budget else 'ABOVE'} the budget of {budget / 1e3:g} kHz"


def _prescale(prescale: Fraction) -> str:
    return "off" if prescale == 0 else str(prescale)


def rate_rows(study: MenuStudy) -> list[tuple[str, ...]]:
    """Seed, prescale, rates in kHz: raw, kept, pure."""
    rate = study.configuration.crossing_rate
    rows = [
        (s.name, _prescale(s.prescale), *(khz(m.times(rate)) for m in (s.fired, s.kept, s.pure)))
        for s in study.rates.seeds
    ]
    without = study.unprescaled.total.times(rate)
    return [*rows, ("total", "", khz(without), khz(study.rates.total.times(rate)), "")]


def efficiency_rows(study: MenuStudy) -> list[tuple[str, ...]]:
    """Signal, all seeds, all but the anomaly seeds, what these add."""
    return [
        (name, *(percent(m) for m in (study.efficiency[name].total, study.rest[name], study.gain[name])))
        for name in study.signals
    ]


RATE_HEADS = ("seed", "prescale", "raw / kHz", "kept / kHz", "pure / kHz")
EFFICIENCY_HEADS = ("signal", "all seeds", "without anomaly seeds", "only by anomaly seeds")


def _rates(study: MenuStudy) -> Section:
    rate = study.configuration.crossing_rate
    kept = {s.name: [s.kept.times(rate / 1e3), s.pure.times(rate / 1e3)] for s in study.rates.seeds}
    figure = plots.rate_bars("Rates by seed", kept, study.configuration.menu.rate_budget_hz)
    return Section(
        "Rates",
        [
            f"From {study.rates.events:,} events of {study.configuration.background}, before dead time. Raw: "
            "before the prescale; kept: after; pure: kept by no other seed. Prescales count by their "
            "probabilities. Uncertainties are Wilson intervals of 68 %."
        ],
        [Table(f"Total {khz(study.rates.rate(rate))} kHz{_budget(study)}", RATE_HEADS, rate_rows(study))],
        [Picture.of("Rates after prescales, and the part that no other seed keeps", figure)],
    )


def _overlaps(study: MenuStudy) -> Section:
    names = [s.name for s in study.rates.seeds]
    figure = plots.overlap_matrix("Overlaps after prescales / %", names, study.rates.overlap)
    text = (
        "Of the events that the seed of a row keeps, the percentage that the seed of a column keeps as well."
    )
    return Section("Overlaps", [text], pictures=[Picture.of("Overlaps of the background", figure)])


def _efficiencies(study: MenuStudy) -> Section:
    signals = study.signals
    section = Section(
        "Efficiencies",
        [
            "Fractions of each signal's events that are kept, prescales included. Anomaly seeds: "
            f"{', '.join(study.configuration.anomaly) or 'none'}."
        ],
        [Table("Of the menu", EFFICIENCY_HEADS, efficiency_rows(study))],
    )
    if not signals:
        return section
    rows = [
        (seed, *(percent(study.efficiency[name].seeds[i].fired) for name in signals))
        for i, seed in enumerate(s.name for s in study.rates.seeds)
    ]
    section.tables.append(Table("Of each seed, before its prescale", ("seed", *signals), rows))
    bars = {
        "all seeds": [study.efficiency[name].total for name in signals],
        "without anomaly seeds": [study.rest[name] for name in signals],
        "only by anomaly seeds": [study.gain[name] for name in signals],
    }
    figure = plots.efficiency_bars("Signal efficiency of the menu", bars, signals)
    section.pictures.append(Picture.of("Efficiency, and what the anomaly seeds add", figure))
    fired = {
        s.name: [study.efficiency[name].seeds[i].fired for name in signals]
        for i, s in enumerate(study.rates.seeds)
        if s.name in study.configuration.anomaly
    }
    if fired:
        figure = plots.efficiency_bars("Anomaly seeds before prescales", fired, signals)
        section.pictures.append(Picture.of("Efficiency of each anomaly seed", figure))
    return section


def _score(study: MenuStudy, name: str) -> Section:
    score, signals = study.scores[name], study.signals
    rows = []
    for point, efficiency in zip(score.points, score.efficiency, strict=True):
        told = "out of reach" if point.threshold is None else f"{point.threshold:,}"
        shares = [percent(efficiency[s]) if efficiency else "" for s in signals]
        rows.append((f"{point.target / 1e3:g} kHz", told, f"{point.passed:,}", khz(point.rate), *shares))
    areas = [
        (s, f"{score.roc[s].area.measured.value:.4f}", f"{score.roc[s].area.measured.error:.4f}")
        for s in signals
    ]
    budgets = {"target": max(study.configuration.rates)} if study.configuration.rates else {}
    if (budget := study.configuration.menu.rate_budget_hz) is not None:
        budgets = {"budget": budget}
    samples = {sample: c.scores[name] for sample, c in study.samples.items()}
    pictures = [
        Picture.of(
            f"{name}: distributions",
            plots.score_distributions(name, samples, study.configuration.background),
        ),
        Picture.of(f"{name}: rate", plots.rate_against_threshold(name, score.rate, budgets)),
    ]
    if signals:
        pictures.append(Picture.of(f"{name}: ROC", plots.roc_curves(name, score.roc)))
    return Section(
        f"Score {name}",
        [
            "Thresholds are the smallest at which at most the target rate passes. AUC counts ties one half, "
            "its uncertainty is DeLong's."
        ],
        [
            Table("Working points", ("rate ≤", "score >", "events", "rate / kHz", *signals), rows),
            Table("Area under the ROC curve", ("signal", "AUC", "±"), areas),
        ],
        pictures,
    )


def section_rates(study: MenuStudy) -> list[Measured]:
    """The menu's total rate in Hz in each section of the background that has events."""
    background = study.samples[study.configuration.background]
    return [s.accepted().times(study.configuration.crossing_rate) for s in background.sections if s.events]


def _stability(study: MenuStudy) -> Section:
    rows = [(name, f"{s.chi2:.1f}", s.degrees, f"{s.probability:.3f}") for name, s in study.stability.items()]
    rates = section_rates(study)
    total = study.rates.rate(study.configuration.crossing_rate).value
    figure = plots.rate_by_section("Total rate by section", rates, total, f"{len(rates)} sections")
    return Section(
        "Stability",
        [
            "The background in sections, in the order of the file; chi2 of each seed's raw rate against a "
            "constant. Probabilities are good ones where some ten events are expected in every section."
        ],
        [Table("Against a constant rate", ("seed", "chi2", "degrees of freedom", "probability"), rows)],
        [Picture.of("Total rate after prescales", figure)],
    )


def file_names(scores: Iterable[str]) -> dict[str, str]:
    """A part of a file's name for each score, which may be any expression; no two are the same."""
    found: dict[str, str] = {}
    for score in scores:
        plain = re.sub(r"[^\w.+-]", "_", score)[:80]
        found[score] = plain if plain not in found.values() else f"{plain}_{len(found)}"
    return found


def _configuration(study: MenuStudy) -> Section:
    c = study.configuration
    rows = [(s.name, s.cut, _prescale(s.prescale), ", ".join(s.requires)) for s in c.menu.seeds]
    text = ["Seeds with requirements on a stage before are counted here without it."]
    return Section(
        "Configuration",
        text if any(s.requires for s in c.menu.seeds) else [],
        [Table("Seeds", ("seed", "cut", "prescale", "requires"), rows)],
        verbatim=f"{c.text}\n{'-' * 80}\n{c.menu.text}",
    )


def as_document(study: MenuStudy) -> dict[str, Any]:
    """Every number but the curves, for JSON. Rates in Hz, each with the ends of its interval."""
    c = study.configuration
    rate = c.crossing_rate
    return {
        "study": c.name,
        "note": c.note,
        "software": software(),
        "menu": c.menu.as_dict(),
        "crossing_rate_hz": rate,
        "within_budget": study.within_budget,
        "events": {name: s.counts.events for name, s in study.samples.items()},
        "total_hz": study.rates.rate(rate)._asdict(),
        "total_without_prescales_hz": study.unprescaled.rate(rate)._asdict(),
        "seeds": [
            {
                "name": s.name,
                "prescale": str(s.prescale),
                "raw_hz": s.fired.times(rate)._asdict(),
                "kept_hz": s.kept.times(rate)._asdict(),
                "pure_hz": s.pure.times(rate)._asdict(),
                "efficiency": {name: e.seeds[i].fired._asdict() for name, e in study.efficiency.items()},
            }
            for i, s in enumerate(study.rates.seeds)
        ],
        "efficiency": {
            name: {
                "total": study.efficiency[name].total._asdict(),
                "without_anomaly_seeds": study.rest[name]._asdict(),
                "only_anomaly_seeds": study.gain[name]._asdict(),
            }
            for name in study.signals
        },
        "anomaly_seeds": list(c.anomaly),
        "scores": {
            name: {
                "working_points": [
                    asdict(p)
                    | {"rate": p.rate._asdict(), "efficiency": {s: m._asdict() for s, m in e.items()}}
                    for p, e in zip(score.points, score.efficiency, strict=True)
                ],
                "auc": {s: r.area.measured._asdict() for s, r in score.roc.items()},
            }
            for name, score in study.scores.items()
        },
        "stability": {
            name: {"chi2": s.chi2, "degrees": s.degrees, "probability": s.probability}
            for name, s in study.stability.items()
        },
    }


def as_tables(study: MenuStudy) -> dict[str, Columns]:
    """The tables and curves by the names of their files."""
    return dict(_tables(study))


def _tables(study: MenuStudy) -> Iterator[tuple[str, Columns]]:
    rate, seeds = study.configuration.crossing_rate, study.rates.seeds
    columns: dict[str, list[Any]] = {
        "seed": [s.name for s in seeds],
        "prescale": [str(s.prescale) for s in seeds],
    }
    for key in ("fired", "kept", "pure"):
        values = [getattr(s, key).times(rate) for s in seeds]
        columns |= {f"{key}_hz": [v.value for v in values]}
        columns |= {f"{key}_low_hz": [v.low for v in values], f"{key}_high_hz": [v.high for v in values]}
    yield "rates", columns
    names = [s.name for s in seeds]
    yield "overlap", {"seed": names} | {n: study.rates.overlap[:, i].tolist() for i, n in enumerate(names)}
    if study.signals:
        pairs = [(signal, i) for signal in study.signals for i in range(len(seeds))]
        shares = [study.efficiency[signal].seeds[i].fired for signal, i in pairs]
        yield (
            "efficiency",
            {
                "signal": [signal for signal, _ in pairs],
                "seed": [names[i] for _, i in pairs],
                **{key: [getattr(m, key) for m in shares] for key in Measured._fields},
            },
        )
    sections = section_rates(study)
    yield (
        "sections",
        {"section": list(range(len(sections)))}
        | {f"{key}_hz": [getattr(m, key) for m in sections] for key in Measured._fields},
    )
    files = file_names(study.scores)
    for name, score in study.scores.items():
        curve = score.rate
        yield (
            f"rate_{files[name]}",
            {
                "threshold": curve.threshold.tolist(),
                "passed": curve.passed.tolist(),
                "rate_hz": curve.rate.tolist(),
                "low_hz": curve.low.tolist(),
                "high_hz": curve.high.tolist(),
            },
        )
        for signal, roc in score.roc.items():
            yield (
                f"roc_{files[name]}_{signal}",
                {
                    "threshold": roc.threshold.tolist(),
                    "background": roc.background.tolist(),
                    "signal": roc.signal.tolist(),
                    "low": roc.signal_low.tolist(),
                    "high": roc.signal_high.tolist(),
                },
            )
