"""Arrays of .npy and .npz files, mapped into memory where they lie in the file as they are."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from bxnn._core import InputError
from bxnn.sources.columns import Column, common_length, slices
from bxnn.sources.source import Array

_LOCAL_HEADER = struct.Struct("<4s2x2H16x2H")  # signature, flags, compression, lengths of name and extra


def write_npz(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """As `numpy.savez`, whose keywords can't be any name: 'file' is one of its own."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


class NumpyReader:
    """The arrays of a .npy file (one, named '') or of a .npz file."""

    kind = "arrays"

    def __init__(self, path: Path, tree: str | None = None) -> None:
        self._path = path
        self._size = path.stat().st_size
        if path.suffix.lower() == ".npy":
            self._members: dict[str, zipfile.ZipInfo | None] = {"": None}
        else:
            with _archive(path) as archive:
                infos = archive.infolist()
            self._members = {i.filename.removesuffix(".npy"): i for i in infos if i.filename.endswith(".npy")}
        self.columns = list(self._members)
        self._arrays: dict[str, Array] = {}

    def count(self, names: Sequence[str]) -> int:
        return common_length(self.whole(names))

    def whole(self, names: Sequence[str]) -> dict[str, Array]:
        """Mapped arrays, perhaps unaligned; compressed members are read into memory."""
        for name in names:
            if name not in self._arrays:
                self._arrays[name] = self._load(name)
        return {name: self._arrays[name] for name in names}

    def batches(self, names: Sequence[str], size: int, start: int) -> Iterator[dict[str, Column]]:
        for batch in slices(self.whole(names), size, start):
            # A mapped file that has shrunk would end the program with a bus error.
            if self._path.stat().st_size < self._size:
                raise InputError(f"the file has shrunk from {self._size} bytes")
            yield batch

    def close(self) -> None:
        self._arrays.clear()

    def _load(self, name: str) -> Array:
        member = self._members[name]
        if member is None:
            with self._path.open("rb") as file:
                return _map_array(self._path, file, self._size)
        if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
            with self._path.open("rb") as file:
                file.seek(member.header_offset)
                signature, _, stored, *lengths = _LOCAL_HEADER.unpack(_take(file, _LOCAL_HEADER.size))
                if signature != b"PK\3\4" or stored != zipfile.ZIP_STORED:
                    raise InputError(f"member '{member.filename}' is not where the list of members says")
                file.seek(sum(lengths), 1)
                return _map_array(self._path, file, min(file.tell() + member.file_size, self._size))
        with _archive(self._path) as archive, archive.open(member) as file:
            return _read_array(file)


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"not a readable .npz file: {error}") from None


def _take(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise InputError("the file ends too early; copy or write it again")
    return data


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype that an .npy header states. Raises InputError."""
    try:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version} of the format")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)  # type: ignore[no-untyped-call]
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"not a readable NumPy file: {str(error).splitlines()[0]}") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise InputError(f"not a readable NumPy file of events: expected numbers, got {dtype}")
    if not shape or min(shape) < 0:
        raise InputError(f"not a readable NumPy file of events: expected [events, features...], got {shape}")
    return shape, fortran, dtype


def _map_array(path: Path, file: IO[bytes], end: int) -> Array:
    """The array whose header begins at the file's position and whose data ends before `end`."""
    shape, fortran, dtype = read_header(file)
    offset, row = file.tell(), dtype.itemsize * math.prod(shape[1:])
    if shape[0] * row > end - offset:
        whole = max(0, end - offset) // row
        raise InputError(
            f"the header promises {shape[0]} events, the file ends in event {whole}; copy or write it again"
        )
    if shape[0] * row == 0:
        return np.empty(shape, dtype)
    # Not the subclass: slicing it is slow.
    return np.asarray(np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C"))


def _read_array(file: IO[bytes]) -> Array:
    shape, fortran, dtype = read_header(file)
    expected = dtype.itemsize * math.prod(shape)
    data = bytearray()
    while len(data) < expected and (part := file.read(min(1 << 24, expected - len(data)))):
        data += part
    if len(data) < expected:
        raise InputError(
            f"the header promises {expected} bytes, the member holds {len(data)}; write it again"
        )
    file.read(1)  # at its end the checksum is looked at
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
