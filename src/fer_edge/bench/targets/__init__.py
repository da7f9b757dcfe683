"""Where artifacts are measured, one file a kind of place.

A new one is a file with an object of the shape ``Target`` and a line in ``TARGETS``.
"""

from __future__ import annotations

import importlib

from fer_edge.bench.targets.target import Request, Subject, Target
from fer_edge.console.command import usage_error
from fer_edge.runtime.closest import unknown

TARGETS: dict[str, str] = {
    "host": "fer_edge.bench.targets.host:HOST",
    "adb": "fer_edge.bench.targets.adb:ADB",
    "ssh": "fer_edge.bench.targets.ssh:SSH",
}
"""Word of ``--target`` -> ``module:object``, imported when it is chosen."""

__all__ = ["TARGETS", "Request", "Subject", "Target", "find_target"]


def find_target(text: str) -> tuple[Target, str]:
    """The target of ``--target NAME[:ADDRESS]``, and the address (empty without one).

    Raises:
        click.UsageError: no such target; the message names the closest one.
    """
    name, _, address = text.partition(":")
    if name not in TARGETS:
        usage_error(unknown("target", name, list(TARGETS)))
    module, _, attribute = TARGETS[name].partition(":")
    found: Target = getattr(importlib.import_module(module), attribute)
    return found, address
