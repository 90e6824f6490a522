"""Events per second that each source hands over: 57 features of int16, copied into a buffer chunk by chunk.

python -m benchmarks.sources [--events N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import bxnn._core
from benchmarks import machine
from bxnn.sources import (
    ArraySource,
    Collection,
    Field,
    Injection,
    InputLayout,
    Layout,
    PileupProfile,
    Prefetch,
    Replay,
    Selection,
    Signal,
    Source,
    StreamSource,
    Synthetic,
    open_source,
)

CHUNK = 8192
SECONDS = 1.0  # each source is read for at least as long, from the start again if it ends
MUON, JET = (0.5, 0.010875, 576), (0.5, 0.0435, 144)
OBJECTS = {"MET": (1, *JET), "EGamma": (4, *JET), "Muon": (4, *MUON), "Jet": (10, *JET)}


def rate(make: Callable[[], Source]) -> float:
    """Events per second of wall-clock time, the best of three."""
    best = 0.0
    for _ in range(3):
        events, begun = 0, time.perf_counter()
        buffer: Any = None
        while time.perf_counter() - begun < SECONDS:
            for chunk in make().chunks(CHUNK):
                array = next(iter(chunk.values()))
                buffer = np.empty((CHUNK, *array.shape[1:]), array.dtype) if buffer is None else buffer
                np.copyto(buffer[: len(array)], array)
                events += len(array)
                if time.perf_counter() - begun > SECONDS:
                    break
        best = max(best, events / (time.perf_counter() - begun))
    return best


def physical(objects: Any) -> dict[str, Any]:
    """Branches like NanoAOD's, of the objects that there are."""
    import awkward

    branches, at = {}, 0
    for name, (slots, pt_lsb, eta_lsb, phi_counts) in OBJECTS.items():
        part = objects[:, at : at + slots].astype(np.float32)
        counts = (part[:, :, 0] > 0).sum(axis=1)
        for i, (field, lsb) in enumerate((("pt", pt_lsb), ("eta", eta_lsb), ("phi", 2 * np.pi / phi_counts))):
            values = (part[:, :, i] * np.float32(lsb)).astype(np.float32)
            branches[f"{name}_{field}"] = awkward.unflatten(values[part[:, :, 0] > 0], counts)
        at += slots
    return branches


def layout() -> Layout:
    collections = tuple(
        Collection(
            slots,
            (
                Field(f"{name}_pt", lsb=pt_lsb, range=(0, 4095), overflow="clip"),
                Field(f"{name}_eta", lsb=eta_lsb),
                Field(f"{name}_phi", lsb=2 * np.pi / phi_counts, period=phi_counts),
            ),
            falling=f"{name}_pt",
        )
        for name, (slots, pt_lsb, eta_lsb, phi_counts) in OBJECTS.items()
    )
    return Layout({"x": InputLayout(collections)}, tree="t")


def files(folder: Path, objects: Any) -> Iterator[tuple[str, Callable[[], Source]]]:
    import h5py
    import pyarrow
    import pyarrow.parquet
    import uproot

    x = np.ascontiguousarray(objects.reshape(len(objects), -1))
    np.save(folder / "x.npy", x)
    yield ".npy, mapped", lambda: open_source(folder / "x.npy")
    np.savez(folder / "x.npz", x=x)
    yield ".npz, stored, mapped", lambda: open_source(folder / "x.npz")
    np.savez_compressed(folder / "c.npz", x=x)
    yield ".npz, compressed", lambda: open_source(folder / "c.npz")
    yield "rows on a pipe", lambda: StreamSource((folder / "x.npy").open("rb"))
    with h5py.File(folder / "x.h5", "w") as file:
        file.create_dataset("x", data=x)
        file.create_dataset("gzip", data=x, chunks=(8192, 57), compression="gzip", compression_opts=1)
    yield "HDF5", lambda: open_source(folder / "x.h5", ["x"])
    yield "HDF5, gzip", lambda: open_source(folder / "x.h5", ["x"], Selection(["gzip"]))
    columns = {f"f{i}": x[:, i] for i in range(57)}
    rows = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(x.ravel()), 57)
    pyarrow.parquet.write_table(pyarrow.table({"x": rows}), folder / "l.parquet", compression="none")
    yield "Parquet, one column of lists", lambda: open_source(folder / "l.parquet")
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "c.parquet")
    by_column = Selection(["x=" + ",".join(columns)])
    yield "Parquet, 57 columns, Snappy", lambda: open_source(folder / "c.parquet", ["x"], by_column)
    with uproot.recreate(folder / "x.root", compression=uproot.ZLIB(1)) as file:
        file.mktree("t", {"x": (x.dtype, (57,))})
        for first in range(0, len(x), 50_000):
            file["t"].extend({"x": x[first : first + 50_000]})
    yield "ROOT TTree, one branch, zlib", lambda: open_source(folder / "x.root")
    jagged = physical(objects)
    types = {name: f"var * {array.type.content.content}" for name, array in jagged.items()}
    with uproot.recreate(folder / "j.root", compression=uproot.ZLIB(1)) as file:
        file.mktree("t", types)
        writer = None
        for first in range(0, len(x), 50_000):
            part = {name: array[first : first + 50_000] for name, array in jagged.items()}
            file["t"].extend(part)
    yield (
        "ROOT TTree, jagged, 12 branches, by a layout",
        lambda: open_source(folder / "j.root", None, layout()),
    )
    with uproot.recreate(folder / "n.root") as file:
        for first in range(0, len(x), 50_000):
            part = {name: array[first : first + 50_000] for name, array in jagged.items()}
            if writer is None:
                writer = file.mkrntuple("t", part)
            else:
                writer.extend(part)
    yield (
        "ROOT RNTuple, jagged, 12 fields, by a layout",
        lambda: open_source(folder / "n.root", None, layout()),
    )


def generators(objects: Any) -> Iterator[tuple[str, Callable[[], Source]]]:
    pool = ArraySource({"x": objects})
    pileup = PileupProfile([50.0] * 3564, lifetime=36_000.0)
    labels = np.random.default_rng(1).poisson(50, len(objects))
    signal = Signal(ArraySource({"x": objects[:1000]}), 1e-3)
    yield "Replay, in order", lambda: Replay(pool)
    yield "Replay, at random", lambda: Replay(pool, seed=1)
    yield "Replay, by pile-up", lambda: Replay(pool, seed=1, pileup=pileup, labels=labels)
    yield "Injection of 0.1% into Replay at random", lambda: Injection(Replay(pool, seed=1), [signal], 2)
    yield "Prefetch of Replay at random", lambda: Prefetch(Replay(pool, seed=1))
    yield "Synthetic", lambda: Synthetic(PileupProfile(50.0), seed=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=500_000, help="events in files and pools")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    objects = next(Synthetic(PileupProfile(50.0), seed=1).chunks(args.events))["objects"]
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (*files(Path(folder), objects), *generators(objects)):
            figures[name] = rate(make)
            print(f"| {name} | {figures[name] / 1e6:.2f} |", flush=True)
    if args.json:
        document = {
            "machine": machine.description(bxnn._core.__file__),
            "events": args.events,
            "events_per_second": figures,
        }
        args.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
