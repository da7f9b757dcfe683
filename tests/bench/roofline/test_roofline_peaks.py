"""The machine's peaks: real measurements, judged only by what any machine must show."""

from __future__ import annotations

import numpy as np
import onnxruntime

from fer_edge.bench.roofline.onnx_writer import FLOAT, INT8, INT32, UINT8, gemm_model
from fer_edge.bench.roofline.peaks import WORKING_SETS, measure_peaks


def test_peaks_of_this_machine() -> None:
    found = measure_peaks(1)
    # Between a first Raspberry Pi and the fastest core there is.
    assert 1e8 < found.fp32_macs < 1e12
    assert found.int8_macs is not None
    assert 1e8 < found.int8_macs < 1e13
    assert [size for size, _ in found.bandwidth] == list(WORKING_SETS)
    assert all(1e8 < rate < 1e13 for _, rate in found.bandwidth)
    assert "fp32 by " in found.source


def test_the_written_product_is_a_product() -> None:
    random = np.random.default_rng(0)
    left, right = random.integers(0, 255, (8, 8), np.uint8), random.integers(-127, 127, (8, 8), np.int8)
    session = onnxruntime.InferenceSession(gemm_model("MatMulInteger", UINT8, INT8, INT32, 8))
    np.testing.assert_array_equal(
        session.run(None, {"a": left, "b": right})[0], left.astype(np.int64) @ right.astype(np.int64)
    )
    session = onnxruntime.InferenceSession(gemm_model("MatMul", FLOAT, FLOAT, FLOAT, 8))
    eye = np.eye(8, dtype=np.float32)
    np.testing.assert_array_equal(session.run(None, {"a": eye, "b": eye * 3})[0], eye * 3)
