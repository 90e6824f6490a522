"""From a trained network to a bxnn model, by way of hls4ml's own conversion."""

from __future__ import annotations

import contextlib
import copy
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from bxnn._core import Builder, Error, InputError, UnsupportedError
from bxnn._core import Model as CoreModel

from .csimulation import is_hls_graph
from .document import closest
from .frontends.conifer import from_conifer, is_conifer
from .frontends.project import is_project, read_project
from .model import Model

Backend = Literal["Vitis", "Vivado"]
IoType = Literal["io_parallel", "io_stream"]
Granularity = Literal["name", "type", "model"]

_SOURCES = (
    "a Keras or QKeras model, a path ending in .keras, .h5, .json (with its .h5 beside it) or .onnx, "
    "an ONNX ModelProto, a qonnx ModelWrapper, an hls4ml ModelGraph or its project folder, or a model of "
    "conifer: the object, its .json or its project folder"
)


def convert(
    source: Any,
    hls_config: dict[str, Any] | None = None,
    backend: Backend | None = None,
    io_type: IoType | None = None,
    granularity: Granularity | None = None,
) -> Model:
    """The model that computes, bit by bit, what hls4ml's firmware for `source` computes.

    `source` is a Keras or QKeras model; a path to one (`.keras`, `.h5`, or `.json` with weights in the `.h5`
    of the same name); an ONNX or QONNX model (path, `ModelProto` or qonnx `ModelWrapper`); or an hls4ml
    `ModelGraph`. `hls_config` is hls4ml's configuration dictionary, which is left untouched; without it
    hls4ml derives one with the given granularity (None: "name"). backend: None is "Vitis"; io_type: None is
    "io_parallel".

    The folder of an hls4ml project, which has `firmware/` in it, is read as it stands, without hls4ml.
    Code that hls4ml does not generate is refused with its file and line.

    Boosted trees come from conifer, with the precisions of its configuration: `source` is conifer's model
    object, the `.json` that it writes, or a project folder. For a source that says all this itself, a
    `ModelGraph`, a project or trees, the other arguments have to be left out.

    An ONNX model is prepared as hls4ml asks: the batch is set to one, shapes are inferred, constants folded,
    tensors become channels-last, Gemm becomes MatMul and Add. No project folder is left behind; what hls4ml
    prints goes to standard error.

    Raises UnsupportedError naming the layer that bxnn does not reproduce exactly, or with hls4ml's reason
    for a model that it does not convert; InputError for an option that does not exist or does not apply, and
    for a configuration of which hls4ml would ignore a part; ImportError if the tool that reads the source is
    missing.
    """
    options = {
        "hls_config": hls_config, "backend": backend, "io_type": io_type, "granularity": granularity
    }  # fmt: skip
    for is_of_kind, kind, read in _COMPLETE:
        if is_of_kind(source):
            if given := [name for name, value in options.items() if value is not None]:
                raise InputError(f"{given[0]}: {kind} says that itself; leave it out")
            return read(source)
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        return _from_graph(
            hls_graph(source, hls_config, backend, io_type, granularity, folder), _name_of(source)
        )


def _name_of(source: Any) -> str:
    """The file's stem, or what the model calls itself."""
    if isinstance(source, str | os.PathLike):
        return Path(source).stem
    return str(getattr(source, "name", "") or "model")


def _from_project(folder: str | os.PathLike[str]) -> Model:
    project = read_project(Path(folder))
    builder = Builder(project.name)
    project.emit(builder)
    return Model(builder.build())


def _from_graph(graph: Any, name: str = "") -> Model:
    return Model(core_of_graph(graph, name))


def _from_trees(source: Any) -> Model:
    return Model(from_conifer(source).build())


# Sources that need no conversion by hls4ml: how to know one, what it is, how to read it.
_COMPLETE: tuple[tuple[Callable[[Any], bool], str, Callable[[Any], Model]], ...] = (
    (is_hls_graph, "an hls4ml ModelGraph", _from_graph),
    (is_project, "a project", _from_project),
    (is_conifer, "a model of conifer", _from_trees),
)


def core_of_graph(graph: Any, name: str = "") -> CoreModel:
    """The core model of an hls4ml `ModelGraph`, called after its project unless named."""
    from .frontends.hls4ml import from_model_graph

    builder = Builder(name or str(graph.config.get_project_name() or "model"))
    from_model_graph(graph, builder)
    return builder.build()


def hls_graph(
    source: Any,
    hls_config: dict[str, Any] | None,
    backend: str | None,
    io_type: str | None,
    granularity: str | None,
    folder: str,
) -> Any:
    """hls4ml's graph; its project would go into `folder`, but none is written. Raises as `convert` does."""
    backend, io_type, granularity = backend or "Vitis", io_type or "io_parallel", granularity or "name"
    _require("backend", backend, get_args(Backend))
    _require("io_type", io_type, get_args(IoType))
    _require("granularity", granularity, get_args(Granularity))
    if hls_config is not None:
        _require_config(hls_config)
    options = {"output_dir": str(Path(folder) / "project"), "backend": backend, "io_type": io_type}
    try:
        return _converted(_load(source), copy.deepcopy(hls_config), granularity, options)
    except (Error, OSError):
        raise
    except ImportError as error:
        raise ImportError(
            f"{error}; converting needs hls4ml and the tool of the model: "
            "pip install 'bxnn[hls4ml,onnx]' under Python 3.11"
        ) from error
    except Exception as error:  # of any of the tools; theirs are of every type
        from .frontends.hls4ml import SUPPORTED_LAYERS

        reason = " ".join(str(error).split()) or "no reason given"
        raise UnsupportedError(
            f"'{_name_of(source)}' is not converted by hls4ml ({type(error).__name__}: {reason}); "
            f"the layers of hls4ml that bxnn supports are {', '.join(SUPPORTED_LAYERS)}"
        ) from error


def _converted(model: Any, config: dict[str, Any] | None, granularity: str, options: dict[str, str]) -> Any:
    import hls4ml

    derive = {"granularity": granularity, "backend": options["backend"]}
    if _is_keras(model):
        make, convert = hls4ml.utils.config_from_keras_model, hls4ml.converters.convert_from_keras_model
    else:
        model = _clean_onnx(model)
        make, convert = hls4ml.utils.config_from_onnx_model, hls4ml.converters.convert_from_onnx_model
    if config is None:
        return convert(model, hls_config=make(model, **derive), **options)
    named = [str(name) for name in config.get("LayerName", {})]
    graph = convert(model, hls_config=config, **options)
    if named:
        everything = make(model, granularity="name", backend=options["backend"])["LayerName"]
        _require_layers(named, [*everything, *(layer.name for layer in graph.get_layers())])
    return graph


# What hls4ml reads of an hls_config; it ignores everything else, and so would give other types than meant.
_CONFIG_KEYS = ("Model", "LayerName", "LayerType", "Flows", "Optimizers", "SkipOptimizers")


def _require_config(config: object) -> None:
    if not isinstance(config, dict):
        raise InputError(f"hls_config: expected a dictionary, got {type(config).__name__}")
    if "HLSConfig" in config:
        raise InputError(
            "hls_config: this is the configuration of a whole project; pass what stands under its "
            "'HLSConfig', and its Backend and IOType as backend and io_type"
        )
    for key in config:
        if key not in _CONFIG_KEYS:
            raise InputError(
                f"hls_config: unknown key {key!r}; hls4ml reads {', '.join(_CONFIG_KEYS)}"
                f"{closest(str(key), _CONFIG_KEYS)}"
            )


def _require_layers(named: Iterable[str], known: Sequence[str]) -> None:
    """Names of layers are matched by hls4ml in lower case."""
    lower = {name.lower() for name in known}
    for name in named:
        if name.lower() not in lower:
            raise InputError(
                f"hls_config: LayerName names '{name}', which the network does not have{closest(name, known)}"
            )


def _require(option: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{option}: expected one of {', '.join(choices)}, got {value!r}")


def _load(source: Any) -> Any:
    """The model object behind a path; anything else must be a model object already."""
    if not isinstance(source, (str, os.PathLike)):
        if _is_keras(source) or _is_onnx(source):
            return source
        raise UnsupportedError(
            f"cannot convert a {type(source).__module__}.{type(source).__qualname__}: pass {_SOURCES}"
        )
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"no such model: '{path}'")
    if path.suffix == ".onnx":
        import onnx

        return onnx.load(str(path))
    if path.suffix in (".keras", ".h5", ".hdf5"):
        return _keras_models().load_model(path, custom_objects=_qkeras_objects(), compile=False)
    if path.suffix == ".json":
        weights = path.with_suffix(".h5")
        if not weights.exists():
            raise FileNotFoundError(
                f"'{path}' is no model of conifer; as a model of Keras it needs its weights in '{weights}'"
            )
        model = _keras_models().model_from_json(path.read_text(), custom_objects=_qkeras_objects())
        model.load_weights(weights)
        return model
    raise UnsupportedError(f"cannot convert '{path}': pass {_SOURCES}")


def _keras_models() -> Any:
    # hls4ml reads the Keras that TensorFlow carries
    import tensorflow as tf

    return tf.keras.models


def _qkeras_objects() -> dict[str, Any]:
    """QKeras's layers and quantisers, as far as QKeras is installed."""
    objects: dict[str, Any] = {}
    with contextlib.suppress(ImportError):
        from qkeras.utils import _add_supported_quantized_objects

        _add_supported_quantized_objects(objects)
    return objects


def _clean_onnx(model: Any) -> Any:
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.transformation.gemm_to_matmul import GemmToMatMul
    from qonnx.util.cleanup import cleanup_model

    wrapped = ModelWrapper(copy.deepcopy(model.model if _is_a(model, "qonnx", "ModelWrapper") else model))
    for tensor in wrapped.graph.input:
        batch = tensor.type.tensor_type.shape.dim[0]
        if not batch.dim_value:
            batch.dim_value = 1
    wrapped = cleanup_model(wrapped)
    wrapped = wrapped.transform(ConvertToChannelsLastAndClean()).transform(GemmToMatMul())
    return cleanup_model(wrapped)


def _is_keras(model: Any) -> bool:
    return any(c.__name__ == "Model" and "keras" in c.__module__.split(".") for c in type(model).__mro__)


def _is_onnx(model: Any) -> bool:
    return _is_a(model, "onnx", "ModelProto") or _is_a(model, "qonnx", "ModelWrapper")


def _is_a(thing: Any, package: str, name: str) -> bool:
    """True for an instance of a class of that name in that package, without importing the package."""
    return any(c.__name__ == name and c.__module__.split(".")[0] == package for c in type(thing).__mro__)
