"""``fer-export doctor``: what can be exported and run here, and what would bring the rest. A fault report begins with it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from typing import Any

from fer_edge import __version__
from fer_edge.console.command import command
from fer_edge.console.output import Output
from fer_edge.console.table import table
from fer_edge.export.formats import FORMATS
from fer_edge.export.formats.entry import FormatEntry
from fer_edge.export.run.plan import NEEDED
from fer_edge.runtime.engines import find_checkers, find_engine
from fer_edge.runtime.errors import EngineError
from fer_edge.runtime.requirements import distribution_of, install_command

COMMON = (
    "torch",
    "torchvision",
    "numpy",
    "opencv-python",
    "pillow",
    "safetensors",
    "scipy",
    "rich",
    "jinja2",
)
PROGRAMS = {
    "java": "apt-get install openjdk-17-jdk-headless",
    "mvn": "apt-get install maven",
    "adb": "apt-get install adb",
    "ssh": "apt-get install openssh-client",
}
"""Programs that Android builds and measurements on devices need, and what brings each on Debian and Ubuntu."""


@dataclass(frozen=True)
class Ability:
    """The abilities of one format here.

    Attributes:
        format: its name.
        exports: whether everything that writes it is installed.
        missing: distributions that are not.
        install: the command that brings them, else None.
        engine: library and version that runs it here, else None.
        why_not: why nothing does, else None.
        judged_by: what judges its files here: the engine, evaluators of the specification.
        tools: distribution -> version of what writes it; None: not installed.
    """

    format: str
    exports: bool
    missing: list[str]
    install: str | None
    engine: str | None
    why_not: str | None
    judged_by: list[str]
    tools: dict[str, str | None]


@command("doctor", example="fer-export doctor --json > doctor.json")
def main(output: Output) -> None:
    """Tell which formats can be exported and run here, the versions of the tools, and what brings what is missing.

    Nothing is imported, so a library that is installed but broken counts as there.
    """
    found = [_ability(entry) for entry in FORMATS]
    common = {name: _version(name) for name in COMMON}
    programs = {name: shutil.which(name) is not None for name in PROGRAMS}
    document = {
        "fer_edge": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "formats": [asdict(ability) for ability in found],
        "libraries": common,
        "programs": programs,
    }
    output.result(document, _text(document, found, output.width))


def _ability(entry: FormatEntry) -> Ability:
    lacking = tuple(
        dict.fromkeys(
            (*entry.missing(), *(module for module in NEEDED if _version(distribution_of(module)) is None))
        )
    )
    try:
        engine, why_not = find_engine(entry.name).version(), None
    except EngineError as error:
        engine, why_not = None, str(error)
    try:
        judged_by = [str(checker.version()) for checker in find_checkers(entry.name)]
    except EngineError:
        judged_by = []
    return Ability(
        format=entry.name,
        exports=not lacking,
        missing=[distribution_of(module) for module in lacking],
        install=install_command(lacking[0], entry.extra) if lacking else None,
        engine=engine,
        why_not=why_not,
        judged_by=judged_by,
        tools={tool: _version(tool) for tool in ("torch", *entry.tools)},
    )


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _text(document: dict[str, Any], found: list[Ability], width: int | None) -> str:
    rows = [
        (
            ability.format,
            "yes" if ability.exports else "missing",
            ability.engine or "-",
            ", ".join(f"{name} {number or '(absent)'}" for name, number in ability.tools.items()),
        )
        for ability in found
    ]
    lines = [table(("format", "export", "runs by", "written by"), rows, width=width), ""]
    lines += [
        f"{entry.format}: {', '.join(entry.missing)} missing: {entry.install}"
        for entry in found
        if entry.install
    ]
    lines += [f"{entry.format}: {entry.why_not}" for entry in found if entry.why_not]
    lines += [
        f"{entry.format}: files are judged by {', '.join(entry.judged_by)}"
        for entry in found
        if entry.judged_by not in ([], [entry.engine])
    ]
    lines += [
        f"{name}: not found: {PROGRAMS[name]}" for name, there in document["programs"].items() if not there
    ]
    head = f"fer-edge {document['fer_edge']}, Python {document['python']}, {document['system']}, {document['cpus']} CPUs"
    libraries = ", ".join(f"{name} {number or '(absent)'}" for name, number in document["libraries"].items())
    return "\n".join([head, libraries, "", *lines]).rstrip()
