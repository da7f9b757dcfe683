"""Places where artifacts are measured, one file a kind.

A new one is a file with an object of the shape ``Target`` and a line in ``TARGETS``.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fer_edge.console.command import usage_error
from fer_edge.runtime.closest import unknown

if TYPE_CHECKING:  # --help reads this list
    from fer_edge.bench.measure.subject import Subject
    from fer_edge.bench.results.records import Result


@dataclass(frozen=True, slots=True)
class MeasurementRequest:
    """A measurement that is asked for: artifacts, length, seed.

    Attributes:
        subjects: in the order of the table.
        mode: ``default``, ``quick``, ``sustained`` or ``mlperf``.
        seconds: budget of the whole run; the mode's own where None.
        seed: of the order of turns.
        bundle_sha256: of the bundle the subjects came from; None for lone files.
        tell: gets a line now and then about what goes on.
        options: of the target itself, such as the path of ``benchmark_model``.
    """

    subjects: tuple[Subject, ...]
    mode: str = "default"
    seconds: float | None = None
    seed: int = 0
    bundle_sha256: str | None = None
    tell: Callable[[str], None] = lambda _line: None
    options: tuple[tuple[str, str], ...] = ()


class Target(Protocol):
    """One kind of place. A module-level object of this shape in its own file, and a line in ``TARGETS``."""

    name: str
    """The word before the colon of ``--target``: ``host``, ``adb``, ``ssh``."""

    def measure(self, address: str, request: MeasurementRequest) -> Result:
        """Measure every subject.

        Args:
            address: what stands after the colon; empty if there is none.
            request: what to measure.

        Returns:
            The records, each marked trusted or not; ``complete`` is False after Ctrl-C.

        Raises:
            FerEdgeError: the place cannot be reached, or nothing was measured.
        """


TARGETS: dict[str, str] = {
    "host": "fer_edge.bench.targets.host:HOST",
    "adb[:SERIAL]": "fer_edge.bench.targets.adb:ADB",
    "ssh:HOST": "fer_edge.bench.targets.ssh:SSH",
}
"""Form of ``--target``, as ``--help`` shows it -> ``module:object``, imported when it is chosen."""

__all__ = ["TARGETS", "MeasurementRequest", "Target", "find_target"]


def find_target(text: str) -> tuple[Target, str]:
    """The target of ``--target NAME[:ADDRESS]``, and the address (empty without one).

    Raises:
        click.UsageError: no such target; the message names the closest one.
    """
    name, _, address = text.partition(":")
    by_name = {re.split(r"[:\[]", form)[0]: place for form, place in TARGETS.items()}
    if name not in by_name:
        usage_error(unknown("target", name, by_name))
    module, _, attribute = by_name[name].partition(":")
    found: Target = getattr(importlib.import_module(module), attribute)
    return found, address
