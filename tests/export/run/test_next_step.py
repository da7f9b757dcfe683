"""What a refusal tells to do next."""

from pathlib import Path

from fer_edge.export.bundle.results import LEFT_OUT, WRITTEN, VariantResult
from fer_edge.export.run.export import ExportOutcome
from fer_edge.export.run.next_step import next_step
from fer_edge.export.run.report import text
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Faithful, Parity, ParityLimit


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


def test_the_table_says_why_a_difference_beyond_the_limit_passed():
    def judged(name, worst, limit, verdict="pass"):
        parity = Parity(verdict, None, "engine 1", 64, worst, 0.01, 1.0, ParityLimit(limit, 0.97))
        return VariantResult(Variant.parse(name), WRITTEN, Path(name), parity=parity)

    def outcome(results):
        return ExportOutcome(list(results), None, None, "net", (), ())

    rows = [
        judged("onnx-w8", 0.13, 0.12),
        judged("onnx-fp32", 1e-6, 1e-4),
        judged("onnx-int8", 0.43, 0.25, "fail"),
    ]
    said = text(outcome(rows), Path("bundle"), None)
    assert "allowed: holds for a share of the pictures (95% in w8), max abs is the worst of all" in said
    assert "allowed: holds" not in text(outcome(rows[1:]), Path("bundle"), None)
