"""What a refusal tells to do next."""

from pathlib import Path

from fer_edge.export.bundle.results import LEFT_OUT, WRITTEN, VariantResult
from fer_edge.export.run.next_step import next_step
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Faithful, Parity


def result(name, status=WRITTEN, exit_code=0, faithful=None):
    parity = Parity("fail" if exit_code else "not-run", "for a test")
    return VariantResult(
        Variant.parse(name), status, Path(name), parity=parity, faithful=faithful, exit_code=exit_code
    )


def test_what_passed_in_this_run_comes_first():
    refused = result("tflite-int8", LEFT_OUT, 3)
    others = [result("tflite-w8"), result("tflite-fp16"), result("onnx-dynamic"), result("tflite-fp32")]
    said = next_step(refused, [refused, *others])
    assert said.startswith(
        "tflite-w8 and tflite-fp16 passed in this run; or calibrate on more or other faces"
    )
    assert "--qat" in said
    assert "--keep-failed" in said
    assert next_step(others[0], [refused, *others]) is None


def test_no_pictures_mend_a_file_that_is_not_faithful():
    refused = result("onnx-w8", LEFT_OUT, 3, Faithful("fail", None, "a weight is wrong"))
    said = next_step(refused, [refused])
    assert "no other pictures will mend it" in said
    assert "passed in this run" not in said
