"""ONNX by onnxruntime, on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.protocol import check_end, find_installed, import_library, native, pick_name
from fer_edge.runtime.errors import EngineError, MissingExtra

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(float16)": "float16",
}
_ERRORS_ONLY = 3
_CPU = "CPUExecutionProvider"


class OnnxSession:
    """One opened ONNX file."""

    def __init__(self, session: Any, path: Path, contract: Contract, engine: str) -> None:
        self.engine = engine
        self._session = session
        self._path = path
        self._input = contract.input.name
        self._output = contract.output.name

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture; see :class:`fer_edge.runtime.engines.protocol.Session`."""
        with native("onnxruntime", self._path, "run"):
            output = self._session.run([self._output], {self._input: tensor})[0]
        return np.asarray(output).reshape(-1)

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """``InferenceSession.run`` with names and feed bound."""
        return functools.partial(self._session.run, [self._output], {self._input: tensor})


class OnnxRuntime:
    """The engine ``onnxruntime``.

    Args:
        provider: the execution provider that it asks for; the CPU's follows it.
    """

    name = "onnxruntime"
    formats: tuple[str, ...] = ("onnx",)
    libraries: tuple[tuple[str, str], ...] = (
        ("onnxruntime", "onnxruntime"),
        ("onnxruntime-gpu", "onnxruntime"),
    )
    system = ""

    def __init__(self, provider: str = _CPU) -> None:
        self._provider = provider

    def version(self) -> str | None:
        """Distribution and version, if installed."""
        return find_installed(self.libraries)

    def absent(self) -> EngineError:
        """The error that says how to install it."""
        return MissingExtra("onnxruntime", "onnx")

    def open(self, path: Path, contract: Contract, threads: int) -> OnnxSession:
        """Load a file with ``threads`` threads in all."""
        found = import_library("onnxruntime", "onnx")
        if self._provider not in found.get_available_providers():
            raise EngineError(unknown("provider", self._provider, found.get_available_providers()))
        options = found.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        with native("onnxruntime", path, "open"):
            session = found.InferenceSession(
                str(path), options, providers=list(dict.fromkeys((self._provider, _CPU)))
            )
        with native("onnxruntime", path, "read"):  # names that are not UTF-8
            self._check(session, path, contract)
        return OnnxSession(session, path, contract, self.version() or "onnxruntime")

    def _check(self, session: Any, path: Path, contract: Contract) -> None:
        inputs = {end.name: end for end in session.get_inputs()}
        outputs = {end.name: end for end in session.get_outputs()}
        given = inputs[pick_name(path, "input", contract.input.name, list(inputs))]
        answer = outputs[pick_name(path, "output", contract.output.name, list(outputs))]
        if len(inputs) != 1:
            raise EngineError(f"{path.name}: it takes {len(inputs)} inputs; allowed: one")
        wanted = (contract.input.shape, contract.input.dtype)
        check_end(path, "input", given.name, given.shape, _DTYPES.get(given.type, given.type), wanted)
        labels = (1, len(contract.labels))
        check_end(
            path,
            "output",
            answer.name,
            answer.shape,
            _DTYPES.get(answer.type, answer.type),
            (labels, "float32"),
        )


ONNXRUNTIME = OnnxRuntime()
