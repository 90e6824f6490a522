"""Events a second on a GPU: both kernels, from its own memory and from ordinary memory, and other tools.

python -m benchmarks.cuda [--models A A8] [--events 1e9] [--device 0]

First, random events (--events of them for each network) are computed by the CPU too, and every integer is
compared. Speeds are given with the share of the measured bandwidth, of the memory or of PCIe, that the arrays
alone take.
Writes PATH.json and PATH.md; the exit status is 1 if a value differs, and 2 without a GPU.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import graphs, machine, suite
from benchmarks.contest import Absent
from benchmarks.gpu_driver import Driver
from benchmarks.gpu_peers import PEERS
from benchmarks.models import SUBJECTS
from bxnn import Model, _core, cuda

BATCHES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
SHARE = 1 << 20  # events that are compared together
SECONDS = 0.2  # about so long a batch is repeated
OFFSET = 8  # bytes: outputs that begin there take the generic kernel


class Resident:
    """A model, and arrays of one batch on the device."""

    def __init__(self, model: Model, driver: Driver, number: int, x: np.ndarray[Any, Any]) -> None:
        self.model, self.driver, self.number, self.events = model, driver, number, len(x)
        self.library, self.loaded = cuda._library(), cuda._loaded(model._core, number, False)
        self.shapes = [(len(x), *t.shape) for t in model.outputs]
        sizes = [prod(s) * t.dtype.itemsize for s, t in zip(self.shapes, model.outputs, strict=True)]
        self.bytes = x.nbytes + sum(sizes)
        self.input = (self._take(x.nbytes), x.dtype)
        self.outputs = [self._take(size + OFFSET) for size in sizes]
        driver.upload(self.input[0], x)

    def _take(self, size: int) -> int:
        memory = ctypes.c_void_p()
        cuda._check(self.library.bxnn_cuda_memory_take(self.number, size, ctypes.byref(memory)), "cuda")
        return memory.value or 0

    def close(self) -> None:
        """Give the memory back."""
        for address in (self.input[0], *self.outputs):
            self.library.bxnn_cuda_memory_give(self.number, address)

    def run(self, kernel: str, times: int = 1) -> None:
        """Compute all events so many times, and wait."""
        offset = OFFSET if kernel == "generic" else 0
        outputs = [(a + offset, t.dtype) for a, t in zip(self.outputs, self.model.outputs, strict=True)]
        described, bad = cuda._described([self.input, *outputs]), cuda._Bad()
        with self.loaded.context() as context:
            for _ in range(times):
                code = self.library.bxnn_cuda_predict(context, described, len(described), self.events, None)
                cuda._check(code, "cuda")
            cuda._check(self.library.bxnn_cuda_wait(context, None, ctypes.byref(bad)), "cuda")

    def results(self, kernel: str) -> list[np.ndarray[Any, Any]]:
        """What the last run of the kernel gave."""
        offset = OFFSET if kernel == "generic" else 0
        found = [np.empty(s, t.dtype) for s, t in zip(self.shapes, self.model.outputs, strict=True)]
        for array, address in zip(found, self.outputs, strict=True):
            self.driver.download(array, address + offset)
        return found


@contextmanager
def resident(model: Model, driver: Driver, number: int, x: np.ndarray[Any, Any]) -> Iterator[Resident]:
    """A `Resident`, closed at the end."""
    held = Resident(model, driver, number, x)
    try:
        yield held
    finally:
        held.close()


def random_raw(model: Model, events: int, seed: int) -> np.ndarray[Any, Any]:
    """Raw integers of all that the input's format allows."""
    tensor = model.inputs[0]
    rng = np.random.default_rng(seed)
    low, high = tensor.format.min_raw, tensor.format.max_raw
    return rng.integers(low, high, (events, *tensor.shape), dtype=tensor.dtype, endpoint=True)


def kernels(model: Model) -> list[str]:
    """Those that can carry out the model."""
    return ["generic", "fused"] if cuda.explain(model)["kernel"] == "fused" else ["generic"]


def compared(model: Model, driver: Driver, number: int, events: int) -> dict[str, dict[str, int]]:
    """For each kernel, values compared with the CPU's, and how many differ."""
    counts = {kernel: {"compared": 0, "differing": 0} for kernel in kernels(model)}
    for seed, first in enumerate(range(0, events, SHARE)):
        x = random_raw(model, min(SHARE, events - first), seed)
        cpu: Any = model.predict_raw(x)
        expected = list(cpu) if isinstance(cpu, tuple) else [cpu]
        with resident(model, driver, number, x) as held:
            for kernel, count in counts.items():
                held.run(kernel)
                for got, known in zip(held.results(kernel), expected, strict=True):
                    count["compared"] += known.size
                    count["differing"] += int(np.count_nonzero(got != known))
    return counts


def rate(events: int, run: Callable[[int], None], rounds: int) -> float:
    """Events a second of run(times), the median of the rounds."""
    run(1)
    start = time.perf_counter()
    run(1)
    times = max(1, int(SECONDS / max(time.perf_counter() - start, 1e-7)))
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        run(times)
        rates.append(events * times / (time.perf_counter() - start))
    return statistics.median(rates)


def repeated(call: Callable[[], object]) -> Callable[[int], None]:
    """The call as `rate` wants it."""

    def run(times: int) -> None:
        for _ in range(times):
            call()

    return run


def speeds(model: Model, driver: Driver, number: int, batch: int, rounds: int, peak: Any) -> dict[str, Any]:
    """bxnn at one batch: from device memory with each kernel, and from ordinary memory."""
    x = random_raw(model, batch, 1)
    found: dict[str, Any] = {}
    with resident(model, driver, number, x) as held:
        each = held.bytes / batch
        for kernel in kernels(model):
            events = rate(batch, lambda times, kernel=kernel: held.run(kernel, times), rounds)  # type: ignore[misc]
            found[kernel] = {"events": events, "share": events * each / peak["device"]}
    events = rate(batch, repeated(lambda: model.predict_raw(x, device=f"cuda:{number}")), rounds)
    up, down = x.nbytes / batch / peak["up"], (each - x.nbytes / batch) / peak["down"]
    found["host"] = {"events": events, "share": events * max(up, down)}
    return found


def subject(name: str, driver: Driver, peak: Any, given: argparse.Namespace) -> dict[str, Any]:
    """Everything about one network; raises Absent."""
    network = SUBJECTS[name]().network
    with tempfile.TemporaryDirectory(prefix="bxnn-benchmark-") as folder:
        built = graphs.build(network, Path(folder))
    model = Model(built.model)
    peers: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for peer, prepare in PEERS.items():
        try:
            if not network.layers or any(layer.kind != "dense" for layer in network.layers) or network.error:
                raise Absent("takes dense layers alone")
            for batch in given.batches:
                run = prepare(network, given.device, batch)
                peers.setdefault(peer, {})[str(batch)] = rate(batch, repeated(run), given.rounds)
        except Exception as error:  # whatever a peer raises, the others go on
            absent[peer] = f"{type(error).__name__}: {error}".splitlines()[0]
    return {
        "name": name,
        "multiplications": built.multiplications,
        "plan": cuda.explain(model),
        "compared": compared(model, driver, given.device, given.events),
        "batches": {
            str(batch): speeds(model, driver, given.device, batch, given.rounds, peak)
            for batch in given.batches
        },
        "peers": peers,
        "absent": absent,
    }


def markdown(document: dict[str, Any]) -> str:
    """The document as a table."""
    peak, batches = document["bandwidths"], document["batches"]
    head = ["network", f"on {document['device']}", *(f"batch {b:,}" for b in batches), "values, differing"]
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "--:|" * (len(batches) + 1)]
    for one in document["networks"]:
        rows: dict[str, list[str]] = {}
        for batch in batches:
            for kernel, found in one["batches"][str(batch)].items():
                rows.setdefault(f"bxnn {kernel}", []).append(
                    f"{found['events'] / 1e6:,.4g} M/s ({found['share']:.0%})"
                )
        for peer, rates in one["peers"].items():
            rows[peer] = [f"{rates[str(b)] / 1e6:,.4g} M/s" if str(b) in rates else "" for b in batches]
        for who, cells in rows.items():
            count = one["compared"].get(who.removeprefix("bxnn "))
            last = f"{count['compared']:,}, {count['differing']}" if count else ""
            lines.append(f"| {one['name']} | {who} | {' | '.join(cells)} | {last} |")
    told = ", ".join(f"{name} {value / 1e9:,.4g} GB/s" for name, value in peak.items())
    lines += [
        "",
        "`fused` and `generic` read and write the GPU's memory; in brackets, the share of the measured "
        "bandwidth that inputs and outputs take. `host`: NumPy arrays in and out; the share is PCIe's.",
        "",
        f"Bandwidths: {told}. Medians of {document['rounds']} rounds, {document['date']}.",
    ]
    return "\n".join(lines) + "\n"


def arguments(given: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cuda",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--models", nargs="+", choices=list(SUBJECTS), default=["A", "A8", "Af", "B", "C", "D"]
    )
    parser.add_argument("--events", type=lambda text: int(float(text)), default=10_000_000)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="PATH", help="default: benchmarks/results/<date>-<gpu>")
    return parser.parse_args(given)


def main(words: list[str] | None = None) -> int:
    """Measure, write, print."""
    given = arguments(words)
    devices = cuda.devices()
    if given.device >= len(devices):
        print(f"no GPU to measure: {devices.reason or f'there are {len(devices)}'}", file=sys.stderr)
        return 2
    driver = Driver(given.device)
    peak = driver.bandwidths()
    document: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "device": devices[given.device],
        "machine": machine.description(_core.__file__),
        "bandwidths": peak,
        "rounds": given.rounds,
        "batches": given.batches,
        "networks": [],
    }
    for name in given.models:
        print(name, file=sys.stderr)
        document["networks"].append(subject(name, driver, peak, given))
    slug = re.sub(r"\W+", "-", document["device"].lower()).strip("-")
    path = given.out or Path(__file__).parent / "results" / f"{document['date']}-{slug}"
    suite.write(document, path.with_name(f"{path.name}.json"))
    text = markdown(document)
    path.with_name(f"{path.name}.md").write_text(text)
    print(text)
    counts = [count for one in document["networks"] for count in one["compared"].values()]
    return int(any(count["differing"] for count in counts))


if __name__ == "__main__":
    sys.exit(main())
