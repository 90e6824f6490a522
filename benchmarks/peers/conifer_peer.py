"""conifer's C++ backend: by its own decision_function, and by a plain C++ loop over events.

Needs what conifer itself needs to compile: XILINX_AP_INCLUDE and JSON_ROOT, or g++ knowing the headers.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import conifer
from conifer.model import load_model
from conifer.utils import _ap_include, _json_include
from network import Network
from server import Contestant, InCpp, InPython, Ready, Setting, compile_loop, expect, real, serve


def flags(network: Network) -> list[str]:
    """How conifer compiles, and the types of the ensemble."""
    headers = Path(conifer.__file__).parent / "backends" / "cpp" / "include"
    config = network.ensemble["config"]
    names = {role.upper(): config[f"{role}_precision"] for role in ("input", "threshold", "weight", "score")}
    types = [f"-D{key}={value}" for key, value in names.items()]
    includes = [*f"{_ap_include() or ''} {_json_include() or ''}".split(), f"-I{headers}"]
    return ["-std=c++14", *includes, *types, f"-DINPUTS={network.ensemble['n_features']}"]


def prepare(setting: Setting, network: Network) -> Ready:
    """Compile conifer's bridge and the loop."""
    expect(network, "trees")
    folder = Path(setting.folder) / "conifer"
    folder.mkdir()
    document = network.ensemble
    document["config"] |= {"output_dir": str(folder), "project_name": network.name}
    path = Path(setting.folder) / "document.json"
    path.write_text(json.dumps(document))
    os.chdir(folder)
    model = load_model(str(path))
    model.compile()
    form = real(network.input, "float64")
    loop = InCpp(compile_loop("conifer_loop.cpp", setting.folder, flags(network)), str(path), "float64", 1)
    return Ready(
        {"conifer": str(conifer.__version__)},
        [
            Contestant("conifer C++, C++ loop", form, loop, True),
            Contestant("conifer C++, decision_function", form, InPython(model.decision_function), True),
        ],
        {},
    )


serve(prepare)
