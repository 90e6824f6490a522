"""Joules, where the machine counts them: RAPL of the kernel for CPUs, NVML for NVIDIA GPUs.

Both count for the whole machine, whatever else runs on it.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Energy:
    """Joules since a meter began; None, with the reason, where nobody counts them."""

    cpu_j: float | None
    gpu_j: float | None
    cpu_reason: str = ""
    gpu_reason: str = ""

    def as_dict(self, events: int) -> dict[str, float | str | None]:
        """For JSON, with joules an event."""
        known = [j for j in (self.cpu_j, self.gpu_j) if j is not None]
        return {
            "cpu_j": self.cpu_j,
            "gpu_j": self.gpu_j,
            "j_per_event": sum(known) / events if known and events else None,
            "cpu": self.cpu_reason or "RAPL, all packages",
            "gpu": self.gpu_reason or "NVML, all devices",
        }


class Meter:
    """Begins to count when it is made."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._packages, self._cpu_reason = _packages(powercap)
        self._cpu = [_read(p / "energy_uj") for p in self._packages]
        self._gpu, self._gpu_reason = _gpu_millijoules()

    def read(self) -> Energy:
        cpu: float | None = None
        if self._packages:
            cpu = 0.0
            for package, before in zip(self._packages, self._cpu, strict=True):
                span = _read(package / "max_energy_range_uj") + 1
                cpu += (
                    (_read(package / "energy_uj") - before) % span / 1e6
                )  # the counter begins anew at its end
        gpu_now, _ = _gpu_millijoules() if self._gpu is not None else (None, "")
        gpu = None if gpu_now is None or self._gpu is None else (gpu_now - self._gpu) / 1e3
        return Energy(cpu, gpu, self._cpu_reason, self._gpu_reason)


def _packages(powercap: Path) -> tuple[list[Path], str]:
    found = (
        sorted(p for p in powercap.glob("intel-rapl:*") if p.name.count(":") == 1)
        if powercap.is_dir()
        else []
    )
    if not found:
        return [], f"the kernel shows no energy counters of the CPU (nothing in {powercap})"
    try:
        for package in found:
            _read(package / "energy_uj"), _read(package / "max_energy_range_uj")
    except PermissionError:
        return [], f"only root may read the energy counters of the CPU ({found[0] / 'energy_uj'})"
    except (OSError, ValueError) as error:
        return [], f"the energy counters of the CPU cannot be read: {error}"
    return found, ""


def _read(path: Path) -> int:
    return int(path.read_text())


def _gpu_millijoules() -> tuple[int | None, str]:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None, "no NVIDIA driver (libnvidia-ml.so.1) is installed"
    if nvml.nvmlInit_v2():
        return None, "the NVIDIA driver does not answer"
    try:
        count, total = ctypes.c_uint(), 0
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) or count.value == 0:
            return None, "the NVIDIA driver knows no GPU"
        for i in range(count.value):
            device, energy = ctypes.c_void_p(), ctypes.c_ulonglong()
            if nvml.nvmlDeviceGetHandleByIndex_v2(
                i, ctypes.byref(device)
            ) or nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(energy)):
                return None, f"GPU {i} does not count its energy"
            total += energy.value
        return total, ""
    finally:
        nvml.nvmlShutdown()
