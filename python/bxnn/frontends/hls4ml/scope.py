"""One hls4ml layer during conversion: resolved types, weights, generated code, emitted operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bxnn._core import UnsupportedError

from .code import Call, Config, parse_call
from .emit import Emit, Tensor
from .formats import CType, from_decimals, from_precision, from_text


@dataclass(frozen=True)
class Weights:
    """Raw integers of a weight array as C-simulation loads them, flat, in the project's order.

    `numbers` are the same elements before the decimal text.
    """

    raw: NDArray[np.int64]
    type: CType
    numbers: NDArray[np.float64]


class Scope:
    """What a handler sees of its layer. Every method that finds something unknown refuses the layer."""

    def __init__(
        self, node: Any, builder: Any, tensors: Mapping[str, Tensor], typedefs: Mapping[str, Any]
    ) -> None:
        self.node = node
        self.name = str(node.name)
        self.kind = str(node.class_name)
        self.backend = str(node.model.config.backend.name)
        self.stream = node.model.config.get_config_value("IOType") == "io_stream"
        self.emit = Emit(builder, self.refuse)
        self.made: dict[str, Tensor] = {}
        self._tensors = tensors
        self._typedefs = typedefs

    def within(self, node: Any, tensors: Mapping[str, Tensor]) -> Scope:
        """The scope of a call inside this layer: another node and other inputs, the same graph."""
        return Scope(node, self.emit.builder, tensors, self._typedefs)

    def refuse(self, reason: str) -> NoReturn:
        raise UnsupportedError(f"layer '{self.name}' ({self.kind}): {reason}")

    @cached_property
    def config(self) -> Config:
        """The generated configuration struct."""
        text = self.node.get_attr("config_cpp")
        if not text:
            self.refuse(
                "hls4ml generated no configuration for it; convert the model with the backend's default flow"
            )
        return Config(str(text))

    @cached_property
    def call(self) -> Call:
        """The generated function call."""
        text = self.node.get_attr("function_cpp")
        if not text:
            self.refuse("hls4ml generates no code for it, so that its output is undefined in C-simulation")
        call = (
            parse_call(str(text))
            if isinstance(text, str) or not isinstance(text, (list, tuple, set))
            else None
        )
        if call is None:
            self.refuse(f"the generated code is not a single known call: {text}")
        structs = re.findall(r"struct (\w+)", str(self.node.get_attr("config_cpp") or ""))
        names = [name for name in call.types if re.fullmatch(r"\w*config\w*", name)]
        if structs and any(name not in structs for name in names):
            self.refuse(
                f"its C-simulation does not compile: the code names {', '.join(names)} where hls4ml defines "
                f"{', '.join(structs)}; use Activation('softmax') in place of a Softmax layer"
            )
        return call

    def generated(self, attribute: str) -> str:
        """C++ that hls4ml generated beside the configuration."""
        source = self.node.get_attr(attribute)
        if not source:
            self.refuse(f"hls4ml generated no code '{attribute}' for it")
        return str(source)

    def number(self, member: str) -> int:
        """An integer member of the configuration struct."""
        try:
            return self.config.number(member)
        except (KeyError, ValueError) as error:
            self.refuse(f"its configuration has no readable '{member}': {error}")

    @property
    def inputs(self) -> list[Tensor]:
        return [self._tensors[name] for name in self.node.inputs]

    @property
    def input(self) -> Tensor:
        """The only input."""
        tensors = self.inputs
        if len(tensors) != 1:
            self.refuse(f"it has {len(tensors)} inputs, expected 1")
        return tensors[0]

    def result(self, output: int = 0) -> CType:
        """Element type of an output variable."""
        return self.named(self._variable(output).type.name)

    def named(self, name: str) -> CType:
        """The type behind a name of the project's `defines.h`, or behind a C++ spelling."""
        try:
            precision = self._typedefs.get(name, name)
            return from_text(precision) if isinstance(precision, str) else from_precision(precision)
        except (UnsupportedError, ValueError) as error:
            self.refuse(str(error))

    def ctype(self, member: str) -> CType:
        """The type of a typedef in the configuration struct."""
        try:
            spelling = self.config.text(member)
        except KeyError:
            self.refuse(f"its configuration has no type '{member}'")
        return self.named(spelling)

    def weights(self, key: str) -> Weights:
        """A weight array; refused if compressed or of powers of two."""
        variable = self.node.weights[key]
        if variable.weight_class == "ExponentWeightVariable":
            self.refuse(f"C-simulation does not compile powers of two as '{key}'; use another quantizer")
        if variable.weight_class != "WeightVariable":
            self.refuse(
                f"the weights '{key}' are stored as {variable.weight_class}; compression is not supported"
            )
        ctype = self.named(variable.type.name)
        texts = list(variable)
        try:
            raw = from_decimals(texts, ctype)
        except ValueError as error:
            self.refuse(f"weights '{key}': {error}")
        return Weights(raw, ctype, np.asarray(variable.data, dtype=np.float64).ravel())

    def shape(self, output: int = 0) -> tuple[int, ...]:
        return tuple(int(n) for n in self._variable(output).shape)

    def finish(self, value: int, output: int = 0) -> None:
        """Make a value, of the output's type, the output of the layer."""
        shape = self.shape(output)
        value = self.emit.reshape(value, shape)
        name = self.node.outputs[output]
        self.made[name] = Tensor(value, self.result(output), shape, self.pack(output))

    def pack(self, output: int = 0) -> int:
        """Elements in a word of the output stream, 0 in io_parallel."""
        ctype = self._variable(output).type
        if not self.stream:
            return 0
        n = int(ctype.n_elem)
        return n // int(ctype.n_pack) if ctype.unpack else n * int(ctype.n_pack)

    def require_equal_packs(self) -> None:
        """Refuse a layer whose stream loop would read or write beyond its words."""
        packs = {t.pack for t in self.inputs} | {self.pack()}
        if len(packs) > 1:
            self.refuse(
                f"its streams carry {sorted(packs)} elements a word; unless they are equal, C-simulation is "
                "undefined (a Flatten before it does this in io_stream; put the layer before the Flatten)"
            )

    def _variable(self, output: int) -> Any:
        return self.node.get_output_variable(self.node.outputs[output])
