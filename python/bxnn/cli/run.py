"""`bxnn run`: events from a file through a model into a file."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn.cli import events as events_options
from bxnn.cli.arguments import non_negative, positive
from bxnn.cli.console import print_json, progress
from bxnn.cli.result_files import Column, require_writable, result_file
from bxnn.model import Model
from bxnn.sources.files import FileChain, FileSource, open_files
from bxnn.sources.source import Chunk, evaluated

SUMMARY = "run the events of a file through a model"
DESCRIPTION = """\
Run events through a model, a chunk at a time, and write its outputs.

  bxnn run model.bxnn events.npy -o scores.npy
  bxnn run model.bxnn events.h5 --dataset l1/features -o scores.h5
  bxnn run model.bxnn events.root --tree Events --branches jet_pt,jet_eta,jet_phi -o scores.parquet
  bxnn run model.bxnn raw.npz --raw --threads 8 -o raw_scores.npz

Events: .npy (memory-mapped), .npz, .h5/.hdf5, .root, .parquet. Results by suffix: .npy (one output), .npz,
.h5, .parquet. Real numbers in give float64 out; --raw takes and gives the raw integers of the formats.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=".bxnn file")
    parser.add_argument("events", type=Path, help="file of events")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file of results")
    events_options.add_arguments(parser)
    parser.add_argument(
        "--threads", type=non_negative, default=0, help="threads to use (default 0: all CPUs)"
    )
    parser.add_argument(
        "--chunk", type=positive, default=100_000, help="events a chunk (default %(default)s)"
    )


def execute(args: argparse.Namespace) -> int:
    model = Model.load(args.model)
    require_writable(args.output, len(model.outputs), [args.events, args.model])
    source = open_files(args.events, [t.name for t in model.inputs], events_options.selection(args))
    columns = [
        Column(t.name, tuple(t.shape), t.dtype if args.raw else np.dtype(np.float64)) for t in model.outputs
    ]
    seconds = _stream(model, source, columns, args)
    document: dict[str, Any] = {
        "model": model.name,
        "events": source.count,
        "seconds": seconds,
        "events_per_second": source.count / seconds if seconds else None,
        "output": str(args.output),
        "columns": [{"name": c.name, "shape": list(c.shape), "dtype": str(c.dtype)} for c in columns],
    }
    if args.json:
        print_json(document)
    else:
        rate = f", {source.count / seconds:,.0f} events/s in the model" if seconds else ""
        print(f"{source.count:,} events{rate} -> {args.output} ({', '.join(c.name for c in columns)})")
    return 0


def _stream(
    model: Model, source: FileSource | FileChain, columns: list[Column], args: argparse.Namespace
) -> float:
    """Returns the seconds spent in the model alone."""
    predict = model.predict_raw if args.raw else model.predict
    seconds = 0.0

    def evaluate(chunk: Chunk) -> Sequence[NDArray[Any]]:
        nonlocal seconds
        events_options.require_meaning(args, chunk, model.inputs)
        began = time.perf_counter()
        results = predict(chunk, threads=args.threads)
        seconds += time.perf_counter() - began
        return results if isinstance(results, tuple) else [results]

    with (
        result_file(args.output, columns, source.count) as write,
        progress("events", source.count) as advance,
    ):
        for events, results in evaluated(source.chunks(args.chunk), evaluate, args.events):
            write(results)
            advance(events)
    return seconds
