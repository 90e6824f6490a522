"""Accepted events as a .npy file that grows, one record an event."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bxnn._core import InputError
from bxnn.sources import CROSSING, InputSpec
from bxnn.stream.engine import Accepted

_HEADER = 1024  # bytes of the header, padded, so that the number of events can be written later
_PIECE = 1 << 24  # bytes read at once
SEEDS = "seeds"


class EventFile:
    """Fields: crossing uint64 (orbit * 3564 + bx), seeds uint64 (bit i: seed i was kept), the inputs.

    keep: None makes a new file; else (events, checksum) of one that is there, which is cut to them and
    continued; it stays as it is until `cut`. `events` and `checksum` are of what is in the file; `sync`
    brings them, and the header that says how many, to the disk. Raises InputError for another suffix, a file
    that another process writes, or one that is not what it was; OSError that names the file.
    """

    def __init__(
        self, path: Path, inputs: Mapping[str, InputSpec], keep: tuple[int, int] | None = None
    ) -> None:
        if path.suffix.lower() != ".npy":
            raise InputError(f"{path}: expected .npy for accepted events, got '{path.suffix}'")
        fields = [(name, spec.dtype.newbyteorder("<"), spec.shape) for name, spec in inputs.items()]
        self._path = path
        self._row = np.dtype([(CROSSING, "<u8"), (SEEDS, "<u8"), *fields])
        self.events, self.checksum = keep or (0, 0)
        if len(self._header()) > _HEADER:
            raise InputError(f"{path}: too many inputs for the header of a .npy file")
        if keep and not path.exists():
            raise InputError(f"{path}: the file of accepted events is gone; begin anew with --fresh")
        self._file = path.open(
            "r+b" if path.exists() else "w+b", buffering=0
        )  # nothing is left behind by an error
        try:
            self._lock()
            if keep:
                self._require_what_was_written()
        except BaseException:
            self._file.close()
            raise

    def cut(self) -> None:
        """To the events that are counted."""
        self._file.truncate(self._size())
        self.sync()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{self._path}: another process writes accepted events to it") from None

    def _require_what_was_written(self) -> None:
        """The rows are those of the checksum; the header may say fewer or more."""
        left, checksum = self._size() - _HEADER, 0
        self._file.seek(_HEADER)
        while left and (piece := self._file.read(min(left, _PIECE))):
            checksum, left = zlib.crc32(piece, checksum), left - len(piece)
        if left or checksum != self.checksum:
            raise InputError(
                f"{self._path}: does not hold the {self.events} events that the run had written; put it "
                "back, or begin anew with --fresh"
            )

    def _size(self) -> int:
        return _HEADER + self.events * self._row.itemsize

    def _header(self) -> bytes:
        about = {"descr": self._row.descr, "fortran_order": False, "shape": (self.events,)}
        magic = b"\x93NUMPY\x01\x00" + (_HEADER - 10).to_bytes(2, "little")
        return magic + repr(about).encode("latin1").ljust(_HEADER - len(magic) - 1) + b"\n"

    def append(self, accepted: Accepted) -> None:
        rows = np.empty(len(accepted.crossings), self._row)
        rows[CROSSING], rows[SEEDS] = accepted.crossings, accepted.kept
        for name, array in accepted.events.items():
            rows[name] = array
        data = rows.tobytes()
        self._write(data)
        self.events += len(rows)
        self.checksum = zlib.crc32(data, self.checksum)

    def sync(self) -> None:
        self._file.seek(0)
        self._write(self._header())
        self._file.seek(self._size())
        os.fsync(self._file.fileno())

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            text = f"{error.strerror}; the {self.events} events before are in the file"
            raise OSError(error.errno, text, str(self._path)) from None

    def close(self) -> None:
        try:
            self.cut()  # without what could not be written whole
        finally:
            self._file.close()
