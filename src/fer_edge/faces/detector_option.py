"""The option ``--detector``, the same in every command that looks for faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.runtime.closest import unknown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    ParamType = click.ParamType[Any]
else:  # generic since click 8.4 only
    ParamType = click.ParamType

USUAL = "haar"
"""The detector of a command that looks for faces and is not told with what."""

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class DetectorName(ParamType):
    """The name of a detector; another word is a usage error that names the closest one."""

    name = "detector"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself."""
        if value not in _names():
            self.fail(unknown(self.name, str(value), _names()), param, ctx)
        return str(value)

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in _names() if name.startswith(incomplete)]


def _names() -> list[str]:
    from fer_edge.faces.detectors import DETECTORS  # not before: --help shall not wait for numpy

    return [detector.name for detector in DETECTORS]


def detector_option(purpose: str, default: str | None = None) -> Callable[[Decorated], Decorated]:
    """``--detector``.

    Args:
        purpose: for ``--help``.
        default: the detector where the option is not given.
    """
    return click.option(
        "--detector", type=DetectorName(), default=default, show_default=default is not None, help=purpose
    )
