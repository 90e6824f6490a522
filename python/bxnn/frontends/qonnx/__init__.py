"""Reads a QONNX graph and emits the integers that it defines, in exact arithmetic."""

from __future__ import annotations

from .graph import SUPPORTED_OPERATORS, read_graph

__all__ = ["SUPPORTED_OPERATORS", "read_graph"]
