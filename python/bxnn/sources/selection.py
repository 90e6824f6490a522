"""Which columns of a file feed which input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.document import Node
from bxnn.sources.columns import Column, EventFault, dense
from bxnn.sources.lhc import BUNCHES_PER_ORBIT
from bxnn.sources.source import CROSSING, Array, Chunk, as_column

MOST_ORBIT = 2**60 // BUNCHES_PER_ORBIT


class Assembly(Protocol):
    """Makes inputs of columns; raises EventFault, or InputError if the columns don't do for any event."""

    @property
    def columns(self) -> Sequence[str]:
        """Those it needs, each once."""

    def assemble(self, columns: Mapping[str, Column]) -> Chunk: ...


@dataclass(frozen=True)
class CrossingColumns:
    """Columns that say which crossing an event is; bx are counted from `first_bx`, 0 or 1."""

    orbit: str
    bx: str
    first_bx: int = 0

    def __post_init__(self) -> None:
        if self.first_bx not in (0, 1):
            raise InputError(f"first_bx: expected 0 or 1, got {self.first_bx}")

    @classmethod
    def of(cls, node: Node) -> CrossingColumns:
        """As YAML says it: {orbit: a column, bx: a column, first_bx: 0 or 1}."""
        keys = node.fields(("orbit", "bx"), ("first_bx",))
        first = keys["first_bx"].integer(0, 1) if "first_bx" in keys else 0
        return cls(keys["orbit"].text("a column"), keys["bx"].text("a column"), first)

    def assemble(self, columns: Mapping[str, Column]) -> NDArray[np.uint64]:
        """[n] of orbit * 3564 + bx."""
        orbit, bx = (_integers(name, columns[name]) for name in (self.orbit, self.bx))
        bad = (bx < self.first_bx) | (bx >= self.first_bx + BUNCHES_PER_ORBIT)
        bad |= (orbit < 0) | (orbit > MOST_ORBIT)
        if bad.any():
            event = int(np.flatnonzero(bad)[0])
            raise EventFault(
                event,
                f"'{self.orbit}' is {orbit[event]} and '{self.bx}' is {bx[event]}; bx are declared to "
                f"run from {self.first_bx} to {self.first_bx + BUNCHES_PER_ORBIT - 1}, orbits from 0 to "
                f"{MOST_ORBIT}",
            )
        bx_from_0 = bx.astype(np.uint64) - np.uint64(self.first_bx)
        return np.asarray(orbit.astype(np.uint64) * np.uint64(BUNCHES_PER_ORBIT) + bx_from_0)


def _integers(name: str, column: Column) -> Array:
    array = dense(name, column)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise InputError(
            f"'{name}': expected an integer for every event, got {array.dtype} {array.shape[1:]}"
        )
    return array


@dataclass(frozen=True)
class Selection:
    """Columns for each input, 'A,B,C' or 'INPUT=A,B,C', side by side; a column alone keeps its shape.

    An input that is not mentioned is fed by the column of its own name, or by the only one there is.
    """

    columns: Sequence[str] = ()
    tree: str | None = None  # in a ROOT file
    crossing: CrossingColumns | None = None

    def bind(self, inputs: Sequence[str] | None, found: Sequence[str], kind: str) -> SelectedColumns:
        """Choose among the columns of a file; inputs None: every column is one. Raises InputError."""
        if self.tree is not None and kind != "branches":
            raise InputError(f"the tree '{self.tree}' is asked for, but this is no ROOT file")
        if inputs is None and self.columns:
            inputs = [head for option in self.columns if (head := option.partition("=")[0]) != option] or [
                "x"
            ]
        if inputs is None:
            labels = {self.crossing.orbit, self.crossing.bx} if self.crossing else set()
            chosen = {name or "x": [name] for name in found if name not in labels}
        else:
            chosen = self._choose(inputs, found, kind)
        return SelectedColumns(chosen, self.crossing)

    def _choose(self, inputs: Sequence[str], found: Sequence[str], kind: str) -> dict[str, list[str]]:
        if len(inputs) > 1 and list(found) == [""]:
            raise InputError(f"there are {len(inputs)} inputs, a .npy file holds one array; use .npz")
        given = self._by_input(inputs)
        chosen = {}
        for name in inputs:
            only = found[0] if len(inputs) == len(found) == 1 else name
            columns = (
                [only]
                if name not in given
                else [given[name]]
                if given[name] in found
                else given[name].split(",")
            )
            missing = [column for column in columns if column not in found]
            if missing and list(found) == [""]:
                raise InputError(f"no {missing[0]!r}: a .npy file holds one array, which has no name")
            if missing:
                names = ", ".join(map(repr, missing))
                raise InputError(
                    f"no {names} for input '{name}'; the file holds the {kind} {sorted(found)[:50]} "
                    f"(choose with --columns A,B,... or --columns {name}=A,B,...)"
                )
            chosen[name] = columns
        return chosen

    def _by_input(self, inputs: Sequence[str]) -> dict[str, str]:
        given: dict[str, str] = {}
        for option in self.columns:
            head, _, rest = option.partition("=")
            named = bool(rest) and head in inputs
            if not named and len(inputs) != 1:
                raise InputError(
                    f"'{option}': for which of the inputs {sorted(inputs)}? write INPUT={option}"
                )
            name, columns = (head, rest) if named else (inputs[0], option)
            if name in given:
                raise InputError(
                    f"input '{name}': columns are chosen twice, '{given[name]}' and '{columns}'; "
                    f"side by side they are {given[name]},{columns}"
                )
            given[name] = columns
        return given


@dataclass(frozen=True)
class SelectedColumns:
    """Columns by input, side by side."""

    inputs: Mapping[str, Sequence[str]]
    crossing: CrossingColumns | None

    @property
    def columns(self) -> Sequence[str]:
        labels = [self.crossing.orbit, self.crossing.bx] if self.crossing else []
        return list(dict.fromkeys([*(c for columns in self.inputs.values() for c in columns), *labels]))

    def assemble(self, columns: Mapping[str, Column]) -> Chunk:
        chunk = {}
        for name, selected in self.inputs.items():
            parts = [as_column(f"'{column}'", name, dense(column, columns[column])) for column in selected]
            if len(parts) > 1:
                parts = [np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)]
            chunk[name] = parts[0]
        if self.crossing:
            chunk[CROSSING] = self.crossing.assemble(columns)
        return chunk
