"""The protocol of engines, and what all of them share."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import EngineError, FerEdgeError, MissingExtra, first_line
from fer_edge.runtime.extras import require

_SHOWN = 80
"""Characters of a name out of a file."""


class Session(Protocol):
    """One opened artifact. ``run`` may be called by several threads at once; a library that bears only one gets a lock."""

    engine: str
    """Library and version, such as ``"ai-edge-litert 2.3.0"``."""

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """One picture through the artifact.

        Args:
            tensor: in the contract's shape and dtype.

        Returns:
            (labels,) raw output in the artifact's dtype, in label order.

        Raises:
            EngineError: the library refused.
        """

    def bind(self, tensor: NDArray[Any]) -> Callable[[], object]:
        """The library's own call for one picture that stays the same: what a benchmark times, with nothing around it.

        No lock either: one thread at a time.

        Args:
            tensor: in the contract's shape and dtype; must not change while the call is used.
        """


@runtime_checkable
class Together(Protocol):
    """A session that answers several pictures at a time in less work."""

    def run_together(self, tensors: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Several pictures through the artifact, each as if alone, but for the order in which sums are taken.

        Args:
            tensors: each in the contract's shape and dtype.

        Returns:
            (pictures, labels) raw output, a row as ``Session.run`` gives it.

        Raises:
            EngineError: the artifact does not allow it; one at a time it may.
        """


class Engine(Protocol):
    """One library that runs artifacts. A module-level object of this shape in its own file, and a line in ``ENGINES``."""

    name: str
    """The word for ``--engine``."""
    formats: tuple[str, ...]
    """Formats that it runs."""
    libraries: tuple[tuple[str, str], ...]
    """Distribution and module of each library that it can use, the first installed one before the others."""
    system: str
    """The only ``sys.platform`` that it runs on; empty: any."""

    def version(self) -> str | None:
        """Library and version if artifacts can be run here, else None. Nothing is imported."""

    def absent(self) -> EngineError:
        """The error to raise where it cannot run: what is missing and what to do."""

    def open(self, path: Path, contract: Contract, threads: int) -> Session:
        """Load an artifact and check that its declared input and output are the contract's.

        Raises:
            EngineError: the library refused, or input or output is another than the contract says.
            MissingExtra: the library is not installed.
        """


def find_installed(libraries: Sequence[tuple[str, str]]) -> str | None:
    """Name and version of the first of these libraries (distribution and module) that is installed."""
    for name, _ in libraries:
        version = _folder_version(name)
        if version is not None:
            return f"{name} {version}"
    import importlib.metadata  # brings the email package: 25 ms that nobody waits for whose engine is installed

    for name, _ in libraries:
        try:
            return f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _folder_version(name: str) -> str | None:
    """The version in the name of the folder ``<name>-<version>.dist-info``, in which installers record a distribution."""
    beginning = f"{name.replace('-', '_').lower()}-"
    for place in sys.path:
        try:
            entries = os.listdir(place or ".")  # noqa: PTH208 - names alone, hundreds of them
        except OSError:
            continue
        for entry in entries:
            if entry.endswith(".dist-info") and entry.lower().startswith(beginning):
                return entry[len(beginning) : -len(".dist-info")]
    return None


def import_library(module: str, extra: str) -> Any:
    """Import an engine's library.

    Raises:
        MissingExtra: it is not installed.
        EngineError: it is, but cannot be imported (built for another numpy, a system library is absent).
    """
    try:
        return require(module, extra)
    except MissingExtra:
        raise
    except Exception as error:
        raise EngineError(
            f"{module} is installed but cannot be imported ({_printable(first_line(error, named=False)[:300])}); install it again"
        ) from error


@contextlib.contextmanager
def native(engine: str, path: Path, doing: str) -> Iterator[None]:
    """Turn whatever a native library raises into one sentence."""
    try:
        yield
    except FerEdgeError:
        raise
    except Exception as error:
        raise EngineError(
            f"{engine} cannot {doing} {path.name}: {_printable(first_line(error, named=False)[:300])}"
        ) from error


def _sizes(shape: Sequence[object]) -> str:
    return shorten(str(list(shape[:10])))


def check_end(
    path: Path, end: str, name: str, shape: Sequence[object], dtype: str, expected: tuple[Sequence[int], str]
) -> None:
    """Compare one declared end of an artifact with its contract.

    Args:
        path: of the artifact.
        end: ``input`` or ``output``.
        name: as declared.
        shape: as declared; an entry that is no positive integer stands for any size.
        dtype: as declared, in numpy's words.
        expected: shape and dtype of the contract; an empty dtype stands for any.

    Raises:
        EngineError: they differ.
    """
    wanted_shape, wanted_dtype = expected
    same = len(shape) == len(wanted_shape) and all(
        not isinstance(got, int | np.integer) or got < 1 or int(got) == wanted
        for got, wanted in zip(shape, wanted_shape, strict=True)
    )
    if not same or (wanted_dtype and dtype != wanted_dtype):
        raise EngineError(
            f"{path.name}: {end} '{shorten(name)}' is {shorten(dtype)} {_sizes(shape)}, but its contract says "
            f"{wanted_dtype or dtype} {list(wanted_shape)}; export it again"
        )


def list_names(names: Sequence[str]) -> str:
    """Names out of a file, as many and as much of each as a message bears."""
    shown = ", ".join(shorten(name) for name in names[:10]) or "none"
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown


def shorten(text: str) -> str:
    """Text out of a file, cut for a message and without what would steer a terminal."""
    return _printable(text) if len(text) <= _SHOWN else f"{_printable(text[:_SHOWN])}..."


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]


def pick_name(path: Path, end: str, wanted: str, names: Sequence[str]) -> str:
    """The declared name that the contract names.

    Raises:
        EngineError: it is not there.
    """
    if wanted not in names:
        raise EngineError(
            f"{path.name}: {end} '{shorten(wanted)}' of its contract is not among {list_names(names)}"
        )
    return wanted
