"""Choices for a device: typed as options of ``fer-bench``, read from ``Request.options``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.device import KINDS
from fer_edge.bench.units import SECONDS
from fer_edge.console.command import usage_error
from fer_edge.runtime.closest import unknown

_LENGTHS = {"quick": (3, 30), "default": (10, 50), "sustained": (10, 50)}
"""Processes and runs of each, by mode; one process more reads the memory."""


@dataclass(frozen=True, slots=True)
class DeviceOptions:
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


@dataclass(frozen=True, slots=True)
class Option:
    """One choice.

    Attributes:
        attribute: of :class:`DeviceOptions`.
        read: its value from its name and the text.
        click: of an option of ``fer-bench`` by itself; None: typed as ``--set NAME=VALUE``.
    """

    attribute: str
    read: Callable[[str, str], Any]
    click: Mapping[str, Any] | None = None


def _text(_name: str, text: str) -> str:
    return text


def _path(_name: str, text: str) -> Path:
    return Path(text)


def _shown(text: str, metavar: str, **more: Any) -> dict[str, Any]:
    return {"help": text, "metavar": metavar, **more}


OPTIONS: Mapping[str, Option] = {
    "benchmark-model": Option(
        "benchmark_model",
        _path,
        _shown("adb: TensorFlow Lite's tool built for the device; else the app.", "PATH"),
    ),
    "cores": Option(
        "cores",
        _word(*KINDS),
        {"type": click.Choice(KINDS), "help": "adb, ssh: which cores.  [default: all]"},
    ),
    "journal": Option(
        "journal", _path, _shown("adb, ssh: resume an interrupted campaign from this file.", "FILE")
    ),
    "start-celsius": Option(
        "start_celsius",
        _number(0, 120),
        _shown("adb, ssh: begin below it.  [default: skin 38, chip 55]", "C", type=click.FloatRange(0, 120)),
    ),
    "cool-down": Option(
        "cool_down",
        _number(0, 86_400),
        _shown("adb, ssh: longest wait for it.  [default: 5m]", "5m", type=SECONDS),
    ),
    "remote-python": Option(
        "python", _text, _shown("ssh: Python 3.11 or newer there.  [default: python3]", "PROGRAM")
    ),
    "processes": Option("processes", _whole(1, 10_000)),
    "runs": Option("runs", _whole(1, 100_000)),
    "device-timeout": Option("timeout", _number(1, 86_400)),
    "keep-files": Option("keep", lambda _name, text: text == "true"),
    "app-package": Option("package", _text),
    "accelerator": Option("accelerator", _word("cpu", "nnapi", "gpu")),
    "look-every": Option("every", _number(0.01, 600)),
}
"""By the names of ``Request.options``: an option of ``fer-bench`` without its dashes; times are seconds."""
_TYPED = {name: option.click for name, option in OPTIONS.items() if option.click is not None}


def read_options(request: MeasurementRequest) -> DeviceOptions:
    """The choices of a request; what was not chosen follows the mode.

    Raises:
        click.UsageError: an unknown name or a value that is not allowed.
    """
    processes, runs = _LENGTHS.get(request.mode, _LENGTHS["default"])
    chosen: dict[str, Any] = {"processes": processes, "runs": runs, "seconds": request.seconds or 0.0}
    for name, text in request.options:
        if name not in OPTIONS:
            usage_error(unknown("option of a device", name, list(OPTIONS)))
        chosen[OPTIONS[name].attribute] = OPTIONS[name].read(name, text)
    return DeviceOptions(**chosen)


def device_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; what was typed goes into the function's ``settings`` as ``KEY=VALUE``."""

    @wraps(function)
    def merged(*arguments: Any, settings: tuple[str, ...] = (), **given: Any) -> Any:
        typed = {name: given.pop(name.replace("-", "_")) for name in _TYPED}
        chosen = {name: value for name, value in typed.items() if value is not None}
        if chosen and str(given.get("target", "host")).partition(":")[0] == "host":
            first = next(iter(chosen))
            usage_error(f"--{first} is for devices: add --target adb[:SERIAL] or --target ssh:HOST")
        added = tuple(f"{name}={value}" for name, value in chosen.items())
        return function(*arguments, settings=(*settings, *added), **given)

    found: Callable[..., Any] = merged
    for name, attributes in reversed(_TYPED.items()):
        found = click.option(f"--{name}", **attributes)(found)
    return found
