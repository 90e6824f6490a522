"""Inputs, and layers that move elements without computing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .emit import Tensor
from .scope import Scope


def source(scope: Scope) -> None:
    """An input of the model, quantised by its own type."""
    name, shape, kind = scope.node.outputs[0], scope.shape(), scope.result()
    value = scope.emit.builder.input(name, shape, kind.format)
    scope.made[name] = Tensor(int(value), kind, shape, scope.pack())


def reshape(scope: Scope) -> None:
    """The same array, or the same stream in words of the same size, under another shape."""
    if scope.node.get_attr("function_cpp"):
        scope.refuse("a Reshape with generated code of its own is not known")
    x, variable = scope.input, scope.node.get_output_variable()
    if getattr(variable, "input_var", None) is None:
        scope.refuse("hls4ml generates no code for it, so that its output is undefined in C-simulation")
    shape = scope.shape()
    if int(np.prod(shape)) != x.size:
        scope.refuse(f"it reshapes {x.size} elements into {shape}")
    value = scope.emit.reshape(x.value, shape)
    scope.made[scope.node.outputs[0]] = Tensor(value, x.type, shape, x.pack)


def repack(scope: Scope) -> None:
    """Stream words of another size; every element is cast."""
    x, out = scope.input, scope.pack()
    if scope.call.function != "repack_stream":
        scope.refuse(f"unknown function '{scope.call.function}'")
    if (
        max(x.pack, out) % min(x.pack, out)
        or x.size % max(x.pack, out)
        or x.size != int(np.prod(scope.shape()))
    ):
        scope.refuse(
            f"words of {x.pack} elements do not divide into words of {out}; C-simulation loses elements"
        )
    scope.finish(scope.emit.assign(x.value, x.type, scope.result()))


def clone(scope: Scope) -> None:
    """Copies of a stream, each cast to the copies' type."""
    if scope.call.function != "clone_stream":
        scope.refuse(f"unknown function '{scope.call.function}'")
    x = scope.input
    for output in range(len(scope.node.outputs)):
        if scope.pack(output) != x.pack:
            scope.refuse(f"its copies have words of {scope.pack(output)} elements, its input of {x.pack}")
        scope.finish(scope.emit.assign(x.value, x.type, scope.result(output)), output)


def broadcast(scope: Scope) -> None:
    """A (1, 1, C) or (H, W, 1) stream repeated to (H, W, C)."""
    x, shape = scope.input, scope.shape()
    if scope.call.function != "broadcast_stream" or len(x.shape) != 3 or len(shape) != 3:
        scope.refuse("supported are (1, 1, C) and (H, W, 1) to (H, W, C) in io_stream")
    repeats = (x.shape[:2] == (1, 1) and x.shape[2] == shape[2]) or (
        x.shape[2] == 1 and x.shape[:2] == shape[:2]
    )
    if not repeats or x.pack != x.shape[2] or scope.pack() != shape[2]:
        scope.refuse(
            f"it broadcasts {x.shape} to {shape}; supported are (1, 1, C) and (H, W, 1) to (H, W, C)"
        )
    index = np.broadcast_to(np.arange(x.size).reshape(x.shape), shape)
    value = scope.emit.assign(x.value, x.type, scope.result())
    scope.finish(scope.emit.gather([value], index, shape))


def permuted(to_shape: list[int], strides: list[int]) -> NDArray[np.int64]:
    """Where the elements of a transposed array come from, by the strides of its axes in the source."""
    places = np.array(np.unravel_index(np.arange(int(np.prod(to_shape))), to_shape))
    return np.asarray(np.array(strides) @ places, dtype=np.int64)


def transpose(scope: Scope) -> None:
    """Elements taken in another order, each cast to the result's type."""
    x, shape = scope.input, scope.shape()
    if scope.call.function != "transpose" or int(np.prod(shape)) != x.size:
        scope.refuse(f"'{scope.call.function}' of {x.size} elements into {shape} is not known")
    to_shape, strides = scope.config.array("to_shape"), scope.config.array("perm_strides")
    flat = np.arange(x.size)
    if scope.stream and len(to_shape) == 2:
        # the two-dimensional stream header exchanges the axes whatever the permutation says
        word, columns = scope.pack(), scope.config.array("from_shape")[1]
        index = flat % word * columns + flat // word
    else:
        index = permuted(to_shape, strides)
    if scope.stream and (x.size % x.pack or x.size % scope.pack()):
        scope.refuse(f"its {x.size} elements do not fill its stream words")
    if int(index.max()) >= x.size:
        scope.refuse("C-simulation reads beyond its input")
    value = scope.emit.assign(x.value, x.type, scope.result())
    scope.finish(scope.emit.gather([value], index, shape))
