"""TorchScript by torch.jit, on the CPU."""

from __future__ import annotations

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.protocol import check_end, find_installed, import_library, native
from fer_edge.runtime.errors import EngineError, MissingExtra

_PROCESS = threading.RLock()
"""Held while something of the whole process is changed for a moment."""


class TorchScriptSession:
    """One opened TorchScript archive."""

    def __init__(self, module: Any, path: Path, threads: int, engine: str) -> None:
        self.engine = engine
        self._module = module
        self._path = path
        self._threads = threads
        # The first runs rewrite the graph; the number of threads is the process's.
        self._alone = threading.Lock()

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture; see :class:`fer_edge.runtime.engines.protocol.Session`."""
        torch = import_library("torch", "torch")
        with (
            native("torch", self._path, "run"),
            self._alone,
            threads_of_process(torch, self._threads),
            torch.inference_mode(),
        ):
            output = self._module(torch.from_numpy(np.ascontiguousarray(tensor)))
            return np.asarray(output.numpy()).reshape(-1)

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """The module's own call. Sets the process's number of threads and its inference mode, and leaves them so."""
        torch = import_library("torch", "torch")
        torch.set_num_threads(self._threads)
        self._mode = torch.inference_mode()
        self._mode.__enter__()  # a with statement in each call would be timed
        return functools.partial(self._module, torch.from_numpy(np.ascontiguousarray(tensor)))


class TorchScript:
    """The engine ``torchscript``.

    Args:
        foreign: run archives whose program does more than fer-export writes.
        lite: run the archive's bytecode, as PyTorch Mobile does, instead of its code.
    """

    name = "torchscript"
    formats: tuple[str, ...] = ("torchscript",)
    libraries: tuple[tuple[str, str], ...] = (("torch", "torch"),)
    system = ""

    def __init__(self, *, foreign: bool = False, lite: bool = False) -> None:
        self._foreign = foreign
        self._lite = lite

    def version(self) -> str | None:
        """Distribution and version, if installed."""
        return find_installed(self.libraries)

    def absent(self) -> EngineError:
        """The error that says how to install it."""
        return MissingExtra("torch", "torch")

    def open(self, path: Path, contract: Contract, threads: int) -> TorchScriptSession:
        """Load an archive; its ends are not declared, so one run on zeros shows them.

        Its program is read first: torch runs whatever an archive says.
        """
        if not self._foreign:
            _refuse_other_programs(path)
        torch = import_library("torch", "torch")
        # Filters of warnings are the process's, too.
        with native("torch", path, "open"), _PROCESS, warnings.catch_warnings():
            # torch.jit is deprecated in favor of torch.export, which phones cannot load.
            warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
            warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
            module = self._load(torch, path)
        zeros = torch.zeros(contract.input.shape, dtype=getattr(torch, contract.input.dtype))
        with native("torch", path, "run"), threads_of_process(torch, threads), torch.inference_mode():
            answer = module(zeros)
        if not isinstance(answer, torch.Tensor):
            raise EngineError(f"{path.name}: it answers with {type(answer).__name__}; allowed: one tensor")
        expected = ((1, len(contract.labels)), "float32")
        dtype = str(answer.dtype).removeprefix("torch.")
        check_end(path, "output", contract.output.name, list(answer.shape), dtype, expected)
        return TorchScriptSession(module, path, threads, self.version() or self.name)

    def _load(self, torch: Any, path: Path) -> Any:
        if self._lite:
            return import_library("torch.jit.mobile", "torch")._load_for_lite_interpreter(
                str(path), map_location="cpu"
            )
        return torch.jit.load(str(path), map_location="cpu").eval()


def _refuse_other_programs(path: Path) -> None:
    from fer_edge.runtime.containers.torchscript import (  # brings zipfile and a pickle's parser
        UnlistedOperatorError,
        check_program,
    )

    try:
        check_program(path)
    except UnlistedOperatorError as error:
        raise EngineError(
            f"{path.name} is refused: {error}; a TorchScript file can do anything, so one of others runs only if you say so "
            "(fer-predict --allow-foreign-code, load(..., allow_foreign_code=True))"
        ) from None
    except ContainerError as error:
        raise EngineError(f"{path.name} is refused: {error}") from None
    except OSError as error:
        raise EngineError(f"cannot read {path}: {error.strerror or error}") from None


@contextlib.contextmanager
def threads_of_process(torch: Any, count: int) -> Iterator[None]:
    """The number of threads is the process's; leave it as it was."""
    # Also to look: a thread takes the process's number when it first asks for it, and keeps it.
    with _PROCESS:
        before = torch.get_num_threads()
        if before != count:
            torch.set_num_threads(count)
            try:
                yield
            finally:
                torch.set_num_threads(before)
            return
    yield


TORCHSCRIPT = TorchScript()
FOREIGN = TorchScript(foreign=True)
LITE = TorchScript(lite=True)
