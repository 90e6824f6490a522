#!/usr/bin/env python3
"""Make the models of this folder and their answers, with conifer's own compiled C++ as the reference.

    python make_fixtures.py     # needs conifer==1.11, scikit-learn, xgboost, 'setuptools<81', pandas, g++

XILINX_AP_INCLUDE names the folder of ap_fixed.h; nlohmann/json.hpp is found by the compiler.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
STAMPS = itertools.count(1)

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


def compiled(ensemble: dict[str, Any], config: dict[str, Any], folder: str) -> Any:
    """A compiled conifer model of the document, with its project in `folder`."""
    from conifer.model import make_model

    names = {"ProjectName": "my_prj", "OutputDir": folder, "XilinxPart": "any", "ClockPeriod": 5}
    model = make_model(json.loads(json.dumps(ensemble)), names | config)
    model._stamp = next(STAMPS)  # the name of the compiled module
    model.compile()
    return model


def answers(model: Any, raw: np.ndarray, input_frac: int, score_frac: int) -> np.ndarray:
    """Raw scores [N, classes] for raw inputs [N, features], by conifer."""
    scores = np.asarray(model.decision_function(np.ldexp(raw.astype(np.float64), -input_frac)))
    units = np.ldexp(scores.reshape(len(raw), -1), score_frac)
    assert (units == np.rint(units)).all()
    return units.astype(np.int64)


def main() -> None:
    """Write <case>.json, the parameters.h of HLS projects, and expected.npz."""
    models, arrays = trained(), {}
    raw = np.random.default_rng(3).integers(-128, 128, (400, 4))
    for name, (source, config) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            model = compiled(models[source], config, folder)
            document = json.loads((Path(folder) / "my_prj.json").read_text())
            document["config"]["output_dir"] = "."
            document["metadata"] = [{"version": entry["version"]} for entry in document["metadata"]]
            (HERE / f"{name}.json").write_text(json.dumps(document) + "\n")
            if config["Backend"] == "xilinxhls":
                text = (Path(folder) / "firmware" / "parameters.h").read_text()
                (HERE / f"{name}.h").write_text(text + "\n")
            arrays[name] = answers(
                model, raw, _frac(config["InputPrecision"]), _frac(config["ScorePrecision"])
            )
            print(name, len(np.unique(arrays[name])), "distinct scores")
    np.savez_compressed(HERE / "expected.npz", raw=raw.astype(np.int16), **arrays)


def _frac(precision: str) -> int:
    width, integer = precision.split("<")[1].rstrip(">").split(",")[:2]
    return int(width) - int(integer)


if __name__ == "__main__":
    main()
