"""A detector trained on photographs takes the drawings for faces, and its box is the box of the label."""

import numpy as np

from fer_edge.faces.detectors import detect_faces, make_detector
from fer_edge.synthetic import EMOTIONS, render_face


def overlap(a, b):
    sides = [max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1)]
    common = sides[0] * sides[1]
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return common / (sum(areas) - common)


def test_the_haar_cascade_finds_frontal_faces_of_every_emotion():
    detector, best = make_detector("haar"), []
    for seed in range(104):
        face = render_face(10_000 + seed, emotion=EMOTIONS[seed % 8], frontal=True, size=160)
        best.append(
            max((overlap(face.box, found.box) for found in detect_faces(face.frame, detector)), default=0.0)
        )
    found = np.array(best) >= 0.4
    assert found.mean() >= 0.95
    # Training crops by the label's box, prediction by the detector's: they must be the same cut.
    assert np.median(np.array(best)[found]) > 0.8
