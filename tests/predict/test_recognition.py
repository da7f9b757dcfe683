"""Boxes on their way to the model and into the answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.predict.outputs.document import face_entry, shortest
from fer_edge.predict.recognition import mirror_box, predict_faces
from fer_edge.predict.result import RecognizedFace, clip
from fer_edge.runtime import Frame, Prediction, load
from fer_edge.runtime.errors import PictureError


def test_a_mirroring_contract_gets_the_box_where_it_is_looked_for(sided_artifact):
    pixels = np.zeros((40, 100, 3), np.uint8)
    pixels[10:30, 20:30] = 0
    pixels[10:30, 30:40] = 255  # the right half of the face at x 20 to 40 is bright
    (face,) = predict_faces(Frame.from_rgb(pixels), [(20, 10, 40, 30)], load(sided_artifact))
    assert face.bbox == (20, 10, 40, 30)
    # Mirrored, the bright half is the left one, nearly all of what the model looks at.
    assert face.prediction.label == "neutral"


@given(st.tuples(*[st.floats(-50, 250, allow_nan=False)] * 4))
def test_clipped_boxes_lie_inside_and_cover(box):
    x0, y0, x1, y1 = min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])
    try:
        left, top, right, bottom = clip((x0, y0, x1, y1), (120, 90))
    except PictureError:
        assert x0 >= 120 or y0 >= 90 or x1 <= 0 or y1 <= 0 or x0 == x1 or y0 == y1
        return
    assert 0 <= left < right <= 120
    assert 0 <= top < bottom <= 90
    assert left <= max(x0, 0) < left + 1
    assert right - 1 < min(x1, 120) <= right


def test_mirrored_twice_is_the_box():
    assert mirror_box((20, 1, 40, 5), 100) == (60, 1, 80, 5)
    assert mirror_box(mirror_box((20.5, 1, 40.25, 5), 100), 100) == (20.5, 1, 40.25, 5)


@given(st.floats(0, 1, width=32))
def test_shortest_is_numpys(value):
    assert shortest(value) == float(str(np.float32(value)))
    assert np.float32(shortest(value)) == np.float32(value)


def test_the_unrounded_probability_meets_the_threshold():
    """float32(0.7) is 0.699999988, below 0.7 though it is printed as 0.7; float32(0.3) is 0.300000012."""
    values = {"fear": float(np.float32(0.7)), "anger": float(np.float32(0.3))}
    entry = face_entry(RecognizedFace(1, (0, 0, 1, 1), Prediction(values)), threshold=0.7, probabilities=True)
    assert entry == {"face_id": 1, "bbox": ["0", "0", "1", "1"], "probabilities": {"fear": 0.7, "anger": 0.3}}
    entry = face_entry(
        RecognizedFace(1, (0, 0, 1, 1), Prediction(values)), threshold=0.3, probabilities=False
    )
    assert entry == {"face_id": 1, "fear": 0.7, "anger": 0.3, "bbox": ["0", "0", "1", "1"]}
