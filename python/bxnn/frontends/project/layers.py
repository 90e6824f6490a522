"""Layers of a project in the form in which the handlers of `bxnn.frontends.hls4ml` know those of hls4ml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any, NoReturn

from bxnn._core import UnsupportedError
from bxnn.frontends.hls4ml.code import Config

from .agreement import strategy_fault, window_fault
from .arrays import NamedType, WeightArray
from .declarations import Struct, Types
from .functions import PRODUCTS_SINCE, STREAMS_SINCE, Dims, Function, function_of, given, supported, taken
from .text import MAX_NUMBER, Source
from .top import CallLine, Declared, Top
from .versions import is_since

_SIZES = {
    "Dense": ("n_in", "n_out"),
    "Conv": ("n_chan", "n_filt"),
    "PointwiseConv": ("n_chan", "n_filt"),
    "DepthwiseConv": ("n_chan",),
}
_LATENCY = (
    "template<class data_T, class res_T, class CONFIG_T> "
    "using kernel = nnet::DenseLatency<data_T, res_T, CONFIG_T>"
)
_MASK = re.compile(
    r"template\s*<\s*typename input_t\s*,\s*typename output_t\s*>\s*"
    r"void (\w+)\s*\(\s*input_t\s*\*\s*inp\s*,\s*output_t\s*\*\s*out\s*\)\s*\{([^{}]*)\}"
)
_MASK_BODY = re.compile(
    r"(?:\s*#\s*pragma HLS INLINE\s*\n|\s*out\[\d+\]\s*=\s*[^;\[\]]*(?:\(inp\[\d+\]\))?\s*;)*\s*"
)


@dataclass
class Variable:
    """An array or a stream; `input_var` is the variable that it is another name for."""

    name: str
    type: NamedType
    shape: Dims
    input_var: Variable | None = None


@dataclass(frozen=True)
class _Backend:
    name: str


@dataclass(frozen=True)
class ProjectConfig:
    """The two facts about a project that layers ask for."""

    backend: _Backend
    io_type: str

    def get_config_value(self, key: str) -> str | None:
        return self.io_type if key == "IOType" else None


@dataclass(frozen=True)
class ProjectModel:
    config: ProjectConfig


@dataclass
class Layer:
    """A layer, by the names that hls4ml gives to its parts."""

    name: str
    class_name: str
    inputs: list[str]
    outputs: list[str]
    model: ProjectModel
    attributes: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, WeightArray] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)

    def get_attr(self, key: str, default: Any = None) -> Any:
        return self.attributes.get(key, default)

    def get_output_variable(self, name: str | None = None) -> Variable:
        return self.variables[self.outputs[0] if name is None else name]


@dataclass
class Assembly:
    """Layers made from the top function, in its order. Every place where that is not possible is refused."""

    top: Top
    types: Types
    structs: dict[str, Struct]
    generated: str
    release: str
    backend: str
    weights: Callable[[str], WeightArray]
    layers: list[Layer] = field(default_factory=list)
    written: dict[str, tuple[str, Variable]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        io_type = "io_stream" if self.top.is_stream else "io_parallel"
        self.model = ProjectModel(ProjectConfig(_Backend(self.backend), io_type))
        self.names: set[str] = set()

    def assemble(self) -> tuple[list[Layer], list[str]]:
        """All layers, inputs first, and the names of the outputs in the order of the arguments."""
        calls = self.top.calls
        read = {name for call in calls for name in self._roles(call)["in"]} | set(self.top.names.values())
        made = {name for call in calls for name in self._roles(call)["out"]}
        arrays = {name for call in calls for name in self._weights(call).values()}
        for name, declared in self.top.arguments.items():
            if name not in made and name not in arrays:
                if name not in read:
                    self.refuse(declared.at, f"the argument '{name}' is neither read nor written")
                self._input(declared)
        for call in calls:
            self._layer(call)
        outputs = [name for name in self.top.arguments if name in made]
        if not outputs:
            self.refuse(0, "the top function writes none of its arguments")
        return self.layers, [self.written[name][0] for name in outputs]

    @property
    def source(self) -> Source:
        return self.top.source

    def refuse(self, at: int, reason: str) -> NoReturn:
        self.source.refuse(at, reason)

    def _function(self, call: CallLine) -> Function:
        function = function_of(call.function, len(call.types), len(call.arguments))
        if function is None and len(call.types) == 2 and self._mask(call.function):
            return Function("FixedPointQuantizer")
        if function is None and len(call.types) == 2 and self._adders(call.function):
            combinational = call.function.startswith("da_comblogic")
            return Function("DACombinational" if combinational else "Dense", since="0.6.0")
        if function is None:
            self.refuse(
                call.at,
                f"'{call.text}': the function '{call.function}' with {len(call.types)} template arguments is "
                f"not supported; supported are {supported()}",
            )
        return function

    def _roles(self, call: CallLine) -> dict[str, list[str]]:
        """The arguments of a call by what they are."""
        function = self._function(call)
        pattern = function.arguments
        if pattern[-1] == "outs":
            pattern = pattern[:-1] + ("out",) * (len(call.arguments) - len(pattern) + 1)
        if len(pattern) != len(call.arguments) or "out" not in pattern:
            self.refuse(call.at, f"'{call.text}': expected the arguments {', '.join(function.arguments)}")
        roles: dict[str, list[str]] = {}
        for role, argument in zip(pattern, call.arguments, strict=True):
            roles.setdefault(role, []).append(argument)
        return roles

    def _weights(self, call: CallLine) -> dict[str, str]:
        return {
            key: names[0] for key, names in self._roles(call).items() if key not in ("in", "out", "number")
        }

    def _mask(self, name: str) -> str | None:
        """The generated function of a quantiser with a type an element."""
        found = [m for m in _MASK.finditer(self.generated) if m[1] == name]
        return found[0][0] if len(found) == 1 and _MASK_BODY.fullmatch(found[0][2]) else None

    def _adders(self, text: str) -> str:
        """The generated code of the adder graphs that a call or its configuration names."""
        if found := re.search(r"\b(dense_da|da_comblogic)(?:_wrapper)?_(\d+)", text):
            return self._from(rf"void {found[1]}_{found[2]}\s*\(")
        if einsum := re.search(r"\beinsum_dense(\d+)_da_kernel\b", text):
            return self._from(rf"void einsum_{einsum[1]}_da_0_of_\d+\s*\(")
        return ""

    def _from(self, pattern: str) -> str:
        """The generated code from a definition to the next class or function."""
        found = re.search(pattern, self.generated)
        if not found:
            return ""
        end = re.search(r"\n\s*(?:template\s*<[^<>]*>\s*)?class ", self.generated[found.end() :])
        return self.generated[found.start() : found.end() + end.start() if end else None]

    def _config(self, call: CallLine) -> str:
        """The configuration that a call names, completed to the form of the last release."""
        last = next((name for name in call.types if name in self.structs), call.types[-1])
        if last not in self.structs:
            if re.search("config", last):
                self.refuse(call.at, f"'{call.text}': firmware/parameters.h does not define '{last}'")
            return ""
        text = self.structs[last].text
        if call.function == "dense" and " kernel = " not in text and " dense_da = " not in text:
            # before 1.0.0 the headers chose the kernel by the strategy
            if "strategy = nnet::latency;" not in text:
                self.refuse(
                    call.at, f"'{call.text}': before hls4ml 1.0.0 only the Latency strategy is supported"
                )
            text = text.replace("};\n", f"    {_LATENCY};\n}};\n", 1)
        return re.sub(r"(using product = [\w:]+)<x_T, y_T, res_T>", r"\1<x_T, y_T>", text)

    def _layer(self, call: CallLine) -> None:
        function, roles, config = self._function(call), self._roles(call), self._config(call)
        self._check_release(call, function, config)
        inputs = [self._read(call, name) for name in roles["in"]]
        weights = {key: self._array(call, name) for key, name in self._weights(call).items()}
        self._check_sizes(call, function, Config(config), inputs, weights)
        self._check_agreement(call, function, config)
        name = self._name(call.remark, roles["out"][0])
        layer = Layer(
            name, function.kind, [written for written, _ in inputs], [], self.model, weights=weights
        )
        layer.attributes["function_cpp"] = call.text
        if config:
            layer.attributes["config_cpp"] = config
        if adders := self._adders(call.function + config):
            layer.attributes["da_codegen"] = adders
        if windows := re.search(r"using fill_buffer = (?:\w+::)?(fill_buffer_\w+)<", config):
            layer.attributes["line_buffer_codegen"] = self._from(rf"class {windows[1]}\b")
        if function.kind == "FixedPointQuantizer":
            layer.attributes["mask_fn_codegen"] = self._mask(call.function)
        if function.kind == "HardActivation":
            for member in ("slope", "shift"):
                kind = re.search(rf"static const ([\w:]+(?: ?<[^<>]*>)?) {member};", config)
                layer.attributes[f"{member}_t"] = NamedType(kind[1] if kind else f"(no type of {member})")
        for kernel, suffix in re.findall(
            r"using kernel = (?:\w+::)?(dense_resource_unrolled_\d+(_\d)?)<", config
        ):
            if re.search(rf"\bclass {kernel}\b", self.generated):
                layer.attributes[f"resource_unrolled_dense_codegen{suffix}"] = kernel
        for i, out in enumerate(roles["out"]):
            made = layer.inputs[0] + f"_cpy{i + 1}" if function.kind == "Clone" else name
            self._write(call, out, made, layer, given(call.function, function, Config(config)), inputs)
        self._check_types(call, function, layer)
        self.layers.append(layer)
        for out, (made, variable) in zip(roles["out"], layer.variables.items(), strict=True):
            self._written(out, made, variable)

    def _check_release(self, call: CallLine, function: Function, config: str) -> None:
        products = re.findall(r"using product = nnet::product::(\w+)<", config)
        firsts = [function.since]
        firsts += [STREAMS_SINCE] if self.top.is_stream else []
        firsts += [PRODUCTS_SINCE.get(product, "1.3.0") for product in products]
        for first in firsts:
            if not is_since(self.release, first):
                self.refuse(
                    call.at,
                    f"'{call.text}': hls4ml {first} or later is supported here; this project's headers (or, "
                    f"without headers, its configurations) are those of hls4ml {self.release}, in which the "
                    "function computes otherwise or has not been compared. Convert the network with hls4ml "
                    "1.3.0, or add the firmware/nnet_utils that the project was built with",
                )

    def _check_sizes(
        self,
        call: CallLine,
        function: Function,
        config: Config,
        inputs: list[tuple[str, Variable]],
        weights: dict[str, WeightArray],
    ) -> None:
        """Refuse weights of another number than the loops read, and merges that read beyond an operand."""
        members = _SIZES.get(function.kind.rstrip("12D"))
        if members and "weight" in weights:
            names = members + (() if function.kind == "Dense" else ("filt_width",))
            names += ("filt_height",) if function.kind.endswith("2D") else ()
            expected = prod(self._number(call, config, name) for name in names)
            array = weights["weight"]
            if expected != len(array.texts) and array.weight_class != "CompressedWeightVariable":
                found = len(array.texts)
                self.refuse(call.at, f"'{call.text}': it reads {expected} weights, there are {found}")
        if function.kind == "Merge" and not is_since(self.release, "1.3.0"):
            sizes = {prod(variable.shape) for _, variable in inputs}
            if len(sizes) > 1:
                self.refuse(
                    call.at, f"'{call.text}': it reads {max(sizes)} elements of an array of {min(sizes)}"
                )

    def _check_agreement(self, call: CallLine, function: Function, config: str) -> None:
        """Refuse a configuration of which C++ follows another part than the emulation."""
        fault = strategy_fault(config)
        if not fault and re.fullmatch(r"(?:Pointwise|Depthwise)?Conv[12]D", function.kind):
            windows = re.search(r"using fill_buffer = (?:\w+::)?(fill_buffer_\w+)<", config)
            cut = self._from(rf"class {windows[1]}\b") if windows and not self.top.is_stream else None
            if " pad_left = " in config:
                try:
                    fault = window_fault(Config(config), int(function.kind[-2]), cut)
                except (KeyError, ValueError) as error:
                    fault = f"its configuration is not complete ({error})"
        if fault:
            self.refuse(call.at, f"'{call.text}': {fault}; correct firmware/parameters.h or that code")

    def _number(self, call: CallLine, config: Config, name: str) -> int:
        try:
            return config.number(name)
        except (KeyError, ValueError):
            self.refuse(call.at, f"'{call.text}': its configuration has no readable '{name}'")

    def _check_types(self, call: CallLine, function: Function, layer: Layer) -> None:
        """The template arguments must be the types of what is passed, or the project does not compile."""
        roles = self._roles(call)
        expected: list[str | None] = [self.written[name][1].type.name for name in roles["in"]]
        expected += [None] if function.arguments[1] in ("number", "param") else []
        expected.append(layer.get_output_variable().type.name)
        for stated, known in zip(call.types, expected, strict=False):
            if "config" in stated and stated in self.structs:
                break
            if known is not None and self._same(stated) != self._same(known):
                self.refuse(call.at, f"'{call.text}': '{stated}' is not the type of its argument, '{known}'")

    def _same(self, name: str) -> tuple[str, int]:
        return self.types.element(name), self.types.words.get(name, 0)

    def _read(self, call: CallLine, name: str) -> tuple[str, Variable]:
        if name not in self.written:
            self.refuse(call.at, f"'{call.text}': it reads '{name}', which nothing has written before")
        return self.written[name]

    def _array(self, call: CallLine, name: str) -> WeightArray:
        if not re.fullmatch(r"\w+", name):
            self.refuse(call.at, f"'{call.text}': expected the name of a weight array, got '{name}'")
        array = self.weights(name)
        if array.weight_class != "CompressedWeightVariable" and name in self.top.loaded:
            kind, length, at = self.top.loaded[name]
            if self._same(kind) != self._same(array.type.name) or length != len(array.texts):
                self.refuse(
                    at, f"it loads {length} {kind} into '{array.type.name} {name}[{len(array.texts)}]'"
                )
        return array

    def _write(
        self,
        call: CallLine,
        out: str,
        made: str,
        layer: Layer,
        shape: Dims | None,
        inputs: list[tuple[str, Variable]],
    ) -> None:
        declared = self.top.variables.get(out) or self.top.arguments.get(out)
        if declared is None or out in self.written:
            state = "is not declared" if declared is None else "has been written before"
            self.refuse(call.at, f"'{call.text}': its output '{out}' {state}")
        if shape is None:
            shape = max((variable.shape for _, variable in inputs), key=prod)
            if layer.class_name == "Repack" and declared.is_stream:
                shape = self._in_words(self._wanted(out, prod(shape)), declared)
        elif not declared.is_stream and prod(shape) != prod(declared.dims):
            self.refuse(
                declared.at,
                f"the array '{out}' has {prod(declared.dims)} elements, but "
                f"'{call.text}' writes {prod(shape)}",
            )
        variable = self._variable(declared, shape if declared.is_stream else declared.dims)
        layer.outputs.append(made)
        layer.variables[made] = variable

    def _variable(self, declared: Declared, shape: Dims) -> Variable:
        words = self.types.words.get(declared.type, 0)
        if declared.is_stream != bool(words):
            self.refuse(
                declared.at,
                f"'{declared.name}': the type '{declared.type}' does not fit a variable of its kind",
            )
        if not 1 <= prod(shape) <= MAX_NUMBER or min(shape) < 1:
            self.refuse(
                declared.at, f"'{declared.name}': its shape {shape} is not in 1 to {MAX_NUMBER} elements"
            )
        return Variable(declared.name, NamedType(declared.type, words), shape)

    def _input(self, declared: Declared) -> None:
        shape = declared.dims
        if declared.is_stream:
            shape = self._in_words(self._wanted(declared.name), declared)
        name = declared.name
        layer = Layer(self._name(name, name), "Input", [], [name], self.model)
        layer.variables[name] = self._variable(declared, shape)
        self.layers.append(layer)
        self._written(name, name, layer.variables[name])

    def _written(self, name: str, made: str, variable: Variable) -> None:
        """A variable now has its value, under all its names."""
        self.written[name] = (made, variable)
        for new, old in self.top.names.items():
            if old == name:
                self._second_name(new, made, variable)

    def _second_name(self, new: str, made: str, variable: Variable) -> None:
        """`auto& new = old;`: a reshaping that moves nothing."""
        size = prod(variable.shape)
        wanted = self._wanted(new, size)
        layer = Layer(self._name(new, new), "Reshape", [made], [new], self.model)
        shape = wanted if prod(wanted) == size else (size,)
        layer.variables[new] = Variable(new, variable.type, shape, input_var=variable)
        self.layers.append(layer)
        self._written(new, new, layer.variables[new])

    def _in_words(self, shape: Dims, declared: Declared) -> Dims:
        """A flat shape as the words of its stream, if it has several."""
        words = self.types.words.get(declared.type, 1)
        if len(shape) == 1 and shape[0] != words and shape[0] % words == 0:
            return (shape[0] // words, words)
        return shape

    def _wanted(self, name: str, size: int = 0) -> Dims:
        """The shape that the readers of a variable ask for, the first that has axes, else (size,)."""
        flat: Dims = (size,) if size else ()
        for shape in self._wishes(name):
            if len(shape) > 1:
                return shape
            flat = flat or shape
        if not flat:
            declared = self.top.arguments.get(name)
            self.refuse(declared.at if declared else 0, f"nothing tells the shape of '{name}'")
        return flat

    def _wishes(self, name: str) -> Iterator[Dims]:
        """The shapes that the readers of a variable state."""
        for new, old in self.top.names.items():
            if old == name:
                yield from self._wishes(new)
        for call in self.top.calls:
            roles = self._roles(call)
            if name not in roles["in"]:
                continue
            if call.function == "clone_stream":
                for out in roles["out"]:
                    yield from self._wishes(out)
            else:
                config = Config(self._config(call))
                yield taken(call.function, self._function(call), config, roles["in"].index(name)) or ()
            target = self.top.variables.get(roles["out"][0]) or self.top.arguments.get(roles["out"][0])
            if target and not self._function(call).takes:
                yield target.dims  # an array of the same shape, where the function has no axes of its own
            if re.fullmatch(r"\d{1,9}", call.types[-1]):
                yield (int(call.types[-1]),)

    def _name(self, wanted: str, variable: str) -> str:
        """The name of a layer: that in the comment, or the variable's."""
        name = wanted if re.fullmatch(r"[\w./:-]{1,200}", wanted) else variable
        if name in self.names:
            name = variable
        if name in self.names:
            raise UnsupportedError(f"{self.source.name}: two layers are named '{name}'")
        self.names.add(name)
        return name
