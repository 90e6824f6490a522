"""The demonstration: two shipped anomaly networks score Level-1-like events, exactly as firmware would."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn.model import Model, Outputs, SelfTest
from bxnn.study.curves import area_under_curve, roc
from bxnn.study.rates import CROSSING_RATE, passing, rate_curve, working_point

MODELS = ("vae_encoder", "autoencoder")
ZERO_BIAS = "zerobias"
TRAINING_EVENTS = 12_000  # the first zero-bias events, seen in training
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
    return Model.load(f"package:{name}.bxnn")


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
        auc={sample: float(area_under_curve(background, score).area) for sample, score in signals.items()},
        working_points=tuple(_working_point(rate, background, signals) for rate in RATES),
        events_per_second=_throughput(model, events[ZERO_BIAS]),
        scores=scores,
    )


def _score(model: Model, raw: NDArray[np.int32]) -> Scores:
    result = model.predict_raw(raw)
    score: NDArray[Any] = result["score"] if isinstance(result, Outputs) else result
    return score.reshape(-1).astype(np.int64)


def _working_point(rate: float, background: Scores, signals: Mapping[str, Scores]) -> WorkingPoint:
    point = working_point(background, rate)
    efficiency = (
        None
        if (threshold := point.threshold) is None
        else {sample: passing(score, threshold).value for sample, score in signals.items()}
    )
    return WorkingPoint(rate, point.passed, threshold, efficiency)


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


def picture_kinds() -> list[str]:
    """The suffixes, without their dots, of the pictures that `draw` can write."""
    from matplotlib.backend_bases import FigureCanvasBase

    return sorted(FigureCanvasBase.get_supported_filetypes())


def draw(results: list[Result], path: Path) -> None:
    """Write a picture: for each model the ROC curves, and the zero-bias rate against the threshold."""
    from matplotlib.figure import Figure

    from bxnn.study import plots

    with plots.style():
        figure = Figure(figsize=(13, 4.6 * len(results)), layout="constrained")
        panels = figure.subplots(len(results), 2, squeeze=False)
        for (left, right), result in zip(panels, results, strict=True):
            background = result.scores[ZERO_BIAS]
            plots.draw_roc(left, {s: roc(background, result.scores[s]) for s in result.auc})
            left.set_title(f"{result.model}: ROC against zero bias")
            one = {f"one event of {result.test_events:,}": CROSSING_RATE / result.test_events}
            plots.draw_rate(right, rate_curve(background), one)
            right.set_title(f"{result.model}: zero bias, score of {result.score_format}")
        figure.supxlabel(NOTE, fontsize=8)
        figure.savefig(path, dpi=130)
