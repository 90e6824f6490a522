"""Networks of the sizes that Level-1 triggers have: what the benchmarks measure.

`encoder` has the trained weights that the repository ships, 57-32-16-8, and its events. The others have
random weights and random events: A the same sizes, activations of 16 bits, weights of 8 · A8 with activations
of 8 bits · Af as A with hls4ml's default accumulators, every product rounded down to ap_fixed<16,6> · B an
autoencoder 57-32-16-3-16-32-57 and its squared error · C 16-64-32-32-5 of 6 bits · D 128-72-72-8-72-72-128 of
8 bits · conv two convolutions over 18x14, pooling, dense layers · lstm 20 steps of 6 inputs, 20 units · trees
100 boosted trees of depth 4 on 16 inputs, as a model document of conifer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.contest import Absent
from benchmarks.peers.network import Layer, Network, Type

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY / "python" / "bxnn" / "data"
TRAINED = REPOSITORY / "examples" / "train_l1_anomaly" / "models" / "vae_encoder.h5"
PLAIN, ACT16, ACT8 = Type(16, 6), Type(16, 6, True, "RND", "SAT"), Type(8, 3, True, "RND", "SAT")
DISTINCT = 4_000  # events; all others repeat them
DEPTH = 4  # of trees
EXTREME = 1_000  # the first of them, drawn from all that the input's type can hold


class Subject(NamedTuple):
    """A network, and the standard deviation of its typical inputs as raw integers; 0: the shipped events."""

    network: Network
    spread: float


def events(subject: Subject) -> NDArray[Any]:
    """Raw integers [DISTINCT, n] int64: extreme events, then typical ones."""
    kind, size = subject.network.input, int(np.prod(subject.network.shape))
    low = kind.largest - 2**kind.width + 1
    random = np.random.default_rng(2)
    extreme = random.integers(low, kind.largest, (EXTREME, size), endpoint=True)
    if subject.spread:
        drawn = np.rint(random.normal(0, subject.spread, (DISTINCT - EXTREME, size)))
        typical = drawn.clip(low, kind.largest)
    else:
        typical = random.permutation(_shipped_events())[: DISTINCT - EXTREME]
    rows: NDArray[np.int64] = np.concatenate([extreme, typical]).astype(np.int64)
    return rows


def _shipped_events() -> NDArray[np.int64]:
    shift = np.array(json.loads((DATA / "preprocessing.json").read_text())["shift"])
    with np.load(DATA / "l1_events.npz") as sample:
        objects = np.concatenate([rows.reshape(len(rows), -1) for rows in sample.values()])
    raw: NDArray[np.int64] = np.left_shift(objects.astype(np.int64), shift)
    return raw


class _Random:
    """Layers with random weights, the same in every run."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def layer(self, kind: str, outputs: int, terms: int, weight: Type, result: Type, **more: Any) -> Layer:
        half = 2 ** (weight.width - 1)
        weights = self.rng.integers(-half, half, (outputs, terms)).tolist()
        bias = self.rng.integers(-128, 128, outputs).tolist()
        return Layer(kind, weights, bias, weight, Type(8, 1), result, **more)

    def chain(
        self, sizes: list[int], between: Type, out: Type, bits: int, integers: list[int], **more: Any
    ) -> list[Layer]:
        """Dense layers with relu between them; weights of so many bits, in front of the point `integers`."""
        layers = []
        for at, (terms, outputs) in enumerate(pairwise(sizes)):
            last = at == len(sizes) - 2
            weight = Type(bits, integers[at % len(integers)])
            layers.append(
                self.layer("dense", outputs, terms, weight, out if last else between, relu=not last, **more)
            )
        return layers


def _encoder() -> Subject:
    try:
        import h5py
    except ImportError as error:
        raise Absent(str(error)) from None

    weight, between = Type(8, 2), Type(14, 6, False, "RND_CONV", "SAT")
    layers = []
    with h5py.File(TRAINED) as file:
        for name in ("encode1", "encode2", "mean"):
            group = file[f"model_weights/{name}/{name}"]
            kernel, bias = (  # quantized_bits(8, 1, symmetric)
                np.rint(np.ldexp(np.asarray(group[key], np.float64), weight.frac)).clip(-127, 127).astype(int)
                for key in ("kernel:0", "bias:0")
            )
            result = Type(16, 8, True, "RND", "SAT") if name == "mean" else between
            layers.append(
                Layer("dense", kernel.T.tolist(), bias.tolist(), weight, weight, result, relu=name != "mean")
            )
    return Subject(Network("encoder", [57], Type(16, 7), layers), 0)


def _mlp(
    name: str, sizes: list[int], into: Type, between: Type, out: Type, bits: int, integers: list[int],
    spread: float, error: bool = False, **more: Any,
) -> Subject:  # fmt: skip
    layers = _Random().chain(sizes, between, out, bits, integers, **more)
    return Subject(Network(name, [sizes[0]], into, layers, error), spread)


def _convolutions() -> Subject:
    act, draw = Type(8, 3, False, "RND", "SAT"), _Random()
    layers = [
        draw.layer("conv", 4, 9, Type(6, -4), act, relu=True, size=3, pool=2),  # 16x12x4, then 8x6x4
        draw.layer("conv", 6, 36, Type(6, -1), act, relu=True, size=3),  # 6x4x6
        draw.layer("dense", 16, 144, Type(6, -1), act, relu=True),
        draw.layer("dense", 4, 16, Type(6, 1), Type(16, 8)),
    ]
    return Subject(Network("conv", [18, 14, 1], Type(8, 8, False), layers), 40)


def _lstm() -> Subject:
    draw, steps, inputs, units = _Random(), 20, 6, 20
    layers = [
        draw.layer("lstm", 4 * units, inputs + units, Type(8, 0), ACT16),
        draw.layer("dense", 5, units, Type(8, 1), ACT16),
    ]
    return Subject(Network("lstm", [steps, inputs], PLAIN, layers), 1024)


def _tree(rng: np.random.Generator, features: int, input_frac: int, score_frac: int) -> dict[str, Any]:
    """A full tree, breadth first; thresholds and values lie on the grids of their types."""
    inner, nodes = 2**DEPTH - 1, 2 ** (DEPTH + 1) - 1
    feature = [*rng.integers(0, features, inner).tolist(), *[-2] * (nodes - inner)]
    threshold = np.ldexp(np.rint(np.ldexp(rng.normal(0, 1, nodes), input_frac)), -input_frac)
    value = np.ldexp(np.rint(np.ldexp(rng.normal(0, 0.2, nodes), score_frac)), -score_frac)
    return {
        "feature": feature,
        "weight": [[int(f == at) for at in range(features)] for f in feature],
        "threshold": threshold.tolist(),
        "value": value.tolist(),
        "children_left": [2 * i + 1 if i < inner else -1 for i in range(nodes)],
        "children_right": [2 * i + 2 if i < inner else -1 for i in range(nodes)],
    }


def _trees() -> Subject:
    rng, count, features = np.random.default_rng(1), 100, 16
    score = Type(18, 8)
    types = {f"{role}_precision": "ap_fixed<16,6>" for role in ("input", "threshold", "weight")}
    types["score_precision"] = "ap_fixed<18,8>"
    config = {
        "backend": "cpp",
        "output_dir": ".",
        "project_name": "trees",
    }
    document = {
        "max_depth": DEPTH,
        "n_trees": count,
        "n_features": features,
        "n_classes": 2,
        "init_predict": [0.5],
        "norm": 1,
        "library": "none",
        "splitting_convention": "<=",
        "trees": [[_tree(rng, features, PLAIN.frac, score.frac)] for _ in range(count)],
        "config": config | types,
        "metadata": [{"version": "1.11"}],
    }
    return Subject(Network("trees", [features], PLAIN, [], ensemble=document), 1024)


def _subjects() -> dict[str, Callable[[], Subject]]:
    deep, small = [57, 32, 16, 8], [16, 64, 32, 32, 5]
    wide, around = [128, 72, 72, 8, 72, 72, 128], [57, 32, 16, 3, 16, 32, 57]
    narrow, act6 = Type(8, 3), Type(6, 2, False, "RND", "SAT")
    return {
        "encoder": _encoder,
        "A": lambda: _mlp("A", deep, PLAIN, ACT16, ACT16, 8, [1], 256),
        "A8": lambda: _mlp("A8", deep, narrow, ACT8, ACT8, 8, [-1, 0, 0], 32),
        "Af": lambda: _mlp("Af", deep, PLAIN, PLAIN, PLAIN, 8, [1], 256, accum=PLAIN),
        "B": lambda: _mlp("B", around, PLAIN, ACT16, ACT16, 8, [1, 1, 1, 1, 0, 0], 256, error=True),
        "C": lambda: _mlp("C", small, Type(6, 2), act6, PLAIN, 6, [0, -1, 0, 0], 12),
        "D": lambda: _mlp("D", wide, narrow, ACT8, ACT8, 8, [-1, -1, -1, 1, -1, -1], 32),
        "conv": _convolutions,
        "lstm": _lstm,
        "trees": _trees,
    }


SUBJECTS = _subjects()
