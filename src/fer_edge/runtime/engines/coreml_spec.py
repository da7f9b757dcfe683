"""Core ML packages evaluated by the MIL specification, on any system, with torch underneath.

It tells what a package says, not what Apple's compiler and kernels make of it: a verdict by it reads "matches the MIL
specification". Its time says nothing about Core ML's.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.containers.coreml import root_model
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.protocol import (
    check_end,
    find_installed,
    import_library,
    list_names,
    native,
    pick_name,
    shorten,
)
from fer_edge.runtime.engines.torchscript import threads_of_process
from fer_edge.runtime.errors import EngineError, MissingExtra

if TYPE_CHECKING:
    from fer_edge.runtime.mil.evaluator import Evaluator, Outcome
    from fer_edge.runtime.mil.program import Feature, Program

VERSION = 2
"""Of the evaluator; another one may answer differently."""
_DTYPES = {"fp32": "float32", "fp16": "float16", "fp64": "float64", "int32": "int32", "int8": "int8"}


class CoreMlSpecSession:
    """One opened package."""

    def __init__(
        self, evaluator: Evaluator, path: Path, contract: Contract, threads: int, engine: str
    ) -> None:
        self.engine = engine
        self._evaluator = evaluator
        self._path = path
        self._contract = contract
        self._threads = threads
        self._swapped = evaluator.program.features_in[0].color == "BGR"
        # The number of threads is the process's, and a random rounding has one row of numbers.
        self._alone = threading.Lock()

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture; see :class:`fer_edge.runtime.engines.protocol.Session`."""
        torch = import_library("torch", "torch")
        with native("coreml-spec", self._path, "run"), self._alone, threads_of_process(torch, self._threads):
            outcome = self._evaluator.run(self._inputs(tensor))
        return np.asarray(self._rows(outcome, 1)[0])

    def run_together(self, tensors: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Several pictures at a time; see :class:`fer_edge.runtime.engines.protocol.Together`."""
        torch = import_library("torch", "torch")
        given = [self._inputs(tensor) for tensor in tensors]
        stacked = {name: np.stack([inputs[name] for inputs in given]) for name in given[0]}
        with native("coreml-spec", self._path, "run"), self._alone, threads_of_process(torch, self._threads):
            outcome = self._evaluator.run_stacked(stacked)
        return self._rows(outcome, len(tensors))

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """The evaluator's own call. Sets the process's number of threads, and leaves it so."""
        import_library("torch", "torch").set_num_threads(self._threads)
        return functools.partial(self._evaluator.run, self._inputs(tensor))

    def _rows(self, outcome: Outcome, count: int) -> NDArray[Any]:
        """(pictures, labels) in the contract's order."""
        if outcome.probabilities is not None and self._contract.output.kind == "dictionary":
            rows = outcome.probabilities.reshape(count, -1).numpy()
            order = [outcome.classes.index(label) for label in self._contract.labels]
            return np.asarray(rows[:, order], np.float32)
        return np.asarray(outcome.values[self._contract.output.name].numpy()).reshape(count, -1)

    def _inputs(self, tensor: NDArray[Any]) -> dict[str, NDArray[Any]]:
        if self._contract.input.interface == "image":  # (1, H, W, 3) uint8 RGB
            planes = tensor[..., ::-1] if self._swapped else tensor
            tensor = np.ascontiguousarray(planes.transpose(0, 3, 1, 2), np.float32)
        return {self._contract.input.name: tensor}


class CoreMlSpec:
    """The engine ``coreml-spec``.

    Args:
        rounding: of what a program declares float16: ``nearest`` as IEEE 754 says, ``ideal`` for none, or one of the
            directions of ``runtime.mil.rounding``, which show how far implementations of float16 may lie apart.
        width: ``float32`` or ``float64``, in which everything else is computed.
        seed: of the rounding ``random``.
    """

    name = "coreml-spec"
    formats: tuple[str, ...] = ("coreml",)
    libraries: tuple[tuple[str, str], ...] = (("coreml-spec", "torch"),)
    system = ""

    def __init__(self, rounding: str = "nearest", width: str = "float32", seed: int = 0) -> None:
        self._how = (rounding, width, seed)

    def version(self) -> str | None:
        """Its own version and torch's, if that is installed."""
        found = find_installed((("torch", "torch"),))
        return f"{self.name} {VERSION} ({found})" if found else None

    def absent(self) -> EngineError:
        """The error that says how to install torch."""
        return MissingExtra("torch", "torch")

    def open(self, path: Path, contract: Contract, threads: int) -> CoreMlSpecSession:
        """Read a package, and hold every declared shape and data type against what its operators give.

        An operator that is not known is an error that names it.
        """
        torch = import_library("torch", "torch")
        from fer_edge.runtime.mil.evaluator import Evaluator
        from fer_edge.runtime.mil.program import read_program

        try:
            program = read_program(root_model(path))
        except ContainerError as error:
            raise EngineError(f"{path.name}: {error}") from None
        except OSError as error:
            raise EngineError(f"cannot read {path}: {error.strerror or error}") from None
        try:
            with native("coreml-spec", path, "open"), threads_of_process(torch, threads):
                evaluator = Evaluator(program, *self._how)
                _check_ends(path, program, contract)
                _check_classes(path, evaluator, contract)
                evaluator.check({contract.input.name: contract.input.shape})
        except EngineError as error:
            text = str(error)
            raise type(error)(text if path.name in text else f"{path.name}: {text}") from None
        return CoreMlSpecSession(evaluator, path, contract, threads, self.version() or self.name)


def _check_ends(path: Path, program: Program, contract: Contract) -> None:
    """Compare the declared interface with the contract."""
    given = _feature(path, "input", contract.input.name, program.features_in)
    pick_name(path, "input", given.name, [name for name, _ in program.inputs])
    if len(program.inputs) != 1:
        raise EngineError(f"{path.name}: it takes {len(program.inputs)} inputs; allowed: one")
    size = contract.input
    if size.interface == "image":
        if given.kind != "image" or given.color not in ("RGB", "BGR"):
            raise EngineError(
                f"{path.name}: input '{shorten(given.name)}' is {given.color or ''} {given.kind}; allowed: a picture in RGB or BGR"
            )
        check_end(path, "input", given.name, given.shape, "", ((size.height, size.width), ""))
    else:
        dtype = _DTYPES.get(given.dtype, given.dtype or given.kind)
        check_end(path, "input", given.name, given.shape or size.shape, dtype, (size.shape, size.dtype))
    answer = _feature(path, "output", contract.output.name, program.features_out)
    kind = "dictionary" if contract.output.kind == "dictionary" else "array"
    if answer.kind != kind:
        raise EngineError(
            f"{path.name}: output '{shorten(answer.name)}' is of kind {answer.kind}; its contract says {kind}"
        )
    if kind == "array":
        labels = (1, len(contract.labels))
        dtype = _DTYPES.get(answer.dtype, answer.dtype)
        check_end(path, "output", answer.name, answer.shape or labels, dtype, (labels, "float32"))
        pick_name(path, "output", answer.name, program.outputs)


def _feature(path: Path, end: str, name: str, features: Sequence[Feature]) -> Feature:
    for feature in features:
        if feature.name == name:
            return feature
    names = list_names([feature.name for feature in features])
    raise EngineError(f"{path.name}: {end} '{shorten(name)}' of its contract is not among {names}")


def _check_classes(path: Path, evaluator: Evaluator, contract: Contract) -> None:
    if contract.output.kind == "dictionary" and sorted(evaluator.classes) != sorted(contract.labels):
        raise EngineError(
            f"{path.name}: its classes are {list_names(evaluator.classes)}; its contract says {list_names(contract.labels)}"
        )


COREML_SPEC = CoreMlSpec()
