"""The walk over a graph: names, probes, metadata, and the order of additions that is emitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from spec.interpreter import SpecBuilder, SpecModel

from frontends import graphs

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

from bxnn.frontends.hls4ml import from_model_graph


def emitted(model: Any) -> SpecModel:
    builder = SpecBuilder("test")
    from_model_graph(model, builder)
    return builder.build()


def test_names_probes_and_metadata() -> None:
    layers = (graphs.source(4), graphs.dense("d", 4, 3), graphs.activation("a", "relu"))
    model = emitted(graphs.graph(*layers, io_type="io_stream", backend="Vivado"))
    assert [t.name for t in model.inputs] == ["x"]
    assert [t.name for t in model.outputs] == ["a"]
    assert [t.name for t in model.probes] == ["d", "a"]
    assert {k: model.meta[k] for k in ("origin", "backend", "io_type")} == {
        "origin": "hls4ml",
        "backend": "Vivado",
        "io_type": "io_stream",
    }
    again = emitted(graphs.graph(*layers, io_type="io_stream", backend="Vivado"))
    assert model.meta["graph_hash"] == again.meta["graph_hash"]
    other = emitted(graphs.graph(*layers, precision="ap_fixed<17,6>", io_type="io_stream", backend="Vivado"))
    assert model.meta["graph_hash"] != other.meta["graph_hash"]


def test_types_are_looked_up_by_name_like_the_compiler() -> None:
    """Of two types of one name the first definition counts, whatever the second layer believes."""
    graph = graphs.graph(graphs.source(4), graphs.activation("a", "relu"), graphs.activation("b", "relu"))
    first, second = (next(n for n in graph.get_layers() if n.name == name) for name in "ab")
    second.get_output_variable().type.name = first.get_output_variable().type.name
    second.get_output_variable().type.precision.width = 12
    assert emitted(graph).outputs[0].format.width == 16


def saturating(reuse: int) -> SpecModel:
    config = {
        "Strategy": "Resource" if reuse else "Latency",
        "ReuseFactor": reuse or 1,
        "Precision": {"accum": "ap_fixed<10,4,AP_TRN,AP_SAT>", "result": "ap_fixed<10,4>"},
    }
    layer = graphs.dense("d", 8, 2, weight_data=np.ones((8, 2)), bias_data=np.zeros(2))
    return emitted(graphs.graph(graphs.source(8), layer, layer_config={"d": config}))


def test_saturating_accumulators_add_in_the_executed_order() -> None:
    """7 + 7 - 7 + 7 ... saturates at 8 at different moments for different orders."""
    x = np.array([[7, 7, -7, 7, -7, -7, 7, -7]]) * 1024

    def expected(order: list[int]) -> int:
        total = 0
        for i in order:
            total = max(min(total + int(x[0, i]) // 16, 511), -512)
        return total

    assert saturating(0).run([x])[0].tolist() == [[expected(list(range(8)))] * 2]
    assert saturating(4).run([x])[0].tolist() == [[expected([0, 4, 1, 5, 2, 6, 3, 7])] * 2]
    assert expected(list(range(8))) != expected([0, 4, 1, 5, 2, 6, 3, 7])


def test_wrapping_accumulators_need_no_order() -> None:
    builder = SpecBuilder("test")
    calls: list[dict[str, Any]] = []
    plain = builder.dot

    def dot(*args: Any, **kwargs: Any) -> int:
        calls.append(kwargs)
        return plain(*args, **kwargs)

    builder.dot = dot  # type: ignore[method-assign]
    config = {"d": {"Strategy": "Resource", "ReuseFactor": 4}}
    from_model_graph(graphs.graph(graphs.source(8), graphs.dense("d", 8, 2), layer_config=config), builder)
    assert len(calls) == 1 and calls[0].get("index") is None
