"""Histograms of integers: exact counts, bins of constant relative width, mergeable.

A value v >= 0 below 2**bits has a bin of its own; above, each octave has 2**(bits - 1) bins:

    bin(v) = v                                  v < 2**bits
           = (s << (bits - 1)) + (v >> s)       otherwise; s = floor(log2 v) - bits + 1
    bin(v) = -1 - bin(-1 - v)                   v < 0

Bins are consecutive and in the order of the values. All 64-bit signed integers have one.
"""

from __future__ import annotations

import csv
import importlib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError

DEFAULT_BITS = 12
LEAST_BITS, MOST_BITS = 2, 24
_MOST_FILLED = 1 << 24
_LARGEST_TOTAL = 2**64 - 1
_FILL_AT_ONCE = 1 << 20

Integers = NDArray[np.int64]
Counts = NDArray[np.uint64]


class Above(NamedTuple):
    """How many values lie above a threshold: at least and at most."""

    least: int
    most: int

    @property
    def exact(self) -> bool:
        """True for every threshold that is an edge, so for all below 2**bits."""
        return self.least == self.most


@dataclass(eq=False)
class Histogram:
    """Counts of 64-bit signed integers in bins `first`, `first + 1`, ...

    bits: 2..24; values of magnitude below 2**bits have bins of their own, others are known to a relative
        precision of 2**(1 - bits).
    first: number of the first bin.
    counts: uint64 [bins]; empty bins at both ends are cut off. Their sum is below 2**64.

    An *edge* is an integer t such that no bin holds values on both sides of `v > t`: the greatest value of
    some bin. Raises InputError for bits out of range, counts that are no integers from 0, sums from 2**64.
    """

    bits: int = DEFAULT_BITS
    first: int = 0
    counts: Counts = field(default_factory=lambda: np.zeros(0, np.uint64))

    def __post_init__(self) -> None:
        if not LEAST_BITS <= self.bits <= MOST_BITS:
            raise InputError(f"histogram: expected {LEAST_BITS} to {MOST_BITS} bits, got {self.bits}")
        given = np.asarray(self.counts)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
            raise InputError(
                f"histogram: expected a list of integer counts, got {given.dtype} of shape {given.shape}"
            )
        if given.dtype.kind == "i" and (given < 0).any():
            raise InputError(f"histogram: expected counts from 0, got {given.min()}")
        filled = np.flatnonzero(given)
        begin, end = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)
        self.first = int(self.first) + begin if filled.size else 0
        self.counts = given[begin:end].astype(np.uint64)
        limit = int(bin_number(np.array([np.iinfo(np.int64).max]), self.bits)[0])
        if filled.size and not -1 - limit <= self.first <= limit + 1 - len(self.counts):
            raise InputError(
                f"histogram: expected bins from {-1 - limit} to {limit}, "
                f"got {self.first} to {self.first + len(self.counts) - 1}"
            )
        if self.total > _LARGEST_TOTAL:
            raise InputError(f"histogram: expected fewer than 2**64 values, got {self.total}")

    @classmethod
    def of(cls, values: ArrayLike, bits: int = DEFAULT_BITS) -> Histogram:
        """A histogram of integers, of any shape."""
        histogram = cls(bits)
        histogram.fill(values)
        return histogram

    def fill(self, values: ArrayLike) -> None:
        """Count integers, an array of any shape.

        Raises InputError for other dtypes, values from 2**63 on, and values more than 2**24 bins apart.
        """
        array = np.asarray(values)
        if array.dtype.kind not in "iub" and array.size:
            raise InputError(f"histogram: expected integers, got dtype {array.dtype}")
        if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
            at = int(np.argmax(array.reshape(-1)))
            raise InputError(f"event {at}: expected integers below 2**63, got {array.reshape(-1)[at]}")
        flat = array.reshape(-1)
        for start in range(0, flat.size, _FILL_AT_ONCE):
            bins = bin_number(flat[start : start + _FILL_AT_ONCE].astype(np.int64), self.bits)
            least = int(bins.min())
            self._require_span(least, int(bins.max()))
            bins -= least
            self.merge(Histogram(self.bits, least, np.bincount(bins).astype(np.uint64)))

    def _require_span(self, least: int, greatest: int) -> None:
        """Raise InputError if these bins and those there are need too much memory."""
        if self.counts.size:
            least, greatest = min(least, self.first), max(greatest, self.first + len(self.counts) - 1)
        if greatest - least >= _MOST_FILLED:
            raise InputError(
                f"histogram: at {self.bits} bits there are {greatest - least + 1:,} bins from the least "
                f"value to the greatest, more than the {_MOST_FILLED:,} supported; use fewer bits"
            )

    def merge(self, other: Histogram) -> None:
        """Add the counts of another histogram. Raises InputError if it has another number of bits."""
        merged = self + other
        self.first, self.counts = merged.first, merged.counts

    def __add__(self, other: Histogram) -> Histogram:
        if self.bits != other.bits:
            raise InputError(
                f"histogram: expected {self.bits} bits like the other summand's, got {other.bits}"
            )
        parts = [h for h in (self, other) if h.counts.size]
        if len(parts) < 2:
            only = parts[0] if parts else self
            return Histogram(only.bits, only.first, only.counts)
        if self.total + other.total > _LARGEST_TOTAL:
            raise InputError(f"histogram: expected fewer than 2**64 values, got {self.total + other.total}")
        first = min(h.first for h in parts)
        counts = np.zeros(max(h.first + len(h.counts) for h in parts) - first, np.uint64)
        for h in parts:
            counts[h.first - first : h.first - first + len(h.counts)] += h.counts
        return Histogram(self.bits, first, counts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        same = (self.bits, self.first) == (other.bits, other.first)
        return same and np.array_equal(self.counts, other.counts)

    __hash__ = None  # type: ignore[assignment]

    @property
    def total(self) -> int:
        """Number of values."""
        high, low = self.counts >> np.uint64(32), self.counts & np.uint64(2**32 - 1)
        return (int(high.sum(dtype=np.uint64)) << 32) + int(low.sum(dtype=np.uint64))

    def lower(self) -> Integers:
        """The least value of each bin, int64 [bins]."""
        return bin_bounds(self._bins(), self.bits)[0]

    def upper(self) -> Integers:
        """The greatest value of each bin, int64 [bins]: the edges t of exact counts v > t."""
        return bin_bounds(self._bins(), self.bits)[1]

    def edges(self) -> NDArray[np.float64]:
        """Edges of half-open bins, exact: the least value of each bin, then one past the last; [bins + 1]."""
        # 2**63 - 1 and its like are no float64; one more is a multiple of a power of two, and is.
        beyond = [float(int(last) + 1) for last in self.upper()[-1:]]
        return np.concatenate([self.lower().astype(np.float64), beyond])

    def above(self, threshold: int) -> Above:
        """Number of values v > threshold, exact if threshold is an edge."""
        counts = self.counts
        sure = int(np.searchsorted(self.lower(), _within_int64(threshold), "right"))
        least = _sum(counts[sure:])
        if threshold < np.iinfo(np.int64).min:
            return Above(self.total, self.total)
        if sure == 0 or int(self.upper()[sure - 1]) <= threshold:
            return Above(least, least)
        return Above(least, least + int(counts[sure - 1]))

    def threshold_for(self, *, count: int | None = None, fraction: float | Fraction | None = None) -> int:
        """The smallest edge t so that at most `count` values, or `fraction` of all, have v > t.

        Below 2**bits it is the smallest such integer. Raises InputError for an empty histogram, unless just
        one of the two is given, or if it is negative.
        """
        if (count is None) == (fraction is None):
            raise InputError("threshold_for: expected count or fraction")
        allowed = count if count is not None else int(Fraction(fraction or 0) * self.total)
        if fraction is not None and not 0 <= fraction <= 1:
            raise InputError(f"threshold_for: expected a fraction from 0 to 1, got {fraction}")
        if allowed < 0:
            raise InputError(f"threshold_for: expected a count from 0, got {allowed}")
        return self._smallest_edge(max(0, self.total - allowed))

    def quantile(self, q: float | Fraction) -> int:
        """The smallest edge t with at least q * total values v <= t; for q = 0 at least one.

        Below 2**bits that is the quantile itself, else it is exceeded by at most one part in 2**(bits - 1).
        Raises InputError for q out of range and an empty histogram.
        """
        if not 0 <= q <= 1:
            raise InputError(f"quantile: expected a number from 0 to 1, got {q}")
        needed = -int(-Fraction(q) * self.total // 1)
        return self._smallest_edge(max(1, needed))

    def _smallest_edge(self, needed: int) -> int:
        """The smallest edge t with `needed` values v <= t."""
        if not self.counts.size:
            raise InputError("histogram: expected values, got an empty histogram")
        if needed == 0:
            return int(self.lower()[0]) - 1
        reached = np.searchsorted(np.cumsum(self.counts, dtype=np.uint64), np.uint64(needed), "left")
        return int(self.upper()[reached])

    def _bins(self) -> Integers:
        return np.arange(self.first, self.first + len(self.counts), dtype=np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """bits, first (int64 scalars) and counts (uint64), which `from_arrays` takes."""
        return {"bits": np.int64(self.bits), "first": np.int64(self.first), "counts": self.counts}  # type: ignore[dict-item]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> Histogram:
        """The histogram whose `arrays` these are. Raises InputError if they are not."""
        try:
            bits, first, counts = (np.asarray(arrays[key]) for key in ("bits", "first", "counts"))
        except (KeyError, ValueError) as error:
            raise InputError(f"histogram: expected bits, first and counts, got {error}") from None
        for name, number in (("bits", bits), ("first", first)):
            if number.shape or number.dtype.kind not in "iu":
                raise InputError(
                    f"histogram: expected one integer as {name}, got {number.dtype} {number.shape}"
                )
        return cls(int(bits), int(first), counts)

    def to_csv(self, path: str | Path) -> None:
        """Write lower,upper,count of every filled bin; both bounds belong to the bin."""
        filled = np.flatnonzero(self.counts)
        columns = (self.lower()[filled].tolist(), self.upper()[filled].tolist(), self.counts[filled].tolist())
        with Path(path).open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("lower", "upper", "count"))
            writer.writerows(zip(*columns, strict=True))


def bin_number(values: Integers, bits: int) -> Integers:
    """The bin of each int64."""
    magnitude = np.where(values < 0, ~values, values)
    exponent = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64) - 1
    exponent -= (magnitude >> np.maximum(exponent, 0)) == 0  # float64 may have rounded up to the next octave
    shift = np.maximum(exponent - (bits - 1), 0)
    number = (shift << (bits - 1)) + (magnitude >> shift)
    return np.where(values < 0, ~number, number)


def bin_bounds(bins: Integers, bits: int) -> tuple[Integers, Integers]:
    """The least and the greatest value of each bin."""
    number = np.where(bins < 0, ~bins, bins)
    shift = np.maximum((number >> (bits - 1)) - 1, 0)
    least = (number - (shift << (bits - 1))) << shift
    greatest = least + ((np.int64(1) << shift) - 1)
    return np.where(bins < 0, ~greatest, least), np.where(bins < 0, ~least, greatest)


def save(path: str | Path, histograms: Mapping[str, Histogram]) -> None:
    """Write histograms to one .npz file, three arrays each: NAME/bits, NAME/first, NAME/counts."""
    arrays = {f"{name}/{key}": a for name, h in histograms.items() for key, a in h.arrays().items()}
    with Path(path).open("wb") as file:
        np.savez_compressed(file, **arrays)


def load(path: str | Path) -> dict[str, Histogram]:
    """The histograms of a file that `save` wrote. Raises InputError if it is none, or a damaged one."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = dict.fromkeys(key.rpartition("/")[0] for key in archive.files)
            parts = {n: {k: archive[f"{n}/{k}"] for k in ("bits", "first", "counts")} for n in names}
        found = {}
        for name, arrays in parts.items():
            found[name] = Histogram.from_arrays(arrays)
    except InputError as error:
        raise InputError(f"{path}, '{name}': {error}") from None
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: expected a file of histograms: {error}") from None
    return found


def holds_histograms(path: str | Path) -> bool:
    """Whether `save` seems to have written a file, be it damaged or not."""
    if Path(path).suffix != ".npz" or not Path(path).is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/counts.npy") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def write_root(path: str | Path, histograms: Mapping[str, Histogram]) -> None:
    """Write them as TH1D with variable bins to a new ROOT file.

    Edges are exact. ROOT keeps counts as float64: raises InputError for counts above 2**53, for empty
    histograms, and ImportError without uproot.
    """
    try:
        uproot = importlib.import_module("uproot")
    except ImportError:
        raise ImportError(f"{path}: writing it needs the package uproot; pip install uproot") from None
    for name, h in histograms.items():
        if h.counts.size == 0 or int(h.counts.max()) > 2**53:
            raise InputError(f"{path}: histogram '{name}' has no values, or a count that float64 can't hold")
    with uproot.recreate(path) as file:
        for name, h in histograms.items():
            file[name] = (h.counts.astype(np.float64), h.edges())


def _within_int64(value: int) -> int:
    limits = np.iinfo(np.int64)
    return min(max(value, int(limits.min)), int(limits.max))


def _sum(counts: Counts) -> int:
    """Their total is below 2**64, so every partial sum is."""
    return int(counts.sum(dtype=np.uint64))
