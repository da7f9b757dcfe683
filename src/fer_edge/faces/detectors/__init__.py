"""Face detectors by name: one file each, listed here; and how a camera frame is given to one."""

from __future__ import annotations

from fer_edge.faces.detectors.detector import Detector, DetectorOptions
from fer_edge.faces.detectors.haar import HaarDetector
from fer_edge.faces.detectors.whole import WholePicture
from fer_edge.faces.face import Detection
from fer_edge.runtime.camera import scaled, upright, upright_size
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.frame import Frame

DETECTORS: tuple[type[Detector], ...] = (HaarDetector, WholePicture)
"""Every detector; the first is the usual one. Adding one is a file here and a name in this line."""

STANDARD = DetectorOptions()


def make_detector(name: str) -> Detector:
    """A detector by its name, ready to use.

    Raises:
        FerEdgeError: no such detector; the message names the closest one.
        MissingExtra: its library is not installed.
    """
    by_name = {detector.name: detector for detector in DETECTORS}
    if name not in by_name:
        raise FerEdgeError(unknown("detector", name, by_name))
    return by_name[name]()


def detect_faces(frame: Frame, detector: Detector, options: DetectorOptions = STANDARD) -> list[Detection]:
    """The faces of a camera frame.

    They are sought on a copy whose longer side is at most ``options.longest_side`` pixels, made by the camera path's own
    scaler; a smaller picture is taken as it is. So a photograph has the same faces at any size.

    Returns:
        Boxes in whole pixels of the upright picture, ordered by x0, then y0.
    """
    width, height = upright_size(frame)
    longest = max(width, height)
    if longest <= options.longest_side:
        return detector.detect(upright(frame), options)
    small = [max(1, round(side * options.longest_side / longest)) for side in (width, height)]
    across, down = width / small[0], height / small[1]
    found = detector.detect(scaled(frame, *small), options)
    return sorted((_enlarge(each, across, down) for each in found), key=lambda each: each.box)


def _enlarge(found: Detection, across: float, down: float) -> Detection:
    x0, y0, x1, y1 = found.box
    box = (round(x0 * across), round(y0 * down), round(x1 * across), round(y1 * down))
    return Detection((float(box[0]), float(box[1]), float(box[2]), float(box[3])), found.score)
