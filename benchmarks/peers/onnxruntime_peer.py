"""ONNX Runtime on one thread: float32, and 8 bits by its static quantisation, calibrated on typical events.

Weights are unsigned, as its manual advises for CPUs that add pairs of products in 16 bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from network import Layer, Network
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from server import Absent, Contestant, InPython, Ready, Setting, expect, real, serve


class _Graph:
    """Nodes and constants of a graph that grows by one node a call."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: str = "float32") -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype), name))
        return name

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        number = len(self.nodes)
        names = [f"v{number}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, f"n{number}", **attributes))
        return names[-1]


def float_model(network: Network) -> Any:
    """The network without its types, as an ONNX model: input "x" [N, n]."""
    graph, shape, x = _Graph(), list(network.shape), "x"
    if len(shape) > 1:
        x = graph.node("Reshape", x, graph.constant([-1, *shape], "int64"))
    if len(shape) == 3:
        x = graph.node("Transpose", x, perm=[0, 3, 1, 2])
    for layer in network.layers:
        x = {"dense": _dense, "conv": _conv, "lstm": _lstm}[layer.kind](graph, x, layer, shape)
        x = graph.node("Relu", x) if layer.relu else x
        x = _pooled(graph, x, layer, shape)
    if network.error:
        difference = graph.node("Sub", x, "x")
        squares = graph.node("Mul", difference, difference)
        x = graph.node("ReduceSum", squares, graph.constant([1], "int64"))
    if network.ensemble:
        x = _trees(graph, network)
    return _model(graph, x, int(np.prod(network.shape)))


def _model(graph: _Graph, result: str, inputs: int) -> Any:
    row = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, inputs])
    answer = helper.make_tensor_value_info(result, TensorProto.FLOAT, [None, None])
    made = helper.make_graph(graph.nodes, "network", [row], [answer], graph.constants)
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(made, opset_imports=sets, ir_version=8)


def _dense(graph: _Graph, x: str, layer: Layer, shape: list[int]) -> str:
    weights = layer.real_weights
    if len(shape) == 3:  # here channels come first
        x = graph.node("Flatten", x)
        weights = weights.reshape(-1, *shape).transpose(0, 3, 1, 2).reshape(len(weights), -1)
    shape[:] = [len(weights)]
    return graph.node("Gemm", x, graph.constant(weights), graph.constant(layer.real_bias), transB=1)


def _conv(graph: _Graph, x: str, layer: Layer, shape: list[int]) -> str:
    weights = layer.real_weights.reshape(-1, layer.size, layer.size, shape[2]).transpose(0, 3, 1, 2)
    shape[:] = [shape[0] - layer.size + 1, shape[1] - layer.size + 1, len(weights)]
    return graph.node("Conv", x, graph.constant(weights), graph.constant(layer.real_bias))


def _pooled(graph: _Graph, x: str, layer: Layer, shape: list[int]) -> str:
    if layer.pool == 1:
        return x
    shape[:] = [shape[0] // layer.pool, shape[1] // layer.pool, shape[2]]
    return graph.node("MaxPool", x, kernel_shape=[layer.pool] * 2, strides=[layer.pool] * 2)


def _lstm(graph: _Graph, x: str, layer: Layer, shape: list[int]) -> str:
    units, inputs = len(layer.weights) // 4, shape[1]
    gates = (0, 3, 1, 2)  # input, output, forget, cell
    order = np.concatenate([np.arange(units) + k * units for k in gates])
    weights, bias = layer.real_weights[order], layer.real_bias[order]
    tensors = (weights[:, :inputs], weights[:, inputs:], np.concatenate([bias, np.zeros(4 * units)]))
    steps = graph.node("Transpose", x, perm=[1, 0, 2])
    constants = [graph.constant(tensor[None]) for tensor in tensors]
    last = graph.node("LSTM", steps, *constants, outputs=2, hidden_size=units)
    shape[:] = [units]
    return graph.node("Squeeze", last, graph.constant([0], "int64"))


def _trees(graph: _Graph, network: Network) -> str:
    document = network.ensemble
    if document["splitting_convention"] != "<=" or document["norm"] != 1 or document["n_classes"] != 2:
        raise Absent("an ensemble of another kind")
    nodes: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes")}
    nodes |= {"truenodeids": [], "falsenodeids": []}
    leaves: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for number, (tree,) in enumerate(document["trees"]):
        for at, feature in enumerate(tree["feature"]):
            inner = feature != -2
            row = (number, at, max(feature, 0), tree["threshold"][at], "BRANCH_LEQ" if inner else "LEAF")
            children = (max(tree["children_left"][at], 0), max(tree["children_right"][at], 0))
            for key, value in zip(nodes, row + children, strict=True):
                nodes[key].append(value)
            if not inner:
                for key, value in zip(leaves, (number, at, 0, tree["value"][at]), strict=True):
                    leaves[key].append(value)
    attributes: dict[str, Any] = {f"nodes_{key}": value for key, value in nodes.items()}
    attributes |= {f"target_{key}": value for key, value in leaves.items()}
    attributes |= {"domain": "ai.onnx.ml", "n_targets": 1, "base_values": document["init_predict"]}
    return graph.node("TreeEnsembleRegressor", "x", **attributes)


class _Typical(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, rows: Any) -> None:
        self._batches = iter([{"x": part} for part in np.array_split(rows, 10)])

    def get_next(self) -> Any:
        return next(self._batches, None)


def quantised(path: Path, network: Network, setting: Setting) -> Path:
    """The file of the 8-bit model; raises Absent."""
    if missing := network.kinds() & {"lstm", "trees"}:
        raise Absent(f"no static quantisation of {', '.join(missing)}")
    reference = np.load(setting.reference)
    raw = np.load(setting.events, mmap_mode="r")[setting.typical : len(reference)]
    rows = network.input.real(raw).astype(np.float32)
    result = path.with_name("int8.onnx")
    quantize_static(
        str(path),
        str(result),
        _Typical(rows),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QUInt8,
        per_channel=True,
        op_types_to_quantize=["Gemm", "Conv", "Relu", "MaxPool"],
    )
    return result


def session(path: Path) -> InPython:
    """A session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    made = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return InPython(lambda x: made.run(None, {"x": x})[0])


def prepare(setting: Setting, network: Network) -> Ready:
    """Both sessions."""
    expect(network, "dense", "conv", "lstm", "narrow sums", "squared error", "trees")
    path = Path(setting.folder) / "float.onnx"
    onnx.save(float_model(network), str(path))
    form, absent = real(network.input, "float32"), {}
    contestants = [Contestant("ONNX Runtime, float32", form, session(path), False)]
    try:
        ways = session(quantised(path, network, setting))
        contestants.append(Contestant("ONNX Runtime, int8", form, ways, False))
    except Absent as error:
        absent["ONNX Runtime, int8"] = str(error)
    return Ready({"onnxruntime": onnxruntime.__version__}, contestants, absent)


serve(prepare)
