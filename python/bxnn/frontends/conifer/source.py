"""Where a conifer ensemble comes from: a JSON file, a model object, or the folder of a project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bxnn._core import Builder, ModelFileError

from .ensemble import Ensemble, read
from .graph import emit
from .project import read_project

_TREE = ("feature", "weight", "threshold", "value", "children_left", "children_right")
_ENSEMBLE = ("n_classes", "n_features", "n_trees", "init_predict", "norm", "splitting_convention")


def is_conifer(source: Any) -> bool:
    """Whether the source is a model object of conifer, a JSON file like conifer's, or a project folder."""
    if not isinstance(source, str | os.PathLike):
        return any(
            c.__name__ == "ModelBase" and c.__module__.split(".")[0] == "conifer"
            for c in type(source).__mro__
        )
    path = Path(source)
    if path.suffix == ".json" and path.is_file():
        document = load_json(path)
        return isinstance(document, dict) and "trees" in document and "class_name" not in document
    code = any((path / "firmware" / name).is_file() for name in ("BDT.h", "parameters.h"))
    return code or (path.is_dir() and any(map(is_conifer, path.glob("*.json"))))


def from_conifer(source: Any, builder_of: type[Builder] = Builder) -> Builder:
    """A builder with the graph of a source for which `is_conifer` holds: input "x" [features], output "score"
    [classes], one for two classes.

    Raises ModelFileError for a damaged source, UnsupportedError for what is not reproduced bit by bit.
    """
    ensemble = _ensemble(source)
    builder = builder_of(ensemble.name)
    emit(ensemble, builder)
    return builder


def _ensemble(source: Any) -> Ensemble:
    if not isinstance(source, str | os.PathLike):
        name = str(getattr(source.config, "project_name", "") or "model")
        return read(_document(source), f"conifer model '{name}'", name)
    path = Path(source)
    if path.is_file():
        return read(load_json(path), f"'{path}'", path.stem)
    if (path / "firmware" / "parameters.h").is_file():
        return read_project(path)
    files = sorted(path.glob("*.json"))
    if len(files) != 1:
        raise ModelFileError(
            f"'{path}': expected one .json file of conifer, found {len(files)}; name the file to convert"
        )
    return read(load_json(files[0]), f"'{files[0]}'", files[0].stem)


def load_json(path: Path) -> Any:
    """The content of a JSON file. Raises ModelFileError where it is not one, OSError where unreadable."""
    try:
        return json.loads(path.read_bytes())
    except RecursionError:
        raise ModelFileError(f"'{path}': not a model: its JSON is nested too deeply") from None
    except ValueError as error:  # also of the encoding, and of integers with too many digits
        raise ModelFileError(f"'{path}': not a model: its JSON is truncated or damaged: {error}") from None


def _document(model: Any) -> Any:
    """What the object's `save` writes."""
    document = {key: getattr(model, key) for key in _ENSEMBLE}
    document["trees"] = [[{key: getattr(t, key) for key in _TREE} for t in row] for row in model.trees]
    document["config"] = model.config._to_dict()
    document["metadata"] = [{"version": str(entry.version)} for entry in model._metadata]
    return json.loads(json.dumps(document, default=_plain))


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's; anything else as its name, for the error that follows."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
