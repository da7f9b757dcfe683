"""What a person may choose for a device: typed as options of ``fer-bench``, read from ``Request.options``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from fer_edge.bench.targets import Request
from fer_edge.bench.targets.device import KINDS
from fer_edge.bench.units import SECONDS
from fer_edge.console.command import usage_error
from fer_edge.runtime.closest import unknown

_LENGTHS = {"quick": (3, 30), "default": (10, 50), "sustained": (10, 50)}
"""Processes and runs of each, by mode; one process more reads the memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices.

    Attributes:
        cores: ``all``, ``big`` or ``little``.
        benchmark_model: path here of TensorFlow Lite's tool built for the device; None: the Android demo measures.
        processes: how many short processes each variant gets.
        runs: inferences of each process.
        seconds: further processes until so much time is over (``--sustained``).
        start_celsius: cool enough to begin; None: by what is measured.
        cool_down: the longest wait for it, seconds.
        timeout: of one process, or of the app, seconds.
        journal: where the campaign is kept; None: nowhere.
        keep: leave the files on the device.
        package: of the app.
        accelerator: of the app: ``cpu``, ``nnapi`` or ``gpu``.
        python: of a board.
        every: seconds between looks while waiting.
    """

    cores: str = "all"
    benchmark_model: Path | None = None
    processes: int = 10
    runs: int = 50
    seconds: float = 0.0
    start_celsius: float | None = None
    cool_down: float = 300.0
    timeout: float = 600.0
    journal: Path | None = None
    keep: bool = False
    package: str = "io.github.feredge.app"
    accelerator: str = "cpu"
    python: str = "python3"
    every: float = 5.0


def _number(least: float, most: float) -> Callable[[str, str], float]:
    def read(name: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            usage_error(f"--{name} is {text!a}; allowed: a number from {least:g} to {most:g}")
        return value

    return read


def _whole(least: int, most: int) -> Callable[[str, str], int]:
    number = _number(least, most)
    return lambda name, text: int(number(name, text))


def _word(*allowed: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in allowed:
            usage_error(unknown(f"--{name}", text, list(allowed)))
        return text

    return read


_READERS: Mapping[str, tuple[str, Callable[[str, str], Any]]] = {
    "cores": ("cores", _word(*KINDS)),
    "benchmark-model": ("benchmark_model", lambda _name, text: Path(text)),
    "processes": ("processes", _whole(1, 10_000)),
    "runs": ("runs", _whole(1, 100_000)),
    "start-celsius": ("start_celsius", _number(0, 120)),
    "cool-down": ("cool_down", _number(0, 86_400)),
    "device-timeout": ("timeout", _number(1, 86_400)),
    "journal": ("journal", lambda _name, text: Path(text)),
    "keep-files": ("keep", lambda _name, text: text == "true"),
    "app-package": ("package", lambda _name, text: text),
    "accelerator": ("accelerator", _word("cpu", "nnapi", "gpu")),
    "remote-python": ("python", lambda _name, text: text),
    "look-every": ("every", _number(0.01, 600)),
}
OPTIONS: tuple[str, ...] = tuple(_READERS)
"""Names in ``Request.options``: each is an option of ``fer-bench`` without its dashes; times are seconds."""


def read_settings(request: Request) -> Settings:
    """The choices of a request; what was not chosen follows the mode.

    Raises:
        click.UsageError: an unknown name or a value that is not allowed.
    """
    processes, runs = _LENGTHS.get(request.mode, _LENGTHS["default"])
    chosen: dict[str, Any] = {"processes": processes, "runs": runs, "seconds": request.seconds or 0.0}
    for name, text in request.options:
        if name not in _READERS:
            usage_error(unknown("option of a device", name, list(OPTIONS)))
        attribute, reader = _READERS[name]
        chosen[attribute] = reader(name, text)
    return Settings(**chosen)


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
