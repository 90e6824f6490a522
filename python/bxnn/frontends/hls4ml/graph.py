"""The walk over a `ModelGraph`: which layer is emitted by which handler, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bxnn._core import UnsupportedError

from . import (
    activations,
    adders,
    batchnorm,
    conv,
    dense,
    einsum,
    embedding,
    garnet,
    image,
    kl,
    layernorm,
    merge,
    pooling,
    quant,
    recurrent,
    shape,
    softmax,
    time_distributed,
)
from .emit import Tensor
from .scope import Scope

HLS4ML_VERSIONS = ("1.3.0",)
BACKENDS = ("Vivado", "Vitis")
IO_TYPES = ("io_parallel", "io_stream")

_HANDLERS: Mapping[str, Callable[[Scope], None]] = {
    "Input": shape.source,
    "Dense": dense.dense,
    "Conv1D": conv.conv,
    "Conv2D": conv.conv,
    "Conv2DBatchnorm": conv.conv,
    "PointwiseConv1D": conv.conv,
    "PointwiseConv2D": conv.conv,
    "DepthwiseConv1D": conv.depthwise,
    "DepthwiseConv2D": conv.depthwise,
    "BatchNormalization": batchnorm.normalize,
    "ApplyAlpha": batchnorm.normalize,
    "BatchNormalizationQuantizedTanh": batchnorm.quantized_tanh,
    "Activation": activations.plain,
    "ParametrizedActivation": activations.parametrized,
    "HardActivation": activations.hard,
    "PReLU": activations.prelu,
    "UnaryLUT": activations.unary_lut,
    "Softmax": softmax.softmax,
    "Merge": merge.elementwise,
    "Dot": merge.dot1d,
    "Einsum": einsum.einsum,
    "EinsumDense": einsum.einsum_dense,
    "DACombinational": adders.combinational,
    "HKLLoss": kl.divergence,
    "Concatenate": merge.concatenate,
    "Pooling1D": pooling.pooling,
    "Pooling2D": pooling.pooling,
    "GlobalPooling1D": pooling.global_pooling,
    "GlobalPooling2D": pooling.global_pooling,
    "ZeroPadding1D": image.zero_padding,
    "ZeroPadding2D": image.zero_padding,
    "Cropping1D": image.cropping,
    "Cropping2D": image.cropping,
    "Resize": image.resize,
    "Reshape": shape.reshape,
    "Repack": shape.repack,
    "Clone": shape.clone,
    "Broadcast": shape.broadcast,
    "Transpose": shape.transpose,
    "LSTM": recurrent.lstm,
    "GRU": recurrent.gru,
    "Bidirectional": recurrent.bidirectional,
    "Embedding": embedding.embedding,
    "LayerNormalization": layernorm.layer_normalization,
    "GarNet": garnet.garnet,
    "GarNetStack": garnet.garnet_stack,
    "FixedPointQuantizer": quant.fixed_point_quantizer,
}

SUPPORTED_LAYERS = tuple(sorted([*_HANDLERS, "TimeDistributed"]))


def from_model_graph(model: Any, builder: Any) -> None:
    """Emit an hls4ml `ModelGraph`, as hls4ml resolved it, into a `Builder`.

    The graph has the inputs and outputs of the model under hls4ml's names and in its order, one probe a layer
    under the layer's name, and metadata: origin, hls4ml_version, backend, io_type, graph_hash.

    Raises UnsupportedError, naming the layer, its class and what is supported, for anything that is not known
    to be reproduced bit by bit, and where C-simulation itself fails or is undefined.
    """
    _check_model(model)
    for key, value in _metadata(model).items():
        builder.set_meta(key, value)
    emit_layers(_inputs_first(model), list(model.outputs), builder, _typedefs(model))


def emit_layers(
    nodes: Sequence[Any], outputs: Sequence[str], builder: Any, typedefs: Mapping[str, Any]
) -> None:
    """Emit layers, inputs first and then in an order in which they can be computed, and the outputs.

    A node has what `Scope` reads of hls4ml's; `typedefs` gives the precision object, or the C++ spelling,
    behind a type name. Raises UnsupportedError as `from_model_graph` does.
    """
    tensors: dict[str, Tensor] = {}
    _emit_all(nodes, tensors, builder, typedefs)
    inputs = [name for node in nodes if node.class_name == "Input" for name in node.outputs]
    for name in outputs:
        if name in inputs:
            raise UnsupportedError(f"output '{name}' is an input of the model; C-simulation does not compile")
        builder.output(tensors[name].value, name)


def _emit_all(
    nodes: Sequence[Any],
    tensors: dict[str, Tensor],
    builder: Any,
    typedefs: Mapping[str, Any],
    *,
    probed: bool = True,
) -> None:
    """Emit the layers one after the other and add their outputs to `tensors`."""
    rest = list(nodes)
    while rest:
        scope = Scope(rest.pop(0), builder, tensors, typedefs)
        if scope.kind == "TimeDistributed":
            body, end = time_distributed.split_body(scope, rest)
            del rest[: len(body) + 1]
            scope = _emit_loop(scope, body, Scope(end, builder, tensors, typedefs), tensors, typedefs, probed)
        else:
            _emit_one(scope, tensors)
        tensors.update(scope.made)
        if probed and scope.kind != "Input":
            builder.probe(scope.made[scope.node.outputs[0]].value, scope.name)


def _emit_one(scope: Scope, tensors: Mapping[str, Tensor]) -> None:
    handler = _HANDLERS.get(scope.kind)
    if handler is None:
        undefined = (
            ""
            if scope.node.get_attr("function_cpp")
            else " (nor by C-simulation: hls4ml generates no code for it)"
        )
        scope.refuse(f"this layer is not supported{undefined}; supported are {', '.join(SUPPORTED_LAYERS)}")
    missing = [name for name in scope.node.inputs if name not in tensors and scope.kind != "Input"]
    if missing:
        scope.refuse(f"its input '{missing[0]}' has not been computed before it")
    handler(scope)


def _emit_loop(
    scope: Scope,
    body: Sequence[Any],
    end: Scope,
    tensors: dict[str, Tensor],
    typedefs: Mapping[str, Any],
    probed: bool,
) -> Scope:
    """The layers of `body` once a time step; what is traced of them is the last step, as in C-simulation."""
    builder, made = scope.emit.builder, []
    steps = time_distributed.time_steps(scope)
    inside = dict(tensors)
    for i, step in enumerate(steps):
        inside |= {scope.node.outputs[0]: step}
        is_traced = probed and i + 1 == len(steps)
        if is_traced:
            builder.probe(step.value, scope.name)
        _emit_all(body, inside, builder, typedefs, probed=is_traced)
        made.append(inside[end.node.inputs[0]])
    tensors.update(inside)
    time_distributed.join_steps(end, made)
    return end


def _inputs_first(model: Any) -> list[Any]:
    """The layers in hls4ml's order, but the inputs in the order in which C-simulation takes them."""
    layers = list(model.get_layers())
    inputs = [node for name in model.inputs for node in layers if name in node.outputs]
    return inputs + [node for node in layers if node not in inputs]


def _check_model(model: Any) -> None:
    import hls4ml

    if hls4ml.__version__ not in HLS4ML_VERSIONS:
        raise UnsupportedError(
            f"hls4ml {hls4ml.__version__} has not been compared with bxnn bit by bit; "
            f"supported: {', '.join(HLS4ML_VERSIONS)}"
        )
    backend = getattr(model.config.backend, "name", None)
    if backend not in BACKENDS:
        raise UnsupportedError(f"hls4ml backend {backend} is not supported; supported: {', '.join(BACKENDS)}")
    io_type = model.config.get_config_value("IOType")
    if io_type not in IO_TYPES:
        raise UnsupportedError(f"hls4ml IOType {io_type} is not supported; supported: {', '.join(IO_TYPES)}")


def _typedefs(model: Any) -> dict[str, Any]:
    """Precisions by type name, as in `defines.h`: the first layer that uses a name defines it."""
    types: dict[str, Any] = {}
    for node in model.get_layers():
        for name, named in node.get_layer_precision().items():
            types.setdefault(name, named.precision)
    return types


def _metadata(model: Any) -> dict[str, str]:
    import hls4ml

    return {
        "origin": "hls4ml",
        "hls4ml_version": hls4ml.__version__,
        "backend": str(model.config.backend.name),
        "io_type": str(model.config.get_config_value("IOType")),
        "graph_hash": _hash(model),
    }


def _hash(model: Any) -> str:
    """SHA-256 of what decides the results: layers, connections, generated code, types and weights."""
    digest = hashlib.sha256()
    for node in model.get_layers():
        head = {
            "layer": [node.name, node.class_name],
            "inputs": list(node.inputs),
            "outputs": list(node.outputs),
            "code": [str(node.get_attr("config_cpp", "")), str(node.get_attr("function_cpp", ""))],
            "types": {n: str(t.precision) for n, t in node.get_layer_precision().items()},
        }
        digest.update(json.dumps(head, sort_keys=True).encode())
        for name, weight in node.weights.items():
            digest.update(f"{name}:{','.join(weight)}\n".encode())
    return digest.hexdigest()
