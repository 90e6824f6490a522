"""Level-1 objects drawn from declared distributions: a toy that is fast, endless and reproducible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.sources.counter_random import (
    HIGHEST_MEAN,
    MEAN_STEPS,
    OBJECTS,
    U64,
    Discrete,
    Draws,
    below,
    poisson,
)
from bxnn.sources.lhc import FillingScheme
from bxnn.sources.pileup import PileupProfile
from bxnn.sources.source import CROSSING, Chunk, InputSpec, require_range

_BLOCK = 4096  # crossings drawn at once, so that their numbers stay in the cache
_PT_MAX, _ETA_MAX, _PHI_MAX = 4095, 511, 1024  # what fits into 12, 10 and 10 bits


@dataclass(frozen=True)
class Objects:
    """A collection of up to `slots` objects in falling pT; the slots of absent ones are 0, 0, 0.

    mean + per_interaction * pile-up: the mean of their Poisson number; infinite: all slots are always filled.
    pt: relative frequencies of pT = lowest, lowest + 1, ... counts, lowest >= 1. eta: uniform in -eta_limit
    to eta_limit; phi: uniform in 0 to phi_counts - 1.
    """

    slots: int
    pt: Sequence[float]
    lowest: int
    eta_limit: int
    phi_counts: int
    mean: float = 0.0
    per_interaction: float = 0.0

    def __post_init__(self) -> None:
        fits = (
            self.slots >= 1
            and self.lowest >= 1
            and self.lowest + len(self.pt) - 1 <= _PT_MAX
            and 0 <= self.eta_limit <= _ETA_MAX
            and 1 <= self.phi_counts <= _PHI_MAX
            and self.mean >= 0
            and self.per_interaction >= 0
        )
        if not fits:
            raise InputError(
                f"expected slots and lowest pT of at least 1, pT up to {_PT_MAX}, eta up to {_ETA_MAX}, 1 to "
                f"{_PHI_MAX} counts of phi, means of at least 0, got {self}"
            )


def falling(lowest: int, highest: int, scale: float, power: float) -> tuple[float, ...]:
    """Frequencies (1 + (pT - lowest) / scale)^-power of pT = lowest .. highest."""
    return tuple((1 + (pt - lowest) / scale) ** -power for pt in range(lowest, highest + 1))


def _missing_energy(highest: int, scale: float, power: float) -> tuple[float, ...]:
    """Of a vector whose components fall with a power: rises as pT, then falls."""
    return tuple(pt * (1 + (pt / scale) ** 2) ** -power for pt in range(1, highest + 1))


# The slots, counts and typical sizes of the shipped sample.
LEVEL_1 = (
    Objects(1, _missing_energy(4095, 160, 5), 1, 0, 144, mean=float("inf")),
    Objects(4, falling(5, 511, 60, 8), 5, 65, 144, per_interaction=0.16),
    Objects(4, falling(3, 511, 20, 6), 3, 217, 576, per_interaction=0.0012),
    Objects(10, falling(16, 2047, 100, 8), 16, 65, 144, per_interaction=0.166),
)


class Synthetic:
    """Input 'objects' int16 [slots, 3]: pT, eta, phi, for every filled crossing of `scheme`.

    A crossing's event depends on (seed, crossing) alone. The default scheme is the LHC's; the default
    collections have the shape of the shipped sample: MET, 4 e/gamma, 4 muons, 10 jets. count None: without
    end.
    """

    arrays: None = None

    def __init__(
        self,
        pileup: PileupProfile,
        scheme: FillingScheme | None = None,
        *,
        seed: int,
        count: int | None = None,
        collections: Sequence[Objects] = LEVEL_1,
    ) -> None:
        self._pileup, self._scheme = pileup, scheme or FillingScheme.lhc()
        self._seed, self._collections = seed, tuple(collections)
        self._spectra = [Discrete([c.pt]) for c in self._collections]
        self._slots = sum(c.slots for c in self._collections)
        self.inputs: Mapping[str, InputSpec] = {"objects": InputSpec((self._slots, 3), np.dtype(np.int16))}
        self.count = count

    def interactions(self, crossings: U64) -> NDArray[np.int64]:
        """The pile-up of these crossings [n]: labels for a pool."""
        return self._pileup.interactions(self._seed, crossings)

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, self.count)
        while self.count is None or start < self.count:
            n = size if self.count is None else min(size, self.count - start)
            crossings = self._scheme.crossing_of(np.arange(start, start + n, dtype=np.uint64))
            yield {"objects": self.events(crossings), CROSSING: crossings}
            start += n

    def events(self, crossings: U64) -> NDArray[np.int16]:
        """[n, slots, 3] of any crossings [n]."""
        out = np.zeros((len(crossings), self._slots, 3), np.int16)
        for first in range(0, len(crossings), _BLOCK):
            block = crossings[first : first + _BLOCK]
            interactions = self.interactions(block)
            at = 0
            for i, objects in enumerate(self._collections):
                part = out[first : first + _BLOCK, at : at + objects.slots]
                self._draw(i, Draws(self._seed, OBJECTS + i, block), interactions, part)
                at += objects.slots
        return out

    def _draw(self, i: int, draws: Draws, interactions: NDArray[np.int64], out: NDArray[np.int16]) -> None:
        objects = self._collections[i]
        bits = draws.bits(1, objects.slots)
        pt = self._spectra[i].draw(bits).astype(np.uint32) + np.uint32(objects.lowest)
        product = (bits & np.uint64(0xFFFFFFFF)) * np.uint64(2 * objects.eta_limit + 1)
        eta, phi = product >> np.uint64(32), below(product << np.uint64(32), objects.phi_counts)
        # pT, eta and phi in one integer are sorted at once; absent objects are 0.
        packed = pt << np.uint32(20) | eta.astype(np.uint32) << np.uint32(10) | phi.astype(np.uint32)
        if objects.mean != float("inf"):
            mean = np.minimum(objects.mean + objects.per_interaction * interactions, HIGHEST_MEAN)
            number = poisson(np.rint(mean * MEAN_STEPS).astype(np.int64), draws.bits(0)[:, 0])
            packed[np.arange(objects.slots) >= number[:, None]] = 0
        if objects.slots > 1:
            packed = np.sort(packed, axis=1)[:, ::-1]
        out[..., 0] = packed >> np.uint32(20)
        out[..., 1] = (packed >> np.uint32(10) & np.uint32(1023)).astype(np.int16) - np.int16(
            objects.eta_limit
        )
        out[..., 1] *= packed > 0
        out[..., 2] = packed & np.uint32(1023)
