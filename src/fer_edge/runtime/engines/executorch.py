"""ExecuTorch by the runtime in its Python package, with XNNPACK, on the CPU."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.protocol import check_end, find_installed, import_library, list_names, native
from fer_edge.runtime.engines.quiet import quiet
from fer_edge.runtime.errors import EngineError, MissingExtra

METHOD = "forward"
"""The method that apps run."""
_RUNTIME = "executorch.extension.pybindings._C"
"""What ``executorch.runtime`` wraps; that module imports the whole exporter first, which takes seconds."""
_DTYPES = {
    0: "uint8",
    1: "int8",
    2: "int16",
    3: "int32",
    4: "int64",
    5: "float16",
    6: "float32",
    7: "float64",
}
"""ScalarType of ExecuTorch's schema."""


class _Pool:
    """ExecuTorch's pool of threads: the process's. A method keeps the pool that was there when it was loaded.

    Attributes:
        lock: held while a method is loaded or runs.
        number: of pools before this one; what was loaded with another must not run again.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.number = 0

    def resize(self, count: int) -> None:
        """Make another pool if this one has another number of threads. The lock is held."""
        runtime = _runtime()
        if runtime._threadpool_get_thread_count() != count:
            self.number += 1
            with quiet():
                runtime._unsafe_reset_threadpool(count)


_POOL = _Pool()


class ExecuTorchSession:
    """One opened ExecuTorch program."""

    def __init__(self, program: Any, path: Path, threads: int, engine: str) -> None:
        self.engine = engine
        self._program = program  # a method lives no longer than its program
        self._path = path
        self._threads = threads
        self._loaded: tuple[int, Any] | None = None

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture; see :class:`fer_edge.runtime.engines.protocol.Session`."""
        torch = import_library("torch", "executorch")
        given = torch.from_numpy(np.ascontiguousarray(tensor))
        with native("ExecuTorch", self._path, "run"), _POOL.lock:
            (output,) = self._method()([given])
            return np.array(output.numpy()).reshape(-1)

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """The method's own call. Sets the process's number of threads and leaves it so."""
        torch = import_library("torch", "executorch")
        with _POOL.lock:
            method = self._method()
        return functools.partial(method, [torch.from_numpy(np.ascontiguousarray(tensor))])

    def _method(self) -> Any:
        """The method, loaded with a pool of this session's size."""
        _POOL.resize(self._threads)
        if self._loaded is None or self._loaded[0] != _POOL.number:
            self._loaded = None
            self._loaded = _POOL.number, self._program.load_method(METHOD)
        return self._loaded[1]


class ExecuTorch:
    """The engine ``executorch``."""

    name = "executorch"
    formats: tuple[str, ...] = ("executorch",)
    libraries: tuple[tuple[str, str], ...] = (("executorch", "executorch"),)
    system = ""

    def version(self) -> str | None:
        """Distribution and version, if installed."""
        return find_installed(self.libraries)

    def absent(self) -> EngineError:
        """The error that says how to install it."""
        return MissingExtra("executorch", "executorch")

    def open(self, path: Path, contract: Contract, threads: int) -> ExecuTorchSession:
        """Load a program and run it once: ExecuTorch looks at the processor, and talks about it, in the first run."""
        runtime = _runtime()
        with native("ExecuTorch", path, "open"), quiet():
            program = runtime._load_program(
                str(path), program_verification=runtime.Verification.InternalConsistency
            )
            names = [program.get_method_name(number) for number in range(program.num_methods())]
        if METHOD not in names:
            raise EngineError(f"{path.name}: its method {METHOD} is not among {list_names(names)}")
        with native("ExecuTorch", path, "open"), _POOL.lock, quiet():
            _check(program.method_meta(METHOD), path, contract)
            session = ExecuTorchSession(program, path, threads, self.version() or self.name)
            session.run(np.zeros(contract.input.shape, contract.input.dtype))
        return session


def _check(declared: Any, path: Path, contract: Contract) -> None:
    for end, count in (("input", declared.num_inputs()), ("output", declared.num_outputs())):
        if count != 1:
            raise EngineError(f"{path.name}: its method {METHOD} has {count} {end}s; allowed: one")
    ends = (
        ("input", contract.input.name, declared.input_tensor_meta(0), contract.input.shape),
        ("output", contract.output.name, declared.output_tensor_meta(0), (1, len(contract.labels))),
    )
    for end, name, found, shape in ends:
        dtype = _DTYPES.get(int(found.dtype()), f"type {found.dtype()}")
        check_end(path, end, name, list(found.sizes()), dtype, (shape, "float32"))


def _runtime() -> Any:
    import_library("torch", "executorch")  # its libraries are linked to torch's
    return import_library(_RUNTIME, "executorch")


EXECUTORCH = ExecuTorch()
