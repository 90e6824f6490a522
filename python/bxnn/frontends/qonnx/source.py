"""Reading an ONNX graph: files, protocol buffers, qonnx's wrapper; damaged ones are errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bxnn._core import InputError, ModelFileError

from .node import text

_REMEDY = "pass a path ending in .onnx, an onnx ModelProto, or a qonnx ModelWrapper"


def read_model(source: Any) -> tuple[Any, str]:
    """The ModelProto behind a source, and a name for the model."""
    import onnx

    if isinstance(source, str | os.PathLike):
        return _load(Path(source)), Path(source).stem
    proto = getattr(source, "model", source)
    if not isinstance(proto, onnx.ModelProto):
        raise InputError(f"cannot read a {type(source).__module__}.{type(source).__qualname__}: {_REMEDY}")
    return proto, text(proto.graph.name) or "model"


def _load(path: Path) -> Any:
    import onnx

    with path.open("rb"):
        pass  # the usual OSError where the file can't be read
    try:
        proto = onnx.load(str(path))
    except Exception as error:  # of protobuf, or of data beside the file; theirs are of every type
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelFileError(f"'{path}' is no ONNX model, or is damaged: {reason}") from error
    if not proto.graph.node:
        raise ModelFileError(f"'{path}' is no ONNX model, or is damaged: it has no nodes")
    return proto
