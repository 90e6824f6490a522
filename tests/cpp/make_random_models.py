"""Writes random models that carry golden vectors computed by the plain-Python interpreter of the IR.

python make_random_models.py FOLDER [--models N] [--first SEED] [--events N]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from spec.random_graphs import random_graph, random_inputs
from spec.test_spec_native import TwinBuilder


def random_model(seed: int, events: int) -> Any:
    """One native model with golden vectors from the interpreter."""
    rng = np.random.default_rng(seed)
    twin = TwinBuilder(f"random {seed}")
    random_graph(rng, twin)
    spec, native = twin.spec.build(), twin.native.build()
    inputs = random_inputs(rng, spec, events)
    outputs = [np.array(y).astype(np.int64).reshape(events, -1) for y in spec.run(inputs)]
    return native.with_golden([x.astype(np.int64) for x in inputs], outputs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="seed of the first model")
    parser.add_argument("--events", type=int, default=133, help="not a multiple of a block")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(args.first, args.first + args.models):
        data = random_model(seed, args.events).to_bytes()
        (args.folder / f"random_{seed:05}.bxnn").write_bytes(data)
    print(f"{args.models} models, seeds {args.first} to {args.first + args.models - 1}, in {args.folder}")


if __name__ == "__main__":
    main()
