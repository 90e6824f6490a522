"""bxnn at every level that is asked for: from C++ where a build folder is given, and from Python."""

from __future__ import annotations

from pathlib import Path

from network import Network
from server import Absent, Contestant, InCpp, InPython, Ready, Setting, compile_loop, raw, serve

from bxnn import _core

INCLUDE = Path(__file__).resolve().parents[2] / "cpp" / "include"


def from_cpp(setting: Setting, output: _core.Tensor) -> list[Contestant]:
    """The C++ interface, a contestant for each level; raises Absent."""
    if not setting.build:
        raise Absent("no --bxnn-build given")
    build = Path(setting.build)
    if not (build / "libbxnn.a").exists():
        raise Absent(f"no file '{build / 'libbxnn.a'}': build the library there (CONTRIBUTING.md)")
    flags = ["-std=c++20", f"-I{INCLUDE}", f"-I{build / 'include'}", str(build / "libbxnn.a"), "-pthread"]
    library = compile_loop("bxnn_loop.cpp", setting.folder, flags)
    return [
        Contestant(f"bxnn {level}, C++", raw, InCpp(library, text, str(output.dtype), output.shape[0]), True)
        for level, text in ((level, f"{level} {setting.model}") for level in setting.levels)
    ]


def from_python(model: _core.Model, level: str) -> Contestant:
    """The Python binding at one level."""
    way = InPython(lambda events: model.run([events], isa=level)[0])
    return Contestant(f"bxnn {level}, Python", raw, way, True)


def prepare(setting: Setting, network: Network) -> Ready:
    """All levels from C++, the best one from Python; without a build folder, all levels from Python."""
    model = _core.Model.load(setting.model)
    versions = {"bxnn": _core.__version__}
    try:
        contestants = from_cpp(setting, model.outputs[0])
    except Absent as error:
        every = [from_python(model, level) for level in setting.levels]
        return Ready(versions, every, {"C++ interface of bxnn": str(error)})
    return Ready(versions, [from_python(model, setting.levels[-1]), *contestants], {})


serve(prepare)
