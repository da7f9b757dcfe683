"""The system as it shows itself: once what it is, again and again how it fares. What it does not show is ``unknown``."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNKNOWN = "unknown"
ROOT = Path("/")
CPU = "sys/devices/system/cpu/cpu[0-9]*"
LIBRARIES = ("ai-edge-litert", "tflite-runtime", "onnxruntime", "torch", "coremltools", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class MachineState:
    """One reading; None where the system does not show it.

    Attributes:
        at: seconds of the monotonic clock.
        pressure: resource (``cpu``, ``memory``, ``io``) -> seconds in which some task waited for it, since boot.
        steal: share-free counter: CPU ticks that the hypervisor gave to others, since boot.
        ticks: all CPU ticks since boot.
        frequency: MHz of each CPU.
        celsius: thermal zone -> temperature.
        throttles: events in which the processor slowed itself down, since boot.
    """

    at: float
    pressure: Mapping[str, float] = field(default_factory=dict)
    steal: int | None = None
    ticks: int | None = None
    frequency: tuple[float, ...] = ()
    celsius: Mapping[str, float] = field(default_factory=dict)
    throttles: int | None = None


def read_state(root: Path = ROOT) -> MachineState:
    """The state of the system now."""
    steal, ticks = _ticks(root)
    return MachineState(
        at=time.monotonic(),
        pressure=_pressure(root),
        steal=steal,
        ticks=ticks,
        frequency=_frequency(root),
        celsius=_celsius(root),
        throttles=_throttles(root),
    )


def describe(root: Path = ROOT) -> dict[str, Any]:
    """Facts of the system: names of the processor and versions of libraries, no name of the machine or its user."""
    return {
        "cpu": _cpu_model(root),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "governor": _governor(root),
        "load_average_1min": _load(root),
        "versions": _versions(),
    }


def _read(place: Path) -> str | None:
    try:
        return place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _pressure(root: Path) -> dict[str, float]:
    found = {}
    for resource in ("cpu", "memory", "io"):
        text = _read(root / "proc/pressure" / resource) or ""
        match = re.search(r"^some .*\btotal=(\d+)", text, re.MULTILINE)
        if match:
            found[resource] = int(match[1]) * 1e-6
    return found


def _ticks(root: Path) -> tuple[int | None, int | None]:
    first = (_read(root / "proc/stat") or "").split("\n", 1)[0].split()
    numbers = first[1:9]  # user nice system idle iowait irq softirq steal; guest is part of user
    if not first or first[0] != "cpu" or len(numbers) < 8 or not all(word.isdigit() for word in numbers):
        return None, None
    return int(numbers[7]), sum(int(word) for word in numbers)


def _numbers(root: Path, *patterns: str) -> list[float]:
    """The numbers in all files of these names that hold one."""
    found = (_number(_read(place)) for pattern in patterns for place in sorted(root.glob(pattern)))
    return [value for value in found if value is not None]


def _frequency(root: Path) -> tuple[float, ...]:
    """The governor's view where there is one: what ``/proc/cpuinfo`` says in a virtual machine never moves."""
    return tuple(value / 1000 for value in _numbers(root, f"{CPU}/cpufreq/scaling_cur_freq"))


def _celsius(root: Path) -> dict[str, float]:
    found = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        value = _number(_read(zone / "temp"))
        if value is not None:
            kind = (_read(zone / "type") or "").strip() or "zone"
            found[f"{zone.name.removeprefix('thermal_')} {kind}"] = value / 1000
    return found


def _throttles(root: Path) -> int | None:
    kinds = ("core_throttle_count", "package_throttle_count")
    known = _numbers(root, *(f"{CPU}/thermal_throttle/{kind}" for kind in kinds))
    return int(sum(known)) if known else None


def _governor(root: Path) -> str:
    places = root.glob(f"{CPU}/cpufreq/scaling_governor")
    return ", ".join(sorted({(_read(place) or "").strip() for place in places} - {""})) or UNKNOWN


def _load(root: Path) -> float | str:
    value = _number((_read(root / "proc/loadavg") or "unknown").partition(" ")[0])
    return UNKNOWN if value is None else value


def _cpu_model(root: Path) -> str:
    for line in (_read(root / "proc/cpuinfo") or "").splitlines():
        if line.startswith(("model name", "Hardware", "Model")):
            return line.partition(":")[2].strip() or UNKNOWN
    return platform.processor() or UNKNOWN


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
