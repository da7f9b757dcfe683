"""The pictures stay what the built-in model was trained on, as long as the renderer's version stays."""

import hashlib
import json
from pathlib import Path

import numpy as np

from fer_edge.runtime.camera import upright
from fer_edge.synthetic import SyntheticFaces
from fer_edge.synthetic.dataset import VERSION
from fer_edge.synthetic.sheet import contact_sheet

PICTURES = Path(__file__).parent / "renderer_pictures.json"
"""Mean brightness of 4 x 4 fields of 16 faces, taken when the version was set; a new version brings a new file."""

TOLERANCE = 2.0
"""Gray levels: another processor or library rounds an edge differently, a changed drawing moves whole features."""


def fields(face):
    picture = upright(face.frame).astype(float) @ [0.299, 0.587, 0.114]
    return [
        [round(float(part.mean()), 1) for part in np.array_split(row, 4, axis=1)]
        for row in np.array_split(picture, 4)
    ]


def test_pictures_change_only_with_the_version():
    stored = json.loads(PICTURES.read_text())
    assert stored["version"] == VERSION
    drawn = [fields(face) for face in SyntheticFaces("train", 16)]
    difference = np.abs(np.array(drawn) - np.array(stored["fields"])).max(axis=(1, 2))
    assert (difference <= TOLERANCE).all(), f"faces drawn differently, in gray levels: {difference.round(1)}"


def test_a_series_keeps_the_hash_that_bundles_and_trainings_stored():
    """The renderer's name in it is an identity, whatever the modules are called."""
    text = (
        '{"clear":null,"count":256,"emotions":["neutral","happiness","surprise","sadness","anger","disgust","fear",'
        f'"contempt"],"frontal":null,"renderer":"fer_edge.train.synthetic","seed":0,"split":"train","version":{VERSION}}}'
    )
    assert SyntheticFaces("train", 256).sha256() == hashlib.sha256(text.encode()).hexdigest()


def test_a_contact_sheet_shows_each_emotion_in_a_column():
    assert contact_sheet(rows=1, size=48).shape == (48, 8 * 48, 3)
