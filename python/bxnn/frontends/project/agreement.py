"""Whether the parts of a configuration agree: C++ follows one of them, and the emulation reads another."""

from __future__ import annotations

import re
from math import prod

import numpy as np

from bxnn.frontends.hls4ml.code import Config
from bxnn.frontends.hls4ml.windows import Axis, elements, generated, pixels

_STRUCT = re.compile(r"struct (\w+)[^{]*\{([^{}]*)\};")
_STRATEGY = re.compile(r"\bstrategy = (?:nnet::)?(\w+);")
_KERNEL = re.compile(r"\busing kernel = (?:\w+::)*(\w+)<")
_INNER = re.compile(r"typedef (\w+) mult_config;")
_COUNT = r"\b{} = (\d+);"
_ASSIGNMENT = re.compile(r"buffer\[\d+\]\[\d+\]=(?:data\[\d+\]|0);|if\(partition==\d+\)\{")
_CLASS = re.compile(
    r"class\w+:publicnnet::FillConv[12]DBuffer<[^{}();]*\{public:staticvoidfill_buffer\([^{}();]*\)\{\}*;"
)

_KERNELS = {
    "DenseLatency": ("latency",),
    "DepthwiseDenseLatency": ("latency",),
    "DenseResource": ("resource", "resource_unrolled"),
    "DepthwiseDenseResource": ("resource", "resource_unrolled"),
    "dense_resource_unrolled": ("resource_unrolled",),
    "dense_da_wrapper": ("distributed_arithmetic",),
}


def strategy_fault(text: str) -> str:
    """What is wrong with strategies and kernels of a configuration and those inside it; empty if nothing."""
    strategies: dict[str, str] = {}
    for name, body in _STRUCT.findall(text):
        strategy, kernel = _STRATEGY.search(body), _KERNEL.search(body)
        if strategy:
            strategies[name] = strategy[1]
        stem = re.sub(r"_(?:rf_\w+|\d+(?:_\d+)?)$", "", kernel[1]) if kernel else ""
        known = strategy and any(strategy[1] in allowed for allowed in _KERNELS.values())
        if strategy and kernel and known and strategy[1] not in _KERNELS.get(stem, (strategy[1],)):
            return f"in '{name}' the strategy is {strategy[1]} but the kernel {kernel[1]}, which C++ follows"
        if kernel and (fault := _reuse_fault(kernel[1], body)):
            return f"in '{name}' {fault}"
        inner = _INNER.search(body)
        if strategy and inner and strategies.get(inner[1], strategy[1]) != strategy[1]:
            return f"the strategy is {strategy[1]} in '{name}' but {strategies[inner[1]]} in '{inner[1]}'"
    return ""


def _reuse_fault(kernel: str, body: str) -> str:
    """What is wrong with a kernel that is made for reuse factors up to, or above, the number of inputs."""
    n_in, reuse = (re.search(_COUNT.format(name), body) for name in ("n_in", "reuse_factor"))
    if n_in is None or reuse is None or "_rf_" not in kernel:
        return ""
    if kernel.endswith("_rf_leq_nin") == (int(reuse[1]) <= int(n_in[1])):
        return ""
    return f"the kernel is {kernel}, which C++ follows, but the reuse factor {reuse[1]} for {n_in[1]} inputs"


def _axis(config: Config, name: str, side: str) -> Axis:
    members = (f"in_{name}", f"filt_{name}", f"stride_{name}", f"pad_{side}", f"out_{name}")
    return Axis(*(config.number(member) for member in members))


def window_fault(config: Config, rank: int, code: str | None) -> str:
    """What is wrong with the windows of a convolution of `rank` axes; empty if nothing.

    `code` is the generated class that cuts them in io_parallel, None where the project has none.
    """
    sides = (("height", "top", "bottom"), ("width", "left", "right"))[2 - rank :]
    axes = [_axis(config, name, before) for name, before, _ in sides]
    for (name, before, after), axis in zip(sides, axes, strict=True):
        room = axis.size + axis.before + config.number(f"pad_{after}") - axis.window
        if axis.stride < 1 or room < 0 or axis.out != room // axis.stride + 1:
            return (
                f"out_{name} is {axis.out}, which does not follow from in_{name} {axis.size}, filt_{name} "
                f"{axis.window}, stride_{name} {axis.stride}, pad_{before} and pad_{after}"
            )
    if code is None:
        return ""
    compact = re.sub(r"\s+", "", code)
    end = compact.find("};")
    if not _CLASS.fullmatch(_ASSIGNMENT.sub("", compact[: end + 2])):
        return (
            "its fill_buffer is missing in firmware/nnet_utils/nnet_code_gen.h, or not as hls4ml generates it"
        )
    try:
        found = generated(code, prod(axis.out for axis in axes) // config.number("n_partitions"))
    except ValueError as error:
        return str(error)
    if not np.array_equal(found, elements(pixels(axes), config.number("n_chan"))):
        return (
            "its fill_buffer in firmware/nnet_utils/nnet_code_gen.h cuts other windows than its stride, "
            "padding and sizes say"
        )
    return ""
