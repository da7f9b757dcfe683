"""Core ML by coremltools; its ``predict`` exists on macOS only."""

from __future__ import annotations

import functools
import platform
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.protocol import find_installed, import_library, list_names, native
from fer_edge.runtime.errors import EngineError, MissingExtra
from fer_edge.runtime.extras import require


class CoreMlSession:
    """One opened Core ML package."""

    def __init__(self, model: Any, path: Path, contract: Contract, engine: str) -> None:
        self.engine = engine
        self._model = model
        self._path = path
        self._contract = contract
        # Core ML asks for one prediction at a time on one model.
        self._alone = threading.Lock()

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture; see :class:`fer_edge.runtime.engines.protocol.Session`."""
        contract = self._contract
        with native("Core ML", self._path, "run"), self._alone:
            answer = self._model.predict({contract.input.name: self._input(tensor)})[contract.output.name]
        if isinstance(answer, dict):
            return np.asarray([answer[label] for label in contract.labels], np.float32)
        return np.asarray(answer).reshape(-1)

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """``MLModel.predict`` with its dictionary."""
        return functools.partial(self._model.predict, {self._contract.input.name: self._input(tensor)})

    def _input(self, tensor: NDArray[Any]) -> Any:
        if self._contract.input.interface == "tensor":
            return tensor
        # An ImageType takes pictures, not arrays.
        return require("PIL.Image", "predict").fromarray(tensor[0].astype(np.uint8), "RGB")


class CoreMl:
    """The engine ``coreml``."""

    name = "coreml"
    formats: tuple[str, ...] = ("coreml",)
    libraries: tuple[tuple[str, str], ...] = (("coremltools", "coremltools"),)
    system = "darwin"

    def version(self) -> str | None:
        """Distribution and version, if it is installed and this is macOS."""
        return find_installed(self.libraries) if sys.platform == self.system else None

    def absent(self) -> EngineError:
        """The error that says where it runs, or how to install it."""
        if sys.platform != self.system:
            return EngineError(
                f"Core ML packages run on macOS only; on {platform.system()} take another format, such as tflite or onnx, or evaluate "
                "them by the MIL specification (--engine coreml-spec)"
            )
        return MissingExtra("coremltools", "coreml")

    def open(self, path: Path, contract: Contract, threads: int) -> CoreMlSession:  # noqa: ARG002 - Core ML chooses
        """Load a package on the CPU."""
        if self.version() is None:
            raise self.absent()
        found = import_library("coremltools", "coreml")
        with native("Core ML", path, "open"):
            model = found.models.MLModel(str(path), compute_units=found.ComputeUnit.CPU_ONLY)
            names = [end.name for end in model.get_spec().description.output]
        if contract.output.name not in names:
            raise EngineError(
                f"{path.name}: output {contract.output.name!r} of its contract is not among {list_names(names)}"
            )
        return CoreMlSession(model, path, contract, self.version() or self.name)


COREML = CoreMl()
