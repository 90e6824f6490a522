"""HLS C-simulation of an hls4ml ModelGraph as an exact function on raw integers.

The generated project is compiled, together with bridge.h, into a program of its own: an assertion or abort
inside the C-simulation ends that program, never the caller.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

HERE = Path(__file__).parent
FLAGS = ["-std=c++23", "-fPIC", "-w"]
RUN_SECONDS = 300
COMPILE_SECONDS = 600

Raw = NDArray[np.int64]


class CsimFailed(Exception):
    """The C-simulation cannot answer; stage is 'write', 'types', 'compile' or 'run'."""

    def __init__(self, stage: str, text: str) -> None:
        super().__init__(f"{stage}: {text}")
        self.stage = stage
        self.text = text


class Tensor(NamedTuple):
    """One array of the C-simulation: the model's input, output or a layer's result."""

    name: str
    size: int
    precision: str


def _tensor(name: str, variable: Any) -> Tensor:
    precision = variable.type.precision
    if not 1 <= precision.width <= 64:
        raise CsimFailed("types", f"{name} has {precision}; raw integers of 1 to 64 bits can be exchanged")
    return Tensor(name, int(np.prod(variable.shape)), str(precision))


def _trace_all(model: Any) -> list[Tensor]:
    """Switches tracing on in every layer that computes something; the traced tensors."""
    model.config.trace_output = True
    traced = []
    for layer in model.get_layers():
        if layer.get_attr("function_cpp", None):
            layer.set_attr("trace", True)
            traced.append(_tensor(layer.name, layer.get_output_variable()))
    return traced


class Csim:
    """A compiled C-simulation. Use as a context manager, or call close() to remove its directory."""

    def __init__(self, model: Any, *, optimise: str = "-O1") -> None:
        """Writes and compiles the project of an hls4ml ModelGraph (which it configures for tracing).

        Raises CsimFailed if the project cannot be written or compiled, or has a type wider than 64 bits.
        """
        self.inputs = [_tensor(v.name, v) for v in model.get_input_variables()]
        self.outputs = [_tensor(v.name, v) for v in model.get_output_variables()]
        self.traced = _trace_all(model)
        if any(w.storage.lower() == "bram" for w in model.get_weight_variables()):
            raise CsimFailed("types", "weights in block RAM; raise the model's BramFactor")
        self._directory = Path(tempfile.mkdtemp(prefix="csim-"))
        try:
            self._write(model)
            self._program = self._compile(optimise)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Csim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes the project."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def run(self, raw: list[Raw]) -> tuple[list[Raw], dict[str, Raw]]:
        """Raw outputs and {layer name: raw result}, all [N, n] int64, for an [N, n] int64 array an input."""
        return self._call("raw", [np.ascontiguousarray(x, np.int64) for x in raw])

    def run_float(self, x: list[ArrayLike]) -> tuple[list[Raw], dict[str, Raw]]:
        """As run, from numbers [N, n] (float64 or float32), cast by the C-simulation to its input types."""
        return self._call("float", [np.ascontiguousarray(v, np.float64) for v in x])

    def _write(self, model: Any) -> None:
        model.config.config["OutputDir"] = str(self._directory)
        try:
            model.write()
        except Exception as error:
            raise CsimFailed("write", f"{type(error).__name__}: {error}") from error
        (self._directory / "driver.cpp").write_text(_driver(model, self.inputs, self.outputs, self.traced))

    def _compile(self, optimise: str) -> Path:
        program = self._directory / "csim"
        command = ["g++", optimise, *FLAGS, "-I", str(_prelude(optimise)), "-I", "firmware"]
        command += ["-I", "firmware/ap_types", "-I", str(HERE)]
        command += [f'-DWEIGHTS_DIR="{self._directory}/firmware/weights"', "driver.cpp", "-o", str(program)]
        done = _start(command, self._directory, COMPILE_SECONDS, "compile")
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr]
            raise CsimFailed("compile", "\n".join(errors[:5]))
        return program

    def _call(self, mode: str, arrays: list[Any]) -> tuple[list[Raw], dict[str, Raw]]:
        shapes = [a.shape for a in arrays]
        events = shapes[0][0] if shapes and shapes[0] else 0
        if shapes != [(events, t.size) for t in self.inputs]:
            raise ValueError(
                f"inputs: expected [N, n] with n = {[t.size for t in self.inputs]}, got {shapes}"
            )
        paths = [self._directory / f"input{i}.bin" for i in range(len(arrays))]
        for path, array in zip(paths, arrays, strict=True):
            array.tofile(path)
        result = self._directory / "result.bin"
        command = [str(self._program), mode, str(events), str(result), *map(str, paths)]
        done = _start(command, self._directory, RUN_SECONDS, "run")
        if done.returncode:
            raise CsimFailed("run", f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
        if "ERROR" in done.stderr or "read while empty" in done.stdout + done.stderr:
            raise CsimFailed("run", (done.stderr or done.stdout).strip()[:600])
        flat = np.fromfile(result, np.int64)
        found, at = [], 0
        for tensor in self.outputs + self.traced:
            found.append(flat[at : at + events * tensor.size].reshape(events, tensor.size))
            at += events * tensor.size
        n_out = len(self.outputs)
        return found[:n_out], {t.name: v for t, v in zip(self.traced, found[n_out:], strict=True)}


def _prelude(optimise: str) -> Path:
    """A directory with prelude.h compiled ahead for these flags, which saves a third of every compilation."""
    import hls4ml

    types = Path(hls4ml.__file__).parent / "templates/vivado/ap_types"
    source = HERE / "prelude.h"
    key = hashlib.sha256(repr((str(types), hls4ml.__version__, source.read_text(), optimise, FLAGS)).encode())
    ready = Path(tempfile.gettempdir()) / f"csim-prelude-{os.getuid()}-{key.hexdigest()[:16]}"
    if not ready.exists():
        fresh = Path(tempfile.mkdtemp(prefix="csim-prelude-"))
        shutil.copy(source, fresh)
        command = ["g++", optimise, *FLAGS, "-I", str(types), "prelude.h", "-o", "prelude.h.gch"]
        done = _start(command, fresh, COMPILE_SECONDS, "compile")
        if done.returncode:
            raise CsimFailed("compile", done.stderr[-600:])
        try:
            fresh.rename(ready)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    return ready


def _start(
    command: list[str], directory: Path, seconds: float, stage: str
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CsimFailed(stage, f"no end after {seconds} s") from None


def _driver(model: Any, inputs: list[Tensor], outputs: list[Tensor], traced: list[Tensor]) -> str:
    """The main program: a loop over events around the top function."""
    project = model.config.get_project_name()
    in_vars, out_vars = model.get_input_variables(), model.get_output_variables()
    slots = [(f"output:{t.name}", t.size) for t in outputs] + [(f"layer:{t.name}", t.size) for t in traced]
    lines = [
        "#include <prelude.h>",
        '#include "bridge.h"',
        f'#include "{project}.cpp"',
        "template <class N> void simulate(size_t events, char **paths) {",
    ]
    for i, tensor in enumerate(inputs):
        lines.append(f"    auto data{i} = bridge::read_all<N>(paths[{i}], events * {tensor.size});")
    lines.append("    for (bridge::event = 0; bridge::event < events; bridge::event++) {")
    lines += [f"        {v.definition_cpp()};" for v in in_vars + out_vars]
    for i, (tensor, variable) in enumerate(zip(inputs, in_vars, strict=True)):
        at = f"data{i}.data() + bridge::event * {tensor.size}"
        lines.append(f"        bridge::load({at}, {variable.name}, {tensor.size});")
    lines.append(f"        {project}({', '.join(v.name for v in in_vars + out_vars)});")
    for tensor, variable in zip(outputs, out_vars, strict=True):
        lines.append(f'        bridge::save({variable.name}, "output:{tensor.name}", {tensor.size});')
        lines.append(f"        bridge::drain({variable.name});")
    lines += [
        "    }",
        "}",
        "int main(int, char **argv) {",
        "    const size_t events = std::strtoull(argv[2], 0, 10);",
    ]
    for name, size in slots:
        lines.append(
            f'    bridge::slots().push_back({{"{name}", {size}, std::vector<int64_t>(events * {size})}});'
        )
    lines += [
        '    if (std::string(argv[1]) == "raw")',
        "        simulate<int64_t>(events, argv + 4);",
        "    else",
        "        simulate<double>(events, argv + 4);",
        "    bridge::write_all(argv[3]);",
        "}",
        "",
    ]
    return "\n".join(lines)
