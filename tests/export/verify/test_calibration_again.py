"""fer-verify --calibration: ranges are held against the very pictures that they were measured on."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fer_edge.export.pictures.arrays import CALIBRATION_FILE
from fer_edge.export.pictures.calibration import DRAWN
from fer_edge.export.pictures.folder import PictureOptions
from fer_edge.export.reference_data.build import ReferenceDataBuilder
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.export.verify.measure import _list_calibrated
from fer_edge.export.verify.original import VerifyRequest
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import ExportError


def recorded(**sources):
    artifacts = [
        SimpleNamespace(
            variant=name, calibration=SimpleNamespace(source=source, sha256=name) if source else None
        )
        for name, source in sources.items()
    ]
    return SimpleNamespace(manifest=SimpleNamespace(artifacts=artifacts))


def test_drawn_faces_are_drawn_again_and_a_folder_is_taken_where_it_is_given(tmp_path):
    bundle = recorded(plain=None, drawn=DRAWN, own="faces")
    assert _list_calibrated(bundle, VerifyRequest(tmp_path)) == {"drawn": "drawn"}
    assert _list_calibrated(bundle, VerifyRequest(tmp_path, pictures=PictureOptions(calibration="own"))) == {
        "own": "own"
    }


def test_pictures_are_found_as_at_export(foreign_bundle, verify, tmp_path):
    code, _, texts = verify(foreign_bundle, "--detector-model", tmp_path / "yunet.onnx")
    assert (code, "name it: --detector yunet" in texts.err) == (2, True)
    code, _, texts = verify(foreign_bundle, "--map", "0")
    assert (code, "such as 0=anger" in texts.err) == (2, True)
    code, _, texts = verify(foreign_bundle, "--accuracy", tmp_path / "nothing.csv")
    assert (code, "a table FILE.csv, or the word synthetic" in texts.err) == (1, True)


def test_a_folder_for_a_bundle_without_such_ranges_is_exit_1(foreign_bundle, verify, tmp_path):
    code, _, texts = verify(foreign_bundle, "--arch", "somebodys_net:tiny", "--calibration", tmp_path)
    assert code == 1
    assert "no range of this bundle was measured on a folder of pictures" in texts.err


@pytest.fixture
def folder(tmp_path):
    for label in ("anger", "fear"):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for number in range(5):
            shape = (10, 10, 3)
            pixels = np.random.default_rng([number, len(label)]).integers(0, 256, shape, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "faces" / label / f"{number}.png")
    return tmp_path / "faces"


def test_the_folder_must_hold_the_same_pictures(folder, tmp_path):
    contract = Contract.build(
        model="small", labels=("anger", "fear"), input=InputSpec("image", "tensor", 8, 8, 1, "NCHW", "float32"),
        camera=CameraSpec(), normalization=Normalization((0.5,), (0.5,)), output=OutputSpec("logits", "logits"),
    )  # fmt: skip
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).eval()
    original = ReferenceModel(network, contract, "somebodys_net:tiny", {}, "0" * 64)
    builder = ReferenceDataBuilder(original, PictureOptions(calibration=str(folder)), tmp_path, lambda: None)
    with pytest.raises(
        ExportError, match=r"are not those that ranges were measured on .*the manifest says 123"
    ):
        builder.repeat_calibration({"tflite-int8": "123"})
    wanted = builder._divide_calibration(None).measuring
    builder.repeat_calibration({"tflite-int8": wanted.sha256})
    found = np.load(tmp_path / CALIBRATION_FILE)
    assert np.array_equal(found, wanted.scaled)
    assert len(found) == 8
