"""From a project folder to a graph: the files, the layers in them, the handlers that emit them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bxnn._core import Error, UnsupportedError
from bxnn.frontends.hls4ml.graph import emit_layers

from .arrays import read_weights
from .declarations import Types, read_structs, read_types
from .layers import Assembly, Layer
from .reach import check_reach
from .text import Source, read_source, read_text, refuse_octal
from .top import read_top
from .versions import backend_of, origin_of

_MACRO = re.compile(r"^[^\S\n]*#[^\S\n]*define\b(?![^\S\n]+\w+(?:[^\S\n]+\d+)?[^\S\n]*$)", re.MULTILINE)
_WANTED = "a project folder of hls4ml has firmware/ with <project>.cpp, defines.h, parameters.h and weights/"


def is_project(source: object) -> bool:
    """Whether this is the path of a folder with hls4ml's firmware, or of that firmware itself."""
    if not isinstance(source, str | os.PathLike) or not Path(source).is_dir():
        return False
    firmware = _firmware(Path(os.fspath(source)))
    return any((firmware / name).exists() for name in ("defines.h", "nnet_utils", "weights"))


def _firmware(path: Path) -> Path:
    path = path.resolve()
    return path if path.name == "firmware" else path / "firmware"


@dataclass(frozen=True)
class Project:
    """The network of a project folder: layers in order, names of the outputs, types by name, metadata."""

    name: str
    file: str
    layers: list[Layer]
    outputs: list[str]
    types: dict[str, str]
    metadata: dict[str, str]

    def emit(self, builder: Any) -> None:
        """Emit the network into a `Builder`.

        The graph has the arguments of the top function as inputs and, under the names of the layers that
        write them, as outputs, in its order; a probe a layer; and the metadata. Raises UnsupportedError,
        naming the layer, for what is not known to be reproduced bit by bit.
        """
        for key, value in self.metadata.items():
            builder.set_meta(key, value)
        try:
            emit_layers(self.layers, self.outputs, builder, self.types)
        except Error:
            raise
        except (ArithmeticError, AssertionError, LookupError, MemoryError, ValueError) as error:
            raise UnsupportedError(
                f"{self.file}: the configurations in firmware/parameters.h do not describe a network "
                f"({type(error).__name__}: {error})"
            ) from error


def read_project(path: Path) -> Project:
    """Read a project folder: the one with `firmware/` in it, or `firmware/` itself.

    The metadata is origin, hls4ml_version (the release whose code it is), backend, io_type, graph_hash.

    Raises UnsupportedError, naming file and line, for anything that hls4ml does not generate, or is damaged.
    """
    firmware = _firmware(path)
    if not firmware.is_dir():
        raise UnsupportedError(f"'{path}' has no folder firmware; {_WANTED}")
    defines = read_source(firmware / "defines.h", "firmware/defines.h")
    refuse_octal(defines)
    types = read_types(defines)
    structs = read_structs(_read(firmware, "parameters.h", types))
    origin = origin_of(firmware, structs)
    top = read_top(_read(firmware, _top_file(firmware), types), types)
    _check_macros(firmware)
    check_reach(firmware, top.source, types, structs)
    backend = backend_of(firmware.parent, origin.backends, top.is_stream)
    load = cache(lambda name: read_weights(firmware / "weights", name, types, top.loaded))
    generated = firmware / "nnet_utils" / "nnet_code_gen.h"
    code = read_source(generated, "firmware/nnet_utils/nnet_code_gen.h").text if generated.exists() else ""
    layers, outputs = Assembly(top, types, structs, code, origin.release, backend, load).assemble()
    metadata = {
        "origin": "hls4ml project",
        "hls4ml_version": origin.release + ("" if origin.has_headers else " or later"),
        "backend": backend,
        "io_type": "io_stream" if top.is_stream else "io_parallel",
        "graph_hash": _hash(layers, types),
    }
    return Project(top.name, top.source.name, layers, outputs, types.spelling, metadata)


def _read(firmware: Path, name: str, types: Types) -> Source:
    source = read_source(firmware / name, f"firmware/{name}")
    refuse_octal(source)
    return source.with_numbers(types.numbers)


def _check_macros(firmware: Path) -> None:
    """Refuse macros in headers of the project that are not read: they could change what the code means."""
    for path in sorted(firmware.glob("*.h*")):
        if path.name in ("defines.h", "parameters.h"):
            continue
        source = read_source(path, f"firmware/{path.name}")
        if found := _MACRO.search(source.text):
            source.refuse(
                found.start(),
                f"'{source.statement(found.start())}': a macro could change what the network's code means; "
                "supported are those without value and numbers. Remove it from a copy of the project",
            )


def _top_file(firmware: Path) -> str:
    """The C++ file of the top function: the only one, or the one that the project is called after."""
    names = sorted(path.name for path in firmware.glob("*.cpp"))
    if len(names) == 1:
        return names[0]
    config = firmware.parent / "hls4ml_config.yml"
    if config.is_file():
        found = re.search(r"^ProjectName:\s*['\"]?(\w+)", read_text(config, config.name), re.MULTILINE)
        if found and f"{found[1]}.cpp" in names:
            return f"{found[1]}.cpp"
    if not names:
        raise UnsupportedError(f"firmware/ has no .cpp file; {_WANTED}")
    raise UnsupportedError(
        f"firmware/ has {len(names)} C++ files ({', '.join(names[:5])}) and hls4ml_config.yml does not say "
        "which is the network; remove the others from a copy"
    )


def _hash(layers: list[Layer], types: Types) -> str:
    """SHA-256 of what decides the results: layers, connections, code, types and weights."""
    digest = hashlib.sha256()
    for layer in layers:
        head = {
            "layer": [layer.name, layer.class_name],
            "inputs": layer.inputs,
            "outputs": layer.outputs,
            "code": [
                str(layer.get_attr(key, "")) for key in ("config_cpp", "function_cpp", "mask_fn_codegen")
            ],
            "variables": {
                name: [v.type.name, v.type.n_elem, list(v.shape)] for name, v in layer.variables.items()
            },
        }
        digest.update(json.dumps(head, sort_keys=True).encode())
        for key, array in layer.weights.items():
            digest.update(f"{key}:{array.type.name}:{','.join(array)}\n".encode())
    digest.update(json.dumps(types.spelling, sort_keys=True).encode())
    return digest.hexdigest()
