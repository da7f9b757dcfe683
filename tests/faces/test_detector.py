"""The Haar cascade on the one real photograph that ships with a library, with the parameters of the interface."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from fer_edge.faces import USUAL_DETECTOR, detectors
from fer_edge.faces.detectors import DETECTORS, detect_faces, make_detector
from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.faces.face import Detection
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.frame import Frame
from support.drawn_yunet import drawn_yunet


def boxes_in(frame, detector=None):
    return [face.box for face in detect_faces(frame, detector or make_detector("haar"))]


def test_the_astronaut_has_one_face():
    (box,) = boxes_in(Frame.from_rgb(data.astronaut()))
    assert box == pytest.approx((177, 66, 177 + 95, 66 + 95), abs=3)


def test_parameters_and_gray_are_those_of_the_interface():
    """OpenCV called directly on Pillow's gray, which is the spec's."""
    gray = np.asarray(Image.fromarray(data.astronaut()).convert("L"))
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    found = cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
    direct = sorted((x, y, x + w, y + h) for x, y, w, h in found.tolist())
    assert boxes_in(Frame.from_rgb(data.astronaut())) == direct


def at_size(side):
    return np.asarray(Image.fromarray(data.astronaut()).resize((side, side), Image.Resampling.BICUBIC))


def test_a_photograph_has_the_same_faces_at_any_size():
    """Up to what the copy leaves of a pixel: its longer side is 1000, so a pixel of it is 4 of 4096."""
    detector = make_detector("haar")
    found = {side: boxes_in(Frame.from_rgb(at_size(side)), detector) for side in (1000, 1500, 2048, 4096)}
    for side, boxes in found.items():
        assert len(boxes) == len(found[1000])
        for box, same in zip(boxes, found[1000], strict=True):
            assert [1000 * edge / side for edge in box] == pytest.approx(same, abs=4)
            assert all(edge == int(edge) for edge in box)
    face = [512 * edge / 1000 for edge in found[1000][0]]
    assert face == pytest.approx(boxes_in(Frame.from_rgb(data.astronaut()), detector)[0], abs=3)


def test_a_large_picture_is_sought_on_the_camera_paths_copy():
    """OpenCV called directly on the spec's scaler and gray, the boxes multiplied back."""
    frame = Frame.from_rgb(at_size(2000)[:1500])
    small = scaled(frame, 1000, 750)
    gray = np.asarray(Image.fromarray(small).convert("L"))
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    found = cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
    expected = sorted((2 * x, 2 * y, 2 * (x + w), 2 * (y + h)) for x, y, w, h in found.tolist())
    assert boxes_in(frame) == expected


def test_a_turned_frame_is_made_upright_first():
    turned = np.ascontiguousarray(
        np.rot90(data.astronaut(), 1)
    )  # counterclockwise, so 90 clockwise rights it
    detector = make_detector("haar")
    upright = boxes_in(Frame.from_rgb(data.astronaut()), detector)
    assert boxes_in(Frame.from_rgb(turned, rotation=90), detector) == upright


def test_faces_are_ordered_by_x_then_y():
    face = data.astronaut()[20:220, 120:320]
    picture = np.vstack([np.hstack([face, face]), np.hstack([face, face])])
    boxes = boxes_in(Frame.from_rgb(picture))
    assert len(boxes) == 4
    assert boxes == sorted(boxes)


@pytest.mark.parametrize("shape", [(1, 1, 3), (29, 400, 3), (30, 30, 3), (200, 200, 3)])
def test_no_face(shape):
    assert boxes_in(Frame.from_rgb(np.full(shape, 90, np.uint8))) == []


def test_scores_are_the_windows_that_openCV_counts():
    picture = np.hstack([data.astronaut()[20:220, 120:320]] * 2)
    gray = np.asarray(Image.fromarray(picture).convert("L"))
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    found, counts = cascade.detectMultiScale2(gray, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
    expected = sorted(zip(found[:, 0].tolist(), np.ravel(counts).tolist(), strict=True))
    faces = detect_faces(Frame.from_rgb(picture), make_detector("haar"))
    assert [(face.box[0], face.score) for face in faces] == expected
    assert all(face.score >= 5 for face in faces)


def test_the_whole_picture_is_a_face_of_no_detector():
    (face,) = detect_faces(Frame.from_rgb(np.zeros((30, 40, 3), np.uint8)), make_detector("none"))
    assert (face.box, face.score) == ((0, 0, 40, 30), 1)


@pytest.mark.parametrize(
    "path", sorted(Path(detectors.__file__).parent.glob("*.py")), ids=lambda path: path.stem
)
def test_every_file_of_a_detector_is_listed(path):
    listed = {detector.__module__.rpartition(".")[2] for detector in DETECTORS}
    assert path.stem in listed | {"__init__", "detector", "overlap"}, (
        f"DETECTORS lacks the class of {path.name}"
    )


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_every_detector_keeps_the_protocol(detector, tmp_path):
    picture = np.full((64, 48, 3), 90, np.uint8)
    missing = [
        name for name in ("name", "model_file", "longest_side", "detect") if not hasattr(detector, name)
    ]
    assert not missing, f"{detector.__name__} lacks {missing}"
    made = detector(drawn_yunet(tmp_path / "drawn.onnx")) if detector.model_file else detector()
    for face in made.detect(picture, DetectorOptions()):
        assert isinstance(face, Detection)


def test_the_smallest_face_is_counted_in_pixels_of_the_picture():
    """The astronaut's face has 95 pixels of 512; a smallest face of the cascade is its window, so it says a little more."""
    detector, frame = make_detector("haar"), Frame.from_rgb(data.astronaut())
    assert len(detect_faces(frame, detector, DetectorOptions(min_face=80))) == 1
    assert detect_faces(frame, detector, DetectorOptions(min_face=120)) == []
    large = Frame.from_rgb(at_size(2048))
    assert len(detect_faces(large, detector, DetectorOptions(min_face=320))) == 1
    assert detect_faces(large, detector, DetectorOptions(min_face=480)) == []


def test_an_unknown_detector_is_a_sentence():
    with pytest.raises(FerEdgeError, match="Did you mean 'haar'"):
        make_detector("har")


def test_names_are_unique():
    assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)


def test_the_usual_detector_is_the_first_of_the_list():
    assert DETECTORS[0].name == USUAL_DETECTOR
