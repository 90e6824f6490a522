"""Rows of fixed length from collections of objects: NanoAOD's Muon_pt[nMuon] as [muons, (pT, eta, phi)].

inputs:
  objects:
    dtype: int16
    collections:
      - objects: 1
        fields: [{branch: MET_pt, lsb: 0.5, range: [0, 4095], overflow: clip}, {constant: 0}, ...]
      - objects: 4
        falling: Muon_pt
        fields: [{branch: Muon_pt, lsb: 0.5, round: RND, range: [0, 511], overflow: clip}, ...]
crossing: {orbit: orbitNumber, bx: bunchCrossing, first_bx: 1}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format, InputError, UnsupportedError, quantize_float
from bxnn.document import Node, parse, read_text
from bxnn.sources.columns import Column, EventFault, Lists, dense, require_finite
from bxnn.sources.selection import CrossingColumns
from bxnn.sources.source import CROSSING, LABELS, Array, Chunk

_EXACT = 1 << 53  # integers up to here are exact as float64
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Field:
    """A quantity of the objects in hardware units: round(branch / lsb), then period, then range.

    branch: a number for each object; None: `constant` for each object that there is.
    lsb: physical size of one count; the quotient is that of float64. round: as in ap_fixed: TRN (floor),
    TRN_ZERO, RND (to nearest, half up), RND_ZERO, RND_INF, RND_MIN_INF, RND_CONV (half to even).
    period: the counts of a full turn, such as of phi; the result is in 0 .. period - 1. range: lowest and
    highest count; overflow: what lies outside is set to the nearest of them (clip) or an error (refuse).
    """

    branch: str | None = None
    constant: int = 0
    lsb: float = 1.0
    round: str = "RND"
    period: int | None = None
    range: tuple[int, int] | None = None
    overflow: Literal["clip", "refuse"] = "refuse"

    def __post_init__(self) -> None:
        if self.branch is not None and self.constant:
            raise InputError(f"field '{self.branch}': has a branch or a constant, not both")
        if not (isfinite(self.lsb) and self.lsb > 0):
            raise InputError(f"field '{self.branch}': expected an lsb of more than 0, got {self.lsb}")
        if self.period is not None and not 1 <= self.period < _EXACT:
            raise InputError(f"field '{self.branch}': expected a period of at least 1, got {self.period}")
        if self.range is not None and (len(self.range) != 2 or self.range[0] > self.range[1]):
            raise InputError(f"field '{self.branch}': expected a range [lowest, highest], got {self.range}")
        if self.overflow not in ("clip", "refuse"):
            raise InputError(f"field '{self.branch}': expected overflow clip or refuse, got {self.overflow}")
        _rounding(self.round)

    def convert(self, values: Array) -> NDArray[np.int64]:
        """Counts of physical values [n]; raises _ValueFault for the first that can't be converted."""
        if values.dtype.kind in "iub" and self.lsb == 1.0:
            if values.dtype == np.uint64 and (too_large := values > np.uint64(2**63 - 1)).any():
                raise _ValueFault.at(too_large, values, f"'{self.branch}' does not fit 63 bits")
            counts = values.astype(np.int64)
        else:
            with np.errstate(over="ignore"):
                quotient = values.astype(np.float64) / self.lsb
            exact = values.dtype.kind == "f" or ((values <= _EXACT) & (values >= -_EXACT))
            if (bad := ~(np.isfinite(quotient) & exact)).any():
                raise _ValueFault.at(bad, values, f"'{self.branch}' is not finite, or not exact as float64")
            counts = quantize_float(quotient, _rounding(self.round))
            if self.period is not None and (far := (counts == _LEAST) | (counts == _MOST)).any():
                raise _ValueFault.at(
                    far, values, f"'{self.branch}' is more counts of {self.lsb} than 63 bits hold"
                )
        if self.period is not None:
            counts = counts % self.period
        if self.range is None:
            return counts
        low, high = self.range
        if self.overflow == "refuse" and (outside := (counts < low) | (counts > high)).any():
            raise _ValueFault.at(
                outside,
                values,
                f"'{self.branch}' is outside {low} to {high} counts of {self.lsb}; declare `overflow: clip`, "
                "or a wider range",
            )
        return np.clip(counts, low, high)


def _rounding(mode: str) -> Format:
    try:
        return Format(64, 64, True, mode, "SAT")
    except UnsupportedError as error:
        raise InputError(f"round: {error}") from None


class _ValueFault(Exception):
    """One of a column's values is bad: number `index`."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index

    @classmethod
    def at(cls, bad: NDArray[np.bool_], values: Array, message: str) -> _ValueFault:
        index = int(np.flatnonzero(bad)[0])
        return cls(index, f"{values[index]} of {message}")


@dataclass(frozen=True)
class Collection:
    """`objects` rows of `fields` of every event: the first of its objects, as stored or in falling order.

    falling: the branch that objects are ordered by, largest first; equal ones as stored. count: a branch that
    says how many objects there are; a branch of fixed length may then hold more. A branch with one number for
    each event is one object. padding: what the fields of absent objects are.
    """

    objects: int
    fields: tuple[Field, ...]
    falling: str | None = None
    count: str | None = None
    padding: int = 0

    def __post_init__(self) -> None:
        if self.objects < 1 or not self.fields:
            raise InputError(f"a collection: expected at least 1 object and 1 field, got {self}")
        if not any(field.branch for field in self.fields):
            raise InputError("a collection: at least one of its fields has to be a branch")

    @property
    def columns(self) -> Iterator[str]:
        names = [*(field.branch for field in self.fields), self.falling, self.count]
        return (name for name in names if name is not None)

    def rows(self, columns: Mapping[str, Column]) -> NDArray[np.int64]:
        """[n, objects, fields]."""
        lists = {n: _lists(n, columns[n]) for n in dict.fromkeys(self.columns) if n != self.count}
        first, shape = next(iter(lists.items()))
        counts = shape.counts
        for name, column in lists.items():
            if len(wrong := np.flatnonzero(column.counts != counts)):
                event = int(wrong[0])
                raise EventFault(
                    event, f"'{name}' has {column.counts[event]} objects, '{first}' {counts[event]}"
                )
        if self.count is not None:
            counts = self._valid(columns, counts)
        slot = np.arange(self.objects)
        present = slot < counts[:, None]
        picked = np.where(present, shape.offsets[:-1, None] + slot, 0)
        if self.falling is not None:
            order = _falling(self.falling, lists[self.falling], counts)
            picked = order[picked] if len(order) else picked
        rows = np.full((present.size, len(self.fields)), self.padding, np.int64)
        row = np.flatnonzero(present)
        taken = picked.reshape(-1)[row]
        for i, field in enumerate(self.fields):
            if field.branch is None:
                rows[row, i] = field.constant
            else:
                rows[row, i] = _converted(field, lists[field.branch], taken)
        return rows.reshape(*present.shape, len(self.fields))

    def _valid(self, columns: Mapping[str, Column], stored: NDArray[np.int64]) -> NDArray[np.int64]:
        """The stated numbers of objects."""
        assert self.count is not None
        stated = dense(self.count, columns[self.count])
        if stated.dtype.kind not in "iu" or stated.ndim != 1:
            raise InputError(f"'{self.count}': expected an integer for every event, got {stated.dtype}")
        bad = (stated < 0) | (stated > stored)
        if bad.any():
            event = int(np.flatnonzero(bad)[0])
            raise EventFault(event, f"'{self.count}' is {stated[event]}, of {stored[event]} objects stored")
        return stated.astype(np.int64)


def _lists(name: str, column: Column) -> Lists:
    """One number for each object; a number for each event is a list of one."""
    if isinstance(column, Lists):
        values = column.values
        if isinstance(values, Lists) or values.ndim != 1:
            raise InputError(f"'{name}': expected one number for each object, got lists in lists")
        lists = column
    elif column.ndim in (1, 2):
        size = 1 if column.ndim == 1 else column.shape[1]
        lists = Lists(np.arange(len(column) + 1, dtype=np.int64) * size, column.reshape(-1))
    else:
        raise InputError(f"'{name}': expected [events] or [events, objects], got {column.shape}")
    if lists.values.dtype.kind not in "biuf":
        raise InputError(f"'{name}': expected numbers, got {lists.values.dtype}")
    return lists


def _falling(name: str, keys: Lists, counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Positions of the values, in every event from the largest of the first `counts` to the smallest."""
    values = keys.values
    event = np.repeat(np.arange(len(counts)), keys.counts)
    behind = np.arange(len(values)) - keys.offsets[:-1][event] >= counts[event]
    try:
        require_finite(name, np.where(behind, np.zeros((), values.dtype), values))
    except EventFault as fault:
        raise EventFault(int(event[fault.index]), str(fault)) from None
    # As most files are written: in order already.
    rising = (values[1:] > values[:-1]) & (event[1:] == event[:-1]) & ~behind[1:]
    if not rising.any():
        return np.arange(len(values))
    # ~ reverses integers without overflow, as minus reverses real numbers.
    return np.asarray(np.lexsort((-values if values.dtype.kind == "f" else ~values, behind, event)))


def _converted(field: Field, lists: Lists, picked: NDArray[np.int64]) -> NDArray[np.int64]:
    try:
        return field.convert(lists.values[picked])
    except _ValueFault as fault:
        event = int(np.searchsorted(lists.offsets, picked[fault.index], "right")) - 1
        raise EventFault(event, str(fault)) from None


@dataclass(frozen=True)
class InputLayout:
    """An input [rows of all collections, fields] of integers."""

    collections: tuple[Collection, ...]
    dtype: str = "int16"

    def __post_init__(self) -> None:
        if len({len(c.fields) for c in self.collections}) != 1:
            raise InputError("collections of an input: expected at least one, all with as many fields")
        try:
            dtype = np.dtype(self.dtype)
        except (TypeError, ValueError):
            dtype = np.dtype(object)
        if dtype.kind not in "iu":
            raise InputError(f"dtype: expected an integer such as int16, got '{self.dtype}'")
        limits = np.iinfo(dtype)
        for c in self.collections:
            stated = [
                c.padding,
                *(f.constant for f in c.fields),
                *(x for f in c.fields for x in f.range or ()),
            ]
            if min(stated) < limits.min or max(stated) > limits.max:
                raise InputError(
                    f"{self.dtype} cannot hold all of {sorted(set(stated))}: choose a wider dtype"
                )

    def assemble(self, columns: Mapping[str, Column]) -> Array:
        rows = np.concatenate([collection.rows(columns) for collection in self.collections], axis=1)
        limits = np.iinfo(self.dtype)
        if rows.size and (rows.min() < limits.min or rows.max() > limits.max):
            outside = ((rows < limits.min) | (rows > limits.max)).any(axis=(1, 2))
            event = int(np.flatnonzero(outside)[0])
            raise EventFault(
                event, f"a number of {rows[event].min()} to {rows[event].max()} is no {self.dtype}"
            )
        return np.asarray(rows, self.dtype)


@dataclass(frozen=True)
class Layout:
    """What to make of branches of physical objects: inputs of hardware integers, and the crossing.

    Raises InputError, saying where, for a declaration that is incomplete or contradicts itself.
    """

    inputs: Mapping[str, InputLayout]
    tree: str | None = None
    crossing: CrossingColumns | None = None

    def __post_init__(self) -> None:
        if not self.inputs or set(self.inputs) & set(LABELS):
            names = list(self.inputs)
            raise InputError(f"inputs: expected at least one, none called {sorted(LABELS)}, got {names}")

    @classmethod
    def load(cls, path: str | Path) -> Layout:
        """Read a declaration in YAML. Raises InputError with file and line, OSError if it can't be read."""
        file, text = read_text(path, "")
        return _layout(parse(text, str(file)))

    @property
    def columns(self) -> Sequence[str]:
        """The branches that are needed, each once."""
        collections = [c for layout in self.inputs.values() for c in layout.collections]
        labels = [self.crossing.orbit, self.crossing.bx] if self.crossing else []
        return list(dict.fromkeys([*(name for c in collections for name in c.columns), *labels]))

    def bind(self, inputs: Sequence[str] | None, found: Sequence[str], kind: str) -> Layout:
        """Itself, if it makes the inputs that are wanted of columns that the file has."""
        if inputs is not None and set(inputs) != set(self.inputs):
            raise InputError(
                f"the layout makes the inputs {sorted(self.inputs)}, wanted are {sorted(inputs)}"
            )
        if missing := sorted(set(self.columns) - set(found)):
            raise InputError(f"the layout needs {missing}; the file holds the {kind} {sorted(found)[:50]}")
        return self

    def assemble(self, columns: Mapping[str, Column]) -> Chunk:
        chunk: Chunk = {name: layout.assemble(columns) for name, layout in self.inputs.items()}
        if self.crossing is not None:
            chunk[CROSSING] = self.crossing.assemble(columns)
        return chunk


def _layout(node: Node) -> Layout:
    keys = node.fields(("inputs",), ("tree", "crossing"))
    inputs = {name: _input(entry) for name, entry in keys["inputs"].mapping("inputs", 64).items()}
    tree = keys["tree"].text("the name of a tree") if "tree" in keys else None
    crossing = CrossingColumns.of(keys["crossing"]) if "crossing" in keys else None
    return node.wrap(lambda: Layout(inputs, tree, crossing))


def _input(node: Node) -> InputLayout:
    keys = node.fields(("collections",), ("dtype",))
    collections = tuple(_collection(entry) for entry in keys["collections"].items("collections", 256))
    dtype = keys["dtype"].text("a dtype such as int16") if "dtype" in keys else InputLayout.dtype
    return node.wrap(lambda: InputLayout(collections, dtype))


def _collection(node: Node) -> Collection:
    keys = node.fields(("objects", "fields"), ("falling", "count", "padding"))
    fields = tuple(_field(entry) for entry in keys["fields"].items("fields", 4096))
    branches = {key: keys[key].text("a branch") for key in ("falling", "count") if key in keys}
    padding = _count(keys["padding"]) if "padding" in keys else 0
    objects = keys["objects"].integer(1, 1 << 16)
    return node.wrap(lambda: Collection(objects, fields, **branches, padding=padding))


def _field(node: Node) -> Field:
    keys = node.fields((), ("branch", "constant", "lsb", "round", "period", "range", "overflow"))
    if ("branch" in keys) == ("constant" in keys):
        node.fail("expected a branch or a constant, and not both")
    values: dict[str, Any] = {key: keys[key].text() for key in ("branch", "round", "overflow") if key in keys}
    values |= {key: _count(keys[key]) for key in ("constant", "period") if key in keys}
    if "lsb" in keys:
        values["lsb"] = float(keys["lsb"].number())
    if "range" in keys:
        values["range"] = tuple(_count(end) for end in keys["range"].items("counts", 2))
    return node.wrap(lambda: Field(**values))


def _count(node: Node) -> int:
    return node.integer(_LEAST, _MOST)
