"""The command line: `bxnn COMMAND`, also `python -m bxnn COMMAND`.

Results go to standard output, progress and errors to standard error. Exit status: 0 done and equal,
1 a comparison found differences, 2 wrong usage or unusable input.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import bxnn
from bxnn.cli import (
    bench,
    compare,
    convert,
    demo,
    info,
    menu,
    profile,
    rates,
    roc,
    run,
    stream,
    study,
    verify,
)

_DESCRIPTION = """\
Run fixed-point trigger networks exactly as the firmware would, fast.

  bxnn demo                                        what it does, on a shipped model
  bxnn convert model.keras -o model.bxnn           from a Keras, QKeras or ONNX model
  bxnn info model.bxnn                             inputs, outputs, formats, operations
  bxnn run model.bxnn events.root -o scores.h5     events in, scores out
  bxnn verify model.bxnn --source model.keras      bit for bit against HLS C-simulation
  bxnn profile model.bxnn --events x.npy           bits used, values wrapped and saturated
  bxnn bench model.bxnn                            events per second on this machine
  bxnn menu check menu.yml                         seeds, cuts and networks of a trigger menu
  bxnn stream run.yml                              crossings through a trigger, with exact books
  bxnn menu check menu.yml                         seeds, networks and budgets of a trigger menu
"""

_COMMANDS = (demo, study, convert, info, run, verify, profile, bench, menu, stream, rates, roc, compare)

_EXIT_STATUS = "exit status: 0 done and equal; 1 differences found; 2 wrong usage or unusable input"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    args = _parser().parse_args(argv)
    try:
        status: int = args.execute(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader, `head` say, has had enough; keep the interpreter from flushing into the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("bxnn: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if args.debug:
            raise
        expected = isinstance(error, (bxnn.Error, OSError, ImportError))
        text = " ".join(str(error).split())
        kind = "" if expected else f"unexpected {type(error).__name__}, --debug shows where: "
        print(f"bxnn {args.command}: error: {kind}{text}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bxnn",
        description=_DESCRIPTION,
        epilog=_EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bxnn {bxnn.__version__}")
    parser.add_argument(
        "--cmakedir", action=_PrintCMakeDir, nargs=0, help="print the directory of bxnnConfig.cmake and exit"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for module in _COMMANDS:
        command = commands.add_parser(
            module.__name__.rsplit(".", 1)[-1],
            help=module.SUMMARY,
            description=module.DESCRIPTION,
            epilog=_EXIT_STATUS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.add_argument("--json", action="store_true", help="print the result as one JSON object")
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(execute=module.execute)
    return parser


class _PrintCMakeDir(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for lib in ("lib", "lib64"):
            directory = files("bxnn") / lib / "cmake" / "bxnn"
            if (directory / "bxnnConfig.cmake").is_file():
                print(directory)
                parser.exit()
        parser.error("this installation has no CMake package: lib/cmake/bxnn/bxnnConfig.cmake is missing")
