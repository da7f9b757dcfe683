"""Face detectors by name: one file each, listed here; and how a camera frame is given to one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from fer_edge.faces.detectors.detector import Detector, DetectorOptions
from fer_edge.faces.detectors.haar import HaarDetector
from fer_edge.faces.detectors.overlap import keep_surest
from fer_edge.faces.detectors.whole import WholePicture
from fer_edge.faces.detectors.yunet import YuNetDetector
from fer_edge.faces.face import Detection
from fer_edge.runtime.camera import scaled, upright, upright_size
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.frame import Frame

DETECTORS: tuple[type[Detector], ...] = (HaarDetector, YuNetDetector, WholePicture)
"""Every detector; the first is the usual one. Adding one is a file here and a name in this line."""

STANDARD = DetectorOptions()


def make_detector(name: str, model: Path | None = None) -> Detector:
    """A detector by its name, ready to use.

    Args:
        name: of the list.
        model: the file of a detector that needs one.

    Raises:
        FerEdgeError: no such detector, and the message names the closest one; a model file that lacks, is not wanted, or is
            none.
        MissingExtra: its library is not installed.
    """
    by_name = {detector.name: detector for detector in DETECTORS}
    if name not in by_name:
        raise FerEdgeError(unknown("detector", name, by_name))
    chosen = by_name[name]
    if model is None:
        if chosen.model_file:
            raise FerEdgeError(f"the detector {name} needs --detector-model FILE, {chosen.model_file}")
        return chosen()
    if not chosen.model_file:
        takes = ", ".join(detector.name for detector in DETECTORS if detector.model_file)
        raise FerEdgeError(
            f"the detector {name} takes no model file, but {model} came; the one that does: {takes}"
        )
    return chosen(model)


def detect_faces(frame: Frame, detector: Detector, options: DetectorOptions = STANDARD) -> list[Detection]:
    """The faces of a camera frame.

    They are sought on a copy whose longer side is at most ``options.longest_side`` pixels, and no more than the detector is
    good on, made by the camera path's own scaler; a smaller picture is taken as it is. So a photograph has the same faces at
    any size.

    Returns:
        Boxes in whole pixels of the upright picture, ordered by x0, then y0.
    """
    width, height = upright_size(frame)
    longest, most = max(width, height), min(options.longest_side, detector.longest_side)
    if longest <= most:
        found = detector.detect(upright(frame), _for_copy(options, most, 1.0))
    else:
        small = [max(1, round(side * most / longest)) for side in (width, height)]
        across, down = width / small[0], height / small[1]
        inside = detector.detect(scaled(frame, *small), _for_copy(options, most, max(across, down)))
        found = sorted((_enlarge(each, across, down) for each in inside), key=lambda each: each.box)
    return found if options.overlap is None else keep_surest(found, options.overlap)


def _for_copy(options: DetectorOptions, most: int, times: float) -> DetectorOptions:
    """The smallest face in pixels of a copy of at most ``most`` pixels that the picture is so many times as large as."""
    smallest = math.ceil(options.smallest * most / options.longest_side)
    return replace(options, smallest=max(smallest, math.ceil(options.min_face / times)))


def _enlarge(found: Detection, across: float, down: float) -> Detection:
    x0, y0, x1, y1 = found.box
    box = (round(x0 * across), round(y0 * down), round(x1 * across), round(y1 * down))
    return Detection((float(box[0]), float(box[1]), float(box[2]), float(box[3])), found.score)
