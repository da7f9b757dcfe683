"""Python on a Linux board as a runner: our own sources travel there and measure as they do on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import fer_edge.bench.measure
import fer_edge.runtime
from fer_edge.bench.measure.engines import VARIED
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Block, Record
from fer_edge.bench.targets.board import MISSING, SCHEMA
from fer_edge.bench.targets.connection import pull_file, push_file
from fer_edge.bench.targets.device import Device, DeviceMeasurement
from fer_edge.bench.targets.device_options import DeviceOptions
from fer_edge.bench.targets.errors import DeviceError, last_line
from fer_edge.runtime.engines import ENGINES
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.formats import default_formats
from fer_edge.runtime.schema import Choice, Document, Length, Range

_STAGES = ("inference", "camera", "whole")
_MEASURE = ("child", "engines", "memory", "timing", "work")
NAME = "Python"


Nanoseconds = Annotated[int, Range(0, 1 << 62)]
Samples = Annotated[tuple[Nanoseconds, ...], Length(1, 20_000_000)]
Memory = Annotated[int | None, Range(0, 1 << 62), "bytes; null where the system does not tell"]


@dataclass(frozen=True, slots=True)
class Stages:
    """Times of each stage, in the order in which they were taken."""

    inference: Samples
    camera: Samples
    whole: Samples


@dataclass(frozen=True, slots=True)
class BoardResult:
    """The figures of one process on a board."""

    schema: Annotated[str, Choice(SCHEMA)]
    engine: Annotated[str, "library and version"]
    load_ns: Nanoseconds
    first_ns: Nanoseconds
    stages: Stages
    restless: Annotated[tuple[str, ...], "stages that did not become steady"]
    base_memory: Memory
    peak: Memory
    steady: Memory


DOCUMENT = Document(BoardResult, "result of a board", DataError, limit=256 << 20)


def pack_sources() -> bytes:
    """The runtime and the child as a tar archive: the same sources give the same bytes."""
    runtime = Path(fer_edge.runtime.__file__).parent
    measure = Path(fer_edge.bench.measure.__file__).parent
    files = {f"fer_edge/runtime/{path.relative_to(runtime)}": path for path in runtime.rglob("*.py")}
    files |= {f"fer_edge/bench/measure/{name}.py": measure / f"{name}.py" for name in _MEASURE}
    files["fer_edge/bench/targets/board.py"] = Path(__file__).with_name("board.py")
    texts = {name: path.read_bytes() for name, path in files.items()}
    # The packages' own beginnings would bring click along.
    for package in ("bench", "bench/measure", "bench/targets"):
        texts[f"fer_edge/{package}/__init__.py"] = b""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in sorted(texts):
            entry = tarfile.TarInfo(name)
            entry.size = len(texts[name])
            archive.addfile(entry, io.BytesIO(texts[name]))
    return buffer.getvalue()


_ENGINES = [engine for engine in ENGINES if not engine.system]
"""Those that run on a board: the one of macOS does not."""
_FORMATS = tuple(word for word in default_formats() if any(word in engine.formats for engine in _ENGINES))


class BoardPython:
    """The runner.

    Args:
        options: of the run.
    """

    name = NAME
    formats = _FORMATS
    engines: tuple[str, ...] = ("", *sorted([*(engine.name for engine in _ENGINES), *VARIED]))
    modes: tuple[str, ...] = ("default", "quick")

    def __init__(self, options: DeviceOptions) -> None:
        self._options = options
        self._home = ""

    def key(self) -> dict[str, Any]:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        options = self._options
        return {
            "runner": self.name,
            "python": options.python,
            "sources": hashlib.sha256(pack_sources()).hexdigest(),
            "processes": options.processes,
            "runs": options.runs,
        }

    def prepare(self, device: Device) -> None:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        python, label = shlex.quote(self._options.python), device.connection.label
        said = device.connection.run(
            f"{python} -c 'import sys; print(*sys.version_info[:2])'", stage="look for Python"
        )
        words = said.out.split()
        if said.code or len(words) != 2 or not all(word.isdecimal() for word in words):
            raise DeviceError("python-missing", device=label, python=self._options.python)
        if (int(words[0]), int(words[1])) < (3, 11):
            found = ".".join(words)
            raise DeviceError("python-old", device=label, python=self._options.python, found=found)
        with tempfile.TemporaryDirectory(prefix="fer-edge-board-") as folder:
            local = Path(folder) / "sources.tar"
            local.write_bytes(pack_sources())
            remote = push_file(device.connection, local)
            self._home = remote.removesuffix(".tar")
        unpacked = device.connection.run(
            f"[ -d {self._home} ] || {python} -m tarfile -e {remote} {self._home}", stage="push"
        )
        if unpacked.code:
            detail = last_line(unpacked.out)
            raise DeviceError("push-failed", device=label, path="sources.tar", detail=detail)

    def measure(self, device: Device, subject: Subject) -> DeviceMeasurement:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        model = push_file(device.connection, subject.path)
        order = {
            "path": model,
            "format": subject.format,
            "engine": subject.engine,
            "threads": subject.threads,
            "contract": subject.contract,
            "runs": self._options.runs,
            "stages": _STAGES,
        }
        with tempfile.TemporaryDirectory(prefix="fer-edge-board-") as folder:
            local = Path(folder) / "order.json"
            local.write_text(json.dumps(order), encoding="utf-8")
            sent = push_file(device.connection, local)
        found = [self._process(device, sent) for _ in range(self._options.processes)]
        return _to_records(subject, found)

    def _process(self, device: Device, order: str) -> BoardResult:
        connection = device.connection
        result = f"{connection.folder}/result.json"
        words = f"{shlex.quote(self._options.python)} -m fer_edge.bench.targets.board {order} {result}"
        started = (
            f"rm -f {result}; echo $$ >{connection.folder}/pid; PYTHONPATH={self._home} OMP_NUM_THREADS=1 "
            f"exec {device.pinning.prefix}{words}"
        )
        done = connection.run(f"sh -c {shlex.quote(started)}", stage="run", timeout=self._options.timeout)
        done.check(connection.label, NAME, {MISSING: "library-missing"}, {})
        data = pull_file(connection, result)
        try:
            return _read(data, self._options.runs)
        except DataError as error:
            raise DeviceError("result-truncated", device=connection.label, detail=error) from None


def _read(data: bytes, runs: int) -> BoardResult:
    found = DOCUMENT.read(data)
    for name in _STAGES:
        count = len(getattr(found.stages, name))
        if count != runs:
            raise DataError(f"{DOCUMENT.what}: stages.{name} has {count} samples; allowed: {runs}")
    return found


def _to_records(subject: Subject, found: list[BoardResult]) -> DeviceMeasurement:
    series: dict[str, list[tuple[int, ...]]] = {
        "load": [(one.load_ns,) for one in found],
        "first": [(one.first_ns,) for one in found],
        **{stage: [getattr(one.stages, stage) for one in found] for stage in _STAGES},
    }
    inside = subject.engine.partition(":")[2]
    engine = found[0].engine + (f" ({inside})" if inside else "")
    restless = sorted({stage for one in found for stage in one.restless})
    reasons = (
        (f"{', '.join(restless)} did not become steady: end other work on the board and measure again",)
        if restless
        else ()
    )
    records = tuple(
        Record(
            variant=subject.variant,
            engine=engine,
            threads=subject.threads,
            stage=stage,
            samples=tuple(sample / 1e9 for turn in turns for sample in turn),
            trusted=not reasons,
            reasons=reasons,
            subject=subject.label,
            blocks=tuple(Block(number, 0, len(turn), 0.0) for number, turn in enumerate(turns)),
        )
        for stage, turns in series.items()
    )
    peaks = tuple(one.peak for one in found if one.peak is not None)
    steady = tuple(one.steady for one in found if one.steady is not None)
    return DeviceMeasurement(records, peaks, steady)
