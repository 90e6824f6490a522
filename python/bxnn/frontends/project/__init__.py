"""Reads the project folder that hls4ml wrote, its C++ and its weights, without hls4ml."""

from __future__ import annotations

from .project import Project, is_project, read_project

__all__ = ["Project", "is_project", "read_project"]
