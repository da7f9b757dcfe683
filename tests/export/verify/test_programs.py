"""A TorchScript archive is two programs; a bundle whose bytecode says something else than its code is not proved."""

import hashlib
import io
import json
import pickletools
import shutil
import struct
import zipfile

import pytest

from fer_edge.export.formats.torchscript.converter import _archive
from fer_edge.runtime.containers.digest import seal

VERIFY = "fer_edge.export.verify.cli"


def relisted(bundle, name):
    """The manifest agrees with the changed file, as a careful forger's would."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    data = (bundle / name).read_bytes()
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    for artifact in manifest["artifacts"]:
        if artifact["path"] == name:
            artifact["bytes"] = len(data)
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def rewritten(data, record, change):
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        records = [(item.filename.split("/", 1)[1], source.read(item)) for item in source.infolist()]
    assert record in dict(records)
    return seal(_archive([(name, change(body) if name == record else body) for name, body in records]))


def smaller_ceiling(body):
    """ReLU6's constant: 6 becomes 2."""
    places = [
        place for code, value, place in pickletools.genops(body) if (code.name, value) == ("BINFLOAT", 6.0)
    ]
    assert len(places) == 1
    return body[: places[0] + 1] + struct.pack(">d", 2.0) + body[places[0] + 9 :]


@pytest.fixture
def bundle(builtin_bundle, tmp_path):
    return shutil.copytree(builtin_bundle, tmp_path / "bundle")


def test_one_constant_changed_in_the_bytecode_alone(bundle, run_command):
    path = bundle / "fer-mini-fp32.pt"
    path.write_bytes(rewritten(path.read_bytes(), "bytecode.pkl", smaller_ceiling))
    relisted(bundle, path.name)
    done = run_command(VERIFY, bundle, "--json")
    assert done.returncode == 3
    (found,) = [one for one in json.loads(done.stdout)["artifacts"] if one["variant"] == "torchscript-fp32"]
    assert found["verdict"] == "fail"
    assert any("bytecode, which phones run" in fault for fault in found["faults"])


def test_an_operator_that_writes(bundle, run_command, tmp_path):
    path = bundle / "fer-mini-fp32.pt"
    with zipfile.ZipFile(path) as archive:
        (code,) = [name.split("/", 1)[1] for name in archive.namelist() if name.endswith(".py")]
    path.write_bytes(
        rewritten(
            path.read_bytes(), code,
            lambda text: text.replace(b"    input = ", b'    torch.save(image, "taken")\n    input = ', 1),
        )
    )  # fmt: skip
    relisted(bundle, path.name)
    done = run_command(VERIFY, bundle, "--json", cwd=tmp_path)
    assert done.returncode == 3
    (found,) = [one for one in json.loads(done.stdout)["artifacts"] if one["variant"] == "torchscript-fp32"]
    assert any("aten::save" in fault for fault in found["faults"])
    assert not list(tmp_path.rglob("taken"))
