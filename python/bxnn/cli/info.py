"""`bxnn info`: what a model file holds."""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from typing import Any

from bxnn._core import Tensor
from bxnn.cli.console import print_json, print_table
from bxnn.model import Model

SUMMARY = "show what a model file holds"
DESCRIPTION = """\
Show a model file: inputs, outputs, formats, layers, operations, origin, golden vectors.

  bxnn info model.bxnn
  bxnn info model.bxnn --plan      how each step is computed on this CPU, and the proof that allows it
  bxnn info model.bxnn --graph     every operation of the graph
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=".bxnn file")
    parser.add_argument("--plan", action="store_true", help="also the execution plan")
    parser.add_argument("--graph", action="store_true", help="also the graph, one operation a line")


def execute(args: argparse.Namespace) -> int:
    model = Model.load(args.model)
    document = _document(model, args)
    if args.json:
        print_json(document)
        return 0
    print(f"{document['name'] or '(unnamed)'}   {document['bytes']:,} bytes   sha256 {document['sha256']}")
    heads = ("", "name", "shape", "format", "raw dtype")
    rows: list[tuple[object, ...]] = []
    for kind in ("input", "output", "layer"):
        for t in document[kind + "s"]:
            rows.append((kind, t["name"], tuple(t["shape"]), t["format"], t["dtype"]))
    print_table("tensors", heads, rows)
    print_table("operations", ("operation", "count"), document["operations"].items())
    if document["meta"]:
        print_table("metadata", ("key", "value"), document["meta"].items())
    print(f"golden events: {document['golden_events']:,}  (replay them: bxnn verify {args.model})")
    if args.plan:
        print("\n" + model.explain())
    if args.graph:
        print("\n" + model.dump())
    return 0


def _document(model: Model, args: argparse.Namespace) -> dict[str, Any]:
    data = model.to_bytes()
    document: dict[str, Any] = {
        "name": model.name,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "inputs": [_tensor(t) for t in model.inputs],
        "outputs": [_tensor(t) for t in model.outputs],
        "layers": [_tensor(t) for t in model.layers],
        "operations": _operations(model),
        "meta": model.meta,
        "golden_events": model.golden_events,
    }
    if args.plan:
        document["plan"] = model.explain(json=True)
    if args.graph:
        document["graph"] = model.dump().splitlines()
    return document


def _operations(model: Model) -> dict[str, int]:
    """How often each operation occurs in the graph, whose lines read `%7 = dot %3 ...`."""
    lines = [line.split() for line in model.dump().splitlines()]
    return dict(Counter(words[2] for words in lines if len(words) > 2 and words[1] == "="))


def _tensor(tensor: Tensor) -> dict[str, Any]:
    fmt = tensor.format
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "format": str(fmt),
        "frac": fmt.frac,
        "dtype": str(tensor.dtype),
    }
