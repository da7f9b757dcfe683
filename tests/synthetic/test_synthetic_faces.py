"""Drawn faces: the same bytes for a seed, sound labels and boxes, splits that share nobody."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import FerEdgeError, FrameError
from fer_edge.synthetic import ACTION_UNITS, EMOTIONS, PROTOTYPES, SyntheticFaces, render_face
from support.processes import environment, python

HASH_FACES = """
import hashlib, sys
import cv2
cv2.setNumThreads(int(sys.argv[1]))
from fer_edge.synthetic import SyntheticFaces
digest = hashlib.sha256()
for face in SyntheticFaces("train", 12):
    for plane in face.frame.planes:
        digest.update(plane.tobytes())
    digest.update(repr((face.box, face.label.tolist(), face.action_units)).encode())
print(digest.hexdigest())
"""


def frame_bytes(face):
    return b"".join(plane.tobytes() for plane in face.frame.planes)


def test_the_same_bytes_in_another_process_with_other_thread_counts_and_hash_seeds():
    answers = set()
    for threads in ("1", "4"):
        run = python(
            "-c",
            HASH_FACES,
            threads,
            env=environment(PYTHONHASHSEED=threads, OMP_NUM_THREADS=threads),
            check=True,
        )
        answers.add(run.stdout)
    assert len(answers) == 1


@settings(max_examples=25)
@given(seed=st.integers(0, 2**60), size=st.integers(48, 230), frontal=st.booleans(), clear=st.booleans())
def test_any_seed_gives_a_sound_face(seed, size, frontal, clear):
    face = render_face(seed, size=size, frontal=frontal, clear=clear)
    again = render_face(seed, size=size, frontal=frontal, clear=clear)
    assert frame_bytes(face) == frame_bytes(again)
    assert upright(face.frame).shape == (size, size, 3)
    x0, y0, x1, y1 = face.box
    assert 0 <= x0 < x1 <= size
    assert 0 <= y0 < y1 <= size
    assert 0.4 * size < x1 - x0
    assert face.label.dtype == np.float32
    assert face.label.shape == (8,)
    assert face.label.sum() == pytest.approx(1, abs=1e-6)
    assert EMOTIONS[face.label.argmax()] == face.emotion
    assert (face.label.max() == 1) or not clear
    assert all(
        name.rstrip("LR") in ACTION_UNITS and 0 <= value <= 1 for name, value in face.action_units.items()
    )


def test_unclear_faces_carry_soft_labels():
    labels = np.stack([render_face(seed, clear=False, size=64).label for seed in range(80)])
    assert (labels.max(axis=1) < 1).mean() > 0.8
    assert ((labels > 0).sum(axis=1) >= 2).mean() > 0.8


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_every_emotion_is_drawn_on_request(emotion):
    for clear in (True, False):
        assert render_face(3, emotion=emotion, clear=clear, size=64).emotion == emotion


def test_other_spellings_are_understood():
    assert render_face(5, emotion="happy", size=64).emotion == "happiness"


def test_prototypes_name_known_units_and_follow_the_label_order():
    assert tuple(PROTOTYPES) == EMOTIONS
    for variants in PROTOTYPES.values():
        for variant in variants:
            assert all(
                name.rstrip("LR") in ACTION_UNITS and 0 < value <= 1 for name, value in variant.items()
            )


# From the table of prototypes in the FACS Investigator's Guide and Ekman & Friesen 1986, typed in by hand.
PROTOTYPE_CORES = {
    "happiness": {"AU12"},
    "surprise": {"AU1", "AU2", "AU5"},
    "sadness": {"AU1", "AU4", "AU15"},
    "anger": {"AU4", "AU7"},
    "disgust": {"AU9"},
    "fear": {"AU1", "AU2", "AU4", "AU5", "AU20"},
    "contempt": {"AU12R", "AU14R"},
}


@pytest.mark.parametrize(("emotion", "core"), PROTOTYPE_CORES.items())
def test_every_variant_holds_the_core_of_its_prototype(emotion, core):
    assert all(core <= set(variant) for variant in PROTOTYPES[emotion])


def test_all_cameras_deliver_the_same_upright_picture():
    for seed in range(6):
        pictures = {}
        for kind in ("rgba", "nv21", "nv12", "i420"):
            face = render_face(seed, camera=kind, size=121 + seed)
            assert face.frame.kind == ("rgba" if kind == "rgba" else "yuv420")
            pictures[kind] = upright(face.frame).astype(int)
        assert (pictures["nv21"] == pictures["nv12"]).all()
        assert (pictures["nv21"] == pictures["i420"]).all()
        # Chroma is shared by four pixels, brightness is not.
        brightness = [pictures[kind] @ [0.299, 0.587, 0.114] for kind in ("rgba", "nv21")]
        inside = (pictures["nv21"].min(axis=2) > 0) & (pictures["nv21"].max(axis=2) < 255)
        assert np.abs(brightness[0] - brightness[1])[inside].max() < 4


def test_all_rotations_and_kinds_occur():
    faces = [render_face(seed, size=48) for seed in range(60)]
    assert {face.frame.rotation for face in faces} == {0, 90, 180, 270}
    assert {face.frame.kind for face in faces} == {"rgba", "yuv420"}


def test_splits_share_no_seed():
    seeds = {split: {SyntheticFaces(split, 500, seed=s).face_seed(i) for s in (0, 1) for i in range(500)}
             for split in ("train", "validation", "test")}  # fmt: skip
    assert all(len(found) == 1000 for found in seeds.values())
    for left, right in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not seeds[left] & seeds[right]
    assert {seed % 3 for seed in seeds["train"]} == {0}
    assert {seed % 3 for seed in seeds["test"]} == {2}


def test_classes_take_turns():
    faces = SyntheticFaces("validation", 16, clear=True)
    assert len(faces) == 16
    assert [face.emotion for face in faces] == list(EMOTIONS) * 2
    two = SyntheticFaces("test", 4, emotions=("fear", "happy"))
    assert [face.emotion for face in two] == ["fear", "happiness"] * 2


def test_indexing_like_any_sequence():
    faces = SyntheticFaces("train", 3)
    assert frame_bytes(faces[-1]) == frame_bytes(faces[2])
    assert [face.seed for face in faces[1:]] == [faces[1].seed, faces[2].seed]
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"face {index} of 3"):
            faces[index]


def test_provenance_changes_with_every_parameter():
    variants = [
        SyntheticFaces("train", 10), SyntheticFaces("test", 10), SyntheticFaces("train", 11),
        SyntheticFaces("train", 10, seed=1), SyntheticFaces("train", 10, clear=True),
        SyntheticFaces("train", 10, frontal=False), SyntheticFaces("train", 10, emotions=("fear",)),
    ]  # fmt: skip
    assert len({faces.sha256() for faces in variants}) == len(variants)
    assert variants[0].sha256() == SyntheticFaces("train", 10).sha256()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SyntheticFaces("tset", 1), "split 'tset' is unknown. Did you mean 'test'"),
        (lambda: SyntheticFaces("test", -1), "count -1 is negative"),
        (lambda: SyntheticFaces("test", 1, emotions=()), "no emotion is named"),
        (lambda: SyntheticFaces("test", 1, emotions=("hapiness",)), "Did you mean 'happiness'"),
        (lambda: render_face(0, emotion="angr"), "Did you mean 'anger'"),
        (lambda: render_face(-1), "seed -1 is negative"),
        (lambda: render_face(0, size=20), "size 20 is out of range"),
    ],
)
def test_wrong_wishes_are_answered_in_a_sentence(call, message):
    with pytest.raises(FerEdgeError, match=message):
        call()


def test_unknown_camera():
    with pytest.raises(FrameError, match="Did you mean 'nv21'"):
        render_face(0, camera="nv2")
