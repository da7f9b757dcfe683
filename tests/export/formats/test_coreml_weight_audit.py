"""A package with one changed weight is found, whatever its precision."""

import shutil
import struct

import numpy as np
import pytest
import torch
from coremltools.proto.Model_pb2 import Model
from torch import nn

from fer_edge.export.faithful.original.folding import find_needs
from fer_edge.export.faithful.original.matching import StoredWeight, bound, compare
from fer_edge.export.faithful.original.needs import Candidate, Need
from fer_edge.export.formats.coreml import converter as coreml
from fer_edge.export.formats.coreml.constants import read_constants
from fer_edge.export.formats.coreml.package import PROGRAM, WEIGHTS
from fer_edge.export.formats.coreml.weight_audit import audit_coreml
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import BundleError
from fer_edge.runtime.variants import Variant, legal_variants
from fer_edge.runtime.verification import WeightAudit

NAMES = [variant.name for variant in legal_variants(every=True) if variant.format == "coreml"]
RECORD = struct.Struct("<IIQQQ")
TYPES = {1: np.float16, 2: np.float32, 4: np.int8}


@pytest.fixture(scope="module")
def source():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 24, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 3),
    ).eval()  # fmt: skip
    with torch.no_grad():
        module[1].running_mean.normal_()
        module[1].running_var.uniform_(0.5, 2)
        module[1].weight.normal_(1, 0.3)
        module[1].bias.normal_()
    return ModelAndContract(module, Contract.build(
        model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 16, 16, 3, "NCHW", "float32"),
        camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
    ))  # fmt: skip


@pytest.fixture(scope="module")
def packages(source, tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("packages"), {}
    noise = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
    calibration = Calibration(noise, noise[:0], np.zeros((0, 3), np.float32))
    for name in NAMES:
        variant = Variant.parse(name)
        made[name] = folder / variant.filename("small")
        coreml.convert(Request(variant, source, calibration, made[name]))
    return made


@pytest.mark.parametrize("name", NAMES)
def test_passes_what_the_converter_wrote(name, packages, source):
    audit = audit_coreml(packages[name], source)
    assert audit.findings == ()
    # Three layers, each with weight and bias; three labels make the normalization's shape that of a bias.
    assert audit.record == WeightAudit("pass", 6, audit.max_abs)
    assert audit.max_abs < (1e-6 if "fp32" in name else 1e-2)


def test_folds_as_the_definition_says(source):
    convolution, normalization = source.module[0], source.module[1]
    factor = normalization.weight.double() / torch.sqrt(
        normalization.running_var.double() + normalization.eps
    )
    weight = convolution.weight.double() * factor[:, None, None, None]
    bias = normalization.bias.double() - normalization.running_mean.double() * factor
    need = find_needs(source.module, torch.rand(1, 3, 16, 16))[0]
    found = {item.values.shape: item.values for item in need.options[0]}
    np.testing.assert_allclose(found[(12, 3, 3, 3)], weight.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found[(12,)], bias.detach().numpy(), rtol=1e-12)


def records(data):
    """Offset and type of every record, by a walk over the file."""
    position = 64
    while position + RECORD.size <= len(data):
        sentinel, kind, size, start, _ = RECORD.unpack_from(data, position)
        assert sentinel == 0xDEADBEEF
        yield kind, start, size
        position = -(-(start + size) // 64) * 64


def change(package, kind, index, by):
    """Add ``by`` to one value of the first large record of that type."""
    path = package / WEIGHTS
    data = bytearray(path.read_bytes())
    dtype = np.dtype(TYPES[kind])
    start = next(
        start for found, start, size in records(bytes(data)) if found == kind and size // dtype.itemsize > 100
    )
    view = np.frombuffer(data, dtype, count=index + 1, offset=start)
    view[index] += dtype.type(by)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("name", "kind", "by"),
    [
        ("coreml-fp32", 2, 1e-4),
        ("coreml-fp16", 1, 4e-3),
        ("coreml-w8", 4, 2),
        ("coreml-int8", 4, 2),
        ("coreml-fp32-image", 2, -1e-4),
    ],
)
def test_finds_one_changed_weight(name, kind, by, packages, source, tmp_path):
    package = tmp_path / "changed.mlpackage"
    shutil.copytree(packages[name], package)
    change(package, kind, 7, by)
    audit = audit_coreml(package, source)
    assert audit.record.verdict == "fail"
    assert len(audit.findings) == 1
    assert "at index" in audit.findings[0]
    assert audit.max_abs >= abs(by) * (0.9 if kind != 4 else 1e-3)


def test_finds_a_weight_that_is_not_a_number(packages, source, tmp_path):
    package = tmp_path / "changed.mlpackage"
    shutil.copytree(packages["coreml-fp32"], package)
    change(package, 2, 0, np.nan)
    assert audit_coreml(package, source).record.verdict == "fail"


def test_finds_another_networks_weights(packages, source):
    module = nn.Sequential(*source.module)
    module[7] = nn.Linear(24, 3)
    audit = audit_coreml(packages["coreml-w8"], ModelAndContract(module.eval(), source.contract))
    assert audit.record.verdict == "fail"


def test_names_what_is_missing():
    audit = compare([], [Need(((Candidate(np.arange(6.0).reshape(3, 2), 5.0),),))])
    assert audit.findings == ("a weight of shape [3, 2] of the source is not in the package",)


def constant(values, stored, step=0.0):
    return StoredWeight(
        "w", np.asarray(values, float), np.asarray(step), np.dtype(stored), (("conv", "weight"),)
    )


def test_bounds_by_hand():
    source = np.array([1.0, 0.25])
    # 2^-19 of the largest magnitude, which is 1; half a unit in the last place of float16 at 1 is 2^-11.
    assert list(bound(constant([1, 0.25], np.float32), source, 1.0)) == [2.0**-19, 2.0**-19]
    assert list(bound(constant([1, 0.25], np.float16), source, 1.0)) == [
        2.0**-19 + 2.0**-11,
        2.0**-19 + 2.0**-13,
    ]
    assert list(bound(constant([1, 0.25], np.int8, 0.5), source, 1.0)) == [0.25 + 2.0**-19] * 2


def test_reads_the_values_that_were_written(packages, source):
    linear = source.module[7].weight.detach().numpy()
    found = [item for item in read_constants(packages["coreml-fp32"]) if item.values.shape == (3, 24)]
    assert len(found) == 1
    assert found[0].readers == (("linear", "weight"),)
    assert np.array_equal(found[0].values.astype(np.float32), linear)


@pytest.mark.parametrize("cut", [0, 100, 700])
def test_a_short_weight_file_is_an_error(cut, packages, source, tmp_path):
    package = tmp_path / "short.mlpackage"
    shutil.copytree(packages["coreml-fp32"], package)
    (package / WEIGHTS).write_bytes((package / WEIGHTS).read_bytes()[:cut])
    with pytest.raises(BundleError, match=r"weight\.bin"):
        audit_coreml(package, source)


def test_an_unknown_compression_is_an_error(packages, source, tmp_path):
    package = tmp_path / "other.mlpackage"
    shutil.copytree(packages["coreml-w8"], package)
    model = Model()
    model.ParseFromString((package / PROGRAM).read_bytes())
    function = model.mlProgram.functions["main"]
    for operation in function.block_specializations[function.opset].operations:
        operation.type = operation.type.replace("affine_dequantize", "sparse_to_dense")
    (package / PROGRAM).write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="constexpr_sparse_to_dense"):
        audit_coreml(package, source)


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"PK\x03\x04"])
def test_a_damaged_program_is_an_error(content, packages, source, tmp_path):
    package = tmp_path / "damaged.mlpackage"
    shutil.copytree(packages["coreml-fp32"], package)
    (package / PROGRAM).write_bytes(content)
    with pytest.raises(BundleError):
        audit_coreml(package, source)
