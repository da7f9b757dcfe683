"""The two long modes, and the time that a plan gives to many subjects, on records whose truth is known."""

import numpy as np
import pytest

from fer_edge.bench.measure.long_runs import last_over_first, mlperf_facts, mlperf_reasons, sustained_facts
from fer_edge.bench.measure.plans import DEFAULT, MLPERF, QUICK, size_plan
from fer_edge.bench.measure.system_monitor import SystemMonitor
from fer_edge.bench.results.records import Block, Record


def test_time_for_many_subjects():
    assert size_plan(DEFAULT, 23).seconds == DEFAULT.seconds
    assert size_plan(DEFAULT, 46).seconds > DEFAULT.seconds
    assert size_plan(QUICK, 2) == QUICK
    assert size_plan(QUICK, 23).seconds == 31


def sustained(rise):
    times = np.arange(0, 600, 0.25)
    random = np.random.default_rng(0)
    values = (
        0.001 * (1 + rise * np.clip((times - 100) / 100, 0, 1)) * (1 + 0.005 * random.normal(size=times.size))
    )
    blocks = tuple(Block(0, turn, 1, float(begin)) for turn, begin in enumerate(times))
    return Record("v", "e", 1, "inference", tuple(values), blocks=blocks)


def test_last_minute_over_first_minute():
    found = last_over_first(sustained(0.2))
    assert found.low < 1.2 < found.high
    assert last_over_first(sustained(0.0)).value == pytest.approx(1, abs=0.002)
    (fact,) = sustained_facts([sustained(0.2)], SystemMonitor())
    assert fact["verdict"] == "slower"
    assert fact["celsius_a_minute"] == "unknown"


def test_one_turn_has_no_last_minute():
    assert last_over_first(Record("v", "e", 1, "inference", (1.0,))) is None


def single_stream(tails, queries=1100, seconds=60.5):
    plain = seconds / queries
    samples, blocks = [], []
    for repeat, tail in enumerate(tails):
        slow = [tail] * (queries // 5)
        samples += [*([plain] * (queries - len(slow))), *slow]
        blocks.append(Block(repeat, 0, queries, repeat * 61.0))
    return Record("v", "e", 1, "inference", tuple(samples), blocks=tuple(blocks))


def test_single_stream_is_the_median_of_the_repeats_90th_percentiles():
    (fact,) = mlperf_facts([single_stream([0.1, 0.101, 0.102, 0.103, 0.104])], MLPERF)
    assert fact["p90_seconds"] == 0.102
    assert fact["verdict"] == "valid"
    assert fact["spread"] == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("record_", "word"),
    [
        (single_stream([0.1, 0.1, 0.1, 0.1, 0.106]), "differ by 6.0%"),
        (single_stream([0.1] * 4), "4 of 5 repeats"),
        (single_stream([0.1] * 5, queries=1000), "1000 queries"),
        (single_stream([0.01] * 5, seconds=30), "in 2"),
    ],
)
def test_single_stream_that_breaks_a_rule_is_invalid(record_, word):
    assert any(word in reason for reason in mlperf_reasons(record_, MLPERF))
