"""A few drawn faces as a folder, and commands that end in (exit code, output, messages)."""

import numpy as np
import pytest

from fer_edge.faces.pictures import save_picture
from fer_edge.runtime.camera import scaled
from fer_edge.synthetic import SyntheticFaces

SPELLINGS = {"happiness": "Happy", "sadness": "sad"}
"""Folder names that are other spellings of the label."""


@pytest.fixture
def call(capsys):
    """``call(command, *words)``: exit code, standard output, standard error."""

    def run(command, *words):
        with pytest.raises(SystemExit) as ending:
            command.main([str(word) for word in words])
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """``DIR/<class>/<n>.png``: 16 drawn faces of 4 classes, cut out as crops."""
    root = tmp_path_factory.mktemp("crops")
    emotions = ("neutral", "happiness", "sadness", "anger")
    faces = SyntheticFaces("test", 16, emotions=emotions)
    for index in range(len(faces)):
        face = faces[index]
        place = root / SPELLINGS.get(face.emotion, face.emotion)
        place.mkdir(exist_ok=True)
        pixels = scaled(face.frame, 80, 80, box=face.box, crop_margin=0.1)
        save_picture(place / f"{index}.png", np.ascontiguousarray(pixels))
    return root
