"""What MediaPipe and Task Library read in a TFLite file is held against its contract, in the bundle that the app ships."""

import hashlib
import io
import json
import re
import shutil
import struct
import zipfile

import pytest

from fer_edge.export.verify.bundle_checks import check_artifact
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.containers.digest import BLANK_DIGEST, seal
from fer_edge.runtime.contract import Contract
from support.paths import DEMO_BUNDLE

NAME = "fer-mini-fp32.tflite"


def exchange_labels(data):
    """The first two lines of the text in the zip archive behind the model change places; the archive stays sound."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (entry,) = archive.infolist()
        first, second, *rest = archive.read(entry).splitlines(keepends=True)
    stream = io.BytesIO(data[: entry.header_offset])
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(
            zipfile.ZipInfo("labels.txt", (1980, 1, 1, 0, 0, 0)), b"".join([second, first, *rest])
        )
    return stream.getvalue()


def change_mean(data):
    """The mean that apps subtract is 127.5 / 255 in the contract; here it becomes 0."""
    place = data.index(struct.pack("<f", 127.5), data.index(b"M001"))
    return data[:place] + struct.pack("<f", 0.0) + data[place + 4 :]


@pytest.mark.parametrize(
    ("change", "said"),
    [(bytes, None), (exchange_labels, "labels.txt inside it"), (change_mean, "TFLITE_METADATA")],
)
def test_metadata_that_contradicts_the_contract_is_found(tmp_path, change, said):
    place = tmp_path / "bundle"
    shutil.copytree(DEMO_BUNDLE, place)
    blank = re.sub(
        rb"fer-edge-sha256:[0-9a-f]{64}:fer-edge-sha256", BLANK_DIGEST.encode(), (place / NAME).read_bytes()
    )
    forged = seal(change(blank))
    (place / NAME).write_bytes(forged)
    document = json.loads((place / "manifest.json").read_text())
    document["files"][NAME] = {"sha256": hashlib.sha256(forged).hexdigest(), "bytes": len(forged)}
    document["artifacts"][0]["bytes"] = len(forged)
    (place / "manifest.json").write_text(json.dumps(document))
    bundle = open_bundle(place)
    reference = Contract.parse((place / "reference.safetensors.contract.json").read_bytes())
    faults = check_artifact(bundle, bundle.artifact("tflite-fp32"), reference).faults
    assert (said is None) == (not faults)
    assert said is None or said in faults[0]
