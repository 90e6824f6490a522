"""Functions that a layer calls inside, seen as layers, so that the handlers of layers emit them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from .emit import Tensor
from .scope import Scope


def inner_scope(
    scope: Scope,
    struct: str,
    x: Tensor,
    result: str,
    shape: tuple[int, ...],
    *,
    function: str = "",
    weights: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Scope:
    """The scope of `function<data_T, result, config>(x, res, weights...)` on arrays, whatever the io_type.

    `struct` is the text of the call's configuration struct, `result` a type name, `shape` that of the result;
    errors name the outer layer.
    """
    known = {"config_cpp": struct, "function_cpp": function, **(attributes or {})}
    variable = SimpleNamespace(type=SimpleNamespace(name=result), shape=shape)
    config = SimpleNamespace(
        backend=scope.node.model.config.backend, get_config_value=lambda key: {"IOType": "io_parallel"}[key]
    )
    node = SimpleNamespace(
        name=scope.name,
        class_name=scope.kind,
        model=SimpleNamespace(config=config),
        inputs=["data"],
        outputs=["res"],
        weights=weights or {},
        get_attr=lambda key, default=None: known.get(key, default),
        get_output_variable=lambda name=None: variable,
    )
    return scope.within(node, {"data": x})
