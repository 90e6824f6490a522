"""The numbers beside plots: CSV files, one JSON document, and a ROOT file where uproot is installed."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bxnn import histogram
from bxnn.histogram import Histogram

Columns = Mapping[str, Sequence[Any]]


NUMBERS = ("numbers.json", "histograms.npz", "numbers.root")  # and a .csv for each table


def write_numbers(
    folder: Path,
    document: Mapping[str, Any],
    tables: Mapping[str, Columns],
    histograms: Mapping[str, Histogram],
) -> list[str]:
    """Write numbers.json, a NAME.csv for each table, histograms.npz, and with uproot numbers.root.

    numbers.root has a tree of each table's columns of numbers, and every histogram under hist/. Returns the
    names of the files.
    """
    names = ["numbers.json", "histograms.npz"]
    (folder / "numbers.json").write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    histogram.save(folder / "histograms.npz", histograms)
    for name, columns in tables.items():
        names.append(f"{name}.csv")
        with (folder / names[-1]).open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    try:
        uproot = importlib.import_module("uproot")
    except ImportError:
        return names
    with uproot.recreate(folder / "numbers.root") as file:
        for name, h in histograms.items():
            if h.counts.size:
                file[f"hist/{name}"] = (h.counts.astype(np.float64), h.edges())
        for name, columns in tables.items():
            arrays = {key: np.asarray(values) for key, values in columns.items()}
            numbers = {key: a for key, a in arrays.items() if a.dtype.kind in "iuf"}
            if numbers:
                file.mktree(name, {key: a.dtype for key, a in numbers.items()})
                file[name].extend(numbers)
    return [*names, "numbers.root"]
