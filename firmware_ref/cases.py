"""All golden cases."""

from __future__ import annotations

from importlib import import_module

from firmware_ref.case_table import CASES, Case

__all__ = ["CASES", "Case"]

# A case's seed is its place in the table: new modules come last, and new cases last in theirs.
for _topic in ("dense", "hgq", "image", "combined", "recurrent", "variant", "hgq_variant"):
    import_module(f"firmware_ref.{_topic}_cases")
