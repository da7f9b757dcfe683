"""What runs an artifact on a device: a program that was pushed, an installed app, Python on a board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fer_edge.bench.results.records import Record
from fer_edge.bench.targets.connection import Connection
from fer_edge.bench.targets.device_facts import Facts
from fer_edge.bench.targets.pinning import Pinning
from fer_edge.bench.targets.target import Subject


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
class Measured:
    """What a runner brought back, whole and checked.

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
    """What it runs; the rest is left out."""
    engines: tuple[str, ...]
    """Words of ``--engine`` that it takes; empty: its own choice."""
    modes: tuple[str, ...]
    """Of ``Request.mode``."""

    def key(self) -> dict[str, Any]:
        """What of it decides a result: settings, hash of its program. Two runs of one key need not be repeated."""
        ...

    def prepare(self, device: Device) -> None:
        """Once for a device: check that it can run there, and put what it needs there.

        Raises:
            DeviceFault: it cannot.
        """
        ...

    def measure(self, device: Device, subject: Subject) -> Measured:
        """Run one artifact.

        Raises:
            DeviceFault: not to its end, or with a result that is not whole; nothing of it is kept.
        """
        ...
