"""bxnn at every level of this CPU, called from Python and, where the library is given, from C++."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from server import Contestant, each_batch, serve

from bxnn import _core


def from_python(model: _core.Model, isa: str) -> Contestant:
    """Through the Python binding."""
    call = each_batch(lambda raw: model.run([raw], isa=isa)[0])
    return Contestant(f"bxnn {isa}, from Python", np.int16, call)


def from_cpp(library: Any, path: str, isa: str, events: int) -> Contestant:
    """Through the C API, by a loop in C++ (native/bxnn_loop.cpp)."""
    library.bxnn_loop_open.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.bxnn_loop_open(path.encode(), isa.encode()))
    if not handle:
        raise RuntimeError(f"the C++ library does not open {path} for {isa}")
    mean, score = np.empty((events, 8), np.int16), np.empty((events, 1), np.int64)

    def answer(raw: Any, batch: int) -> Any:
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (raw, mean, score)]
        if library.bxnn_loop_run(handle, *pointers, ctypes.c_size_t(len(raw)), ctypes.c_size_t(batch)):
            raise RuntimeError("the C++ library reports an error")
        return mean

    return Contestant(f"bxnn {isa}, from C++", np.int16, answer)


def prepare(setting: dict[str, Any]) -> tuple[dict[str, str], list[Contestant]]:
    """Load the model; a contestant for each level and way."""
    model = _core.Model.load(setting["model"])
    contestants = [from_python(model, isa) for isa in _core.isa_levels()]
    if setting["library"]:
        library = ctypes.CDLL(setting["library"])
        contestants += [
            from_cpp(library, setting["model"], isa, setting["count"]) for isa in _core.isa_levels()
        ]
    return {"bxnn": _core.__version__, "core": _core.__file__}, contestants


serve(prepare)
