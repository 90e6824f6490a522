"""Trigger menus: cuts on objects and network scores, compiled into one exact model (docs/howto/menus.md)."""

from bxnn.document import DocumentError
from bxnn.menu.menu import DeadTime, Decisions, Menu, Seed

__all__ = ["DeadTime", "Decisions", "DocumentError", "Menu", "Seed"]
