"""The options that say how faces are found, for every command that finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.console.command import usage_error
from fer_edge.console.option_types import Word, names_in
from fer_edge.console.shared_options import detector_model_option
from fer_edge.faces import DETECTOR_LIST, USUAL_DETECTOR

if TYPE_CHECKING:
    from fer_edge.predict.recognition import FindFaces

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--detector", type=Word("detector", names_in(DETECTOR_LIST)), default=USUAL_DETECTOR, show_default=True,
                 help="What finds the faces; none: each picture is a face."),
    detector_model_option(),
    click.option("--min-face", type=click.IntRange(1, 1 << 15), metavar="PIXELS",
                 help="Look for faces of this width and height at least; faster the larger it is."),
    click.option("--overlap", type=click.FloatRange(0, 1), metavar="SHARE",
                 help="Of two boxes that share more of their union than this, keep the surer one; yunet: 0.3, haar: all stay."),
)  # fmt: skip


def detection_options(function: Decorated) -> Decorated:
    """``--detector``, ``--detector-model``, ``--min-face`` and ``--overlap``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def finder_of(given: Mapping[str, Any], faces_path: Path | str | None = None) -> FindFaces:
    """What finds the faces, as the options say.

    Args:
        given: the values of :func:`detection_options` by name.
        faces_path: a file of boxes, which then come from there.

    Raises:
        FerEdgeError: a model file that lacks, is not wanted or is none, or a file that is none of boxes.
        MissingExtra: the detector's library is not installed.
    """
    from fer_edge.faces.detectors.detector import DetectorOptions
    from fer_edge.predict.recognition import make_face_finder

    overlap = given["overlap"]
    if overlap is not None and overlap != overlap:  # noqa: PLR0124 - not a number
        usage_error("--overlap nan is no share; allowed: 0 to 1")
    options = DetectorOptions(min_face=given["min_face"] or 0, overlap=overlap)
    return make_face_finder(given["detector"], faces_path, model=given["detector_model"], options=options)


def settings_of(given: Mapping[str, Any]) -> dict[str, str]:
    """What finds the faces, as words: answers that were stored under others are not these.

    Args:
        given: the values of :func:`detection_options` by name, and ``faces_path``.

    Raises:
        FerEdgeError: a file that cannot be read.
    """
    if given["faces_path"] is not None:
        return {"faces": _sha256(given["faces_path"])}
    words = {"detector": given["detector"], "min_face": given["min_face"], "overlap": given["overlap"]}
    if given["detector_model"] is not None:
        words["detector_model"] = _sha256(given["detector_model"])
    return {name: str(value) for name, value in words.items() if value is not None}


def _sha256(path: str | Path) -> str:
    from fer_edge.predict.sources.picture import content_sha256
    from fer_edge.runtime.errors import FerEdgeError

    try:
        return content_sha256(Path(path))
    except OSError as error:
        raise FerEdgeError(f"cannot read {path}: {error.strerror}") from None
