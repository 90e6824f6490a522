"""Quantiser layers with one format an element."""

from __future__ import annotations

import re

import numpy as np

from .formats import CType, from_text
from .scope import Scope

_LINE = re.compile(r"out\[(\d+)\] = (?:(ap_u?fixed<[^>]*>)\(inp\[(\d+)\]\)|0);")


def fixed_point_quantizer(scope: Scope) -> None:
    """Every element cast to its own type, then to the result's; a type of no bits gives zero."""
    x, rt, emit = scope.input, scope.result(), scope.emit
    lines = _LINE.findall(str(scope.node.get_attr("mask_fn_codegen", "")))
    if len(lines) != x.size or any(i != j for i, kind, j in lines if kind):
        scope.refuse("its generated code is not one cast an element")
    kinds: list[CType | None] = []
    for _, spelling, _ in lines:
        try:
            kinds.append(from_text(spelling) if spelling else None)
        except ValueError as error:
            scope.refuse(str(error))
    flat = emit.reshape(x.value, (x.size,))
    for kind in {k for k in kinds if k is not None}:
        emit.check(x.type, kind)
        emit.check(kind, rt)
    any_kind = next((k for k in kinds if k is not None), rt)
    formats = [(k or any_kind).format for k in kinds]
    cast = emit.assign(int(emit.builder.cast(flat, formats)), _union(kinds, rt), rt)
    index = [-1 if kind is None else i for i, kind in enumerate(kinds)]
    scope.finish(emit.gather([cast], np.array(index), scope.shape()))


def _union(kinds: list[CType | None], rt: CType) -> CType:
    """A type whose assignment to the result is sound where those of the elements are."""
    return max((k for k in kinds if k is not None), key=lambda k: k.width, default=rt)
