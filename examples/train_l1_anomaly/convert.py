#!/usr/bin/env python3
"""Convert the trained networks into the model files of `bxnn demo`, with their scores inside the graph.

Each file has the network's own output and `score`, both as raw integers, and carries 256 golden events: real
inputs and the outputs of HLS C-simulation, from which the score is computed here with NumPy integers, not by
bxnn. Before a file is written, bxnn is compared with C-simulation on every event of the sample.

    python convert.py          # needs bxnn, 'hls4ml[qkeras]==1.3.0', pyparsing and g++
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hls4ml
import numpy as np
from numpy.typing import NDArray
from preprocessing import raw_inputs, read_shift
from qkeras.utils import load_qmodel

import bxnn
from bxnn._core import Model as Core
from bxnn.convert import core_of_graph
from bxnn.score import Score

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
sys.path.append(str(REPOSITORY))

from firmware_ref.csim import Csim  # noqa: E402

MODELS = HERE / "models"
DATA = REPOSITORY / "python" / "bxnn" / "data"
GOLDEN_EVENTS = 256
TRAIN_EVENTS = 12000

Raw = NDArray[np.int64]
Expected = Callable[[Raw, Raw], Raw]


def read_sample() -> dict[str, NDArray[np.int16]]:
    """Raw inputs [N, 57] of every process of the shipped sample."""
    shift = read_shift(MODELS / "preprocessing.json")
    with np.load(DATA / "l1_events.npz") as sample:
        return {name.removesuffix("_objs"): raw_inputs(sample[name], shift) for name in sample}


def read_network(name: str) -> Any:
    """hls4ml's graph of a trained network."""
    model = load_qmodel(str(MODELS / f"{name}.h5"), compile=False)
    configuration = json.loads((MODELS / f"{name}_hls_config.json").read_text())
    return hls4ml.converters.convert_from_keras_model(
        model, hls_config=configuration, backend="Vitis", io_type="io_parallel"
    )


def golden_choice(sample: dict[str, NDArray[np.int16]]) -> Raw:
    """Half zero bias that training has not seen, half signals in equal parts: [256, 57]."""
    signals = [name for name in sample if name != "zerobias"]
    half = GOLDEN_EVENTS // 2
    shares = np.array_split(np.arange(half), len(signals))
    parts = [sample["zerobias"][TRAIN_EVENTS : TRAIN_EVENTS + half]]
    parts += [sample[name][: len(share)] for name, share in zip(signals, shares, strict=True)]
    return np.concatenate(parts).astype(np.int64)


def build(name: str, network: Any, score: Callable[[str, str], Score], meaning: str) -> Core:
    """The network with its score, and what a reader of the file needs to know."""
    model = bxnn.Model(core_of_graph(network, name))
    (x,), (y,) = model.inputs, model.outputs
    core = bxnn.compose(model, after={"score": score(x.name, y.name)})._core
    notes = {
        "input_shift": json.dumps(read_shift(MODELS / "preprocessing.json")),
        "input_rule": "raw input = hardware integer << input_shift, object by object (pT, eta, phi)",
        "score": meaning,
        "training": f"zero bias, first {TRAIN_EVENTS} events of l1_events.npz",
    }
    for key, text in notes.items():
        core = core.with_meta(key, text)
    return core


def require_equal(model: bxnn.Model, inputs: Raw, expected: list[Raw]) -> None:
    """Raise if bxnn and C-simulation differ in one integer."""
    found = model.predict_raw(inputs)
    for tensor, ours, theirs in zip(model.outputs, found, expected, strict=True):
        differing = int((ours.astype(np.int64) != theirs).sum())
        if differing:
            raise SystemExit(
                f"{model.name}: output '{tensor.name}' differs from C-simulation in {differing} values"
            )


def convert(name: str, score: Callable[[str, str], Score], expected_score: Expected, meaning: str) -> None:
    """Convert, compare and write one network."""
    sample = read_sample()
    network = read_network(name)
    core = build(name, network, score, meaning)
    everything = np.concatenate(list(sample.values())).astype(np.int64)
    golden = golden_choice(sample)
    with Csim(network) as csim:
        (every_result,), _ = csim.run([everything])
        (golden_result,), _ = csim.run([golden])
    require_equal(bxnn.Model(core), everything, [every_result, expected_score(everything, every_result)])
    model = bxnn.Model(core.with_golden([golden], [golden_result, expected_score(golden, golden_result)]))
    model.self_test()
    path = DATA / f"{name}.bxnn"
    model.save(path)
    print(f"{path}: {path.stat().st_size} bytes; equal to C-simulation on {len(everything)} events")


def main() -> None:
    """Convert both networks; put their input scaling beside them."""
    shutil.copyfile(MODELS / "preprocessing.json", DATA / "preprocessing.json")
    convert(
        "vae_encoder",
        lambda x, mean: Score(mean),
        lambda x, mean: (mean**2).sum(1, keepdims=True),
        "sum of squares of the latent means",
    )
    convert(
        "autoencoder",
        lambda x, reconstruction: Score(reconstruction, minus=x),
        lambda x, reconstruction: ((reconstruction - x) ** 2).sum(1, keepdims=True),
        "sum of squared differences between reconstruction and input",
    )


if __name__ == "__main__":
    main()
