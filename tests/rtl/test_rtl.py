"""bxnn against register-transfer logic: the recorded answers of a Verilog network on 100,000 events."""

from __future__ import annotations

import numpy as np
import pytest

from bxnn import _core
from tests.rtl.verilog import EVENTS, HERE, KEPT, digest, events


@pytest.mark.parametrize("level", ["reference", *_core.isa_levels()])
def test_equals_verilog(level: str) -> None:
    x = events()
    core = _core.Model.load(str(HERE / "jets.bxnn"))
    into, out = core.inputs[0].format, core.outputs[0].format
    raw = np.floor(x * 2.0**into.frac).astype(np.int64)
    wrapped = ((raw + (1 << into.width - 1)) & ((1 << into.width) - 1)) - (1 << into.width - 1)
    (found,) = core.run([wrapped], isa=level)
    scores = np.asarray(found) / 2.0**out.frac
    assert scores.shape == (EVENTS, 5)
    assert len(np.unique(scores)) > EVENTS  # not a network that answers with a few numbers
    with np.load(HERE / "answers.npz") as answers:
        np.testing.assert_array_equal(scores[:KEPT], answers["first"])
        assert digest(scores) == str(answers["sha256"])
