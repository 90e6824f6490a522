"""QONNX graphs built node by node, and the qonnx executor that says what they mean."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]

QONNX = "qonnx.custom_op.general"


class Graph:
    """A graph in the making; `batch` is the first dimension of its inputs, a number or a name."""

    def __init__(self, batch: int | str = 1, *, opset: int = 17, trunc: int = 1) -> None:
        self.batch, self.opset, self.trunc = batch, opset, trunc
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.inputs: list[Any] = []

    def input(self, name: str, *shape: int) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [self.batch, *shape]))
        return name

    def constant(self, value: ArrayLike, dtype: Any = np.float32) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, kind: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        number = len(self.nodes)
        names = [f"{kind.lower()}{number}_{i}" if i else f"{kind.lower()}{number}" for i in range(outputs)]
        self.nodes.append(
            helper.make_node(kind, list(inputs), names, name=f"{kind}_{number}", domain=domain, **attributes)
        )
        return names[0] if outputs == 1 else names

    def quant(
        self,
        x: str,
        bits: float,
        scale: ArrayLike,
        *,
        signed: int = 1,
        narrow: int = 0,
        zero: ArrayLike = 0.0,
        mode: str = "ROUND",
    ) -> str:
        parameters = [self.constant(scale), self.constant(zero), self.constant(float(bits))]
        kind = "IntQuant" if len(self.nodes) % 5 == 4 else "Quant"  # two names of one operator
        name: str = self.node(
            kind, x, *parameters, domain=QONNX, signed=signed, narrow=narrow, rounding_mode=mode
        )
        return name

    def model(self, *outputs: str, kinds: dict[str, int] | None = None) -> Any:
        """The ModelProto with these outputs."""
        kinds = kinds or {}
        infos = [
            helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None) for name in outputs
        ]
        graph = helper.make_graph(self.nodes, "graph", self.inputs, infos, self.initializers)
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid(QONNX, self.trunc)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def execute(model: Any, inputs: dict[str, Array]) -> list[Array]:
    """The outputs that the qonnx executor gives for float32 inputs whose first dimension is the model's."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapper = ModelWrapper(model).transform(InferShapes())
    context = execute_onnx(wrapper, {k: np.asarray(v, np.float32) for k, v in inputs.items()})
    return [context[str(entry.name)] for entry in wrapper.graph.output]


def outputs_of(model: Any, result: Any) -> list[Array]:
    return list(result) if len(model.outputs) > 1 else [result]


def numbers_of(model: Any, raw: Any) -> list[Array]:
    """Raw integers as the fractions that format, scale and offset say they are."""
    made = []
    for tensor, array in zip(model.outputs, outputs_of(model, raw), strict=True):
        step = Fraction(2) ** -tensor.format.frac
        flat = array.reshape(len(array), -1).astype(object) * step
        for key, join in (("scale", np.multiply), ("offset", np.add)):
            if spelled := model.meta.get(f"{key}:{tensor.name}"):
                flat = join(flat, np.array([Fraction(n) for n in spelled.split()], object))
        made.append(flat.reshape(array.shape))
    return made
