"""Reads hls4ml's resolved `ModelGraph` and emits the integers that its C-simulation computes."""

from __future__ import annotations

from .graph import SUPPORTED_LAYERS, from_model_graph

__all__ = ["SUPPORTED_LAYERS", "from_model_graph"]
