"""Fast and slow cores, and the prefix that keeps a command on one kind of them."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.bench.targets.connection import Connection
from fer_edge.bench.targets.device_facts import Core, Facts
from fer_edge.bench.targets.faults import DeviceFault, last_line

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
        """What stands before a command; empty for ``all``."""
        return f"taskset {self.mask} " if self.cores else ""


def kinds_of(cores: tuple[Core, ...]) -> dict[str, tuple[int, ...]] | None:
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


def pin(connection: Connection, facts: Facts, kind: str, threads: int) -> Pinning:
    """The cores of that kind, tried on the device.

    Args:
        connection: to the device.
        facts: about it.
        kind: of ``KINDS``.
        threads: the most that a run will use.

    Raises:
        DeviceFault: no taskset, no topology, too few cores, or the device refuses.
    """
    if kind == "all":
        return Pinning()
    label = connection.label
    if not facts.has_taskset:
        raise DeviceFault("taskset-missing", device=label)
    kinds = kinds_of(facts.cores)
    if kinds is None:
        speeds = {(core.capacity, core.frequency) for core in facts.cores}
        readable = len(speeds) == 1 and speeds != {(None, None)}
        raise DeviceFault(
            "one-kind-of-core" if readable else "topology-unreadable", device=label, count=len(facts.cores)
        )
    found = Pinning(kind, kinds[kind])
    if threads > len(found.cores):
        raise DeviceFault("too-few-cores", device=label, threads=threads, count=len(found.cores), kind=kind)
    tried = connection.run(f"{found.prefix}true 2>&1", stage="choice of cores")
    if tried.code:
        detail = last_line(tried.out)
        raise DeviceFault("pinning-refused", device=label, kind=kind, mask=found.mask, detail=detail)
    return found
