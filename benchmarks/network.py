"""The network under test and its events, read from what the repository ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY / "python" / "bxnn" / "data"
TRAINED = REPOSITORY / "examples" / "train_l1_anomaly" / "models"
NAME = "vae_encoder"
LAYERS = {"encode1": (57, 32), "encode2": (32, 16), "mean": (16, 8)}
MULTIPLICATIONS = sum(inputs * outputs for inputs, outputs in LAYERS.values())
WEIGHT_FRACTION_BITS, WEIGHT_LIMIT = 6, 127  # quantized_bits(8, 1, symmetric)


def raw_events(count: int) -> NDArray[np.int16]:
    """The shipped events of all processes as raw inputs [count, 57], repeated as often as needed."""
    shift = np.array(json.loads((DATA / "preprocessing.json").read_text())["shift"])
    with np.load(DATA / "l1_events.npz") as sample:
        events = np.concatenate([objects.reshape(len(objects), -1) for objects in sample.values()])
    raw = events.astype(np.int64) << shift
    assert np.array_equal(raw, raw.astype(np.int16)), "the inputs fit 16 bits"
    return np.resize(raw.astype(np.int16), (count, raw.shape[1]))


def write_weights(path: Path) -> None:
    """Weights and biases as the firmware has them, for peers that cannot read a QKeras model."""
    import h5py

    def quantised(x: Any) -> NDArray[np.float64]:
        raw = np.rint(np.ldexp(np.asarray(x, np.float64), WEIGHT_FRACTION_BITS))
        real: NDArray[np.float64] = np.ldexp(raw.clip(-WEIGHT_LIMIT, WEIGHT_LIMIT), -WEIGHT_FRACTION_BITS)
        return real

    arrays = {}
    with h5py.File(TRAINED / f"{NAME}.h5") as file:
        for layer, shape in LAYERS.items():
            group = file[f"model_weights/{layer}/{layer}"]
            assert group["kernel:0"].shape == shape
            arrays[f"{layer}_weights"] = quantised(group["kernel:0"])
            arrays[f"{layer}_bias"] = quantised(group["bias:0"])
    np.savez(path, **arrays)
