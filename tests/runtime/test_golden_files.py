import json

import numpy as np
import pytest

from fer_edge.runtime import BundleError, Contract
from fer_edge.runtime.camera import upright
from fer_edge.runtime.golden import Vector, read_vectors, write_vector
from support import scalar_camera
from support.camera_cases import rgba, yuv
from support.contracts import changed, sealed
from support.stored_frames import frame_json, frame_of

CONTRACT = Contract.parse(sealed(changed(camera__crop_margin=0.25, camera__mirror=True)))


@pytest.mark.parametrize(
    "stored", [rgba(9, 7, pad=5), yuv(9, 7, "nv21", pad=3, chroma_pad=1), yuv(8, 6, "i420")]
)
def test_frames_survive_a_round_trip(stored):
    frame = frame_of(stored, 90)
    assert frame_json(frame) == stored
    np.testing.assert_array_equal(upright(frame_of(frame_json(frame), 90)), upright(frame))


def test_a_bundles_case_is_what_the_scalar_reference_says():
    frame = frame_of(yuv(21, 17, "nv12"), 270)
    text = write_vector(
        "face-0", frame, CONTRACT, box=(2.5, 3.0, 12.0, 15.5), probabilities=np.float32([0.1, 0.2, 0.7])
    )
    assert text == write_vector(
        "face-0", frame, CONTRACT, box=[2.5, 3, 12, 15.5], probabilities=np.float32([0.1, 0.2, 0.7])
    )
    document = json.loads(text)
    assert (document["mirror"], document["crop_margin"], document["rotation"]) == (True, 0.25, 270)
    assert document["expect"] == scalar_camera.expectation(document)
    vector = Vector.parse(text)
    assert vector.fault() is None
    assert np.float32(vector.probabilities).tolist() == np.float32([0.1, 0.2, 0.7]).tolist()


def good():
    return json.loads(write_vector("case", frame_of(yuv(4, 4, "i420"), 0), CONTRACT))


SPOILED = {
    "unknown key": lambda case: case.update(more=1),
    "no frame": lambda case: case.pop("frame"),
    "kind": lambda case: case["frame"].update(kind="bgra"),
    "base64": lambda case: case["frame"]["y"].update(data="***"),
    "data no text": lambda case: case["frame"]["y"].update(data=7),
    "stride text": lambda case: case["frame"]["u"].update(row_stride="4"),
    "mirror": lambda case: case.update(mirror=1),
    "dtype": lambda case: case["target"].update(dtype="float16"),
    "channels": lambda case: case["target"].update(channels=2),
    "scale with float32": lambda case: case["target"].update(scale=0.5),
    "int8 without scale": lambda case: case["target"].update(dtype="int8"),
    "mean without std": lambda case: case["target"].update(std=None),
    "expect": lambda case: case.update(expect={"error": "memory"}),
    "hash": lambda case: case["expect"].update(tensor_sha256="00"),
}


@pytest.mark.parametrize("name", SPOILED, ids=lambda name: name.replace(" ", "-"))
def test_spoiled_cases(name):
    case = good()
    SPOILED[name](case)
    with pytest.raises(BundleError, match="golden vector"):
        Vector.parse(json.dumps(case))


def test_folders(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps({**good(), "name": "b"}))
    (tmp_path / "a.json").write_text(json.dumps({**good(), "name": "a"}))
    assert [vector.name for vector in read_vectors(tmp_path)] == ["a", "b"]
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(BundleError, match=r"c\.json"):
        read_vectors(tmp_path)
    with pytest.raises(BundleError, match="no folder"):
        read_vectors(tmp_path / "nothing")
