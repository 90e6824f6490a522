#!/usr/bin/env python3
"""Make events that look like the input of a Level-1 trigger anomaly detector.

The model, in the order it is applied:

* Proton collisions at 13.6 TeV from Pythia 8, default tune. *Zero bias* is Poisson(pile-up) inelastic
  collisions per bunch crossing; every other process adds one hard collision on top of that.
* A calorimeter of 72 (phi) x 56 (eta) towers, |eta| < 3, with an electromagnetic and a hadronic depth.
  Electrons and photons go to the first, every other visible particle but muons to the second (if above
  0.5 GeV). Energies are smeared (10%/sqrt(E) + 1% and 80%/sqrt(E) + 5%), truncated to 0.5 GeV and capped at
  255.5 GeV.
* Missing transverse energy from all towers; e/gamma candidates are 3 x 3 electromagnetic sums around a local
  maximum with little hadronic energy behind it; jets are 9 x 9 sums around a local maximum less the pile-up
  of their eta rings; muons are true ones above 2.5 GeV, 92% efficient, smeared by 20%. Each kind is sorted by
  falling pT, muons by their true one.

Limits: no magnetic field, no forward calorimeter, no out-of-time pile-up, no showers that spread over towers,
muons without material or charge, a finite library of inelastic collisions that is drawn from with
replacement. Good enough to train and time networks on inputs of the right size and order; rates and
efficiencies from it are not physics results.

The output file holds, per process:

    <process>_objs     int16  [N, 19, 3]   MET, 4 e/gamma, 4 muons, 10 jets; each (pT, eta, phi)
    <process>_regions  uint16 [N, 18, 14]  sums of 4 x 4 towers (phi, eta), 0.5 GeV a count, at most 1023

Objects are in hardware units: pT 0.5 GeV; phi 2 pi / 144 and eta 0.0435 (muons: 2 pi / 576 and 0.010875). An
absent object is 0, 0, 0.

Needs NumPy and pythia8mc (8.317.2); shows progress if tqdm is installed. The same arguments give the same
file.

    python generate.py --events 20000 --pileup 50 --seed 1 --out events.npz
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Item = TypeVar("Item")

N_PHI, N_ETA = 72, 56
POSITIVE_ETA_EDGES = np.concatenate(
    [np.arange(21) * 0.087, [1.830, 1.930, 2.043, 2.172, 2.322, 2.5, 2.65, 3.0]]
)
ETA_EDGES = np.concatenate([-POSITIVE_ETA_EDGES[:0:-1], POSITIVE_ETA_EDGES])
ETA_CENTRES = (ETA_EDGES[1:] + ETA_EDGES[:-1]) / 2

PT_LSB = 0.5  # GeV
CALO_ETA_LSB, MUON_ETA_LSB = 0.0435, 0.010875
CALO_PHI_BINS, MUON_PHI_BINS = 144, 576
MAX_MET, MAX_JET, MAX_EGAMMA, MAX_MUON, MAX_TOWER, MAX_REGION = 4095, 2047, 511, 511, 511, 1023
N_EGAMMA, N_MUON, N_JET = 4, 4, 10
FIRST_EGAMMA, FIRST_MUON, FIRST_JET, N_OBJECTS = 1, 5, 9, 19

INVISIBLE = [12, 14, 16, 1000022]
HADRON, ELECTROMAGNETIC, MUON = 0, 1, 2

MIN_BIAS = ["SoftQCD:inelastic=on"]
SIGNALS = {
    "qcd_pt30": ["HardQCD:all=on", "PhaseSpace:pTHatMin=30."],
    "ttbar": ["Top:gg2ttbar=on", "Top:qqbar2ttbar=on"],
    "zll": [
        "WeakSingleBoson:ffbar2gmZ=on",
        "23:onMode=off",
        "23:onIfAny=11 13",
        "PhaseSpace:mHatMin=50.",
    ],
    "h_to_4l": [
        "HiggsSM:gg2H=on",
        "25:onMode=off",
        "25:onIfMatch=23 23",
        "23:onMode=off",
        "23:onIfAny=11 13",
    ],
    "zprime_1tev_tt": [
        "NewGaugeBoson:ffbar2gmZZprime=on",
        "Zprime:gmZmode=3",
        "32:m0=1000.",
        "32:onMode=off",
        "32:onIfAny=6",
    ],
}
LIBRARY_SIZE = 8000
BLOCK = 500  # crossings reconstructed at once


def progress(items: Iterable[Item], title: str) -> Iterable[Item]:
    """Show a bar while items are taken, if tqdm is there."""
    try:
        from tqdm import tqdm
    except ImportError:
        return items
    return tqdm(items, desc=f"{title:20s}")  # type: ignore[no-any-return]


def visible_particles(event: Iterable[object]) -> Floats:
    """Return [n, 4] = pT (GeV), eta, phi, kind for the final particles within the calorimeter."""
    rows = np.array([(p.pT(), p.eta(), p.phi(), p.id()) for p in event if p.isFinal()])  # type: ignore[attr-defined]
    code = np.abs(rows[:, 3]).astype(int)
    kind = np.where(code == 13, MUON, np.where(np.isin(code, [11, 22]), ELECTROMAGNETIC, HADRON))
    rows[:, 3] = kind
    keep = (np.abs(rows[:, 1]) < ETA_EDGES[-1]) & ~np.isin(code, INVISIBLE)
    particles: Floats = rows[keep].astype(np.float32)
    return particles


def collide(process: list[str], count: int, seed: int) -> Iterator[Floats]:
    """Generate `count` collisions of a process given by Pythia settings."""
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    beams = ["Print:quiet=on", "Random:setSeed=on", f"Random:seed={seed}", "Beams:eCM=13600."]
    for setting in beams + process:
        if not pythia.readString(setting):
            raise ValueError(f"Pythia does not know the setting '{setting}'")
    if not pythia.init():
        raise RuntimeError(f"Pythia cannot start the process {process}")
    made = 0
    while made < count:
        if pythia.next():
            made += 1
            yield visible_particles(pythia.event)


def cross(hard: Floats | None, library: list[Floats], pileup: float, rng: np.random.Generator) -> Floats:
    """Return the particles of one crossing: a hard collision, if any, on Poisson(pileup) library ones."""
    picked = [library[i] for i in rng.integers(0, len(library), rng.poisson(pileup))]
    collisions = picked if hard is None else [hard, *picked]
    return np.concatenate(collisions) if collisions else np.zeros((0, 4), np.float32)


class Towers(NamedTuple):
    """Transverse energies in GeV, each [N, 72, 56] (phi, eta)."""

    em: Floats
    had: Floats


def deposit(particles: Floats) -> NDArray[np.float32]:
    """Sum one crossing's particles into towers: [2, 72, 56] in GeV, electromagnetic then hadronic."""
    pt, eta, phi, kind = particles.T
    i_eta = np.searchsorted(ETA_EDGES, eta) - 1
    i_phi = (phi % (2 * np.pi) / (2 * np.pi) * N_PHI).astype(int) % N_PHI
    inside = (i_eta >= 0) & (i_eta < N_ETA)
    cell = i_phi * N_ETA + i_eta
    em = inside & (kind == ELECTROMAGNETIC)
    had = inside & (kind == HADRON) & (pt > 0.5)
    sums = [np.bincount(cell[chosen], pt[chosen], N_PHI * N_ETA) for chosen in (em, had)]
    return np.stack(sums).reshape(2, N_PHI, N_ETA).astype(np.float32)


def measure(
    energy: Floats, stochastic: float, constant: float, floor: float, rng: np.random.Generator
) -> Floats:
    """Smear energies by stochastic/sqrt(E) + constant, with E at least `floor`, and digitise them."""
    width = np.sqrt(stochastic**2 / np.maximum(energy, floor) + constant**2)
    smeared = energy * (1 + rng.normal(0, 1, energy.shape) * width)
    return (np.clip(np.floor(smeared / PT_LSB), 0, MAX_TOWER) * PT_LSB).astype(np.float32)


def window_sum(towers: Floats, half_eta: int, half_phi: int) -> Floats:
    """Sum (2 half_eta + 1) x (2 half_phi + 1) towers around each one; phi wraps, eta ends in zeros."""
    rows: Floats = np.sum([np.roll(towers, s, 1) for s in range(-half_phi, half_phi + 1)], axis=0)
    padded = np.pad(rows, ((0, 0), (0, 0), (half_eta, half_eta)))
    width = towers.shape[2]
    total: Floats = np.sum([padded[:, :, s : s + width] for s in range(2 * half_eta + 1)], axis=0)
    return total


def is_local_maximum(towers: Floats, half: int) -> NDArray[np.bool_]:
    """True where a tower is the largest of its (2 half + 1)^2 window; of equal ones just one is."""
    found = np.ones(towers.shape, bool)
    padded = np.pad(towers, ((0, 0), (0, 0), (half, half)))
    for d_phi in range(-half, half + 1):
        rows = np.roll(padded, d_phi, 1)
        for d_eta in range(-half, half + 1):
            other = rows[:, :, half + d_eta : half + d_eta + towers.shape[2]]
            if (d_phi, d_eta) > (0, 0):
                found &= towers > other
            elif (d_phi, d_eta) < (0, 0):
                found &= towers >= other
    return found


def write_candidates(
    objects: NDArray[np.int16], first: int, count: int, energy: Floats, threshold: float, max_pt: int
) -> None:
    """Write the `count` largest towers of [N, 72, 56] above the threshold (GeV) into object slots."""
    flat = energy.reshape(len(energy), -1)
    cell = np.argsort(-flat, axis=1, kind="stable")[:, :count]
    pt = np.take_along_axis(flat, cell, 1)
    present = pt > threshold
    eta = np.round(ETA_CENTRES / CALO_ETA_LSB).astype(int)[cell % N_ETA]
    phi = cell // N_ETA * 2 + 1
    slots = slice(first, first + count)
    objects[:, slots, 0] = np.where(present, np.minimum(pt / PT_LSB, max_pt), 0)
    objects[:, slots, 1] = np.where(present, eta, 0)
    objects[:, slots, 2] = np.where(present, phi, 0)


def write_missing_energy(objects: NDArray[np.int16], total: Floats) -> None:
    """Write the missing transverse energy of all towers into slot 0."""
    angle = (np.arange(N_PHI) + 0.5) * 2 * np.pi / N_PHI
    per_phi = total.sum(2)
    x, y = -(per_phi * np.cos(angle)).sum(1), -(per_phi * np.sin(angle)).sum(1)
    objects[:, 0, 0] = np.minimum(np.hypot(x, y) / PT_LSB, MAX_MET)
    turn = np.arctan2(y, x) % (2 * np.pi) / (2 * np.pi)
    objects[:, 0, 2] = (turn * CALO_PHI_BINS).astype(int) % CALO_PHI_BINS


def write_egamma(objects: NDArray[np.int16], towers: Towers) -> None:
    """Write electromagnetic clusters with little hadronic energy behind them."""
    isolated = towers.had < 0.15 * np.maximum(towers.em, 0.1) + 1
    seeds = is_local_maximum(towers.em, 1) & (towers.em > 1.0) & isolated
    sums = np.where(seeds, window_sum(towers.em, 1, 1), 0)
    write_candidates(objects, FIRST_EGAMMA, N_EGAMMA, sums, threshold=2.0, max_pt=MAX_EGAMMA)


def write_jets(objects: NDArray[np.int16], total: Floats) -> None:
    """Write 9 x 9 sums less what their eta rings hold on average."""
    ring_mean = 0.9 * 9 * window_sum(total.mean(1, keepdims=True), 4, 0)
    ring_median = 81 * np.median(total, 1)[:, None, :]
    sums = window_sum(total, 4, 4) - ring_mean - ring_median
    seeds = is_local_maximum(total, 4) & (total > 3.0)
    write_candidates(objects, FIRST_JET, N_JET, np.where(seeds, sums, 0), threshold=8.0, max_pt=MAX_JET)


def write_muons(objects: NDArray[np.int16], particles: list[Floats], rng: np.random.Generator) -> None:
    """Write the leading muons above 2.5 GeV within |eta| < 2.4, in the order of true pT."""
    for row, crossing in zip(objects, particles, strict=True):
        muons = crossing[(crossing[:, 3] == MUON) & (crossing[:, 0] > 2.5) & (np.abs(crossing[:, 1]) < 2.4)]
        muons = muons[rng.random(len(muons)) < 0.92]
        muons = muons[np.argsort(-muons[:, 0])][:N_MUON]
        slots = row[FIRST_MUON : FIRST_MUON + len(muons)]
        slots[:, 0] = np.clip(muons[:, 0] * (1 + 0.2 * rng.normal(size=len(muons))) / PT_LSB, 1, MAX_MUON)
        slots[:, 1] = np.clip(np.round(muons[:, 1] / MUON_ETA_LSB), -225, 225)
        slots[:, 2] = (muons[:, 2] % (2 * np.pi) / (2 * np.pi) * MUON_PHI_BINS).astype(int) % MUON_PHI_BINS


def region_sums(total: Floats) -> NDArray[np.uint16]:
    """Sum towers 4 x 4, regions centred on phi = 0: [N, 18, 14]."""
    shifted = np.roll(total, 3, 1)
    sums = shifted.reshape(-1, N_PHI // 4, 4, N_ETA // 4, 4).sum((2, 4))
    regions: NDArray[np.uint16] = np.minimum(np.round(sums / PT_LSB), MAX_REGION).astype(np.uint16)
    return regions


def reconstruct(
    particles: list[Floats], rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Turn the particles of N crossings into objects [N, 19, 3] and regions [N, 18, 14]."""
    deposits = np.stack([deposit(crossing) for crossing in particles])
    towers = Towers(
        em=measure(deposits[:, 0], stochastic=0.1, constant=0.01, floor=0.25, rng=rng),
        had=measure(deposits[:, 1], stochastic=0.8, constant=0.05, floor=1.0, rng=rng),
    )
    total = towers.em + towers.had
    objects = np.zeros((len(particles), N_OBJECTS, 3), np.int16)
    write_missing_energy(objects, total)
    write_egamma(objects, towers)
    write_muons(objects, particles, rng)
    write_jets(objects, total)
    return objects, region_sums(total)


def make_process(
    hard: Iterable[Floats | None], library: list[Floats], pileup: float, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Overlay pile-up on each hard collision and reconstruct, a block at a time to bound memory."""
    objects, regions = [], []
    block: list[Floats] = []

    def flush() -> None:
        if block:
            o, r = reconstruct(block, rng)
            objects.append(o)
            regions.append(r)
            block.clear()

    for collision in hard:
        block.append(cross(collision, library, pileup, rng))
        if len(block) == BLOCK:
            flush()
    flush()
    return np.concatenate(objects), np.concatenate(regions)


def generate(
    events: int, pileup: float, seed: int, report: Callable[[str], None] = print
) -> dict[str, NDArray[np.int16] | NDArray[np.uint16]]:
    """Make `events` zero-bias crossings and a tenth as many (at least one) of each signal.

    Arrays are named and shaped as in the head of this file.
    """
    rng = np.random.default_rng(seed)
    library_size = int(min(LIBRARY_SIZE, 20 + events * pileup))
    library = list(progress(collide(MIN_BIAS, library_size, seed + 1), "inelastic library"))
    samples: dict[str, NDArray[np.int16] | NDArray[np.uint16]] = {}
    for offset, name in enumerate(["zerobias", *SIGNALS]):
        hard: Iterable[Floats | None]
        if name == "zerobias":
            hard = [None] * events
        else:
            hard = collide(SIGNALS[name], max(1, events // 10), seed + 1 + offset)
        objects, regions = make_process(progress(hard, name), library, pileup, rng)
        samples[f"{name}_objs"], samples[f"{name}_regions"] = objects, regions
        met, jet = objects[:, 0, 0].mean() * PT_LSB, objects[:, FIRST_JET, 0].mean() * PT_LSB
        report(f"{name}: {len(objects)} events, mean MET {met:.1f} GeV, mean leading jet {jet:.1f} GeV")
    return samples


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Make Level-1-like events; the model is in this file's head."
    )
    parser.add_argument(
        "--events", type=int, default=20000, help="zero-bias crossings; a tenth of each signal"
    )
    parser.add_argument("--pileup", type=float, default=50.0, help="mean inelastic collisions per crossing")
    parser.add_argument("--seed", type=int, default=1, help="1 to 899999990")
    parser.add_argument("--out", type=Path, default=Path("l1_events.npz"))
    arguments = parser.parse_args()
    if arguments.events < 1 or arguments.pileup < 0 or not 1 <= arguments.seed <= 899_999_990:
        parser.error("expected --events >= 1, --pileup >= 0 and --seed within 1 to 899999990")
    samples = generate(arguments.events, arguments.pileup, arguments.seed)
    np.savez_compressed(arguments.out, **samples)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
