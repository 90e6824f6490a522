"""What the layers of a Keras model give, under the names that hls4ml gives them."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError, Tensor

Array = NDArray[Any]


def is_keras_model(candidate: object) -> bool:
    """Whether this is a Keras model; Keras is not imported to find out."""
    return any(
        base.__name__ == "Model" and base.__module__.split(".")[0] in ("keras", "tf_keras", "tensorflow")
        for base in type(candidate).__mro__
    )


def layer_values(
    model: Any, inputs: dict[str, Array], layers: Collection[str], outputs: Sequence[Tensor]
) -> tuple[dict[str, Array], list[str]]:
    """Values by the names of an hls4ml graph's layers and outputs, and notes on what is special.

    inputs: real numbers [N, n] by name, or in the model's order where names differ. layers: those of the
    hls4ml graph. A fused activation is a layer of its own there (`fc`, `fc_relu`), a batch normalisation may
    be fused into the layer before it, scales of weights follow in a layer of their own (`fc_alpha`).
    """
    x = _shaped(model, inputs)
    graph = _Graph(model)
    given = graph.predict(x)
    values: dict[str, Array] = {}
    notes: list[str] = []
    for layer in graph.layers:
        after = given[layer.name]
        before = after
        if (activation := _fused_activation(layer)) is not None:
            before = _without_activation(layer, given)
            values |= {f"{layer.name}_{name}": after for name in _names(activation)}
        values[layer.name] = values[f"{layer.name}_linear"] = before
        if f"{layer.name}_alpha" in layers:
            values[f"{layer.name}_alpha"] = values.pop(layer.name)
            notes.append(f"'{layer.name}' is not compared: its weights are scaled behind it")
    for name, source in graph.fused(layers).items():
        values[name] = values[f"{name}_linear"] = given[source]
        notes.append(f"'{name}' is compared with '{source}', which hls4ml fused into it")
    finals = model.outputs
    if len(finals) == len(outputs):
        for tensor, final in zip(outputs, finals, strict=True):
            values.setdefault(tensor.name, given[graph.owner(final)])
    return values, notes + graph.notes


class _Graph:
    """The layers of a functional or sequential model that have one output."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.layers: list[Any] = []
        self.notes: list[str] = []
        for layer in model.layers:
            try:
                single = not isinstance(layer.output, list | tuple | dict)
            except (AttributeError, ValueError, RuntimeError):
                single = False  # used more than once, or never called
            if not single:
                self.notes.append(f"'{layer.name}' is not compared: it does not have one output")
            elif type(layer).__name__ != "InputLayer":
                self.layers.append(layer)
        self._owners: dict[int, str] = {id(layer.output): layer.name for layer in self.layers}

    def owner(self, tensor: Any) -> str:
        """The layer that makes a tensor."""
        if id(tensor) not in self._owners:
            raise InputError("the Keras model gives an output that no layer with one output makes")
        return self._owners[id(tensor)]

    def predict(self, x: list[Array]) -> dict[str, Array]:
        """Output of every layer, and under (name, 'input') the input of those with a fused activation."""
        root = type(self.model).__module__.split(".")[0]
        package = "tensorflow.keras" if root == "tensorflow" else root
        base = importlib.import_module(package).Model
        wanted = {layer.name: layer.output for layer in self.layers}
        wanted |= {f"{n.name}/input": n.input for n in self.layers if _fused_activation(n) is not None}
        inner = base(self.model.inputs, list(wanted.values()))
        results = inner.predict(x[0] if len(x) == 1 else x, verbose=0)
        results = results if isinstance(results, list | tuple) else [results]
        return {name: np.asarray(value) for name, value in zip(wanted, results, strict=True)}

    def fused(self, layers: Collection[str]) -> dict[str, str]:
        """Layers by name, to the batch normalisation behind each that hls4ml's graph does not have."""
        found: dict[str, str] = {}
        for layer in self.layers:
            if type(layer).__name__.endswith("BatchNormalization") and layer.name not in layers:
                source = self._owners.get(id(layer.input))
                if source is not None and source in layers:
                    found[source] = layer.name
        return found


def _fused_activation(layer: Any) -> Any | None:
    """The activation of a layer that computes something else before it."""
    activation = getattr(layer, "activation", None)
    if activation is None or not layer.weights or hasattr(layer, "cell"):
        return None
    return None if "linear" in _names(activation) else activation


def _names(activation: Any) -> set[str]:
    """A function has a name, a quantiser of QKeras a class."""
    return {str(getattr(activation, "__name__", type(activation).__name__)).split("(")[0]}


def _without_activation(layer: Any, given: dict[str, Array]) -> Array:
    activation = layer.activation
    layer.activation = None
    try:
        return np.asarray(layer(given[f"{layer.name}/input"]))
    finally:
        layer.activation = activation


def _shaped(model: Any, inputs: dict[str, Array]) -> list[Array]:
    """In the order and the shapes of the Keras model's inputs."""
    names = [str(tensor.name).split(":")[0] for tensor in model.inputs]
    if len(names) != len(inputs):
        raise InputError(f"the Keras model has {len(names)} inputs, the model {len(inputs)}")
    arrays = [inputs[n] for n in names] if set(names) == set(inputs) else list(inputs.values())
    shaped = []
    for array, tensor in zip(arrays, model.inputs, strict=True):
        shape = tuple(tensor.shape)[1:]
        size = int(np.prod([s or 1 for s in shape]))
        if array.shape[1] % size:
            raise InputError(
                f"the Keras model's input {shape} does not hold the {array.shape[1]} numbers of an event"
            )
        shaped.append(array.reshape(len(array), *(-1 if s is None else s for s in shape)))
    return shaped
