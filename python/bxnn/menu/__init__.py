"""Trigger menus: cuts on objects and network scores, compiled into one exact model (docs/howto/menus.md)."""

from bxnn.menu.document import MenuError
from bxnn.menu.menu import DeadTime, Decisions, Menu, Seed

__all__ = ["DeadTime", "Decisions", "Menu", "MenuError", "Seed"]
