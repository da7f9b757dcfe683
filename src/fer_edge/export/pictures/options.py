"""Options about a person's own pictures, which ``fer-export`` and ``fer-verify`` have alike: a check needs what the export was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Decorated, Word, names_in
from fer_edge.console.shared_options import PATH, detector_model_option, map_option
from fer_edge.faces import DETECTOR_LIST, USUAL_DETECTOR
from fer_edge.runtime.errors import ExportError, PictureError

if TYPE_CHECKING:
    from fer_edge.export.pictures.folder import PictureOptions

SYNTHETIC = "synthetic"
METAVAR = f"DIR|FILE.csv|{SYNTHETIC}"
"""Of ``--calibration`` and ``--accuracy``."""

OPTIONS: Sequence[Callable[[Any], Any]] = (
    click.option(
        "--skip-unknown",
        is_flag=True,
        help="Leave pictures of classes that the model does not know out of --calibration and --accuracy.",
    ),
    map_option("What folders of other names hold, such as 0=anger."),
    click.option("--detect", is_flag=True, help="Folders hold photos: find the largest face in each."),
    click.option(
        "--detector",
        type=Word("detector", names_in(DETECTOR_LIST)),
        help=f"What finds the faces of --detect; none: each picture is a face.  [default: {USUAL_DETECTOR}]",
    ),
    detector_model_option(),
    click.option("--faces", type=PATH, help="Folders hold photos: boxes from this file."),
)


def picture_options(function: Decorated) -> Decorated:
    """``--skip-unknown``, ``--map``, ``--detect``, ``--detector``, ``--detector-model`` and ``--faces``."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def check_picture_options(given: Mapping[str, Any]) -> None:
    """Go on if they make sense together; a usage error otherwise.

    Raises:
        ExportError: ``--calibration`` or ``--accuracy`` is neither a folder nor a table.
    """
    if given["faces"] and (given["detect"] or given["detector"]):
        word = "--detect" if given["detect"] else "--detector"
        usage_error(f"{word} and --faces both say where faces are; give one")
    if given["detector_model"] and not given["detector"]:
        usage_error("--detector-model is the file of a detector; name it: --detector yunet")
    for name in ("calibration", "accuracy"):
        _check_place(name, given[name])


def make_picture_options(given: Mapping[str, Any]) -> PictureOptions:
    """The record of what was given."""
    from fer_edge.export.pictures.folder import PictureOptions

    same = ("calibration", "accuracy", "accuracy_samples", "parity_inputs", "detector_model", "faces")
    return PictureOptions(
        **{name: given[name] for name in same},
        detector=given["detector"] or (USUAL_DETECTOR if given["detect"] else None),
        skip_unknown=given["skip_unknown"],
        renamed=_renamed(given["map"]),
    )


def _check_place(name: str, value: str | None) -> None:
    # Now, and not after the converters have been imported.
    if value is None or value == SYNTHETIC:
        return
    place = Path(value)
    if not place.is_dir() and not (place.suffix.lower() == ".csv" and place.is_file()):
        raise ExportError(
            f"--{name} {value} is no folder; give a folder of pictures, a table FILE.csv, or the word {SYNTHETIC}"
        )


def _renamed(parts: Sequence[str]) -> dict[str, str]:
    from fer_edge.faces.labeled_folder import parse_class_map

    try:
        return parse_class_map(",".join(parts))
    except PictureError as error:
        usage_error(f"--map: {error}.")
