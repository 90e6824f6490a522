"""Plots of studies, in the style of mplhep where it is installed. Each function returns a matplotlib
figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bxnn.study.curves import Roc
from bxnn.study.rates import Floats, Measured, RateCurve, Scores, levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 1200  # of a curve; more can't be told apart
_BINS = 80
_OVERRIDES = {
    "figure.figsize": (7.0, 4.6),
    "font.size": 11,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "legend.frameon": True,
    "legend.framealpha": 0.85,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "axes.unicode_minus": False,
}


def missing_style() -> str | None:
    """Why the plots are not in the style of mplhep; None where they are."""
    try:
        import mplhep  # noqa: F401
    except ImportError as error:
        return f"plain matplotlib: mplhep can't be imported ({error}); pip install mplhep"
    return None


@contextmanager
def style() -> Iterator[None]:
    """Figures made and saved inside have the studies' style."""
    import matplotlib.style

    base: list[Any] = []
    if missing_style() is None:
        import mplhep

        base = [mplhep.style.ROOT]
    with matplotlib.style.context([*base, _OVERRIDES]):
        yield


def new_axes(**size: Any) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained", **size)
    return figure, figure.subplots()


def svg(figure: Figure) -> bytes:
    """The figure as SVG: the same bytes for the same figure."""
    import matplotlib

    file = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "bxnn", "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def score_distributions(title: str, samples: Mapping[str, Scores], background: str) -> Figure:
    """Fraction of events in bins of the score, equal in its logarithm; scores below 1 are in the first."""
    figure, axes = new_axes()
    found = {name: levels(scores) for name, scores in samples.items()}
    top = max(2, *(int(sample.values[-1]) for sample in found.values()))
    low = max(1, min(int(np.maximum(sample.values[0], 1)) for sample in found.values()))
    edges = np.geomspace(low, top + 1, _BINS + 1)
    for name, sample in found.items():
        inside = np.clip(sample.values.astype(np.float64), edges[0], top)
        counts, _ = np.histogram(inside, edges, weights=sample.counts.astype(np.float64))
        if name == background:
            axes.stairs(counts / sample.total, edges, fill=True, color="0.8", label=name)
        else:
            axes.stairs(counts / sample.total, edges, label=name)
    axes.set(
        xscale="log", yscale="log", title=title, xlabel="score (raw integer)", ylabel="fraction of events"
    )
    axes.legend(ncols=2)
    return figure


def rate_against_threshold(title: str, curve: RateCurve, budgets: Mapping[str, float]) -> Figure:
    """With the band of one standard deviation, and a line for each rate of `budgets` in Hz."""
    figure, axes = new_axes()
    draw_rate(axes, curve, budgets)
    axes.set_title(title)
    return figure


def draw_rate(axes: Axes, curve: RateCurve, budgets: Mapping[str, float]) -> None:
    """`rate_against_threshold` on given axes."""
    at = _thinned(len(curve.threshold))
    x = curve.threshold[at]
    axes.fill_between(x, curve.low[at] / 1e3, curve.high[at] / 1e3, step="post", alpha=0.3, label="68 %")
    axes.step(x, curve.rate[at] / 1e3, where="post", label="rate")
    for i, (name, rate) in enumerate(budgets.items()):
        axes.axhline(rate / 1e3, color=f"C{i + 1}", linestyle="--", label=f"{name}: {rate / 1e3:,.4g} kHz")
    axes.set(
        xscale="log" if bool((x > 0).all()) else "linear",
        yscale="log",
        xlabel="threshold (raw integer)",
        ylabel="rate of score > threshold / kHz",
    )
    axes.xaxis.set_minor_formatter("")
    axes.legend()


def roc_curves(title: str, curves: Mapping[str, Roc]) -> Figure:
    """Signal efficiency against the fraction of background, on a logarithmic axis."""
    figure, axes = new_axes()
    draw_roc(axes, curves)
    axes.set_title(title)
    return figure


def draw_roc(axes: Axes, curves: Mapping[str, Roc]) -> None:
    """`roc_curves` on given axes."""
    least = 1.0
    for i, (name, curve) in enumerate(curves.items()):
        at = _thinned(len(curve.threshold), ends=True)
        at = at[curve.background[at] > 0]
        area, x = curve.area.measured, curve.background[at]
        label = f"{name}: AUC {area.value:.4f} ± {area.error:.4f}"
        axes.plot(x, curve.signal[at], color=f"C{i}", label=label)
        band = curve.signal_low[at], curve.signal_high[at]
        axes.fill_between(x, *band, color=f"C{i}", alpha=0.2, lw=0)
        least = min(least, *(curve.background[curve.background > 0].tolist() or [1.0]))
    axes.set(
        xscale="log",
        xlim=(least if least < 1 else 0.1, 1),
        ylim=(0, 1.05),
        xlabel="fraction of background",
        ylabel="signal efficiency",
    )
    axes.legend(loc="best")


def efficiency_bars(title: str, seeds: Mapping[str, Sequence[Measured]], signals: Sequence[str]) -> Figure:
    """For every signal a group of bars, one for each entry of `seeds`."""
    figure, axes = new_axes(figsize=(max(7.0, 1.2 + 0.3 * len(seeds) * len(signals)), 4.6))
    width = 0.8 / max(1, len(seeds))
    places = np.arange(len(signals))
    for i, (name, values) in enumerate(seeds.items()):
        height = np.array([v.value for v in values])
        errors = np.array([[v.value - v.low for v in values], [v.high - v.value for v in values]])
        axes.bar(
            places + (i - (len(seeds) - 1) / 2) * width,
            height,
            width,
            label=name,
            yerr=np.maximum(errors, 0),
            error_kw={"lw": 1},
        )
    axes.set_xticks(places, signals)
    axes.tick_params(axis="x", which="both", length=0)
    axes.set(title=title, ylabel="fraction of events kept", ylim=(0, None))
    axes.legend(ncols=3)
    return figure


def rate_bars(title: str, seeds: Mapping[str, Sequence[Measured]], budget: float | None) -> Figure:
    """Kept and pure rates in kHz by seed, on a logarithmic axis; a line for the budget in Hz."""
    figure, axes = new_axes(figsize=(7.0, 1.4 + 0.3 * len(seeds)))
    places = np.arange(len(seeds))
    for i, (label, height) in enumerate((("kept", 0.8), ("pure", 0.4))):
        values = [pair[i] for pair in seeds.values()]
        width = [v.value for v in values]
        errors = np.array([[v.value - v.low for v in values], [v.high - v.value for v in values]])
        axes.barh(places, width, height, label=label, xerr=np.maximum(errors, 0), error_kw={"lw": 1})
    if budget is not None:
        axes.axvline(budget / 1e3, color="C3", linestyle="--", label="budget of the menu")
    axes.set_yticks(places, list(seeds))
    axes.tick_params(axis="y", which="both", length=0)
    axes.invert_yaxis()
    axes.set(title=title, xscale="log", xlabel="rate / kHz")
    axes.legend(loc="lower right")
    return figure


def overlap_matrix(title: str, names: Sequence[str], overlap: Floats) -> Figure:
    """Of the events that the seed of a row keeps, the fraction that the seed of a column keeps as well."""
    size = max(5.0, 1.8 + 0.42 * len(names))
    figure, axes = new_axes(figsize=(size + 0.6, size))
    diagonal = np.diag(overlap)[:, None]
    shares = np.divide(overlap, diagonal, out=np.full_like(overlap, np.nan), where=diagonal > 0)
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(which="both", length=0, labelsize=8)
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share) and share > 0.005:
            colour = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_title(title)
    figure.colorbar(image, ax=axes, label="fraction kept by the column's seed, too", shrink=0.8)
    return figure


def rate_by_section(title: str, rates: Sequence[Measured], mean: float, note: str) -> Figure:
    """The rate in Hz in sections of the sample, in order, and their common one."""
    figure, axes = new_axes()
    value = np.array([r.value for r in rates]) / 1e3
    errors = np.array([[r.value - r.low, r.high - r.value] for r in rates]).T / 1e3
    axes.errorbar(np.arange(len(rates)), value, np.maximum(errors, 0), fmt="o", capsize=2, label="sections")
    axes.axhline(mean / 1e3, color="C1", label=f"all: {mean / 1e3:.4g} kHz; {note}")
    axes.set(title=title, xlabel="section", ylabel="rate / kHz", ylim=(0, None))
    axes.legend()
    return figure


def mismatches_by_bx(title: str, events: NDArray[np.int64], differing: NDArray[np.int64]) -> Figure:
    """A map of the orbit: the fraction of events that differ at every bunch crossing, grey where there is
    none."""
    figure, axes = new_axes()
    row = 99  # 36 rows of 99 crossings are the 3,564 of an orbit
    shares = np.divide(differing, events, out=np.full(len(events), np.nan), where=events > 0).reshape(-1, row)
    axes.set_facecolor("0.85")
    image = axes.imshow(shares, aspect="auto", cmap="viridis_r", vmin=0, extent=(0, row, shares.size, 0))
    axes.set(title=title, xlabel=f"bunch crossing modulo {row}", ylabel="bunch crossing of the orbit")
    figure.colorbar(image, ax=axes, label="fraction of events that differ")
    return figure


def _thinned(count: int, *, ends: bool = False) -> NDArray[np.int64]:
    """At most some _POINTS indices; all of the last third (with ends: of the first too), where few events
    are."""
    if count <= _POINTS:
        return np.arange(count)
    third = _POINTS // 3
    parts = [np.linspace(0, count - 1, third).astype(np.int64), np.arange(count - third, count)]
    chosen: NDArray[np.int64] = np.unique(np.concatenate([*parts, np.arange(third)] if ends else parts))
    return chosen
