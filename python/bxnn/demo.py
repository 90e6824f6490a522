"""The demonstration: two shipped anomaly networks score Level-1-like events, exactly as firmware would."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bxnn.model import Model, Outputs, SelfTest
from bxnn.sources.lhc import REVOLUTION_FREQUENCY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODELS = ("vae_encoder", "autoencoder")
ZERO_BIAS = "zerobias"
TRAINING_EVENTS = 12_000  # the first zero-bias events, seen in training
CROSSING_RATE = REVOLUTION_FREQUENCY * 2_748  # bunches of a filled machine: 30.9 MHz
RATES = (1e3, 1e4, 3e4, 1e5, 3e5)
THROUGHPUT_BATCH = 100_000
NOTE = (
    f"Zero-bias rates are fractions of {CROSSING_RATE / 1e6:.1f} MHz of crossings in a toy simulation: "
    "they show the method, they are not physics."
)

Scores = NDArray[np.int64]


@dataclass(frozen=True)
class WorkingPoint:
    """Accept crossings with score > threshold, so that zero bias passes at most at `rate`.

    threshold and efficiency are None where the sample is too small to say: not one event may pass.
    """

    rate: float
    zero_bias_passed: int
    threshold: int | None
    efficiency: dict[str, float] | None


@dataclass(frozen=True)
class Result:
    """What one model does with the test events; scores are raw integers."""

    model: str
    score_format: str
    self_test: SelfTest
    test_events: int
    auc: dict[str, float]
    working_points: tuple[WorkingPoint, ...]
    events_per_second: float
    scores: dict[str, Scores]

    def as_dict(self) -> dict[str, Any]:
        """Everything but the scores, for JSON."""
        document = asdict(self)
        del document["scores"]
        return document


def load_events() -> dict[str, NDArray[np.int32]]:
    """Raw network inputs [N, 57] of every sample; of zero bias the test events alone."""
    data = files("bxnn") / "data"
    shift = np.array(json.loads((data / "preprocessing.json").read_text())["shift"], dtype=np.int32)
    with (data / "l1_events.npz").open("rb") as file, np.load(file, allow_pickle=False) as sample:
        objects = {key.removesuffix("_objs"): sample[key] for key in sample.files if key.endswith("_objs")}
    objects[ZERO_BIAS] = objects[ZERO_BIAS][TRAINING_EVENTS:]
    return {name: o.reshape(len(o), -1).astype(np.int32) << shift for name, o in objects.items()}


def load_model(name: str) -> Model:
    """A model that comes with the package."""
    return Model.from_bytes((files("bxnn") / "data" / f"{name}.bxnn").read_bytes())


def demonstrate(name: str, events: Mapping[str, NDArray[np.int32]]) -> Result:
    """Self-test a shipped model, score all events, measure its speed on one core."""
    model = load_model(name)
    scores = {sample: _score(model, raw) for sample, raw in events.items()}
    background = scores[ZERO_BIAS]
    signals = {sample: score for sample, score in scores.items() if sample != ZERO_BIAS}
    return Result(
        model=name,
        score_format=str(next(t.format for t in model.outputs if t.name == "score")),
        self_test=model.replay_golden(),
        test_events=len(background),
        auc={sample: area_under_curve(background, score) for sample, score in signals.items()},
        working_points=tuple(_working_point(rate, background, signals) for rate in RATES),
        events_per_second=_throughput(model, events[ZERO_BIAS]),
        scores=scores,
    )


def _score(model: Model, raw: NDArray[np.int32]) -> Scores:
    result = model.predict_raw(raw)
    score: NDArray[Any] = result["score"] if isinstance(result, Outputs) else result
    return score.reshape(-1).astype(np.int64)


def area_under_curve(background: Scores, signal: Scores) -> float:
    """Probability that a signal event scores above a background event; a tie counts one half."""
    ordered = np.sort(background)
    below = np.searchsorted(ordered, signal, "left") + np.searchsorted(ordered, signal, "right")
    return float(below.mean() / (2 * len(ordered)))


def _working_point(rate: float, background: Scores, signals: Mapping[str, Scores]) -> WorkingPoint:
    allowed = int(rate / CROSSING_RATE * len(background))
    if allowed == 0:
        return WorkingPoint(rate, 0, None, None)
    threshold = int(np.sort(background)[-allowed - 1])
    return WorkingPoint(
        rate,
        int((background > threshold).sum()),
        threshold,
        {sample: float((score > threshold).mean()) for sample, score in signals.items()},
    )


def _throughput(model: Model, raw: NDArray[np.int32]) -> float:
    """Median events/s of one thread; few repeats where the machine is slow."""
    batch = np.resize(raw, (THROUGHPUT_BATCH, raw.shape[1])).astype(model.inputs[0].dtype)
    seconds: list[float] = []
    model.predict_raw(batch[:1000], threads=1)
    while len(seconds) < 9 and sum(seconds) < 3:
        began = time.perf_counter()
        model.predict_raw(batch, threads=1)
        seconds.append(time.perf_counter() - began)
    return THROUGHPUT_BATCH / statistics.median(seconds)


def rate_curve(background: Scores) -> tuple[Scores, NDArray[np.float64]]:
    """Thresholds, and the zero-bias rate in Hz of score > threshold."""
    thresholds = np.unique(background)
    passed = len(background) - np.searchsorted(np.sort(background), thresholds, "right")
    return thresholds, np.asarray(passed * (CROSSING_RATE / len(background)), dtype=np.float64)


def picture_kinds() -> list[str]:
    """The suffixes, without their dots, of the pictures that `draw` can write."""
    from matplotlib.backend_bases import FigureCanvasBase

    return sorted(FigureCanvasBase.get_supported_filetypes())


def draw(results: list[Result], path: Path) -> None:
    """Write a picture: for each model the ROC curves, and the zero-bias rate against the threshold."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2 * len(results)), layout="constrained")
    panels = figure.subplots(len(results), 2, squeeze=False)
    for (roc, rate), result in zip(panels, results, strict=True):
        _draw_roc(roc, result)
        _draw_rate(rate, result)
    figure.supxlabel(NOTE, fontsize=8)
    figure.savefig(path, dpi=130)


def _draw_roc(axes: Axes, result: Result) -> None:
    background = result.scores[ZERO_BIAS]
    thresholds = np.unique(background)[::-1]
    accepted = 1 - np.searchsorted(np.sort(background), thresholds, "right") / len(background)
    for sample, auc in result.auc.items():
        ordered = np.sort(result.scores[sample])
        efficiency = 1 - np.searchsorted(ordered, thresholds, "right") / len(ordered)
        axes.plot(accepted[1:], efficiency[1:], label=f"{sample}  AUC {auc:.3f}")
    axes.set(
        xscale="log",
        xlabel="zero-bias efficiency",
        ylabel="signal efficiency",
        xlim=(1 / len(background), 1),
        ylim=(0, 1.02),
        title=f"{result.model}: ROC",
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _draw_rate(axes: Axes, result: Result) -> None:
    thresholds, rate = rate_curve(result.scores[ZERO_BIAS])
    axes.step(thresholds, rate / 1e3, where="post", color="black", label="zero bias")
    lowest = CROSSING_RATE / result.test_events / 1e3
    axes.axhline(lowest, color="grey", linestyle=":", label=f"one event of {result.test_events:,}")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=f"threshold (raw score, {result.score_format})",
        ylabel="rate / kHz",
        title=f"{result.model}: zero-bias rate above threshold",
    )
    axes.xaxis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
