"""A conifer ensemble as operations on vectors of all its trees.

Every node makes its comparison; then, from the deepest level to the roots, every inner node of a level takes
what its left or its right child has. A tree costs as many selections as it has inner nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bxnn._core import Builder, UnsupportedError
from bxnn.constants import narrow_constant
from bxnn.frontends.hls4ml.formats import CType, assignment_fault, from_floats

from .ensemble import LEAF, Ensemble, Integers, Reals


def emit(ensemble: Ensemble, builder: Builder) -> None:
    """Emit input "x" [features] and output "score" [1 or classes], and the metadata."""
    forest = _flat(ensemble)
    for source, target in _assignments(ensemble):
        if fault := assignment_fault(source, target):
            raise UnsupportedError(f"'{ensemble.name}': {fault}")
    builder.set_meta("origin", "conifer")
    builder.set_meta("conifer_version", ensemble.version)
    builder.set_meta("backend", ensemble.backend)
    x = builder.input("x", (ensemble.features,), ensemble.input_type.format)
    builder.output(_score(ensemble, builder, _values(ensemble, forest, builder, x)), "score")


@dataclass(frozen=True)
class _Forest:
    """The nodes of all trees, those of class 0 first, in one list.

    `roots` has shape [classes, trees], `weight` [inner nodes, features], the others [nodes].
    """

    roots: Integers
    feature: Integers
    left: Integers
    right: Integers
    depth: Integers
    weight: Reals
    threshold: Reals
    value: Reals


def _flat(ensemble: Ensemble) -> _Forest:
    classes = len(ensemble.initial)
    trees = [row[c] for c in range(classes) for row in ensemble.trees]
    sizes = [len(tree.feature) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    base = np.repeat(roots, sizes)
    feature = np.concatenate([tree.feature for tree in trees])
    left = np.concatenate([tree.left for tree in trees]) + base
    right = np.concatenate([tree.right for tree in trees]) + base
    depth = np.zeros(len(feature), dtype=np.int64)
    for node in np.flatnonzero(feature != LEAF):  # a parent comes before its children
        depth[[left[node], right[node]]] = depth[node] + 1
    return _Forest(
        roots=roots.reshape(classes, -1),
        feature=feature,
        left=left,
        right=right,
        depth=depth,
        weight=np.concatenate([tree.weight for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]),
        value=np.concatenate([tree.value for tree in trees]),
    )


def _assignments(ensemble: Ensemble) -> list[tuple[CType, CType]]:
    """(type of the expression, type that it is assigned to) of the generated code."""
    x, score = ensemble.input_type, ensemble.score_type
    return [(x + x * ensemble.weight_type, x), (score + score, score), (score * score, score)]


def _values(ensemble: Ensemble, forest: _Forest, builder: Builder, x: int) -> int:
    """The value of the leaf that each tree reaches, [classes * trees], in the score's type."""
    is_leaf = forest.feature == LEAF
    leaves = builder.constant(
        from_floats(forest.value[is_leaf], ensemble.score_type), ensemble.score_type.format
    )
    where = np.full(len(is_leaf), -1)  # place of a node's value among the leaves and the level below
    where[is_leaf] = np.arange(is_leaf.sum())
    sources = [leaves]
    if not is_leaf.all():
        bits, bit_of = _comparisons(ensemble, forest, builder, x)
    for level in range(int(forest.depth.max()) - 1, -1, -1):
        nodes = np.flatnonzero((forest.depth == level) & ~is_leaf)
        chosen = builder.select(
            _gather(builder, [bits], bit_of[nodes]),
            _gather(builder, sources, where[forest.left[nodes]]),
            _gather(builder, sources, where[forest.right[nodes]]),
        )
        sources = [leaves, chosen]
        where[nodes] = is_leaf.sum() + np.arange(len(nodes))
    return _gather(builder, sources, where[forest.roots].ravel())


def _comparisons(ensemble: Ensemble, forest: _Forest, builder: Builder, x: int) -> tuple[int, Integers]:
    """The distinct comparisons of all nodes as bits, and for every node which of them is its own."""
    inner = np.flatnonzero(forest.feature != LEAF)
    weights = from_floats(forest.weight, ensemble.weight_type)
    rows, row_of = np.unique(weights, axis=0, return_inverse=True)
    thresholds = from_floats(forest.threshold[inner], ensemble.threshold_type)
    pairs, pair_of = np.unique(np.stack([row_of.ravel(), thresholds]), axis=1, return_inverse=True)
    sums = _gather(builder, [_weighted_sums(ensemble, builder, x, rows)], pairs[0])
    limits = builder.constant(pairs[1], ensemble.threshold_type.format)
    bit_of = np.full(len(forest.feature), -1)
    bit_of[inner] = pair_of.ravel()
    return builder.binary("le" if ensemble.inclusive else "lt", sums, limits), bit_of


def _weighted_sums(ensemble: Ensemble, builder: Builder, x: int, weights: Integers) -> int:
    """For every row of weights: products added to a zero of the input's type, which every sum is cast to.

    Adding the product with a zero changes nothing. The one that conifer writes for a plain comparison is a
    weight too: it is whatever the weight's type makes of the number 1.
    """
    fmt = ensemble.input_type.format
    order = np.argsort(weights == 0, axis=1, kind="stable")  # what is not zero first, features in order
    total = builder.constant(np.zeros(len(weights), dtype=np.int64), fmt)
    for k in range(int((weights != 0).sum(axis=1).max())):
        term = order[:, k]
        weight = weights[np.arange(len(weights)), term]
        factor = narrow_constant(builder, weight, ensemble.weight_type.frac)
        product = builder.binary("mul", _gather(builder, [x], term), factor)
        total = builder.binary("add", total, product, fmt)
    return total


def _score(ensemble: Ensemble, builder: Builder, values: int) -> int:
    """The sum over the trees of every class with the initial value, times the norm."""
    score = ensemble.score_type
    fmt, classes, trees = score.format, len(ensemble.initial), len(ensemble.trees)
    initial = builder.constant(from_floats(ensemble.initial, score), fmt)
    if ensemble.adder_tree:
        total = builder.reduce("sum", values, classes, trees, 1, accum=fmt, order="tree", shape=[classes])
        total = builder.binary("add", initial, total, fmt)
    else:
        each = np.arange(classes * trees).reshape(classes, trees)
        first = classes * trees + np.arange(classes)[:, None]
        listed = _gather(builder, [values, initial], np.hstack([first, each]).ravel())
        total = builder.reduce("sum", listed, classes, trees + 1, 1, accum=fmt, shape=[classes])
    norm = narrow_constant(builder, from_floats([ensemble.norm], score), score.frac)
    return builder.binary("mul", total, norm, fmt)


def _gather(builder: Builder, sources: list[int], index: ArrayLike) -> int:
    return builder.gather(sources, np.asarray(index, dtype=np.int32))
