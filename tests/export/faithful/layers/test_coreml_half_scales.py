"""Core ML's int8 weights have float16 scales: what their rounding moves a weight by is no fault of a layer."""

import numpy as np
import pytest

from fer_edge.export.formats.coreml.layers import widen


@pytest.mark.parametrize("largest", [1.0, 1e-2, 8e-4, 2e-5])
def test_weights_that_are_rounded_by_a_rounded_scale_are_within(largest):
    weights = np.random.default_rng(0).uniform(-largest, largest, 4000)
    scale = largest / 127
    steps = np.round(weights / scale)
    stored = np.float64(np.float16(scale))
    away = np.abs(steps * stored - weights)
    assert (away <= widen(np.asarray(stored / 2), steps * stored) * 1.001).all()


def test_a_weight_that_is_a_step_off_is_not():
    scale = np.float64(np.float16(0.01))
    assert scale > widen(np.asarray(scale / 2), np.asarray(5 * scale))
