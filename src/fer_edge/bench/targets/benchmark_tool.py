"""TensorFlow Lite's own ``benchmark_model``, built by the user for the device, and what it prints.

Flags and lines: ``tensorflow/lite/tools/benchmark`` (TensorFlow 2.4 to 2.19) and ``tflite/tools/benchmark`` (LiteRT),
``benchmark_model.cc`` and ``Stat::OutputToStream``. It prints no single times, only a summary of each series. So each of
many short processes gives **one** sample a stage: its load, its first inference, and the **mean** of its steady ones. A
90th percentile over those is one of process means, which is narrower than that of single inferences; the summaries of all
processes (least, largest, deviation, the percentiles that newer releases print) stand in the artifact's ``extra``.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Block, Record
from fer_edge.bench.targets.connection import push_file, sha256_of
from fer_edge.bench.targets.device import Device, DeviceMeasurement
from fer_edge.bench.targets.device_options import DeviceOptions
from fer_edge.bench.targets.errors import DeviceError

_FLOAT = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_SERIES = re.compile(r"(?m)\bcount=(\d+)\b(?P<rest>[^\n]*)$")
_VALUE = re.compile(rf"\b(first|curr|min|max|avg|std|p5|median|p95)={_FLOAT}")
_TIMINGS = re.compile(
    rf"Inference timings in us: Init: {_FLOAT}, First inference: {_FLOAT}, "
    rf"Warmup \(avg\): {_FLOAT}, Inference \(avg\): {_FLOAT}\s*$",
    re.MULTILINE,
)
_PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: {_FLOAT}")
_OVERALL = re.compile(
    rf"Memory footprint delta from the start of the tool \(MB\): init={_FLOAT} overall={_FLOAT}"
)
_SIGNALS = {4: "illegal instruction", 6: "abort", 7: "bus error", 9: "killed", 11: "segmentation fault"}
_WARM_SECONDS = 0.5
NAME = "benchmark_model"
_PLAIN = "litert:builtin"


@dataclass(frozen=True, slots=True)
class Summary:
    """One process.

    Attributes:
        count: steady inferences.
        load: seconds, file to ready interpreter.
        first: seconds of the first inference.
        mean: seconds of a steady one.
        series: what else it printed of them, microseconds.
        peak_bytes: largest memory, where asked for.
        overall_bytes: memory more than at the start, where printed.
    """

    count: int
    load: float
    first: float
    mean: float
    series: dict[str, float]
    peak_bytes: int | None = None
    overall_bytes: int | None = None


def parse(text: str, device: str, runs: int) -> Summary:
    """Read what one process printed.

    Args:
        text: its output.
        device: for sentences.
        runs: how many steady inferences there must be at least.

    Raises:
        DeviceError: a line is missing or contradicts another: the output is not whole.
    """
    series = list(_SERIES.finditer(text))
    timings = _TIMINGS.search(text)
    if len(series) < 2 or not timings:
        raise _torn(
            device, f"{NAME} printed {len(series)} of 2 series and {'its' if timings else 'no'} timings"
        )
    count, last = int(series[-1][1]), series[-1]
    if count < runs:
        raise _torn(device, f"{NAME} made {count} of {runs} runs")
    values = {name: float(value) for name, value in _VALUE.findall(last["rest"])}
    load, first, _, mean = (float(value) for value in timings.groups())
    # One value, printed twice in the same digits; of a single run the series has all digits, the timings six.
    printed, slack = (values["avg"], 0.0) if "avg" in values else (values.get("curr", -1.0), 1e-5)
    if abs(printed - mean) > slack * mean:
        raise _torn(device, f"{NAME} printed two means, {printed:g} and {mean:g} us")
    peak, overall = _PEAK.search(text), _OVERALL.search(text)
    return Summary(
        count=count,
        load=load * 1e-6,
        first=first * 1e-6,
        mean=mean * 1e-6,
        series=values,
        peak_bytes=round(float(peak[1]) * (1 << 20)) if peak else None,
        overall_bytes=round(float(overall[2]) * (1 << 20)) if overall else None,
    )


def _torn(device: str, detail: str) -> DeviceError:
    return DeviceError("result-truncated", device=device, detail=detail)


class BenchmarkTool:
    """The runner.

    Args:
        program: path here of the tool built for the device.
        options: of the run.
    """

    name = NAME
    formats: tuple[str, ...] = ("tflite",)
    engines: tuple[str, ...] = ("", "litert", _PLAIN)
    # Its means of processes are no single queries, so that --mlperf's percentile cannot be had.
    modes: tuple[str, ...] = ("default", "quick", "sustained")

    def __init__(self, program: Path, options: DeviceOptions) -> None:
        self._program = program
        self._options = options
        self._remote = ""

    def key(self) -> dict[str, Any]:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        read_machine(self._program)  # its sentence is better than that of a missing file
        return {
            "runner": self.name,
            "program": sha256_of(self._program),
            "processes": self._options.processes,
            "runs": self._options.runs,
            "seconds": self._options.seconds,
        }

    def prepare(self, device: Device) -> None:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        check_machine(self._program, device.facts.machine, device.connection.label)
        self._remote = push_file(device.connection, self._program, executable=True)

    def measure(self, device: Device, subject: Subject) -> DeviceMeasurement:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        model = push_file(device.connection, subject.path)
        # The memory monitor is a thread of its own and would disturb the times.
        memory = self._process(device, subject, model, memory=True)
        until = time.monotonic() + self._options.seconds
        found: list[Summary] = []
        while len(found) < self._options.processes or time.monotonic() < until:
            found.append(self._process(device, subject, model))
        return _to_records(subject, found, memory)

    def _process(self, device: Device, subject: Subject, model: str, *, memory: bool = False) -> Summary:
        runs = 1 if memory else self._options.runs
        command = self._command(device, subject, model, runs, memory)
        done = device.connection.run(command, stage="run", timeout=self._options.timeout)
        done.check(device.connection.label, NAME, dict.fromkeys((126, 127), "not-startable"), _SIGNALS)
        return parse(done.out, device.connection.label, runs)

    def _command(self, device: Device, subject: Subject, model: str, runs: int, memory: bool) -> str:
        folder = device.connection.folder
        flags = {
            "graph": model,
            "num_threads": subject.threads,
            "num_runs": runs,
            "min_secs": 0,
            "warmup_runs": 1,
            "warmup_min_secs": _WARM_SECONDS,
            "max_secs": self._options.timeout / 2,
            "use_xnnpack": str(subject.engine != _PLAIN).lower(),
            "report_peak_memory_footprint": str(memory).lower(),
        }
        words = " ".join(
            f"--{name}={value:g}" if isinstance(value, float) else f"--{name}={value}"
            for name, value in flags.items()
        )
        # The shell becomes the program, so that its number is the program's when it must be ended.
        started = f"echo $$ >{folder}/pid; exec {device.pinning.prefix}{self._remote} {words} 2>&1"
        return f"sh -c '{started}'"


def _to_records(subject: Subject, found: list[Summary], memory: Summary) -> DeviceMeasurement:
    engine = f"{NAME} ({'no XNNPACK' if subject.engine == _PLAIN else 'XNNPACK'})"
    blocks = tuple(Block(number, 0, 1, 0.0) for number in range(len(found)))
    records = tuple(
        Record(subject.variant, engine, subject.threads, stage, samples, subject=subject.label, blocks=blocks)
        for stage, samples in (
            ("load", tuple(one.load for one in found)),
            ("first", tuple(one.first for one in found)),
            ("inference", tuple(one.mean for one in found)),
        )
    )
    extra = {
        "sample": "the mean of one process's runs: benchmark_model prints no single times",
        "processes": [asdict(one) for one in found],
        "memory": {"peak_bytes": memory.peak_bytes, "overall_bytes": memory.overall_bytes},
    }
    peaks = () if memory.peak_bytes is None else (memory.peak_bytes,)
    return DeviceMeasurement(records, peaks, extra=extra)


MACHINES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""``e_machine`` by what ``uname -m`` calls it."""
_OLDER = {"aarch64": ("armv8l", "armv7l"), "x86_64": ("i686",)}
"""Programs of the shorter word that a processor may run too."""


def read_machine(path: Path) -> str:
    """The processor.

    Raises:
        DeviceError: not readable, or no ELF program.
    """
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        raise DeviceError("runner-unreadable", path=path, detail=error.strerror or error) from None
    if len(head) < 20 or head[:4] != b"\x7fELF" or head[5] not in (1, 2):
        raise DeviceError("not-executable", path=path)
    number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return MACHINES.get(number, f"ELF machine {number}")


def check_machine(path: Path, machine: str, device: str) -> None:
    """Refuse a program that the device cannot run; a device that does not say what it is tries.

    Raises:
        DeviceError: of another processor.
    """
    found = read_machine(path)
    known = machine in MACHINES.values() or machine in ("armv8l", "arm64")
    wanted = "aarch64" if machine == "arm64" else machine
    if known and found not in (wanted, *_OLDER.get(wanted, ())):
        raise DeviceError("wrong-architecture", path=path, found=found, device=device, wanted=wanted)
