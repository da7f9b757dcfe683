"""The loop, the warm-up rule, the orders, energy and memory: each alone."""

import itertools
import random
from collections import Counter

import hypothesis
import pytest
from hypothesis import strategies as st

from fer_edge.bench.measure import timing
from fer_edge.bench.measure.energy import Energy
from fer_edge.bench.measure.memory import peak_bytes, steady_bytes
from fer_edge.bench.measure.recording import Series
from fer_edge.bench.measure.run import MOST_CHILDREN, fast_cpus, shuffle, split_batches
from fer_edge.bench.measure.timing import is_steady, time_calls, warm_up


def test_every_call_is_timed_once():
    calls = []
    samples = time_calls(lambda: calls.append(1), 17)
    assert len(calls) == len(samples) == 17
    assert all(isinstance(sample, int) and sample >= 0 for sample in samples)


@hypothesis.given(st.lists(st.integers(1, 10**13), min_size=1))
@hypothesis.example([134159])
def test_samples_are_the_numbers_that_their_nine_decimals_say(nanoseconds):
    series = Series()
    series.add(nanoseconds, 0, 0, 0.0)
    assert series.samples == [float(f"{whole}e-9") for whole in nanoseconds]


def test_a_slowed_call_takes_its_share_longer_than_one_slowed_by_nothing(monkeypatch):
    """On a clock of its own: every reading is 10 units later, the work takes 1000."""
    clock = itertools.count(step=10)
    state = {"work": 0}

    def now():
        return next(clock) + state["work"]

    def work():
        state["work"] += 1000

    monkeypatch.setattr(timing, "perf_counter_ns", now)
    lengths = {}
    for share in (0.0, 0.03, 0.10):
        call = timing.slow_down(work, share)
        begin = now()
        call()
        lengths[share] = now() - begin
    # The work takes 1010 between its two readings; the grain of the clock is 10.
    assert lengths[0.03] - lengths[0.0] == pytest.approx(30, abs=15)
    assert lengths[0.10] - lengths[0.0] == pytest.approx(101, abs=15)


def test_stretched_times_are_exactly_longer():
    assert timing.stretch([1000, 200_000], 0.03) == [1030, 206_000]
    assert timing.stretch([1000], 0.0) == [1000]


@pytest.mark.parametrize(
    ("turns", "steady"),
    [
        ([], False),
        ([1.0] * 5, False),
        ([1.0] * 6, True),
        ([5, 4, 3, 2.9, 2.8, 2.7], False),  # still falling
        ([5, 3, 1.01, 1.0, 1.0, 1.0], False),  # median 3 before, 1 now
        ([3, 1.01, 1.0, 1.0, 1.0, 1.0], True),
        ([1, 1, 1, 2, 2, 2], True),  # the machine became slower: the process is warm all the same
        ([1, 1, 1, 0.985, 0.985, 0.985], True),  # 1.5 % is less than 2
        ([1, 1, 1, 0.97, 0.97, 0.97], False),
        ([1, 9, 1, 1, 9, 1], True),  # single turns that were disturbed do not count
    ],
)
def test_warm_is_who_has_stopped_getting_faster(turns, steady):
    assert is_steady(turns) == steady


def test_warm_up_ends_by_the_rule():
    costs = iter([9_000_000, 6_000_000, 4_000_000, 3_000_000] + [2_000_000] * 50)
    asked = []

    def run(count):
        asked.append(count)
        return [next(costs)] * count if count == 1 else [2_000_000] * count

    seconds, steady = warm_up(run)
    assert steady
    assert seconds == pytest.approx(0.002)
    assert asked[0] == 1
    assert 6 <= len(asked) <= 10
    assert asked[-1] == 2  # as many as fit five milliseconds; 2.5 rounds to even


def test_warm_up_gives_up_in_the_end():
    falling = [2.0**-number for number in range(40)]

    def run(count):
        return [max(1, round(falling.pop(0) * 1e9))] * count

    _, steady = warm_up(run, longest=1.0)
    assert not steady


def test_a_call_below_the_clocks_grain_is_no_division_by_zero():
    seconds, steady = warm_up(lambda count: [0] * count)
    assert seconds > 0
    assert steady


@hypothesis.given(st.lists(st.integers(), unique=True, max_size=100), st.integers(0, 100))
def test_batches_hold_everybody_once_and_are_of_one_size(items, seed):
    made = split_batches(items, random.Random(seed))
    assert Counter(item for batch in made for item in batch) == Counter(items)
    sizes = {len(batch) for batch in made}
    assert not sizes or (max(sizes) <= MOST_CHILDREN and max(sizes) - min(sizes) <= 1)


def test_orders_are_all_taken_and_repeat_with_the_seed():
    rng = random.Random(0)
    seen = Counter(tuple(shuffle("abc", rng)) for _ in range(600))
    assert len(seen) == 6
    assert min(seen.values()) > 60
    assert shuffle(range(9), random.Random(5)) == shuffle(range(9), random.Random(5))


def test_big_cores_are_taken_where_cores_differ(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1, 2, 3}, raising=False)
    assert fast_cpus(tmp_path) == [0, 1, 2, 3]
    for cpu, capacity in enumerate((400, 400, 1024, 1024)):
        place = tmp_path / "sys/devices/system/cpu" / f"cpu{cpu}"
        place.mkdir(parents=True)
        (place / "cpu_capacity").write_text(f"{capacity}\n")
    assert fast_cpus(tmp_path) == [2, 3]


def zone(root, name, energy, largest="1000000"):
    place = root / "sys/class/powercap" / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "energy_uj").write_text(f"{energy}\n")
    (place / "max_energy_range_uj").write_text(f"{largest}\n")


def test_energy_of_packages_with_a_counter_that_wraps(tmp_path):
    zone(tmp_path, "intel-rapl:0", 900_000)
    zone(tmp_path, "intel-rapl:0:0", 1)  # a part of package 0, not to be counted again
    zone(tmp_path, "intel-rapl:1", 100)
    energy = Energy(tmp_path)
    assert energy.shown
    before = energy.read()
    zone(tmp_path, "intel-rapl:0", 200_000)
    zone(tmp_path, "intel-rapl:1", 600)
    # Package 0 wrapped at 1 J: 0.1 + 0.2 J; package 1: 500 microjoules.
    assert energy.joules(before, energy.read()) == pytest.approx(0.3005)


def test_energy_that_may_not_be_read_is_not_shown(tmp_path):
    assert not Energy(tmp_path).shown
    (tmp_path / "sys/class/powercap/intel-rapl:0").mkdir(parents=True)
    energy = Energy(tmp_path)
    assert not energy.shown
    assert energy.joules(energy.read(), energy.read()) is None


def test_memory_of_a_process(tmp_path):
    (tmp_path / "smaps_rollup").write_text("00-ff ---p\nRss:  900 kB\nPss:  512 kB\nPss_Dirty: 3 kB\n")
    (tmp_path / "status").write_text("VmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n")
    assert steady_bytes(tmp_path) == 512 * 1024
    assert peak_bytes(tmp_path) == 2048 * 1024
    (tmp_path / "smaps_rollup").unlink()
    assert steady_bytes(tmp_path) == 1024 * 1024


def test_memory_of_this_process():
    assert peak_bytes() >= steady_bytes() > 1 << 20
