"""Networks of hls4ml's examples and tutorial: every layer equals C-simulation compiled on the spot.

BXNN_FUZZ_N sets how many of them are compared, the quick ones first.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from importlib.util import find_spec

import pytest

from frontends import example_networks

EVENTS = 2000
NAMES = list(example_networks.NETWORKS)[: int(os.environ.get("BXNN_FUZZ_N", "2"))]


def missing(name: str) -> str:
    """What the network needs and is not here."""
    tools = (
        ("hls4ml", "hgq")
        if example_networks.NETWORKS[name] in example_networks.HGQ2
        else ("hls4ml", "qkeras")
    )
    absent = [tool for tool in tools if find_spec(tool) is None]
    if tools[1] == "qkeras" and find_spec("hgq") is not None:
        absent.append("Keras 2")
    return ", ".join(absent + ([] if shutil.which("g++") else ["g++"]))


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_equals_c_simulation(name: str) -> None:
    if absent := missing(name):
        pytest.skip(f"needs {absent}")
    from firmware_ref.csim import Csim
    from tests.fuzz.compare import Answer, compare, draw_inputs, native_answers

    graph = example_networks.build(name)
    inputs = draw_inputs(graph, 5, EVENTS)
    answers = native_answers(graph, inputs)
    unrolled = example_networks.NETWORKS[name] in example_networks.HGQ2  # -O1 takes minutes to compile
    optimise = "-O0" if unrolled else "-O1"
    with contextlib.redirect_stdout(io.StringIO()), Csim(graph, optimise=optimise) as simulation:
        expected = Answer(*simulation.run(inputs))
    for isa, answer in answers.items():
        difference, values = compare(graph, expected, answer, inputs)
        print(f"{name} [{isa}]: {len(expected.layers)} layers, {values} values; {difference or 'all equal'}")
        assert not difference
    assert len(expected.layers) >= 2 and any((v != v[0]).any() for v in expected.outputs)
