"""What a device says about itself: read once, in one command, so that the measurement hardly disturbs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fer_edge.bench.targets.connection import Connection

UNKNOWN = "unknown"
"""What a device does not show is no verdict."""
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


def sections(text: str) -> dict[str, str]:
    """The output of a script that writes ``@name`` before each part."""
    found: dict[str, str] = {}
    for part in re.split(r"(?m)^@", text)[1:]:
        name, _, rest = part.partition("\n")
        found[name.strip()] = rest.strip()
    return found


def read_facts(connection: Connection) -> Facts:
    """Ask the device.

    Raises:
        DeviceFault: the connection broke.
    """
    said = sections(connection.run(_SCRIPT, stage="reading of its properties").out)
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
