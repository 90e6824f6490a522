"""Counters of a running stream as Prometheus reads them: http://127.0.0.1:PORT/metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from bxnn._core import InputError
from bxnn.stream.books import Books, Link

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "bxnn_crossings_total": ("counter", "Crossings that have been; kind: with or without collisions."),
    "bxnn_link_events_total": (
        "counter",
        "Events in front of a stage, or of the file of accepted ones, by fate.",
    ),
    "bxnn_ring_batches": ("gauge", "Batches that wait in a ring."),
    "bxnn_ring_capacity_batches": ("gauge", "Batches that a ring holds."),
    "bxnn_stage_events_total": (
        "counter",
        "Events of a stage: processed, accepted, dead (vetoed by dead time).",
    ),
    "bxnn_seed_events_total": ("counter", "Events of a seed: fired, kept, pure."),
    "bxnn_stage_over_budget_total": ("counter", "Events whose latency was above the budget."),
    "bxnn_stage_latency_seconds": ("gauge", "Latency of a stage: quantiles since the start."),
    "bxnn_stage_version": ("gauge", "How many versions of its menu a stage has had."),
    "bxnn_elapsed_seconds": ("counter", "Time in which the stream ran."),
}


def exposition(books: Books) -> str:
    """The text of /metrics."""
    samples = list(_samples(books))
    lines = []
    for name, (kind, text) in _HELP.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{_labels(labels)} {value}" for n, labels, value in samples if n == name]
    return "\n".join(lines) + "\n"


def _samples(books: Books) -> Iterator[tuple[str, dict[str, str], float]]:
    yield "bxnn_crossings_total", {"kind": "collisions"}, books.arrived
    yield "bxnn_crossings_total", {"kind": "empty"}, books.empty
    yield "bxnn_elapsed_seconds", {}, books.elapsed_ns / 1e9
    for stage in books.stages:
        about = {"stage": stage.name}
        yield from _link(about, stage.link)
        for fate in ("processed", "accepted", "dead"):
            yield "bxnn_stage_events_total", about | {"fate": fate}, getattr(stage.counts, fate)
        for i, seed in enumerate(stage.seeds):
            for fate in ("fired", "kept", "pure"):
                yield (
                    "bxnn_seed_events_total",
                    about | {"seed": seed, "fate": fate},
                    int(getattr(stage.counts, fate)[i]),
                )
        yield "bxnn_stage_over_budget_total", about, stage.over_budget
        for name, nanoseconds in stage.latency.items():
            quantile = "1" if name == "max" else f"{float(name[1:]) / 100:.6g}"
            yield "bxnn_stage_latency_seconds", about | {"quantile": quantile}, nanoseconds / 1e9
        yield "bxnn_stage_version", about, len(stage.versions)
    if books.accepted is not None:
        yield from _link({"stage": "accepted"}, books.accepted)


def _link(about: dict[str, str], link: Link) -> Iterator[tuple[str, dict[str, str], float]]:
    for fate in ("arrived", "lost_full", "lost_late", "abandoned"):
        yield "bxnn_link_events_total", about | {"fate": fate}, getattr(link, fate)
    yield "bxnn_ring_batches", about, link.waiting
    yield "bxnn_ring_capacity_batches", about, link.capacity


def _labels(labels: dict[str, str]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") + '"'

    return "{" + ",".join(f"{key}={quoted(text)}" for key, text in labels.items()) + "}" if labels else ""


class MetricsServer:
    """Serves /metrics while it is open; port 0 takes a free one. Raises InputError if the port is taken."""

    def __init__(self, books: Callable[[], Books], address: str, port: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path.split("?")[0] in ("/", "/metrics")
                body = exposition(books()).encode() if found else b"see /metrics\n"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", _TYPE if found else "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        try:
            self._server = ThreadingHTTPServer((address, port), Handler)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "expected a port from 0 to 65535"
            raise InputError(
                f"counters on {address}:{port}: {why}; choose another port, or 0 for any"
            ) from None
        self._server.daemon_threads = True
        host, self.port = str(self._server.server_address[0]), int(self._server.server_address[1])
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/metrics"

    def __enter__(self) -> MetricsServer:
        self._thread = threading.Thread(target=self._server.serve_forever, name="bxnn-metrics", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
