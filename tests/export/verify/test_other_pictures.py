"""A limit that was set for the exporter's own pictures does not make a right file wrong on others."""

import pytest

from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.verify.claims import contradicts
from fer_edge.runtime.verification import Code, Parity, ParityLimit

USUAL = Tolerances().of("onnx", "int8")
LIMIT = ParityLimit(0.01, 1.0)
RECORDED = Parity(
    "pass", None, "engine 1", 16, 0.011, 0.002, 1.0, LIMIT, None, "10 held-out calibration pictures", 0.011, (0.7, 1.0)
)  # fmt: skip


def found(p99, high, code=Code.DIFFERENT, source="10 drawn faces"):
    return Parity("fail", "too far", "engine 1", 16, p99, 0.02, high, LIMIT, code, source, p99, (0.5, high))


@pytest.mark.parametrize(
    ("now", "wrong"),
    [
        (found(0.06, 1.0), False), (found(0.06, 0.98, Code.DISAGREES), False),
        (found(0.3, 1.0), True), (found(0.06, 0.9), True),
        (found(0.06, 1.0, source=RECORDED.inputs_source), True), (found(0.06, 1.0, Code.INSENSITIVE), True),
    ],
)  # fmt: skip
def test_what_is_within_the_usual_limits_on_other_pictures_is_no_fault(now, wrong):
    assert contradicts(RECORDED, now, USUAL) == wrong


def test_golden_vectors_are_never_held_to_less_than_usual():
    strict = Tolerances(max_abs=0.01, min_agreement=1.0).of_other_pictures("onnx", "int8")
    assert (strict.max_abs, strict.top1_agreement) == (USUAL.max_abs, USUAL.top1_agreement)
    assert Tolerances(max_abs=0.5).of_other_pictures("onnx", "int8").max_abs == 0.5
