"""TFLite by LiteRT: ai-edge-litert, else tflite-runtime, else TensorFlow, whichever is installed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract, QuantizationParameters
from fer_edge.runtime.engines.protocol import check_end, find_installed, import_library, native, pick_name
from fer_edge.runtime.engines.quiet import quiet
from fer_edge.runtime.errors import EngineError, MissingExtra

_FROZEN = "tflite-runtime "
"""Ended with 2.14, which knows one scale a tensor where a fully connected layer quantizes at run time: with one scale a
channel it multiplies by 0 and says nothing."""
_SIGNATURE = "serving_default"


class LiteRtSession:
    """One opened TFLite file."""

    def __init__(self, interpreter: Any, path: Path, ends: tuple[int, int], engine: str) -> None:
        self.engine = engine
        self._interpreter = interpreter
        self._path = path
        self._input, self._output = ends
        # An interpreter has one set of tensors: what a thread puts in, another would take out.
        self._alone = threading.Lock()

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture; see :class:`fer_edge.runtime.engines.protocol.Session`."""
        with native("LiteRT", self._path, "run"), self._alone:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            output = self._interpreter.get_tensor(self._output)
        return np.asarray(output).reshape(-1)

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """``Interpreter.invoke``; the tensor is copied in here, once."""
        with native("LiteRT", self._path, "run"):
            self._interpreter.set_tensor(self._input, tensor)
        invoke: Callable[[], object] = self._interpreter.invoke
        return invoke


class LiteRt:
    """The engine ``litert``.

    Args:
        delegates: False leaves XNNPACK out: TFLite's own kernels.
    """

    name = "litert"
    formats: tuple[str, ...] = ("tflite",)
    libraries: tuple[tuple[str, str], ...] = (
        ("ai-edge-litert", "ai_edge_litert.interpreter"),
        ("tflite-runtime", "tflite_runtime.interpreter"),
        ("tensorflow", "tensorflow"),
        ("tensorflow-cpu", "tensorflow"),
    )
    system = ""

    def __init__(self, *, delegates: bool = True) -> None:
        self._delegates = delegates

    def version(self) -> str | None:
        """Distribution and version of the first library that is installed."""
        return find_installed(self.libraries)

    def absent(self) -> EngineError:
        """The error that says how to install it."""
        return MissingExtra("ai-edge-litert", "tflite")

    def open(self, path: Path, contract: Contract, threads: int) -> LiteRtSession:
        """Load a file with ``threads`` threads (XNNPACK where it takes the graph)."""
        found = self._library()
        with native("LiteRT", path, "open"), quiet():
            interpreter = found.Interpreter(model_path=str(path), num_threads=threads, **self._options(found))
            interpreter.allocate_tensors()
        with native("LiteRT", path, "read"):  # names that are not UTF-8
            given, answer = self._checked(interpreter, path, contract)
        return LiteRtSession(
            interpreter, path, (given["index"], answer["index"]), self.version() or self.name
        )

    def _checked(
        self, interpreter: Any, path: Path, contract: Contract
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        if (self.version() or "").startswith(_FROZEN) and has_dynamic_channels(interpreter):
            raise EngineError(
                f"{path.name}: {_FROZEN}answers wrongly to dynamic precision; install ai-edge-litert or take another variant"
            )
        given, answer = _ends(interpreter, path, contract)
        _check(path, contract, given, answer)
        return given, answer

    def _options(self, found: Any) -> dict[str, Any]:
        if self._delegates:
            return {}
        kind = getattr(found, "OpResolverType", None) or found.experimental.OpResolverType
        return {"experimental_op_resolver_type": kind.BUILTIN_WITHOUT_DEFAULT_DELEGATES}

    def _library(self) -> Any:
        for distribution, module in self.libraries:
            if find_installed(((distribution, module),)):
                found = import_library(module, "tflite")
                # tensorflow.lite is an attribute that loads itself; the folder of that name holds no Interpreter.
                return found.lite if module == "tensorflow" else found
        raise self.absent()


def has_dynamic_channels(interpreter: Any) -> bool:
    """True where a fully connected layer takes floats and holds int8 weights with one scale a channel."""
    tensors = {details["index"]: details for details in interpreter.get_tensor_details()}
    return any(
        operator["op_name"] == "FULLY_CONNECTED"
        and tensors[operator["inputs"][0]]["dtype"] == np.float32
        and tensors[operator["inputs"][1]]["dtype"] == np.int8
        and len(tensors[operator["inputs"][1]]["quantization_parameters"]["scales"]) > 1
        for operator in interpreter._get_ops_details()
    )


def _ends(interpreter: Any, path: Path, contract: Contract) -> tuple[dict[str, Any], dict[str, Any]]:
    """Details of input and output: by the signature's names, else the only ones there are."""
    if _SIGNATURE in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(_SIGNATURE)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        given = inputs[pick_name(path, "input", contract.input.name, list(inputs))]
        return given, outputs[pick_name(path, "output", contract.output.name, list(outputs))]
    plain_inputs, plain_outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(plain_inputs) != 1 or len(plain_outputs) != 1:
        raise EngineError(
            f"{path.name}: {len(plain_inputs)} inputs and {len(plain_outputs)} outputs and no signature {_SIGNATURE}; "
            "allowed: one of each"
        )
    return plain_inputs[0], plain_outputs[0]


def _check(path: Path, contract: Contract, given: dict[str, Any], answer: dict[str, Any]) -> None:
    wanted = (contract.input.shape, contract.input.dtype)
    check_end(path, "input", contract.input.name, list(given["shape"]), np.dtype(given["dtype"]).name, wanted)
    _check_quantization(path, "input", given, contract.quantization.input)
    output_dtype = np.dtype(answer["dtype"]).name
    plain = contract.quantization.output is None
    expected = ((1, len(contract.labels)), "float32" if plain else output_dtype)
    check_end(path, "output", contract.output.name, list(answer["shape"]), output_dtype, expected)
    if not plain:
        _check_quantization(path, "output", answer, contract.quantization.output)


def _check_quantization(
    path: Path, end: str, details: dict[str, Any], wanted: QuantizationParameters | None
) -> None:
    if wanted is None:
        return
    scale, zero_point = details["quantization"]
    if np.float32(scale) != np.float32(wanted.scale) or zero_point != wanted.zero_point:
        raise EngineError(
            f"{path.name}: {end} has scale {scale} and zero point {zero_point}, but its contract says "
            f"{wanted.scale} and {wanted.zero_point}; export it again"
        )


LITERT = LiteRt()
