"""The generated HLS project of conifer's backend xilinxhls, brought into the form of a model document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bxnn._core import ModelFileError, UnsupportedError
from bxnn.frontends.project.text import Source, code_of, digest, read_source, read_text

from .ensemble import CONIFER_VERSIONS, Ensemble, read

_FIELDS = ("feature", "weight", "threshold", "value", "children_left", "children_right", "parent")
_CONSTANT = re.compile(r"static const (?:int|bool) (\w+) = (\w+);")
_TYPEDEF = re.compile(r"typedef ([\w<>, ]+) (input|threshold|weight|score)_t;")
_CONVENTION = re.compile(r'splitting_convention = "([^"]*)";')
_TREE = re.compile(r"static const BDT::Tree<[^>]*>\s*tree_(\d+)_(\d+)\s*=\s*(\{[^;]*\});")
_STRUCT = re.compile(r"static const BDT::BDT<[^>]*>\s*bdt\s*=\s*(\{[^;]*\});")
_CALL = re.compile(r"scores\[(\d+)\]\[(\d+)\]=tree_(\d+)_(\d+)\.decision_function\(x,split_fn\);")

# Digests of firmware/BDT.h and, without the calls of the trees, of firmware/BDT.cpp, by version and whether
# the trees are unrolled.
_CODE = {
    ("1.11", True): ("6fd376085b676fd8", "83dce910884b8bbc"),
    ("1.11", False): ("13944b72b6e56bff", "2e0dbc4c966e405c"),
}


def read_project(folder: Path) -> Ensemble:
    """The ensemble in `firmware/` of a project folder, under the folder's name.

    Raises ModelFileError for damaged files, UnsupportedError for missing ones and for code that is not known.
    """
    path = folder / "firmware" / "parameters.h"
    document = parameters(read_source(path, f"'{path}'"))
    version = _check_code(folder, document)
    document["metadata"] = [{"version": version}]
    return read(document, f"'{folder}'", folder.resolve().name)


def parameters(source: Source) -> dict[str, Any]:
    """The model document that `parameters.h` was written from, without the version.

    Raises ModelFileError if the text has another form.
    """
    text, where = source.text, source.name
    constants = dict(_CONSTANT.findall(text))
    convention = _CONVENTION.search(text)
    struct = _STRUCT.search(text)
    if convention is None or struct is None or constants.get("unroll") not in ("true", "false"):
        raise ModelFileError(f"{where}: truncated, or not written by conifer {', '.join(CONIFER_VERSIONS)}")
    unrolled = constants["unroll"] == "true"
    norm, initial, *arrays = _braces(struct[1], where)
    trees = _listed(text, where) if unrolled else _nested(arrays, where)
    document: dict[str, Any] = {
        key: int(constants[key]) if constants.get(key, "").isdigit() else None
        for key in ("n_trees", "n_features", "n_classes")
    }
    types = {f"{role}_precision": spelling for spelling, role in _TYPEDEF.findall(text)}
    return document | {
        "norm": norm,
        "init_predict": initial,
        "splitting_convention": convention[1],
        "trees": trees,
        "config": {"backend": "xilinxhls", "unroll": unrolled} | types,
    }


def _listed(text: str, where: str) -> list[list[dict[str, Any]]]:
    """The trees of unrolled code, an object each: `tree_<class>_<tree>`."""
    trees: list[list[dict[str, Any]]] = []
    for c, i, braces in _TREE.findall(text):
        if int(c) == 0:
            trees.append([])
        if (int(i), int(c)) != (len(trees) - 1, len(trees[-1]) if trees else -1):
            raise ModelFileError(f"{where}: tree_{c}_{i} is out of order")
        trees[-1].append(_fields(_braces(braces, where), where))
    return trees


def _nested(arrays: list[Any], where: str) -> list[list[dict[str, Any]]]:
    """The trees of rolled code, one array."""
    if len(arrays) != 1 or not isinstance(arrays[0], list):
        raise ModelFileError(f"{where}: expected one array of trees in bdt")
    rows = [row if isinstance(row, list) else [] for row in arrays[0]]
    return [[_fields(tree, where) for tree in row] for row in rows]


def _fields(values: Any, where: str) -> dict[str, Any]:
    if not isinstance(values, list) or len(values) != len(_FIELDS):
        raise ModelFileError(f"{where}: expected the {len(_FIELDS)} fields {', '.join(_FIELDS)} in a tree")
    return dict(zip(_FIELDS, values, strict=True))


def _braces(text: str, where: str) -> list[Any]:
    """Nested braces of numbers as lists."""
    listed = re.sub(r",\s*\]", "]", text.replace("{", "[").replace("}", "]"))
    try:
        value = json.loads(listed)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{where}: an initializer is damaged: {error}") from None
    return value if len(value) >= 2 else [None, None]


def _check_code(folder: Path, document: dict[str, Any]) -> str:
    """The version of conifer whose code the project has; what it calls is what `parameters.h` lists."""
    unrolled = document["config"]["unroll"]
    paths = [folder / "firmware" / name for name in ("BDT.h", "BDT.cpp")]
    header, source = (code_of(read_text(path, f"'{path}'")) for path in paths)
    calls = [tuple(map(int, call)) for call in _CALL.findall(source)]
    expected = [(c, i, c, i) for i, row in enumerate(document["trees"]) for c in range(len(row))]
    found = (digest(header), digest(_CALL.sub("", source)))
    for (version, kind), code in _CODE.items():
        if kind == unrolled and found == code and calls == (expected if unrolled else []):
            return version
    raise UnsupportedError(
        f"'{folder}': firmware/BDT.h or firmware/BDT.cpp is not that of conifer "
        f"{', '.join(CONIFER_VERSIONS)}: comments and pragmas may differ, code may not. Write the project "
        "with a supported version; what was added by hand in front of the trees or behind them belongs into "
        "bxnn.compose"
    )
