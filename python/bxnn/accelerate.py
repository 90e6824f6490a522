"""hls4ml users keep their object: its `predict` and `trace` answer from bxnn instead of C-simulation."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn._core import Model as CoreModel

from .convert import core_of_graph
from .csimulation import is_hls_graph

Floats = NDArray[np.floating[Any]]


def accelerate(hls_model: Any) -> Any:
    """Replace `predict` and `trace` of an hls4ml `ModelGraph` by bxnn's, and return the same object.

    Arguments, return types, shapes, dtypes and values are those of hls4ml 1.3: float32 in gives float32 out,
    float64 gives float64; an output is `[events, elements]`, a single event loses its axis; several outputs
    come as a list; `trace` returns the output and a dictionary of the layers whose `trace` attribute is set.
    `compile()` is not needed. NaN and infinity raise InputError.

    The model is read once: call `accelerate` again after changing weights or precisions, `restore` to undo.
    Raises UnsupportedError for a model that bxnn does not reproduce exactly, InputError for anything but a
    `ModelGraph`.
    """
    if not is_hls_graph(hls_model):
        raise InputError(f"expected an hls4ml ModelGraph, got {type(hls_model).__name__}; see bxnn.convert")
    replacement = _Replacement(hls_model, core_of_graph(hls_model))
    hls_model.predict = replacement.predict
    hls_model.trace = replacement.trace
    return hls_model


def restore(hls_model: Any) -> Any:
    """Give an accelerated `ModelGraph` its own `predict` and `trace` back, and return it."""
    for name in ("predict", "trace"):
        vars(hls_model).pop(name, None)
    return hls_model


class _Replacement:
    """The two methods, with the model that answers them."""

    def __init__(self, hls_model: Any, core: CoreModel) -> None:
        from .frontends.hls4ml.formats import from_precision

        self._graph = hls_model
        self._core = core
        self._integer_inputs = [
            from_precision(v.type.precision).is_int for v in hls_model.get_input_variables()
        ]

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        arrays, dtype, events = self._events(x)
        return _squeezed(self._run(arrays, dtype, trace=False), events)

    def trace(self, x: Any) -> tuple[Any, dict[str, Floats]]:
        arrays, dtype, events = self._events(x)
        results = self._run(arrays, dtype, trace=True)
        n = len(self._core.outputs)
        probes = dict(zip((t.name for t in self._core.probes), results[n:], strict=True))
        traced = {}
        for layer in self._graph.get_layers():
            if layer.get_attr("function_cpp", None) and layer.get_attr("trace", False):
                shape = tuple(layer.get_output_variable().shape)
                traced[layer.name] = probes[layer.name].reshape((events, *shape))
        return _squeezed(results[:n], events), traced

    def _run(self, arrays: list[Floats], dtype: type, *, trace: bool) -> list[Floats]:
        tensors = [*self._core.outputs, *(self._core.probes if trace else [])]
        raw = self._core.run(arrays, trace=trace)
        return [np.ldexp(r.astype(dtype), -t.format.frac) for r, t in zip(raw, tensors, strict=True)]

    def _events(self, x: Any) -> tuple[list[Floats], type, int]:
        """Inputs as [events, elements], the dtype of the results, the number of events."""
        tensors = self._core.inputs
        given = [x] if len(tensors) == 1 else list(x)
        if len(given) != len(tensors):
            raise InputError(
                f"the model has {len(tensors)} inputs, got {len(given)}; pass a list with one array each"
            )
        arrays = []
        for array, tensor, is_integer in zip(given, tensors, self._integer_inputs, strict=True):
            flat = _flat(array, tensor.name, prod(tensor.shape), alone=len(given) == 1)
            arrays.append(_as_integers(flat) if is_integer else flat)
        if len({a.dtype for a in arrays}) > 1 or len({len(a) for a in arrays}) > 1:
            raise InputError("the inputs differ in dtype or number of events")
        return arrays, arrays[0].dtype.type, len(arrays[0])


def _flat(array: Any, name: str, elements: int, *, alone: bool) -> Floats:
    if not isinstance(array, np.ndarray):
        raise InputError(f"input '{name}': expected a numpy.ndarray, got {type(array).__name__}")
    if array.dtype not in (np.float32, np.float64):
        raise InputError(
            f"input '{name}': expected float32 or float64, got {array.dtype}; convert it with astype"
        )
    if not array.flags.c_contiguous:
        raise InputError(
            f"input '{name}': the array is not C-contiguous; pass it through numpy.ascontiguousarray"
        )
    one_event = alone and array.size == elements
    if not one_event and (array.ndim < 1 or prod(array.shape[1:]) != elements):
        raise InputError(
            f"input '{name}': expected [events, {elements}] elements, got the shape {array.shape}"
        )
    return array.reshape(-1, elements)


def _as_integers(x: Floats) -> Floats:
    """What C-simulation makes of numbers assigned to `ap_int`: toward zero, but 1 of those in (-1/2, 0)."""
    return np.where((x > -0.5) & (x < 0), 1, np.trunc(x)).astype(x.dtype)


def _squeezed(outputs: list[Floats], events: int) -> Any:
    """A list only of several outputs; no event axis for a single event."""
    made = [o[0] for o in outputs] if events == 1 else outputs
    return made[0] if len(made) == 1 else made
