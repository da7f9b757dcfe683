"""What the Swift core takes of a bundle on disk, and what it refuses."""

import json
import shutil

import pytest

from support import tiny_artifacts as tiny
from support.paths import DEMO_BUNDLE

TAKEN = ("coreml-fp32", "onnx-fp32", "tflite-fp32")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


def load(folder, variant):
    """A question for the package's checks."""
    return "load", f"{folder}\n{variant}".encode()


def test_what_an_iphone_can_run_is_opened(ask, sound):
    """Embedded contracts of four formats' files are found; a real bundle's too."""
    ready = [
        entry["variant"] for entry in json.loads((DEMO_BUNDLE / "manifest.json").read_text())["artifacts"]
    ]
    answers = ask([load(sound, name) for name in TAKEN] + [load(DEMO_BUNDLE, name) for name in ready])
    assert answers == [None] * len(answers)
    (torchscript,) = ask([load(sound, "torchscript-fp32")])
    assert "no model for iOS; allowed: a coreml, tflite, onnx or executorch variant" in torchscript


def test_every_changed_cut_or_missing_file_is_refused(ask, sound, tmp_path):
    """Each file of each artifact, one fault at a time."""
    questions, wanted = [], []
    for variant in TAKEN:
        artifact = next(
            entry
            for entry in json.loads((sound / "manifest.json").read_text())["artifacts"]
            if entry["variant"] == variant
        )
        place = sound / artifact["path"]
        files = [file for file in place.rglob("*") if file.is_file()] if place.is_dir() else [place]
        for file in [*files, sound / f"{artifact['path']}.contract.json"]:
            for fault in ("flipped", "cut", "missing"):
                copy = tmp_path / f"{len(questions)}"
                shutil.copytree(sound, copy)
                target = copy / file.relative_to(sound)
                data = bytearray(target.read_bytes())
                data[len(data) // 2] ^= 1
                if fault == "missing":
                    target.unlink()
                else:
                    target.write_bytes(data if fault == "flipped" else data[:-1])
                questions.append(load(copy, variant))
                wanted.append(target.relative_to(copy).as_posix())
    for sentence, path in zip(ask(questions), wanted, strict=True):
        assert sentence is not None, path
        assert path in sentence


def test_models_that_are_none_are_refused(ask, sound, tmp_path):
    """Files cut at every length and then listed anew: each structure is left in the middle."""
    questions = []
    for variant, name in (("onnx-fp32", "tiny-fp32.onnx"), ("tflite-fp32", "tiny-fp32.tflite")):
        whole = (sound / name).read_bytes()
        for length in sorted({0, 1, 4, 9, *range(16, len(whole), max(1, len(whole) // 25))}):
            copy = tmp_path / f"{variant}-{length}"
            shutil.copytree(sound, copy)
            (copy / name).write_bytes(whole[:length])
            document = json.loads((copy / "manifest.json").read_text())
            document["files"] = tiny.file_entries(copy)
            tiny.write_manifest(copy, document)
            questions.append(load(copy, variant))
    answers = ask(questions)
    assert len(answers) > 50
    broken = [answer for answer in answers if answer is not None]
    # What lies behind the metadata of the file is not the contract's matter.
    assert len(broken) > 25
    assert all(
        "holds no contract" in answer or "is no " in answer or "another contract" in answer
        for answer in broken
    )
