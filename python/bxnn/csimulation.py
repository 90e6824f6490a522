"""hls4ml's C-simulation as a reference: the numbers of the compiled graph and of its layers."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError


def is_hls_graph(candidate: object) -> bool:
    """Whether this is an hls4ml ModelGraph; hls4ml is not imported to find out."""
    return any(
        base.__name__ == "ModelGraph" and base.__module__.split(".")[0] == "hls4ml"
        for base in type(candidate).__mro__
    )


def simulate(
    graph: Any, inputs: Sequence[NDArray[np.float64]]
) -> tuple[list[NDArray[np.float64]], dict[str, NDArray[np.float64]], list[str]]:
    """Outputs, traced layers and notes for events of real numbers, all of shape [N, n].

    A graph that is not compiled yet is compiled here, with every layer traced. One that was compiled
    without tracing gives its outputs alone. The double bridge is used: float32 would lose bits. The methods
    are those of the class, for `bxnn.accelerate` replaces the object's own.
    """
    events = len(inputs[0])
    shaped = [
        np.ascontiguousarray(array, np.float64).reshape(events, *variable.shape)
        for array, variable in zip(inputs, graph.get_input_variables(), strict=True)
    ]
    x = shaped[0] if len(shaped) == 1 else shaped
    notes = []
    with _stdout_to_stderr():
        if graph._top_function_lib is None:
            _trace_all_layers(graph)
            type(graph).compile(graph)
        if _compiled_with_trace(graph):
            results, layers = _trace_without_compiling(graph, x)
        else:
            results, layers = type(graph).predict(graph, x), {}
            notes.append("the hls4ml graph was compiled without tracing: layers were not compared")
    outputs = [results] if len(graph.get_output_variables()) == 1 else results
    return (
        [np.asarray(array).reshape(events, -1) for array in outputs],
        {name: np.asarray(array).reshape(events, -1) for name, array in layers.items()},
        notes,
    )


def real_inputs(arrays: Sequence[NDArray[Any]], fracs: Sequence[int]) -> list[NDArray[np.float64]]:
    """Raw integers (or reals, kept) as float64; raises InputError where float64 can't hold them."""
    reals = []
    for array, frac in zip(arrays, fracs, strict=True):
        if array.dtype.kind == "f":
            reals.append(array.astype(np.float64))
            continue
        real = array.astype(np.float64)
        if array.dtype.itemsize == 8 and (np.abs(real) > 2.0**53).any():
            raise InputError("raw inputs beyond 53 bits can't be given to C-simulation, which reads doubles")
        reals.append(np.ldexp(real, -frac))
    return reals


def _trace_all_layers(graph: Any) -> None:
    graph.config.trace_output = True
    for layer in graph.get_layers():
        # hls4ml's trace() crashes on a Clone, whose copies share a name; nothing is missed
        if layer.get_attr("function_cpp", None) and layer.class_name != "Clone":
            layer.set_attr("trace", True)


def _compiled_with_trace(graph: Any) -> bool:
    traced = any(layer.get_attr("trace", False) for layer in graph.get_layers())
    collects = hasattr(graph._top_function_lib, "collect_trace_output")
    return bool(graph.config.trace_output) and traced and collects


def _trace_without_compiling(graph: Any, x: Any) -> tuple[Any, dict[str, Any]]:
    """`graph.trace` compiles again on every call; the library in hand already traces."""
    graph.compile = lambda: None
    try:
        results, layers = type(graph).trace(graph, x)
    finally:
        del graph.compile
    return results, layers


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """hls4ml prints progress; standard output belongs to the caller."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
