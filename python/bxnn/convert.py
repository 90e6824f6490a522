"""From a trained network to a bxnn model, by way of hls4ml's own conversion."""

from __future__ import annotations

import contextlib
import copy
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from bxnn._core import Builder, UnsupportedError

from .model import Model

Backend = Literal["Vitis", "Vivado"]
IoType = Literal["io_parallel", "io_stream"]
Granularity = Literal["name", "type", "model"]

_SOURCES = (
    "a Keras or QKeras model, a path ending in .keras, .h5, .json (with its .h5 beside it) or .onnx, "
    "an ONNX ModelProto, a qonnx ModelWrapper, or an hls4ml ModelGraph"
)


def convert(
    source: Any,
    hls_config: dict[str, Any] | None = None,
    backend: Backend = "Vitis",
    io_type: IoType = "io_parallel",
    granularity: Granularity = "name",
) -> Model:
    """The model that computes, bit by bit, what hls4ml's firmware for `source` computes.

    `source` is a Keras or QKeras model; a path to one (`.keras`, `.h5`, or `.json` with weights in the `.h5`
    of the same name); an ONNX or QONNX model (path, `ModelProto` or qonnx `ModelWrapper`); or an hls4ml
    `ModelGraph`, for which the other arguments do not count. `hls_config` is hls4ml's configuration
    dictionary, which is left untouched; without it hls4ml derives one with the given granularity.

    An ONNX model is prepared as hls4ml asks: the batch is set to one, shapes are inferred, constants folded,
    tensors become channels-last, Gemm becomes MatMul and Add. No project folder is left behind; what hls4ml
    prints goes to standard error.

    Raises UnsupportedError naming the layer that bxnn does not reproduce exactly, ImportError if the tool
    that reads the source is missing, and what hls4ml raises for a model that it cannot convert.
    """
    if _is_a(source, "hls4ml.model.graph", "ModelGraph"):
        return _from_graph(source)
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        return _from_graph(
            hls_graph(source, hls_config, backend, io_type, granularity, folder), _name_of(source)
        )


def _name_of(source: Any) -> str:
    """The file's stem, or what the model calls itself."""
    if isinstance(source, str | os.PathLike):
        return Path(source).stem
    return str(getattr(source, "name", "") or "model")


def _from_graph(graph: Any, name: str = "") -> Model:
    from .frontends.hls4ml import from_model_graph

    builder = Builder(name or str(graph.config.get_project_name() or "model"))
    from_model_graph(graph, builder)
    return Model(builder.build())


def hls_graph(
    source: Any, hls_config: dict[str, Any] | None, backend: str, io_type: str, granularity: str, folder: str
) -> Any:
    """hls4ml's graph; its project would go into `folder`, but none is written."""
    import hls4ml

    model = _load(source)
    options = {"output_dir": str(Path(folder) / "project"), "backend": backend, "io_type": io_type}
    if _is_keras(model):
        config = copy.deepcopy(hls_config) or hls4ml.utils.config_from_keras_model(
            model, granularity=granularity, backend=backend
        )
        return hls4ml.converters.convert_from_keras_model(model, hls_config=config, **options)
    clean = _clean_onnx(model)
    config = copy.deepcopy(hls_config) or hls4ml.utils.config_from_onnx_model(
        clean, granularity=granularity, backend=backend
    )
    return hls4ml.converters.convert_from_onnx_model(clean, hls_config=config, **options)


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
            raise FileNotFoundError(f"'{path}' needs its weights in '{weights}'")
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


def _is_a(thing: Any, module: str, name: str) -> bool:
    """True for an instance of a class of that name in that package, without importing the package."""
    return any(
        c.__name__ == name and c.__module__.split(".")[0] == module.split(".")[0] for c in type(thing).__mro__
    )
