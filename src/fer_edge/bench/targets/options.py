"""The options of ``fer-bench`` that are about devices: typed by a person, handed on as settings of the target."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from fer_edge.bench.targets.pinning import KINDS
from fer_edge.bench.units import SECONDS
from fer_edge.console.command import usage_error

_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "benchmark-model",
        {"metavar": "PATH", "help": "adb: TensorFlow Lite's tool built for the device; else the app."},
    ),
    ("cores", {"type": click.Choice(KINDS), "help": "adb, ssh: which cores.  [default: all]"}),
    ("journal", {"metavar": "FILE", "help": "adb, ssh: resume an interrupted campaign from this file."}),
    (
        "start-celsius",
        {
            "type": click.FloatRange(0, 120),
            "metavar": "C",
            "help": "adb, ssh: begin below it.  [default: skin 38, chip 55]",
        },
    ),
    (
        "cool-down",
        {"type": SECONDS, "metavar": "5m", "help": "adb, ssh: longest wait for it.  [default: 5m]"},
    ),
    ("remote-python", {"metavar": "PROGRAM", "help": "ssh: Python 3.11 or newer there.  [default: python3]"}),
)


def device_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; what was typed goes into the function's ``settings`` as ``KEY=VALUE``."""

    @wraps(function)
    def merged(*arguments: Any, settings: tuple[str, ...] = (), **given: Any) -> Any:
        typed = [(name, given.pop(name.replace("-", "_"))) for name, _ in _OPTIONS]
        chosen = [name for name, value in typed if value is not None]
        if chosen and str(given.get("target", "host")).partition(":")[0] == "host":
            usage_error(f"--{chosen[0]} is for devices: add --target adb[:SERIAL] or --target ssh:HOST")
        added = tuple(f"{name}={value}" for name, value in typed if value is not None)
        return function(*arguments, settings=(*settings, *added), **given)

    found: Callable[..., Any] = merged
    for name, attributes in reversed(_OPTIONS):
        found = click.option(f"--{name}", **attributes)(found)
    return found
