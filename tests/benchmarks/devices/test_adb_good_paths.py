"""What comes back from a device where nothing goes wrong."""

import pytest


@pytest.mark.parametrize("features", ["shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir", "cmd"])
@pytest.mark.parametrize("runner", ["tool", "app"])
def test_every_variant_is_measured_and_nothing_stays(bench, runner, features):
    bench.device.features = features
    result = bench.measure(runner)
    assert result.complete
    assert result.trusted, result.reasons
    assert result.target == "adb:A1B2"
    assert {record.variant for record in result.records} == {"tflite-fp32", "tflite-int8"}
    stages = {
        "tool": ["load", "first", "inference"],
        "app": ["load", "first", "inference", "camera", "whole"],
    }[runner]
    assert [record.stage for record in result.records] == stages * 2
    assert bench.device.left == []
