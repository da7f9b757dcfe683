"""Peaks of this machine: matrix products a second and bytes a second.

Measured in a process of its own, because BLAS takes its number of threads when it is loaded, and as the best of many
short turns: a peak is a maximum, and disturbance only lowers a turn. The fp32 peak is the better of numpy's BLAS and
onnxruntime's ``MatMul``, the int8 peak onnxruntime's ``MatMulInteger``; without onnxruntime the fp32 peak is the
yardstick of int8 too, and the report says so.

Bandwidth depends on whether the data fit into a cache, so it is measured over working sets of several sizes, as the
better of a copy (read and written) and a scalar product (read only).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fer_edge.bench.roofline.onnx_writer import FLOAT, INT8, INT32, UINT8, gemm_model
from fer_edge.runtime.errors import EngineError
from fer_edge.runtime.extras import require

SIZES = (256, 384, 512)
"""Rows and columns of the matrices: long enough that calling costs little, short enough (a millisecond) to fit between
two disturbances, and small enough for a second-level cache."""
WORKING_SETS = tuple(1 << power for power in (18, 21, 24, 27))
"""Bytes: 256 KiB, 2 MiB, 16 MiB, 128 MiB."""
SECONDS_A_SIZE = 0.15
SECONDS_A_WORKING_SET = 0.08
_TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Peaks:
    """Of one number of threads.

    Attributes:
        threads: that worked.
        fp32_macs: multiplications with an addition a second, float32.
        int8_macs: the same, int8 with int32 sums; None where nothing here could measure it.
        bandwidth: bytes a second by working set in bytes, ascending.
        source: which libraries gave the two GEMM peaks, for people.
    """

    threads: int
    fp32_macs: float
    int8_macs: float | None
    bandwidth: tuple[tuple[int, float], ...]
    source: str

    def best(self, other: Peaks) -> Peaks:
        """The higher of two measurements, figure by figure."""
        pairs = zip(self.bandwidth, other.bandwidth, strict=True)
        integers = [rate for rate in (self.int8_macs, other.int8_macs) if rate is not None]
        higher = self if self.fp32_macs >= other.fp32_macs else other
        return Peaks(
            self.threads,
            higher.fp32_macs,
            max(integers, default=None),
            tuple((size, max(rate, again)) for (size, rate), (_, again) in pairs),
            higher.source,
        )

    def bandwidth_for(self, size: float) -> float:
        """Bytes a second of a working set: of the smallest measured one that holds it, else of the largest."""
        return next((rate for room, rate in self.bandwidth if size <= room), self.bandwidth[-1][1])


def measure_peaks(threads: int) -> Peaks:
    """Measure in a process of its own; about two seconds.

    Raises:
        EngineError: it ended without an answer.
    """
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    # The sources' folder, so that it also works uninstalled.
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-m", __name__, str(threads)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"the machine's peak could not be measured: no answer in {_TIMEOUT} s") from None
    try:
        members = json.loads(ran.stdout)
        bandwidth = tuple((int(size), float(rate)) for size, rate in members.pop("bandwidth"))
        return Peaks(**members, bandwidth=bandwidth)
    except (ValueError, TypeError, KeyError):
        said = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
        raise EngineError(f"the machine's peak could not be measured: {said}") from None


def _here(threads: int) -> Peaks:
    rates = {"numpy": _rate(_numpy_product)}
    integer = None
    try:
        rates["onnxruntime"] = _rate(lambda size: _runtime_product(threads, "MatMul", size))
        integer = _rate(lambda size: _runtime_product(threads, "MatMulInteger", size))
    except EngineError:
        pass  # not installed; numpy is the yardstick
    best = max(rates, key=lambda name: rates[name])
    source = f"fp32 by {best}" + (", int8 by onnxruntime" if integer else "")
    bandwidth = tuple((size, _bandwidth(size, threads)) for size in WORKING_SETS)
    return Peaks(threads, rates[best], integer, bandwidth, source)


def _rate(product: Callable[[int], Callable[[], object]]) -> float:
    """MACs a second of the best size."""
    return max(size**3 / _best(product(size), SECONDS_A_SIZE) for size in SIZES)


def _best(turn: Callable[[], object], seconds: float) -> float:
    """Seconds of the fastest turn, after one that warms up; three at least."""
    turn()
    found: list[float] = []
    begin = time.perf_counter()
    while len(found) < 3 or time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        turn()
        found.append(time.perf_counter() - before)
    return min(found)


def _numpy_product(size: int) -> Callable[[], object]:
    left = np.ones((size, size), np.float32)
    right, output = left.copy(), left.copy()
    return lambda: np.matmul(left, right, out=output)


def _runtime_product(threads: int, operator: str, size: int) -> Callable[[], object]:
    runtime = require("onnxruntime", "onnx")
    kinds = (FLOAT, FLOAT, FLOAT) if operator == "MatMul" else (UINT8, INT8, INT32)
    dtypes = (np.float32, np.float32) if operator == "MatMul" else (np.uint8, np.int8)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    model = gemm_model(operator, *kinds, size)
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given: dict[str, Any] = {
        name: np.ones((size, size), kind) for name, kind in zip("ab", dtypes, strict=True)
    }
    return lambda: session.run(None, given)


def _bandwidth(size: int, threads: int) -> float:
    """Bytes a second of ``threads`` threads together, each on its part of the working set."""
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(_one_bandwidth, [size // threads] * threads))


def _one_bandwidth(size: int) -> float:
    whole = np.ones(size // 4, np.float32)
    half = len(whole) // 2
    copy = _best(lambda: np.copyto(whole[:half], whole[half:]), SECONDS_A_WORKING_SET)
    read = _best(lambda: np.dot(whole, whole), SECONDS_A_WORKING_SET)
    return whole.nbytes / min(copy, read)


def main(arguments: Sequence[str]) -> None:
    """Print the peaks of as many threads as the first argument says, as JSON."""
    sys.stdout.write(json.dumps(asdict(_here(int(arguments[0])))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
