"""`import bxnn` needs NumPy alone, and gives a dozen names."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import bxnn

HEAVY = [
    "tensorflow",
    "keras",
    "hls4ml",
    "matplotlib",
    "rich",
    "h5py",
    "uproot",
    "pyarrow",
    "onnx",
    "torch",
    "yaml",
]
FUNCTIONS = ["accelerate", "compare", "compose", "convert", "profile", "verify"]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_heavy_is_imported() -> None:
    loaded = json.loads(run("import bxnn, sys, json; print(json.dumps(sorted(sys.modules)))"))
    assert not {name.split(".")[0] for name in loaded} & set(HEAVY)
    deferred = {f"bxnn.{name}" for name in (*FUNCTIONS, "cli", "frontends")}
    assert not deferred & set(loaded)


def test_numpy_is_enough() -> None:
    """Predicting, too, works where nothing but NumPy can be imported."""
    code = f"""
import sys
for name in {HEAVY}: sys.modules[name] = None
import bxnn, numpy as np
from bxnn._core import Builder
b = Builder("m"); b.output(b.input("x", [1], bxnn.Format(8, 4)), "y")
m = bxnn.Model(b.build())
assert bxnn.verify(m, m, np.ones((2, 1))).ok
print(m.predict([[1.5]]))
"""
    assert run(code).split() == ["[[1.5]]"]


def test_public_names() -> None:
    assert sorted(bxnn.__all__) == sorted(
        [
            "Error",
            "Format",
            "GraphError",
            "InputError",
            "Model",
            "ModelFileError",
            "UnsupportedError",
            "__version__",
            "accelerate",
            "compare",
            "compose",
            "convert",
            "from_qonnx",
            "profile",
            "verify",
        ]
    )
    assert set(bxnn.__all__) <= set(dir(bxnn))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_stay_functions_whatever_was_imported_first(name: str) -> None:
    """Each is also the name of the module that holds it."""
    run(f"import bxnn.{name}, bxnn; assert callable(bxnn.{name}), bxnn.{name}")
    run(
        f"import bxnn; f = bxnn.{name}; import bxnn.{name} as g; assert callable(f) and f is bxnn.{name} is g"
    )
    run(f"from bxnn import {name}; assert callable({name})")


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="'bxnn' has no attribute 'devices'"):
        bxnn.__getattr__("devices")
