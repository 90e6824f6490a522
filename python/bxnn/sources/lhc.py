"""Bunches of the LHC: which bunch crossings of an orbit hold collisions, and how crossings are numbered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError

REVOLUTION_FREQUENCY = 11_245.5  # Hz
BUNCHES_PER_ORBIT = 3_564
ABORT_GAP = 119  # unfilled crossings in a row that the rise of the dump kickers needs: 3 us
NOMINAL_25NS = "3*(2*(3*(72b 8e) 30e) 4*(72b 8e) 31e) 3*(3*(72b 8e) 30e) 81e"

_TOKEN = re.compile(r"\s*(?:(?P<repeat>\d+)\s*\*|(?P<run>\d+)\s*(?P<kind>[be])|(?P<bracket>[()]))")


class FillingScheme:
    """Which of the 3,564 bunch crossings of an orbit are filled: `filled`, bool [3564].

    A crossing is the uint64 orbit * 3564 + bx with bx 0..3563, counted from the start of a run.
    """

    def __init__(self, filled: ArrayLike) -> None:
        given = np.asarray(filled)
        if given.shape != (BUNCHES_PER_ORBIT,) or given.dtype != np.bool_:
            raise InputError(
                f"a filling scheme: expected bool ({BUNCHES_PER_ORBIT},), got {given.dtype} {given.shape}"
            )
        if not given.any():
            raise InputError("a filling scheme: expected at least one filled bunch crossing, got none")
        self.filled: NDArray[np.bool_] = given.copy()
        self.filled.setflags(write=False)
        self._bx = np.flatnonzero(given).astype(np.uint64)
        self._before = np.concatenate([[0], np.cumsum(given)]).astype(np.uint64)

    @classmethod
    def full(cls) -> FillingScheme:
        """All crossings filled, as no machine could be: for tests at the highest rate."""
        return cls(np.ones(BUNCHES_PER_ORBIT, bool))

    @classmethod
    def lhc(cls) -> FillingScheme:
        """The nominal scheme of 25 ns: 39 trains of 72 bunches, 2,808 in all."""
        return cls.parse(NOMINAL_25NS)

    @classmethod
    def parse(cls, text: str) -> FillingScheme:
        """Read runs of filled (b) and empty (e) crossings, `N*(...)` repeats: '3*(72b 8e) 30e ...'.

        Raises InputError unless the runs add up to 3,564 and leave an abort gap.
        """
        return cls._of_machine(np.array(_expand(text), bool), f"filling scheme '{text}'")

    @classmethod
    def from_file(cls, path: str | Path) -> FillingScheme:
        """Read a text file: 3,564 times 0 or 1, or the filled bx, 0..3563; `#` begins a comment.

        Raises InputError for anything else, and without an abort gap.
        """
        path = Path(path)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not a readable filling scheme: {error}") from None
        words = re.split(r"[\s,]+", " ".join(line.split("#")[0] for line in lines).strip())
        if not all(re.fullmatch("[0-9]{1,4}", word) for word in words):
            raise InputError(f"{path}: expected bx numbers, or 0 and 1, got '{_first_odd(words)}'")
        numbers = [int(word) for word in words]
        if len(numbers) == BUNCHES_PER_ORBIT and max(numbers) <= 1:
            return cls._of_machine(np.array(numbers, bool), str(path))
        if max(numbers) >= BUNCHES_PER_ORBIT or len(set(numbers)) < len(numbers):
            raise InputError(
                f"{path}: expected different bx of 0..{BUNCHES_PER_ORBIT - 1}, got {len(numbers)} of which "
                f"{len(set(numbers))} differ, up to {max(numbers)}; subtract 1 if bx are counted from 1"
            )
        return cls._of_machine(np.isin(np.arange(BUNCHES_PER_ORBIT), numbers), str(path))

    @classmethod
    def _of_machine(cls, filled: NDArray[np.bool_], where: str) -> FillingScheme:
        if len(filled) != BUNCHES_PER_ORBIT:
            raise InputError(f"{where}: expected {BUNCHES_PER_ORBIT} bunch crossings, got {len(filled)}")
        if not filled.any():
            raise InputError(f"{where}: expected at least one filled bunch crossing, got none")
        gaps = np.diff(np.flatnonzero(np.tile(filled, 2)))
        gap = (int(gaps.max()) if gaps.size else BUNCHES_PER_ORBIT) - 1
        if gap < ABORT_GAP:
            raise InputError(
                f"{where}: expected an abort gap of at least {ABORT_GAP} empty crossings in a row, "
                f"the longest has {gap}"
            )
        return cls(filled)

    @property
    def bunches(self) -> int:
        """Filled crossings in an orbit."""
        return len(self._bx)

    @property
    def crossing_rate(self) -> float:
        """Filled crossings in a second."""
        return self.bunches * REVOLUTION_FREQUENCY

    def crossing_of(self, k: ArrayLike) -> NDArray[np.uint64]:
        """The crossing of the k-th filled one, k = 0, 1, ...; shape kept."""
        orbit, i = np.divmod(_unsigned(k), np.uint64(self.bunches))
        return np.asarray(orbit * np.uint64(BUNCHES_PER_ORBIT) + self._bx[i.astype(np.intp)])

    def filled_before(self, crossing: ArrayLike) -> NDArray[np.uint64]:
        """How many filled crossings come before: of a filled one the k of `crossing_of`; shape kept."""
        orbit, bx = np.divmod(_unsigned(crossing), np.uint64(BUNCHES_PER_ORBIT))
        return np.asarray(orbit * np.uint64(self.bunches) + self._before[bx.astype(np.intp)])

    def is_filled(self, crossing: ArrayLike) -> NDArray[np.bool_]:
        """Whether these crossings hold collisions; shape kept."""
        return np.asarray(self.filled[(_unsigned(crossing) % np.uint64(BUNCHES_PER_ORBIT)).astype(np.intp)])

    def empty_between(self, first: ArrayLike, last: ArrayLike) -> NDArray[np.uint64]:
        """How many unfilled crossings c there are with first <= c < last; shape kept."""
        begin, end = _unsigned(first), _unsigned(last)
        if (end < begin).any():
            raise InputError("empty_between: expected first <= last")
        return np.asarray(end - begin - (self.filled_before(end) - self.filled_before(begin)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FillingScheme) and bool((self.filled == other.filled).all())

    def __hash__(self) -> int:
        return hash(self.filled.tobytes())

    def __repr__(self) -> str:
        return f"FillingScheme({self.bunches} of {BUNCHES_PER_ORBIT} filled)"


def _unsigned(numbers: ArrayLike) -> NDArray[np.uint64]:
    given = np.asarray(numbers)
    if given.dtype.kind not in "iu" or (given.dtype.kind == "i" and bool((given < 0).any())):
        raise InputError(f"expected integers of at least 0, got {given.dtype} from {given.min(initial=0)}")
    return given.astype(np.uint64)


def _first_odd(words: Sequence[str]) -> str:
    return next(word for word in words if not re.fullmatch("[0-9]{1,4}", word))[:20]


def _expand(text: str) -> list[bool]:
    """The crossings of a notation; never longer than an orbit, however often something is repeated."""
    stack: list[tuple[int, list[bool]]] = [(1, [])]
    repeat, at = None, 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None or (repeat is not None and token["bracket"] != "("):
            raise _fault(
                text, at, "'(' behind a factor" if repeat is not None else "'72b', '8e', 'N*(' or ')'"
            )
        at, found = token.end(), token.groupdict()
        if found["repeat"]:
            repeat = _number(text, found["repeat"])
        elif found["bracket"] == "(":
            stack.append((1 if repeat is None else repeat, []))
            repeat = None
        else:
            if found["run"]:
                times, crossings = _number(text, found["run"]), [found["kind"] == "b"]
            elif len(stack) > 1:
                times, crossings = stack.pop()
            else:
                raise _fault(text, at - 1, "a '(' for this ')'")
            if len(stack[-1][1]) + times * len(crossings) > BUNCHES_PER_ORBIT:
                raise InputError(f"filling scheme '{text}': more than {BUNCHES_PER_ORBIT} bunch crossings")
            stack[-1][1].extend(crossings * times)
    if len(stack) > 1 or repeat is not None:
        raise _fault(text, len(text), "')'" if len(stack) > 1 else "'(' behind a factor")
    return stack[0][1]


def _number(text: str, digits: str) -> int:
    if len(digits) > 4 or int(digits) > BUNCHES_PER_ORBIT:
        raise InputError(f"filling scheme '{text}': more than {BUNCHES_PER_ORBIT} bunch crossings")
    return int(digits)


def _fault(text: str, at: int, expected: str) -> InputError:
    return InputError(f"filling scheme '{text}', character {at + 1}: expected {expected}")
