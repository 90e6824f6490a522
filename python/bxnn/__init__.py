"""Bit-exact, fast emulation of fixed-point trigger networks.

>>> model = bxnn.convert(hls_model)          # or bxnn.Model.load("model.bxnn")
>>> y = model.predict(x)                     # real numbers in, the firmware's numbers out
>>> print(bxnn.verify(model, hls_model, x))  # bit for bit against HLS C-simulation
>>> print(bxnn.compare(keras_model, model, x))  # where fixed point and float part ways
>>> print(bxnn.profile(model, x))            # values wrapped, saturated, rounded, by every cast
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from bxnn._core import (
    Error,
    Format,
    GraphError,
    InputError,
    ModelFileError,
    UnsupportedError,
    __version__,
)
from bxnn.model import Model

if TYPE_CHECKING:
    from bxnn.accelerate import accelerate
    from bxnn.compare import compare
    from bxnn.compose import compose
    from bxnn.convert import convert
    from bxnn.from_qonnx import from_qonnx
    from bxnn.profile import profile
    from bxnn.verify import verify

__all__ = [
    "Error",
    "Format",
    "GraphError",
    "InputError",
    "Model",
    "ModelFileError",
    "UnsupportedError",
    "__version__",
    "accelerate",
    "compare",
    "compose",
    "convert",
    "from_qonnx",
    "profile",
    "verify",
]

_ON_FIRST_USE = frozenset({"accelerate", "compare", "compose", "convert", "from_qonnx", "profile", "verify"})


class _Package(ModuleType):
    """Functions named like the modules that hold them, imported on first use.

    Importing the module `bxnn.convert` would bind the package attribute to the module; the name is to
    mean the function, whatever was imported first.
    """

    def __getattr__(self, name: str) -> Any:
        if name in _ON_FIRST_USE:
            importlib.import_module(f"{self.__name__}.{name}")
            return self.__dict__[name]
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")

    def __setattr__(self, name: str, value: object) -> None:
        if name in _ON_FIRST_USE and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
