"""The order of additions of the Resource strategy against a literal replay of the loops."""

from __future__ import annotations

import pytest

from bxnn.frontends.hls4ml.reuse import executed_order

Additions = list[tuple[int, int, int]]


def replay_up_to_n_in(n_in: int, n_out: int, reuse: int) -> Additions:
    """(output, input, weight) of every addition, one statement of the header after the other."""
    block = -(-n_in * n_out // reuse)
    limit = -(-n_in * n_out // min(n_in, reuse))
    scale = limit // n_out
    made: Additions = []
    for ir in range(reuse):
        weight = inp = ir
        out = step = 0
        for _ in range(block):
            made.append((out, inp, weight))
            weight += reuse
            inp += reuse
            if inp >= n_in:
                inp = ir
            if step + 1 >= scale:
                step, out = 0, out + 1
            else:
                step += 1
    return made


def replay_multiple_of_n_in(n_in: int, n_out: int, reuse: int) -> Additions:
    block = -(-n_in * n_out // reuse)
    reuse = min(reuse, n_in * n_out)
    first_out, step = [], 0
    for ir in range(reuse):
        first_out.append(step)
        if (ir + 1) % n_in == 0:
            step += 1
    made: Additions = []
    inp = 0
    for ir in range(reuse):
        weight, out = ir, first_out[ir]
        for _ in range(block):
            made.append((out, inp, weight))
            weight += reuse
            if weight >= n_in * n_out:
                break
            out += reuse // n_in
        inp = 0 if inp + 1 >= n_in else inp + 1
    return made


def legal(n_in: int, n_out: int, reuse: int) -> bool:
    """The reuse factors that hls4ml lets through."""
    limit = -(-n_in * n_out // min(n_in, reuse))
    whole_outputs = limit % n_out == 0 or reuse >= n_in
    return whole_outputs and (reuse % n_in == 0 or reuse < n_in) and n_in * n_out % reuse == 0


@pytest.mark.parametrize(("n_in", "n_out"), [(12, 6), (8, 8), (5, 7), (16, 1), (1, 9), (10, 4), (57, 3)])
def test_every_legal_reuse_factor(n_in: int, n_out: int) -> None:
    seen = 0
    for reuse in range(1, n_in * n_out + 1):
        if not legal(n_in, n_out, reuse):
            continue
        made = (replay_up_to_n_in if reuse <= n_in else replay_multiple_of_n_in)(n_in, n_out, reuse)
        order = executed_order(n_in, n_out, reuse)
        for out in range(n_out):
            assert order[out].tolist() == [i for o, i, _ in made if o == out], (reuse, out)
        assert all(weight == out * n_in + inp for out, inp, weight in made)
        seen += 1
    assert seen > 1


def test_orders_differ_between_reuse_factors() -> None:
    assert executed_order(8, 2, 1)[0].tolist() == list(range(8))
    assert executed_order(8, 2, 4)[0].tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


@pytest.mark.parametrize("reuse", [0, 5, 13])
def test_illegal_reuse_factors(reuse: int) -> None:
    with pytest.raises(ValueError, match="reuse factor"):
        executed_order(12, 6, reuse)
