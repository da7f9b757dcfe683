"""Drawn faces from the cache are the drawn faces."""

import numpy as np
import pytest

from fer_edge.export.pictures.drawn_faces import CACHE, draw_scaled
from fer_edge.export.pictures.images import draw_faces
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.synthetic import SyntheticFaces

FACES = SyntheticFaces("test", 6)


def contract(side=24, margin=0.1):
    return Contract.build(
        model="small",
        labels=("sadness", "happiness"),
        input=InputSpec("image", "tensor", side, side, 1, "NCHW", "float32"),
        camera=CameraSpec(crop_margin=margin),
        normalization=Normalization((0.5,), (0.5,)),
        output=OutputSpec("logits", "logits"),
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "faces"


def drawn(side=24, margin=0.1):
    return np.stack(
        [scaled(face.frame, side, side, box=face.box, crop_margin=margin, mirror=False) for face in FACES]
    )


def count(ticks):
    return lambda: ticks.append(1)


def test_the_second_time_nothing_is_drawn(folder):
    first, second = [], []
    np.testing.assert_array_equal(draw_scaled(FACES, contract(), count(first)), drawn())
    np.testing.assert_array_equal(draw_scaled(FACES, contract(), count(second)), drawn())
    assert (len(first), len(second), len(list(folder.iterdir()))) == (6, 0, 1)


@pytest.mark.parametrize("other", [{"side": 25}, {"margin": 0.2}])
def test_another_geometry_is_another_file(folder, other):
    draw_scaled(FACES, contract())
    np.testing.assert_array_equal(draw_scaled(FACES, contract(**other)), drawn(**other))
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "folder"])
def test_a_damaged_file_is_made_again(folder, damage):
    draw_scaled(FACES, contract())
    (path,) = folder.iterdir()
    data = bytearray(path.read_bytes())
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            data[:-1] if damage == "cut" else bytes(data[:200]) + bytes([data[200] ^ 1]) + bytes(data[201:])
        )
    np.testing.assert_array_equal(draw_scaled(FACES, contract()), drawn())


def test_nothing_is_kept_unless_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(CACHE)
    for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    draw_scaled(FACES, contract())
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE, str(tmp_path / "file"))
    np.testing.assert_array_equal(draw_scaled(FACES, contract()), drawn())


def test_labels_follow_the_emotions_of_the_faces():
    made = draw_faces("test", 6, contract())
    known = SyntheticFaces("test", 6, emotions=("happiness", "sadness"))
    names = [contract().labels[place] for place in made.labels]
    assert names == [known[index].emotion for index in range(6)]
