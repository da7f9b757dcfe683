"""Folders for ``--calibration`` and ``--accuracy``: what is left out is said, and classes that the model lacks on request only."""

import json
import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fer_edge.export.pictures.folder import PictureOptions, read_folder
from fer_edge.export.reference_data.app_mistakes import measure_mistakes
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, OutputSpec
from fer_edge.runtime.errors import ExportError, PictureError

CONTRACT = Contract.build(
    model="m",
    labels=("happy", "sad"),
    input=InputSpec("image", "tensor", 8, 8, 1, "NCHW", "float32"),
    camera=CameraSpec(),
    output=OutputSpec("logits", "logits"),
)


def folder(path, contract, *, labeled, locate=None, into=None, **options):
    named = PictureOptions(**options)
    return read_folder(path, contract, named, locate, labeled=labeled, limit=None, into=into)


@pytest.fixture
def pictures(tmp_path):
    """Four pictures of each of three classes, and what lies between them."""
    root = tmp_path / "faces"
    random = np.random.default_rng(0)
    for name in ("Happiness", "sad", "contempt"):
        (root / name).mkdir(parents=True)
        for at in range(4):
            Image.fromarray(random.integers(0, 256, (16, 16), np.uint8)).save(root / name / f"{at}.png")
    (root / "sad/list.txt").write_text("")
    (root / "sad/phone.heic").write_bytes(b"nothing")
    return root


@pytest.mark.parametrize("labeled", [True, False])
def test_a_class_that_the_model_lacks_is_refused_or_left_out(pictures, labeled):
    with pytest.raises(ExportError, match=r"no class of the model: contempt.*--skip-unknown leaves"):
        folder(pictures, CONTRACT, labeled=labeled)
    images = folder(pictures, CONTRACT, labeled=labeled, skip_unknown=True)
    assert images.classes(CONTRACT.labels) == {"happy": 4, "sad": 4}
    assert images.left_out == "6 files left out (4 of class contempt, 1 .heic, 1 .txt)"
    assert images.take([0]).left_out == images.left_out


@pytest.mark.parametrize("labeled", [True, False])
def test_folders_of_numbers(pictures, labeled):
    for number, name in enumerate(("Happiness", "sad", "contempt")):
        (pictures / name).rename(pictures / str(number))
    names = {"0": "happiness", "1": "sad", "2": "contempt"}
    with pytest.raises(
        ExportError, match=r"no class of the model: 0, 1, 2\.  *Classes: happy, sad\. --map FOLDER=CLASS"
    ):
        folder(pictures, CONTRACT, labeled=labeled)
    with pytest.raises(ExportError, match=r"no class of the model: 2\."):
        folder(pictures, CONTRACT, labeled=labeled, renamed=names)
    images = folder(pictures, CONTRACT, labeled=labeled, renamed=names, skip_unknown=True)
    assert images.classes(CONTRACT.labels) == {"happy": 4, "sad": 4}


def test_a_folder_with_a_label_for_a_name_may_hold_another_class(pictures):
    swapped = {"sad": "contempt", "contempt": "sad"}
    images = folder(pictures, CONTRACT, labeled=True, renamed=swapped, skip_unknown=True)
    assert images.classes(CONTRACT.labels) == {"happy": 4, "sad": 4}
    assert "4 of class sad" in images.left_out


def test_pictures_without_classes(pictures):
    images = folder(pictures / "sad", CONTRACT, labeled=False)
    assert (len(images), images.left_out) == (4, "2 files left out (1 .heic, 1 .txt)")
    with pytest.raises(PictureError, match="holds 4 pictures outside class folders"):
        folder(pictures / "sad", CONTRACT, labeled=True)


def test_pictures_go_to_a_file_one_by_one_and_no_copy_stays_in_memory(tmp_path):
    large = replace(CONTRACT.input, width=256, height=256, channels=3)
    contract = Contract.build(
        model="m", labels=("happy", "sad"), input=large, camera=CameraSpec(), output=CONTRACT.output
    )
    random = np.random.default_rng(1)
    for at in range(64):
        place = tmp_path / "faces" / contract.labels[at % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(place / f"{at:02d}.png")

    def without_some(name, _frame):
        return None if name.endswith("7.png") else (1.0, 1.0, 7.0, 7.0)

    kept = folder(tmp_path / "faces", contract, labeled=True, locate=without_some)
    tracemalloc.start()
    mapped = folder(tmp_path / "faces", contract, labeled=True, locate=without_some, into=tmp_path / "a.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept.scaled.shape == (58, 256, 256, 3)  # 7, 17, ... 57 have no face; 11 MB
    assert np.array_equal(mapped.scaled, kept.scaled)
    assert np.array_equal(np.load(tmp_path / "a.npy"), kept.scaled)
    assert (mapped.sha256, mapped.labels.tolist()) == (kept.sha256, kept.labels.tolist())
    assert peak < kept.scaled.nbytes / 2
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "a.npy"}
    with pytest.raises(ExportError, match="no face was found in 64 pictures"):
        folder(tmp_path / "faces", contract, labeled=True, locate=lambda *_: None, into=tmp_path / "b.npy")
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "a.npy"}


def test_all_pictures_that_cannot_be_read_are_named_at_once(pictures):
    whole = (pictures / "sad/0.png").read_bytes()
    for at in range(12):
        (pictures / "sad" / f"cut{at:02d}.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "Happiness/0.png").write_bytes(b"")
    (pictures / "sad/folder.png").mkdir()
    with pytest.raises(PictureError) as caught:
        folder(pictures, CONTRACT, labeled=True, skip_unknown=True)
    said = str(caught.value)
    assert said.startswith("13 of 20 pictures cannot be used: ")
    assert "Happiness/0.png cannot be decoded: it has no bytes" in said
    assert "cut08.png" in said
    assert "; and 3 more. Mend or remove them" in said


def test_a_photograph_is_not_kept_while_mistakes_are_measured(tmp_path):
    random = np.random.default_rng(2)
    (tmp_path / "photos").mkdir()
    for at in range(16):
        Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8)).resize((512, 512)).save(
            tmp_path / f"photos/{at:02d}.bmp"
        )
    options = PictureOptions(calibration=str(tmp_path / "photos"), parity_inputs=16)
    original = SimpleNamespace(module=lambda tensor: tensor.mean((2, 3)).repeat(1, 2), contract=CONTRACT)
    tracemalloc.start()
    found = measure_mistakes(original, options, None, 1, lambda: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.samples == 16
    assert peak < 16 * 512 * 512 * 4
    assert measure_mistakes(original, options, lambda *_: None, 1, lambda: None) is None  # no face in any


def test_nothing_is_left(pictures):
    contract = Contract.build(
        model="m",
        labels=("fear", "anger"),
        input=CONTRACT.input,
        camera=CameraSpec(),
        output=CONTRACT.output,
    )
    with pytest.raises(ExportError, match="no class of the model: Happiness, contempt, sad"):
        folder(pictures, contract, labeled=True, skip_unknown=True)


def test_a_model_of_fewer_classes_takes_the_whole_data_set(export, foreign_options, pictures, tmp_path):
    words = ("weights.pth", *foreign_options, "--format", "torchscript", "--parity-inputs", "16")
    words += ("--accuracy", pictures, "--out", tmp_path / "bundle", "--json")
    code, document, texts = export(*words)
    assert (code, "--skip-unknown" in document["error"]["message"]) == (1, True), texts.err
    code, document, texts = export(*words, "--skip-unknown")
    assert code in (0, 3), texts.err  # random weights may lose or keep their accuracy
    assert document["warnings"] == [
        "only 8 pictures of yours can judge files (32 or more would); drawn faces were added",
        "accuracy: 6 files left out (4 of class contempt, 1 .heic, 1 .txt)",
    ]
    assert "accuracy: 6 files left out (4 of class contempt" in texts.err
    (made,) = json.loads((tmp_path / "bundle/manifest.json").read_text())["artifacts"]
    assert made["accuracy"]["samples"] == 8


def test_calibration_pictures_judge_where_nothing_is_calibrated(export, foreign_options, pictures, tmp_path):
    words = ("weights.pth", *foreign_options, "--format", "torchscript", "--parity-inputs", "16")
    words += ("--calibration", pictures, "--skip-unknown", "--out", tmp_path / "bundle", "--json")
    code, document, texts = export(*words)
    assert code in (0, 3), texts.err
    assert document["warnings"] == [
        "only 8 pictures of yours can judge files (32 or more would); drawn faces were added",
        "calibration: 6 files left out (4 of class contempt, 1 .heic, 1 .txt)",
    ]
    (made,) = json.loads((tmp_path / "bundle/manifest.json").read_text())["artifacts"]
    assert made["parity"]["inputs_source"] == "8 held-out calibration pictures and 2 drawn faces"
    assert made["calibration"] is None


def test_a_table_is_read_as_a_folder_is(tmp_path):
    rows = [f"{3 + at % 2},{' '.join([str(at * 9)] * 2304)}" for at in range(6)]
    (tmp_path / "t.csv").write_text("\n".join(["emotion,pixels", *rows, "4,1 2", "3,x"]))
    with pytest.raises(
        PictureError, match=r"2 of 8 pictures cannot be used: .*line 8: 2 pixels.*line 9: 1 pixels"
    ):
        folder(tmp_path / "t.csv", CONTRACT, labeled=True)
    (tmp_path / "t.csv").write_text("\n".join(["emotion,pixels", *rows]))
    images = folder(tmp_path / "t.csv", CONTRACT, labeled=True)
    assert images.classes(CONTRACT.labels) == {"happy": 3, "sad": 3}
    assert images.scaled[:, 0, 0, 0].tolist() == [0, 9, 18, 27, 36, 45]
