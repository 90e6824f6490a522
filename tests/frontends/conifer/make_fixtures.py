#!/usr/bin/env python3
"""Make the models of this folder and their answers, with conifer's own C++, compiled, as the reference.

    python make_fixtures.py [small] [forests]

It needs conifer==1.11, scikit-learn, xgboost, 'setuptools<81', pandas, bxnn and g++.

XILINX_AP_INCLUDE names the folder of ap_fixed.h; nlohmann/json.hpp is found by the compiler.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sklearn_binary": (
        "sklearn",
        {
            "Backend": "xilinxhls",
            "InputPrecision": "ap_fixed<8,4,AP_RND,AP_SAT>",
            "ThresholdPrecision": "ap_fixed<10,4>",
            "WeightPrecision": "ap_fixed<4,2>",
            "ScorePrecision": "ap_fixed<9,1,AP_RND,AP_SAT>",
            "Unroll": True,
        },
    ),
    "sklearn_binary_rolled": (
        "sklearn",
        {
            "Backend": "xilinxhls",
            "InputPrecision": "ap_fixed<8,4>",
            "ScorePrecision": "ap_fixed<9,1,AP_RND,AP_SAT>",
            "Unroll": False,
        },
    ),
    "xgboost_multiclass": (
        "xgboost",
        {
            "Backend": "cpp",
            "InputPrecision": "ap_fixed<8,5>",
            "ScorePrecision": "ap_fixed<8,1,AP_TRN,AP_SAT>",
        },
    ),
}

EVENTS, KEPT = 100_000, 400
_TYPES = {f"{role}Precision": "ap_fixed<10,5,AP_RND,AP_SAT>" for role in ("Input", "Threshold")}
_TYPES |= {"ScorePrecision": "ap_fixed<10,2,AP_RND,AP_SAT>"}
# How a forest of 100 rounds is compiled: both backends, the three orders of additions.
VARIANTS: dict[str, dict[str, Any]] = {
    "unrolled": {"Backend": "xilinxhls", "Unroll": True} | _TYPES,
    "rolled": {"Backend": "xilinxhls", "Unroll": False} | _TYPES,
    "cpp": {"Backend": "cpp"} | _TYPES,
}
_MAIN = """#include <cstdio>
#include <vector>
%(head)s
int main() {
    %(once)s
    std::vector<double> x(%(features)d), y(%(scores)d);
    while (std::fread(x.data(), 8, x.size(), stdin) == x.size()) {
        %(each)s
        std::fwrite(y.data(), 8, y.size(), stdout);
    }
}
"""
_HLS_EVENT = """input_arr_t in;
        score_t out[%(scores)d];
        for (int i = 0; i < %(features)d; i++)
            in[i] = (input_t)x[i];
        bdt.decision_function(in, out);
        for (int i = 0; i < %(scores)d; i++)
            y[i] = (double)out[i];"""


def trained() -> dict[str, Any]:
    """A binary forest of scikit-learn and one of XGBoost with three classes, both on coarse features."""
    import conifer
    import xgboost
    from sklearn.ensemble import GradientBoostingClassifier

    rng = np.random.default_rng(7)
    x = np.round(rng.normal(size=(800, 4)) * 16) / 8
    binary = (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype(int)
    classes = np.digitize(x[:, 0] + x[:, 3], [-1, 1])
    sklearn = GradientBoostingClassifier(n_estimators=9, max_depth=3, learning_rate=0.5, random_state=0)
    boosted = xgboost.XGBClassifier(n_estimators=5, max_depth=2, base_score=0.5, learning_rate=0.8)
    converter = conifer.converters.get_converter
    return {
        "sklearn": converter("sklearn").convert(sklearn.fit(x, binary)),
        "xgboost": converter("xgboost").convert(boosted.fit(x, classes)),
    }


def forests() -> dict[str, Any]:
    """100 rounds: two classes and three classes by scikit-learn, three classes by XGBoost."""
    import conifer
    import xgboost
    from sklearn.ensemble import GradientBoostingClassifier

    rng = np.random.default_rng(8)
    x = rng.normal(size=(2000, 4)) * 3
    binary = (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype(int)
    classes = np.digitize(x[:, 0] + x[:, 3] * x[:, 1], [-2, 2])
    converter = conifer.converters.get_converter
    shape = {"n_estimators": 100, "random_state": 0}
    deep, flat = (GradientBoostingClassifier(max_depth=depth, **shape) for depth in (3, 2))
    boosted = xgboost.XGBClassifier(max_depth=2, base_score=0.5, **shape)
    return {
        "sklearn_100": converter("sklearn").convert(deep.fit(x, binary)),
        "sklearn_classes_100": converter("sklearn").convert(flat.fit(x, classes)),
        "xgboost_classes_100": converter("xgboost").convert(boosted.fit(x, classes)),
    }


def model_of(ensemble: dict[str, Any], config: dict[str, Any], folder: str) -> Any:
    """The model object of conifer, with its project in `folder` to be."""
    from conifer.model import make_model

    names = {"ProjectName": "my_prj", "OutputDir": folder, "XilinxPart": "any", "ClockPeriod": 5}
    return make_model(json.loads(json.dumps(ensemble)), names | config)


def simulated(ensemble: dict[str, Any], config: dict[str, Any], folder: str, raw: np.ndarray) -> np.ndarray:
    """Raw scores [N, classes] by a program around what conifer writes into `folder`, for many events."""
    import conifer

    model = model_of(ensemble, config, folder)
    model.write()
    classes, place = int(ensemble["n_classes"]), Path(folder)
    sizes = {"features": raw.shape[1], "scores": 1 if classes == 2 else classes}
    if config["Backend"] == "xilinxhls":
        parts = {"head": '#include "firmware/BDT.cpp"', "once": "", "each": _HLS_EVENT % sizes}
    else:
        bridge = (place / "bridge.cpp").read_text()
        types = bridge[bridge.index("struct BDTConfig") : bridge.index("namespace py")]
        parts = {
            "head": f'#include "ap_fixed.h"\n#include "conifer.h"\n{types}',
            "once": f'conifer::BDT<BDTConfig> bdt("{place}/my_prj.json");',
            "each": "y = bdt._decision_function_double(x);",
        }
    (place / "main.cpp").write_text(_MAIN % (sizes | parts))
    home = Path(conifer.__path__[0])
    paths = [os.environ["XILINX_AP_INCLUDE"], home / "external/hls", home / "backends/cpp/include"]
    command = ["g++", "-O1", "-std=c++14", "-w", *(f"-I{path}" for path in paths), "main.cpp", "-o", "main"]
    subprocess.run(command, cwd=place, check=True)
    numbers = np.ldexp(raw.astype(np.float64), -_frac(config["InputPrecision"]))
    done = subprocess.run([place / "main"], input=numbers.tobytes(), capture_output=True, check=True)
    units = np.ldexp(np.frombuffer(done.stdout).reshape(len(raw), -1), _frac(config["ScorePrecision"]))
    assert (units == np.rint(units)).all()
    return units.astype(np.int64)


def variant(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document with the configuration of a variant, as conifer saves it."""
    config = {"backend": VARIANTS[name]["Backend"], "unroll": VARIANTS[name].get("Unroll", True)}
    types = {"input": "Input", "threshold": "Threshold", "weight": "Threshold", "score": "Score"}
    config |= {f"{role}_precision": VARIANTS[name][f"{key}Precision"] for role, key in types.items()}
    return document | {"config": config, "metadata": [{"version": "1.11"}]}


def make_forests() -> None:
    """Compare bxnn with every variant on 100,000 events; write what `forests` holds."""
    import bxnn

    target = HERE / "forests"
    target.mkdir(exist_ok=True)
    rng = np.random.default_rng(4)
    typical = np.clip(np.rint(rng.normal(0, 96, (EVENTS, 4))), -512, 511).astype(np.int64)
    raw = np.where(rng.random((EVENTS, 1)) < 0.8, typical, rng.integers(-512, 512, (EVENTS, 4)))
    arrays = {}
    for name, ensemble in forests().items():
        document = json.loads(json.dumps(ensemble, default=lambda value: value.tolist()))
        (target / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
        for kind, config in VARIANTS.items():
            with tempfile.TemporaryDirectory() as folder:
                expected = simulated(document, config, folder, raw)
                path = Path(folder) / "variant.json"
                path.write_text(json.dumps(variant(document, kind)))
                found = np.asarray(bxnn.convert(path).predict_raw(raw)).astype(np.int64)
            differ, distinct = int((found != expected).sum()), len(np.unique(expected))
            print(f"{name} {kind}: {expected.size} values, {distinct} distinct, {differ} differ", flush=True)
            assert differ == 0
            arrays[f"{name}_{kind}"] = expected[:KEPT].astype(np.int16)
    np.savez_compressed(target / "answers.npz", raw=raw[:KEPT].astype(np.int16), **arrays)


def make_small() -> None:
    """Write <case>.json, the parameters.h of HLS projects, and expected.npz."""
    models, arrays = trained(), {}
    raw = np.random.default_rng(3).integers(-128, 128, (400, 4))
    for name, (source, config) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            arrays[name] = simulated(models[source], config, folder, raw)
            document = json.loads((Path(folder) / "my_prj.json").read_text())
            document["config"]["output_dir"] = "."
            document["metadata"] = [{"version": entry["version"]} for entry in document["metadata"]]
            (HERE / f"{name}.json").write_text(json.dumps(document) + "\n")
            if config["Backend"] == "xilinxhls":
                text = (Path(folder) / "firmware" / "parameters.h").read_text()
                lines = (line.rstrip() for line in text.splitlines())
                (HERE / f"{name}.h").write_text("\n".join(lines) + "\n")
            print(name, len(np.unique(arrays[name])), "distinct scores")
    np.savez_compressed(HERE / "expected.npz", raw=raw.astype(np.int16), **arrays)


def _frac(precision: str) -> int:
    """Fraction bits of `ap_fixed<width,integer,...>` or `ap_int<width>`."""
    width, *rest = precision.split("<")[1].rstrip(">").split(",")
    return int(width) - int(rest[0]) if rest else 0


if __name__ == "__main__":
    for part in sys.argv[1:] or ["small", "forests"]:
        {"small": make_small, "forests": make_forests}[part]()
