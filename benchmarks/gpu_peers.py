"""The same dense networks in other tools on the GPU, in floating point: none gives the exact integers.

A peer is a function of the network, the device and a batch that returns a call to be timed, which is complete
when it returns; it raises ImportError or Absent where it cannot run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.contest import Absent
from benchmarks.peers.network import Layer, Network


def _weights(layer: Layer) -> tuple[Any, Any]:
    return layer.real_weights.astype(np.float32), layer.bias_type.real(layer.bias).astype(np.float32)


def _limits(layer: Layer) -> tuple[float, float, float]:
    """Smallest and largest number of a layer's type, and its step."""
    kind = layer.type
    low = 0 if layer.relu or not kind.signed else -kind.largest - 1
    return float(kind.real(low)), float(kind.real(kind.largest)), 2.0**-kind.frac


def _torch(network: Network, number: int, batch: int, dtype: str) -> Callable[[], None]:
    """Products in `dtype`, results rounded and clamped to the layers' types."""
    import torch

    device = torch.device("cuda", number)
    layers = [
        (
            *(torch.tensor(a, dtype=getattr(torch, dtype), device=device) for a in _weights(layer)),
            _limits(layer),
        )
        for layer in network.layers
    ]
    x = torch.randn(batch, network.shape[0], dtype=getattr(torch, dtype), device=device)

    def run() -> None:
        with torch.inference_mode():
            y = x
            for weights, bias, (low, high, step) in layers:
                y = torch.addmm(bias, y, weights.t())
                y = torch.clamp(torch.round(y / step) * step, low, high)
        torch.cuda.synchronize(device)

    return run


def _cupy(network: Network, number: int, batch: int) -> Callable[[], None]:
    import cupy  # type: ignore[import-not-found,unused-ignore]

    with cupy.cuda.Device(number):
        layers = [(*(cupy.asarray(a) for a in _weights(layer)), _limits(layer)) for layer in network.layers]
        x = cupy.random.standard_normal((batch, network.shape[0]), dtype=cupy.float32)

    def run() -> None:
        with cupy.cuda.Device(number):
            y = x
            for weights, bias, (low, high, step) in layers:
                y = cupy.clip(cupy.rint((y @ weights.T + bias) / step) * step, low, high)
            cupy.cuda.get_current_stream().synchronize()

    return run


def _onnxruntime(network: Network, number: int, batch: int, provider: str) -> Callable[[], None]:
    """float32 without the layers' types, inputs and results on the device."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    if provider not in onnxruntime.get_available_providers():
        raise Absent(f"this onnxruntime has no {provider}")
    nodes, constants, x = [], [], "x"
    for at, layer in enumerate(network.layers):
        for name, value in zip((f"w{at}", f"b{at}"), _weights(layer), strict=True):
            constants.append(numpy_helper.from_array(value, name))
        nodes.append(helper.make_node("Gemm", [x, f"w{at}", f"b{at}"], [f"s{at}"], transB=1))
        x = f"s{at}"
        if layer.relu:
            nodes.append(helper.make_node("Relu", [x], [f"r{at}"]))
            x = f"r{at}"
    sizes = (network.shape[0], len(network.layers[-1].weights))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n])
        for name, n in zip(("x", x), sizes, strict=True)
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=[(provider, {"device_id": number})]
    )
    binding = session.io_binding()
    events = np.random.default_rng(0).normal(size=(batch, sizes[0])).astype(np.float32)
    held = onnxruntime.OrtValue.ortvalue_from_numpy(events, "cuda", number)
    binding.bind_ortvalue_input("x", held)
    binding.bind_output(x, "cuda", number)

    def run() -> None:
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()

    return run


PEERS: dict[str, Callable[[Network, int, int], Callable[[], None]]] = {
    "PyTorch float32": lambda *given: _torch(*given, "float32"),
    "PyTorch float16": lambda *given: _torch(*given, "float16"),
    "CuPy float32": _cupy,
    "ONNX Runtime CUDA float32": lambda *given: _onnxruntime(*given, "CUDAExecutionProvider"),
    "ONNX Runtime TensorRT float32": lambda *given: _onnxruntime(*given, "TensorrtExecutionProvider"),
}
