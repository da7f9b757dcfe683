"""What benchmark_model prints, as releases from 2020 to 2025 do, whole and cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.bench.targets.benchmark_tool import parse
from fer_edge.bench.targets.errors import DeviceError

# Lines as in public logs: TensorFlow 2.4 on Android, and a later release with percentiles on a slow board.
OLD = """STARTING!
Loaded model /data/local/tmp/m.tflite
INFO: Initialized TensorFlow Lite runtime.
The input model file size (MB): 11.983
Initialized session in 20.283ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=2 first=339304 curr=266325 min=266325 max=339304 avg=302814 std=36489

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=266601 curr=266931 min=265837 max=268116 avg=266473 std=419

Inference timings in us: Init: 20283, First inference: 339304, Warmup (avg): 302814, Inference (avg): 266473
Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual memory
Memory footprint delta from the start of the tool (MB): init=11.5 overall=40.25
"""
NEW = """INFO: count=1 curr=1357602

INFO: count=50 first=1249964 curr=1240143 min=1238588 max=1252566 avg=1.24027e+06 std=2565 p5=1238753 median=1239807 p95=1247415

INFO: Inference timings in us: Init: 5579, First inference: 1357602, Warmup (avg): 1.3576e+06, Inference (avg): 1.24027e+06
INFO: Overall peak memory footprint (MB) via periodic monitoring: 93.2383
"""
ONE = """count=1 curr=1357602
count=1 curr=1240143
Inference timings in us: Init: 5579, First inference: 1357602, Warmup (avg): 1.3576e+06, Inference (avg): 1.24014e+06
"""
SAME = """count=2 first=12 curr=10 min=10 max=12 avg=11 std=1
count=5 curr=12(all same)
Inference timings in us: Init: 5, First inference: 12, Warmup (avg): 11, Inference (avg): 12
"""


def test_an_old_release():
    found = parse(OLD, "device", 50)
    assert (found.count, found.peak_bytes, found.overall_bytes) == (50, None, 42205184)
    assert (found.load, found.first, found.mean) == pytest.approx((0.020283, 0.339304, 0.266473), abs=1e-12)
    assert found.series["std"] == 419


def test_a_new_release_with_exponents():
    found = parse(NEW, "device", 50)
    assert found.mean == pytest.approx(1.24027, abs=1e-12)
    assert (found.series["median"], found.peak_bytes) == (1239807, round(93.2383 * 2**20))


def test_series_of_one_run_and_of_equal_runs():
    assert parse(ONE, "device", 1).mean == pytest.approx(1.24014, abs=1e-12)
    assert parse(SAME, "device", 5).mean == pytest.approx(12e-6, abs=1e-15)


def outcome(text):
    """The summary, or the kind of its refusal."""
    try:
        return parse(text, "device", 1)
    except DeviceError as fault:
        return fault.kind


@pytest.mark.parametrize("text", [OLD, NEW, ONE, SAME])
def test_a_text_cut_anywhere_is_refused_or_says_the_same(text):
    whole, ends = outcome(text), text.index("Inference (avg)")
    for length in range(len(text)):
        found = outcome(text[:length])
        if found != "result-truncated":
            assert length > ends
            assert (found.mean, found.load, found.first) == (whole.mean, whole.load, whole.first)


@given(st.text(alphabet="count=1 curr2.5e+\nInference timings:avg()", max_size=200))
def test_nonsense_is_refused_but_never_a_traceback(text):
    assert outcome(text) == "result-truncated"
