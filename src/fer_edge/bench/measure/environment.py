"""What the system shows of itself: once what it is, again and again how it fares. What it does not show is ``unknown``."""

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
LIBRARIES = ("ai-edge-litert", "tflite-runtime", "onnxruntime", "torch", "coremltools", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class State:
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


def read_state(root: Path = ROOT) -> State:
    """How the system fares now."""
    steal, ticks = _ticks(root)
    return State(
        at=time.monotonic(),
        pressure=_pressure(root),
        steal=steal,
        ticks=ticks,
        frequency=_frequency(root),
        celsius=_celsius(root),
        throttles=_throttles(root),
    )


def describe(root: Path = ROOT) -> dict[str, Any]:
    """What the system is: names of the processor and versions of libraries, no name of the machine or its user."""
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


def _frequency(root: Path) -> tuple[float, ...]:
    """The governor's view where there is one: what ``/proc/cpuinfo`` says in a virtual machine never moves."""
    places = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
    values = [_number(_read(place)) for place in places]
    return tuple(value / 1000 for value in values if value is not None)


def _celsius(root: Path) -> dict[str, float]:
    found = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        value = _number(_read(zone / "temp"))
        if value is not None:
            kind = (_read(zone / "type") or "").strip() or "zone"
            found[f"{zone.name.removeprefix('thermal_')} {kind}"] = value / 1000
    return found


def _throttles(root: Path) -> int | None:
    folder = root / "sys/devices/system/cpu"
    places = [
        *folder.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"),
        *folder.glob("cpu[0-9]*/thermal_throttle/package_throttle_count"),
    ]
    values = [_number(_read(place)) for place in places]
    known = [value for value in values if value is not None]
    return int(sum(known)) if known else None


def _governor(root: Path) -> str:
    places = sorted((root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    words = sorted({(_read(place) or "").strip() for place in places} - {""})
    return ", ".join(words) or UNKNOWN


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
