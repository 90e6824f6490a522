"""From hardware integers of trigger objects to the raw inputs of the networks, and back to names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# ap_fixed<16,7>: raw integers count 1/512. pT (0.5 GeV a count) is shifted left by 3, so that the largest
# MET, 4095 counts, is raw 32760 of 32767; angles enter as they are and stay small beside pT.
INPUT_PRECISION = "fixed<16,7>"
INPUT_FRACTION_BITS = 9
SHIFT = {"pt": 3, "eta": 0, "phi": 0}

OBJECTS = [
    "met",
    *(f"{kind}{i}" for kind, count in (("egamma", 4), ("muon", 4), ("jet", 10)) for i in range(count)),
]
FEATURES = [f"{name}_{quantity}" for name in OBJECTS for quantity in SHIFT]
FEATURE_SHIFT = [shift for _ in OBJECTS for shift in SHIFT.values()]


def raw_inputs(objects: ArrayLike, shift: ArrayLike = FEATURE_SHIFT) -> NDArray[np.int16]:
    """Shift hardware integers [N, 19, 3] left, exactly: raw network inputs [N, 57].

    Raises ValueError if a result does not fit the input's 16 bits.
    """
    values = np.asarray(objects, np.int64).reshape(-1, len(FEATURES)) << np.asarray(shift, np.int64)
    raw = values.astype(np.int16)
    if not np.array_equal(raw, values):
        raise ValueError(f"expected inputs that fit 16 bits after the shift, got {np.abs(values).max()}")
    return raw


def real_inputs(objects: ArrayLike) -> NDArray[np.float32]:
    """The numbers that the raw inputs stand for: [N, 57] float32, exact."""
    return np.ldexp(raw_inputs(objects).astype(np.float32), -INPUT_FRACTION_BITS)


def write_description(path: Path) -> None:
    """Write the scaling as JSON, for programs in other languages."""
    description: dict[str, Any] = {
        "input_precision": INPUT_PRECISION,
        "rule": "raw input = hardware integer << shift; it stands for raw / 512",
        "features": FEATURES,
        "shift": FEATURE_SHIFT,
    }
    path.write_text(json.dumps(description, indent=1) + "\n")


def read_shift(path: Path) -> list[int]:
    """The shifts of a description."""
    shift: list[int] = json.loads(path.read_text())["shift"]
    return shift
