"""Networks of somebody else: ``package.module:callable``, named by the user and by nobody else.

Nothing here is ever fed from a file: a bundle or checkpoint cannot choose what is imported.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fer_edge.runtime.closest import closest
from fer_edge.runtime.errors import CheckpointError

if TYPE_CHECKING:
    from torch import nn

RAISED = (Exception, SystemExit)
"""What somebody else's code may raise: also ``sys.exit()``, which must not end the command, least of all with 0."""


def parse_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Values of ``--arch-arg``: strings become what they say in JSON (``0.5``, ``true``, ``[1, 2]``) or stay strings."""
    return {key: _literal(value) if isinstance(value, str) else value for key, value in arguments.items()}


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def argument_text(value: Any) -> str:
    """The text of ``--arch-arg KEY=`` for a value: the inverse of :func:`parse_arguments`."""
    return value if isinstance(value, str) and _literal(value) == value else json.dumps(value)


def call(name: str, *, num_classes: int, arguments: Mapping[str, Any]) -> nn.Module:
    """Import the callable and make the module; errors as in :func:`fer_edge.train.models.resolve`."""
    from torch import nn

    _outlive()
    # What it prints must not stand before a JSON document.
    with _current_folder_first(), redirect_stdout(sys.stderr):
        function = _find(name)
        keywords = dict(arguments)
        if takes(function, "num_classes"):
            keywords.setdefault("num_classes", num_classes)
        try:
            made = function(**keywords)
        except RAISED as error:  # whatever somebody else's code raises is an input at fault
            given = ", ".join(f"{key}={value!r}" for key, value in keywords.items())
            raise CheckpointError(f"--arch {name}({given}) raised {sentence(error)}") from error
    if not isinstance(made, nn.Module):
        raise CheckpointError(
            f"--arch {name} returned {type(made).__name__}; it must return a torch.nn.Module"
        )
    return made


def _outlive() -> None:
    """From now on ``os._exit()`` in this thread raises: it would end the command at once, mostly with 0 and half done."""
    real, owner = os._exit, (os.getpid(), threading.get_ident())
    if real.__name__ == "leave":  # done already
        return

    def leave(status: int) -> NoReturn:
        # Forked processes and threads that watch over this one end as they mean to.
        if (os.getpid(), threading.get_ident()) != owner:
            real(status)
        raise RuntimeError(f"it called os._exit({status!r})")

    os._exit = leave


def takes(function: Callable[..., Any], argument: str) -> bool:
    """True if the signature has ``argument`` or ``**kwargs``; False where there is no signature to read."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    if argument in parameters:
        return parameters[argument].kind is not inspect.Parameter.POSITIONAL_ONLY
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def _find(name: str) -> Callable[..., Any]:
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise CheckpointError(f"--arch {name!r} is not a name; write package.module:callable")
    found: Any = _import(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            near = closest(part, [entry for entry in dir(found) if not entry.startswith("_")])
            meant = f" Did you mean {near!r}?" if near else ""
            raise CheckpointError(f"--arch {name}: {module_name} has no {attribute!r}.{meant}")
        found = getattr(found, part)
    if not callable(found):
        raise CheckpointError(f"--arch {name}: {attribute} is {type(found).__name__}, not callable")
    return found  # type: ignore[no-any-return]


def _import(module_name: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise CheckpointError(
                f"--arch: no module {error.name!r}, neither in the current folder nor installed"
            ) from error
        raise CheckpointError(
            f"--arch: {module_name} needs {error.name!r}, which is not installed"
        ) from error
    except RAISED as error:  # an import runs the user's code
        raise CheckpointError(f"--arch: importing {module_name} raised {sentence(error)}") from error


def sentence(error: BaseException) -> str:
    """Type and text of somebody's error in one bounded line."""
    if isinstance(error, SystemExit):
        return f"SystemExit: it called sys.exit({'' if error.code is None else repr(error.code)[:100]})"
    return f"{type(error).__name__}: {' '.join(str(error)[:2000].split())}"[:500]


@contextmanager
def _current_folder_first() -> Iterator[None]:
    # First while the user's module is imported, as in `python`; last afterwards, so that a folder here that is called
    # like a library does not hide it from a converter's late import.
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
        if here not in sys.path and "" not in sys.path:
            sys.path.append(here)
