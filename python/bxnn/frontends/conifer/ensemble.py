"""A conifer ensemble as the numbers that its C++ gets, read from conifer's model document and checked.

The document is what conifer writes as JSON. A model object and a generated HLS project are brought into the
same form before they are read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Error, ModelFileError, UnsupportedError
from bxnn.frontends.hls4ml.formats import CType, from_text, negative_is_above

CONIFER_VERSIONS = ("1.11",)
BACKENDS = ("cpp", "xilinxhls")
_MOST = 1 << 20  # elements of a value
LEAF = -2  # `feature` of a node that has a value and makes no comparison

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Tree:
    """Nodes in the order of the document, the root first and every child behind its parent.

    `feature`, `left`, `right`, `threshold`, `value` have shape [nodes]; `weight` [inner nodes, features]: an
    inner node compares the weighted sum of the features with its threshold and goes left if the comparison
    holds.
    """

    feature: Integers
    left: Integers
    right: Integers
    weight: Reals
    threshold: Reals
    value: Reals


@dataclass(frozen=True)
class Ensemble:
    """`trees[i][c]` is tree i of class c; `initial[c]` is added to the sum over i, `norm` multiplies it.

    `inclusive`: a comparison is `<=`, else `<`. `adder_tree`: the values of the trees are added as a balanced
    tree and then to the initial value; else one after the other, beginning with the initial value.
    """

    name: str
    version: str
    backend: str
    features: int
    input_type: CType
    threshold_type: CType
    weight_type: CType
    score_type: CType
    inclusive: bool
    adder_tree: bool
    initial: Reals
    norm: float
    trees: tuple[tuple[Tree, ...], ...]


def read(document: Any, where: str, name: str) -> Ensemble:
    """The ensemble of a model document; `where` says in errors what was read.

    Raises ModelFileError for a document that is not a sound model of conifer, UnsupportedError for a version,
    backend or number type whose results are not reproduced bit by bit.
    """
    reader = _Reader(where)
    top = reader.mapping(document, "the document")
    config = reader.mapping(top.get("config"), "config")
    version, backend = _version(reader, top), _backend(where, config)
    unrolled = backend == "xilinxhls" and reader.flag(config, "unroll")
    types = _types(where, config, backend)
    features = reader.count(top, "n_features")
    classes = reader.count(top, "n_classes")
    classes = 1 if classes == 2 else classes
    return Ensemble(
        name=name,
        version=version,
        backend=backend,
        features=features,
        input_type=types["input"],
        threshold_type=types["threshold"],
        weight_type=types["weight"],
        score_type=types["score"],
        inclusive=reader.choice(top, "splitting_convention", ("<", "<=")) == "<=",
        adder_tree=unrolled,
        initial=_initial(reader, top, classes),
        norm=float(reader.reals([top.get("norm")], "norm", 1)[0]),
        trees=_trees(reader, top, classes, features, backend),
    )


class _Reader:
    """Values of the document with the checks that everything in it is what it has to be."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, message: str) -> ModelFileError:
        return ModelFileError(f"{self.where}: not a model of conifer: {message}")

    def mapping(self, value: Any, what: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self.fail(f"{what}: expected named entries, got {_short(value)}")
        return value

    def sequence(self, value: Any, what: str, length: int | None = None) -> Sequence[Any]:
        if not isinstance(value, list | tuple):
            raise self.fail(f"{what}: expected a list, got {_short(value)}")
        if length is not None and len(value) != length:
            raise self.fail(f"{what}: expected {length} entries, got {len(value)}")
        return value

    def count(self, mapping: Mapping[str, Any], key: str) -> int:
        value = mapping.get(key)
        if type(value) is not int or not 1 <= value <= _MOST:
            raise self.fail(f"{key}: expected an integer from 1 to {_MOST}, got {_short(value)}")
        return value

    def flag(self, mapping: Mapping[str, Any], key: str) -> bool:
        value = mapping.get(key)
        if type(value) is not bool:
            raise self.fail(f"{key}: expected true or false, got {_short(value)}")
        return value

    def choice(self, mapping: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str:
        value = mapping.get(key)
        if value not in choices:
            raise self.fail(f"{key}: expected one of {', '.join(choices)}, got {_short(value)}")
        return str(value)

    def reals(self, value: Any, what: str, length: int | None = None) -> Reals:
        numbers = self.sequence(value, what, length)
        for number in numbers:
            if type(number) not in (int, float) or not _is_finite(number):
                raise self.fail(f"{what}: expected finite numbers, got {_short(number)}")
        return np.array(numbers, dtype=np.float64)

    def indices(self, value: Any, what: str, length: int, first: int, end: int) -> Integers:
        numbers = self.sequence(value, what, length)
        for number in numbers:
            if type(number) is not int or not first <= number < end:
                raise self.fail(f"{what}: expected integers from {first} to {end - 1}, got {_short(number)}")
        return np.array(numbers, dtype=np.int64)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond the doubles
        return False


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _version(reader: _Reader, top: Mapping[str, Any]) -> str:
    history = reader.sequence(top.get("metadata"), "metadata")
    if not history:
        raise reader.fail("metadata: expected the version of conifer that wrote it, got an empty list")
    version = reader.mapping(history[-1], "metadata").get("version")
    if version not in CONIFER_VERSIONS:
        raise UnsupportedError(
            f"{reader.where}: written by conifer {_short(version)}, whose results have not been compared "
            f"with bxnn bit by bit; supported: {', '.join(CONIFER_VERSIONS)} (load the model with "
            "it and save it)"
        )
    return str(version)


def _backend(where: str, config: Mapping[str, Any]) -> str:
    backend = config.get("backend")
    if backend not in BACKENDS:
        raise UnsupportedError(
            f"{where}: conifer's backend {_short(backend)} is not supported; supported: "
            f"{', '.join(BACKENDS)} (convert the model with one of them, or conifer.model.load_model with "
            "new_config)"
        )
    return str(backend)


def _types(where: str, config: Mapping[str, Any], backend: str) -> dict[str, CType]:
    types = {}
    for role in ("input", "threshold", "weight", "score"):
        text = config.get(f"{role}_precision")
        try:
            if not isinstance(text, str) or not text.strip().startswith("ap_"):
                raise ValueError("not one of the ap_ types")
            types[role] = from_text(text)
        except (ValueError, Error) as error:
            raise UnsupportedError(
                f"{where}: {role}_precision {_short(text)}: {error}; supported are ap_fixed, ap_ufixed, "
                "ap_int and ap_uint of up to 64 bits"
            ) from None
    if backend == "cpp" and types["input"] != types["threshold"]:
        raise UnsupportedError(
            f"{where}: input_precision {types['input']} and threshold_precision {types['threshold']} differ, "
            "which conifer's backend cpp does not support; use xilinxhls"
        )
    if negative_is_above(types["input"], types["threshold"]):
        raise UnsupportedError(
            f"{where}: C++ compares input_precision {types['input']} with threshold_precision "
            f"{types['threshold']} as unsigned numbers, in which a negative one is the largest; make both "
            "signed or both unsigned"
        )
    return types


def _initial(reader: _Reader, top: Mapping[str, Any], classes: int) -> Reals:
    """For one score the first initial value counts, whatever follows it."""
    initial = reader.reals(top.get("init_predict"), "init_predict")
    if len(initial) < classes or (classes > 1 and len(initial) != classes):
        raise reader.fail(f"init_predict: expected {classes} entries, got {len(initial)}")
    return initial[:classes]


def _trees(
    reader: _Reader, top: Mapping[str, Any], classes: int, features: int, backend: str
) -> tuple[tuple[Tree, ...], ...]:
    rows = reader.sequence(top.get("trees"), "trees", reader.count(top, "n_trees"))
    return tuple(
        tuple(
            _tree(reader, tree, f"trees[{i}][{c}]", features, backend)
            for c, tree in enumerate(reader.sequence(row, f"trees[{i}]", classes))
        )
        for i, row in enumerate(rows)
    )


def _tree(reader: _Reader, source: Any, what: str, features: int, backend: str) -> Tree:
    tree = reader.mapping(source, what)
    feature = tree.get("feature")
    nodes = len(reader.sequence(feature, f"{what}.feature"))
    if nodes == 0:
        raise reader.fail(f"{what}.feature: expected at least one node, got none")

    def indices(key: str, first: int, end: int) -> Integers:
        return reader.indices(tree.get(key), f"{what}.{key}", nodes, first, end)

    def reals(key: str) -> Reals:
        return reader.reals(tree.get(key), f"{what}.{key}", nodes)

    made = Tree(
        feature=(node_feature := indices("feature", LEAF, features)),
        left=indices("children_left", -1, nodes),
        right=indices("children_right", -1, nodes),
        weight=_weights(reader, tree.get("weight"), f"{what}.weight", node_feature, features),
        threshold=reals("threshold"),
        value=reals("value"),
    )
    parent = _parents(reader, made, what)
    if "parent" in tree and indices("parent", -1, nodes).tolist() != parent:
        raise reader.fail(f"{what}.parent: does not agree with children_left and children_right")
    if backend == "xilinxhls":
        _descend_padding(made)
    return made


def _weights(reader: _Reader, source: Any, what: str, feature: Integers, features: int) -> Reals:
    """The rows of the inner nodes; the leaves that conifer adds to fill up a tree have none."""
    rows = reader.sequence(source, what)
    inner = np.flatnonzero(feature != LEAF).tolist()
    if inner and inner[-1] >= len(rows):
        raise reader.fail(f"{what}: expected a row for node {inner[-1]}, got {len(rows)} rows")
    listed = [reader.reals(rows[i], f"{what}[{i}]", features) for i in inner]
    return np.stack(listed) if listed else np.zeros((0, features))


def _parents(reader: _Reader, tree: Tree, what: str) -> list[int]:
    """The parent of every node, -1 of the root. A node outside the tree makes the generated code go wrong."""
    parent = [-1] * len(tree.feature)
    for i, (feature, left, right) in enumerate(
        zip(tree.feature.tolist(), tree.left.tolist(), tree.right.tolist(), strict=True)
    ):
        if feature == -1 or (left < 0) != (right < 0) or (left < 0 and feature != LEAF):
            raise reader.fail(
                f"{what}: node {i} has feature {feature} and children {left}, {right}; expected {LEAF} and "
                "no children, or a feature and two"
            )
        for child in (left, right) if left >= 0 else ():
            if child <= i or parent[child] >= 0:
                raise reader.fail(f"{what}: node {child} can't be a child of node {i}; nodes are in no order")
            parent[child] = i
    if -1 in parent[1:]:
        raise reader.fail(f"{what}: node {parent.index(-1, 1)} is the child of no node")
    return parent


def _descend_padding(tree: Tree) -> None:
    """A node that compares nothing but has children goes left, so its value is that of its left child."""
    for i in range(len(tree.feature) - 1, -1, -1):
        if tree.feature[i] == LEAF and tree.left[i] >= 0:
            tree.value[i] = tree.value[tree.left[i]]
