"""Command-line options that say where events come from, shared by `run` and `verify`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError, Tensor
from bxnn.sources import Selection

Array = NDArray[Any]


def add_selection(parser: argparse.ArgumentParser) -> Any:
    """Which parts of a file feed which input; the group of these options."""
    group = parser.add_argument_group("events")
    group.add_argument("--tree", help="tree in a ROOT file (default: the only one)")
    group.add_argument(
        "--columns",
        "--branches",
        "--dataset",
        action="append",
        default=[],
        metavar="[INPUT=]A,B,...",
        help="arrays, datasets, branches or columns of the file, side by side in this order",
    )
    return group


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = add_selection(parser)
    meaning = group.add_mutually_exclusive_group()
    meaning.add_argument(
        "--raw", action="store_true", help="events are raw integers of the input's format, results too"
    )
    meaning.add_argument(
        "--float", action="store_true", help="events are real numbers, also where the file holds integers"
    )


def selection(args: argparse.Namespace) -> Selection:
    return Selection(args.columns, args.tree)


def require_meaning(args: argparse.Namespace, events: dict[str, Array], inputs: Sequence[Tensor]) -> None:
    """Integers may be raw or real: refuse to guess."""
    if args.raw or args.float:
        return
    for tensor in inputs:
        dtype = events[tensor.name].dtype
        if dtype.kind in "iub":
            raise InputError(
                f"the events of input '{tensor.name}' are {dtype}: say --raw if they are raw integers of "
                f"{tensor.format}, --float if they are real numbers"
            )


def random_events(inputs: Sequence[Tensor], count: int, seed: int) -> dict[str, Array]:
    """Raw integers drawn uniformly from each input's whole range, [count, *shape] in its raw dtype."""
    random = np.random.default_rng(seed)
    return {
        t.name: random.integers(
            t.format.min_raw, t.format.max_raw, (count, *t.shape), dtype=t.dtype, endpoint=True
        )
        for t in inputs
    }
