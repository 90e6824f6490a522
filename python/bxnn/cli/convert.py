"""`bxnn convert`: a model file of another tool to a .bxnn file."""

from __future__ import annotations

import argparse
from pathlib import Path

import bxnn
from bxnn.cli import conversion
from bxnn.cli.arguments import non_negative
from bxnn.cli.console import print_json
from bxnn.cli.events import random_events
from bxnn.places import require_place

SUMMARY = "make a .bxnn file from a Keras, QKeras or ONNX model, a project of hls4ml, trees of conifer"
DESCRIPTION = """\
Convert a model file to a .bxnn file that gives exactly what hls4ml's firmware for it would give. Anything
that can't be reproduced exactly is refused by name. Needs hls4ml and the tool of the model. The folder of a
project that hls4ml has generated, and trees that conifer has saved as .json, need neither.

  bxnn convert model.keras -o model.bxnn
  bxnn convert qkeras.h5 --config hls_config.json --io-type io_stream -o model.bxnn
  bxnn convert hls4ml_prj -o model.bxnn

The file carries golden events, drawn at random from the input formats, with the answers of the reference
executor: `bxnn verify model.bxnn` replays them on any machine.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        help=".keras, .h5, .json (weights in the .h5 beside it; or conifer's), .onnx file, or project folder",
    )
    parser.add_argument("-o", "--output", type=Path, help=".bxnn file (default: next to the source)")
    conversion.add_arguments(parser)
    parser.add_argument(
        "--golden", type=non_negative, default=64, metavar="N", help="golden events (default 64)"
    )


def _files(source: Path) -> list[Path]:
    """What a conversion reads: the file, the weights beside a .json, all of a project."""
    return [source, source.with_suffix(".h5"), *source.rglob("*")]


def execute(args: argparse.Namespace) -> int:
    output: Path = args.output or Path(args.source).with_suffix(".bxnn")
    require_place(output, [args.config, *_files(Path(args.source))])
    options = conversion.options(args)
    with conversion.of_source(args.source, folders=True):
        model = bxnn.convert(args.source, *options)
    if args.golden > 0:
        model = model.with_golden(random_events(model.inputs, args.golden, seed=1), raw=True)
    model.save(output)
    size = output.stat().st_size
    if args.json:
        print_json({"output": str(output), "name": model.name, "bytes": size, "golden_events": args.golden})
    else:
        print(f"{model}\n-> {output} ({size:,} bytes)")
    return 0
