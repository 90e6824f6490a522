"""Options of a conversion by way of hls4ml, shared by `convert` and `verify --source`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bxnn._core import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("hls4ml conversion")
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="hls_config as JSON or YAML, or a project's hls4ml_config.yml",
    )
    group.add_argument(
        "--granularity",
        choices=("name", "type", "model"),
        help="of the configuration that hls4ml makes without --config (default name)",
    )
    group.add_argument("--backend", choices=("Vitis", "Vivado"), help="default Vitis, or as in --config")
    group.add_argument(
        "--io-type", choices=("io_parallel", "io_stream"), help="default io_parallel, or as in --config"
    )


class Options(NamedTuple):
    """As `bxnn.convert` takes them."""

    hls_config: dict[str, Any] | None
    backend: Any
    io_type: Any
    granularity: Any


def options(args: argparse.Namespace) -> Options:
    """Of a whole project's configuration, hls4ml_config.yml, what it says of network, backend and io_type.

    Raises InputError if the file is neither JSON nor YAML of a mapping, or contradicts an option.
    """
    stated = {"Backend": args.backend, "IOType": args.io_type}
    config = _mapping(args.config) if args.config else None
    if config is not None and args.granularity:
        raise InputError("--granularity: --config says that already; leave one of them out")
    if config is not None and "HLSConfig" in config:
        for key, option in (("Backend", "--backend"), ("IOType", "--io-type")):
            if stated[key] not in (None, config.get(key)):
                raise InputError(f"{option} {stated[key]}: {args.config} says {key}: {config.get(key)}")
            stated[key] = config.get(key)
        config = config["HLSConfig"]
    return Options(config, stated["Backend"], stated["IOType"], args.granularity)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text, at byte {error.start}") from None
    try:
        config = json.loads(text)
    except json.JSONDecodeError:
        try:
            import yaml
        except ImportError:
            raise InputError(f"{path}: not JSON, and reading YAML needs the package pyyaml") from None
        try:
            config = yaml.load(text, _loader(yaml))
        except yaml.YAMLError as error:
            raise InputError(f"{path}: neither JSON nor YAML: {error}") from None
    if not isinstance(config, dict):
        raise InputError(f"{path}: expected an hls_config mapping, got {type(config).__name__}")
    return config


def _loader(yaml: Any) -> Any:
    """Without hls4ml's own tags, such as !keras_model: what stands there is no part of an hls_config."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    return Loader


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
