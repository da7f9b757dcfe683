"""Options that several commands have, under one name and of one type; what each is for stands with the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fer_edge.console.option_types import Decorated, list_option

PATH = click.Path(path_type=Path)
"""A file or folder, which may be missing: that is no usage error."""
THREADS = click.IntRange(1, 1024)


def out_option(
    purpose: str, default: str | None = None, **attributes: Any
) -> Callable[[Decorated], Decorated]:
    """``--out``: a file or folder to write.

    Args:
        purpose: for ``--help``.
        default: where, if it is not given.
        attributes: what ``click.option`` takes besides, such as ``required``.
    """
    if default is not None:
        attributes |= {"default": Path(default), "show_default": True}
    return click.option("--out", type=PATH, help=purpose, **attributes)


def threads_option(purpose: str) -> Callable[[Decorated], Decorated]:
    """``--threads``: how many a model runs on, 1 without it."""
    return click.option("--threads", type=THREADS, default=1, show_default=True, help=purpose)


def settings_option(purpose: str) -> Callable[[Decorated], Decorated]:
    """``--set KEY=VALUE``, as often as one likes: values that have no option of their own."""
    return click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help=purpose)


def map_option(purpose: str) -> Callable[[Decorated], Decorated]:
    """``--map FOLDER=CLASS,...``: labels of folders whose names are none."""
    return list_option("--map", metavar="FOLDER=CLASS,...", help=purpose)


def detector_model_option() -> Callable[[Decorated], Decorated]:
    """``--detector-model FILE``: what a detector needs besides its library."""
    purpose = "The file of --detector yunet: OpenCV Zoo's face_detection_yunet_*.onnx."
    return click.option("--detector-model", type=PATH, metavar="FILE", help=purpose)
