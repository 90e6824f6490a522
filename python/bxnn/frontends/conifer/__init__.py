"""Reads boosted decision trees as conifer converted them and emits the integers that its C++ computes."""

from __future__ import annotations

from .ensemble import BACKENDS, CONIFER_VERSIONS
from .source import from_conifer, is_conifer, load_json

__all__ = ["BACKENDS", "CONIFER_VERSIONS", "from_conifer", "is_conifer", "load_json"]
