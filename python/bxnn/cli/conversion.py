"""Options of a conversion by way of hls4ml, shared by `convert` and `verify --source`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bxnn._core import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("hls4ml conversion")
    group.add_argument("--config", type=Path, metavar="FILE", help="hls_config as JSON or YAML")
    group.add_argument(
        "--granularity",
        choices=("name", "type", "model"),
        default="name",
        help="of the configuration that hls4ml makes without --config (default %(default)s)",
    )
    group.add_argument("--backend", choices=("Vitis", "Vivado"), default="Vitis", help="default %(default)s")
    group.add_argument(
        "--io-type", choices=("io_parallel", "io_stream"), default="io_parallel", help="default %(default)s"
    )


def read_config(path: Path | None) -> dict[str, Any] | None:
    """An hls_config; raises InputError if the file is neither JSON nor YAML of a mapping."""
    if path is None:
        return None
    text = path.read_text()
    try:
        config = json.loads(text)
    except json.JSONDecodeError:
        try:
            import yaml
        except ImportError:
            raise InputError(f"{path}: not JSON, and reading YAML needs the package pyyaml") from None
        try:
            config = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"{path}: neither JSON nor YAML: {error}") from None
    if not isinstance(config, dict):
        raise InputError(f"{path}: expected an hls_config mapping, got {type(config).__name__}")
    return config


@contextmanager
def of_source(source: str, *, folders: bool = False) -> Iterator[None]:
    """Errors inside name the file, and what to install where a package is missing; `folders`: may be one."""
    if not Path(source).is_file() and not (folders and Path(source).is_dir()):
        raise FileNotFoundError(f"no such file: {source}")
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"{source}: {error}; converting needs hls4ml and the tool of the model, "
            "for QKeras: pip install 'hls4ml[qkeras]==1.3.0' pyparsing"
        ) from error
