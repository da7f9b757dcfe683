"""Optional libraries: imported where they are needed, named in one sentence where they are missing."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from fer_edge.runtime.errors import MissingExtra


def need(extra: str, *modules: str) -> None:
    """Ask for libraries before the work that will need them; nothing is imported.

    Args:
        extra: of fer-edge, that brings them.
        modules: their top modules.

    Raises:
        MissingExtra: one is not installed.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(module, extra)


def require(module: str, extra: str) -> ModuleType:
    """Import ``module`` or say which extra of fer-edge installs it.

    Raises:
        MissingExtra: the module (or a package above it) is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A library that is installed but itself lacks a part must not be reported as absent.
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise
        raise MissingExtra(module, extra) from error
