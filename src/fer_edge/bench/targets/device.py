"""A device that is ready: what it says about itself, the cores of a run, and what runs an artifact on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Record
from fer_edge.bench.targets.connection import Connection
from fer_edge.bench.targets.errors import DeviceError, last_line

UNKNOWN = "unknown"
"""Stands for what a device does not show, which is no verdict."""
_PROPERTIES = {
    "maker": "ro.product.manufacturer",
    "model": "ro.product.model",
    "release": "ro.build.version.release",
    "sdk": "ro.build.version.sdk",
    "abi": "ro.product.cpu.abi",
    "hardware": "ro.hardware",
    "soc": "ro.soc.model",
}
_SCRIPT = (
    "\n".join(f"echo @{name}; getprop {key} 2>/dev/null" for name, key in _PROPERTIES.items())
    + """
echo @machine; uname -m
echo @kernel; uname -r
echo @board; [ -r /proc/device-tree/model ] && tr -d '\\000' </proc/device-tree/model; echo
echo @taskset; command -v taskset
echo @boot; cat /proc/sys/kernel/random/boot_id 2>/dev/null
echo @saver; settings get global low_power 2>/dev/null
echo @cores; for core in /sys/devices/system/cpu/cpu[0-9]*; do
echo "${core##*/cpu}" "$(cat $core/cpu_capacity 2>/dev/null || echo -)" "$(cat $core/cpufreq/cpuinfo_max_freq 2>/dev/null || echo -)" "$(cat $core/online 2>/dev/null || echo -)"
done
"""
)


@dataclass(frozen=True, slots=True)
class Core:
    """One core.

    Attributes:
        number: as the kernel counts.
        capacity: of the kernel's scheduler, 0 to 1024; None where not shown.
        frequency: largest, kHz; None where not shown.
        online: whether it may be used now.
    """

    number: int
    capacity: int | None
    frequency: int | None
    online: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """The device.

    Attributes:
        values: names of ``environment``; ``unknown`` where not shown.
        cores: by number; empty where not shown.
        boot: changes with each start; ``unknown`` where not shown.
        machine: ``aarch64`` and the like.
        has_taskset: whether cores can be chosen.
        doubts: reasons not to trust its figures that are known before any run.
    """

    values: Mapping[str, str]
    cores: tuple[Core, ...]
    boot: str
    machine: str
    has_taskset: bool
    doubts: tuple[str, ...] = field(default=())


def split_sections(text: str) -> dict[str, str]:
    """The output of a script that writes ``@name`` before each part."""
    found: dict[str, str] = {}
    for part in re.split(r"(?m)^@", text)[1:]:
        name, _, rest = part.partition("\n")
        found[name.strip()] = rest.strip()
    return found


def read_facts(connection: Connection) -> Facts:
    """Ask the device.

    Raises:
        DeviceError: the connection broke.
    """
    said = split_sections(connection.run(_SCRIPT, stage="reading of its properties").out)
    values = {name: said.get(name, "") or UNKNOWN for name in (*_PROPERTIES, "machine", "kernel", "board")}
    return Facts(
        values=values,
        cores=read_cores(said.get("cores", "")),
        boot=said.get("boot", "") or UNKNOWN,
        machine=values["machine"],
        has_taskset=bool(said.get("taskset")),
        doubts=_doubts(values, said.get("saver", "")),
    )


def _doubts(values: Mapping[str, str], saver: str) -> tuple[str, ...]:
    found = []
    if values["hardware"] in ("goldfish", "ranchu", "cutf_cvm"):
        found.append("the device is an emulator: its times say nothing about a phone; measure on a phone")
    if saver == "1":
        found.append("the battery saver is on: turn it off and measure again")
    return tuple(found)


def read_cores(text: str) -> tuple[Core, ...]:
    """Lines of number, capacity, largest frequency and online; ``-`` where the kernel does not show it."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[0].isdecimal():
            capacity, frequency = (int(word) if word.isdecimal() else None for word in words[1:3])
            found.append(Core(int(words[0]), capacity, frequency, words[3] != "0"))
    return tuple(sorted(found, key=lambda core: core.number))


KINDS = ("all", "big", "little")
"""``little``: the slowest kind. ``big``: every faster one, so the middle and the prime cores of a three-tier chip too."""


@dataclass(frozen=True, slots=True)
class Pinning:
    """The cores of a run.

    Attributes:
        kind: of ``KINDS``.
        cores: their numbers; empty for ``all``.
    """

    kind: str = "all"
    cores: tuple[int, ...] = ()

    @property
    def mask(self) -> str:
        """Hexadecimal, without ``0x``, which Android's taskset does not read."""
        return format(sum(1 << core for core in self.cores), "x")

    @property
    def prefix(self) -> str:
        """Words before a command; empty for ``all``."""
        return f"taskset {self.mask} " if self.cores else ""


def split_kinds(cores: tuple[Core, ...]) -> dict[str, tuple[int, ...]] | None:
    """Numbers of the little and the big cores that are online; None where the kernel does not show the difference.

    The scheduler's capacity weighs the kinds best; the largest frequency is the second choice.
    """
    used = [core for core in cores if core.online]
    for attribute in ("capacity", "frequency"):
        speeds = [getattr(core, attribute) for core in used]
        if used and None not in speeds and len(set(speeds)) > 1:
            slowest = min(speeds)
            pairs = list(zip(used, speeds, strict=True))
            return {
                "little": tuple(core.number for core, speed in pairs if speed == slowest),
                "big": tuple(core.number for core, speed in pairs if speed > slowest),
            }
    return None


def choose_cores(connection: Connection, facts: Facts, kind: str, threads: int) -> Pinning:
    """The cores of that kind, tried on the device.

    Args:
        connection: to the device.
        facts: about it.
        kind: of ``KINDS``.
        threads: the most that a run will use.

    Raises:
        DeviceError: no taskset, no topology, too few cores, or the device refuses.
    """
    if kind == "all":
        return Pinning()
    label = connection.label
    if not facts.has_taskset:
        raise DeviceError("taskset-missing", device=label)
    kinds = split_kinds(facts.cores)
    if kinds is None:
        speeds = {(core.capacity, core.frequency) for core in facts.cores}
        readable = len(speeds) == 1 and speeds != {(None, None)}
        raise DeviceError(
            "one-kind-of-core" if readable else "topology-unreadable", device=label, count=len(facts.cores)
        )
    found = Pinning(kind, kinds[kind])
    if threads > len(found.cores):
        raise DeviceError("too-few-cores", device=label, threads=threads, count=len(found.cores), kind=kind)
    tried = connection.run(f"{found.prefix}true 2>&1", stage="choice of cores")
    if tried.code:
        detail = last_line(tried.out)
        raise DeviceError("pinning-refused", device=label, kind=kind, mask=found.mask, detail=detail)
    return found


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is ready.

    Attributes:
        connection: to it.
        facts: about it.
        pinning: the cores to use.
    """

    connection: Connection
    facts: Facts
    pinning: Pinning


@dataclass(frozen=True, slots=True)
class DeviceMeasurement:
    """A runner's figures, whole and checked.

    Attributes:
        records: one a stage.
        peak_memory_bytes: of its processes, where it says so.
        steady_memory_bytes: the same, after the last run.
        extra: what else it printed.
    """

    records: tuple[Record, ...]
    peak_memory_bytes: tuple[int, ...] = ()
    steady_memory_bytes: tuple[int, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class Runner(Protocol):
    """One way to run an artifact on a device."""

    name: str
    """For sentences and the journal."""
    formats: tuple[str, ...]
    """Formats that it runs; the rest is left out."""
    engines: tuple[str, ...]
    """Words of ``--engine`` that it takes; empty: its own choice."""
    modes: tuple[str, ...]
    """Of ``Request.mode``."""

    def key(self) -> dict[str, Any]:
        """Everything of it that decides a result: options, hash of its program. Two runs of one key need not be repeated."""
        ...

    def prepare(self, device: Device) -> None:
        """Once for a device: check that it can run there, and put what it needs there.

        Raises:
            DeviceError: it cannot.
        """
        ...

    def measure(self, device: Device, subject: Subject) -> DeviceMeasurement:
        """Run one artifact.

        Raises:
            DeviceError: not to its end, or with a result that is not whole; nothing of it is kept.
        """
        ...
