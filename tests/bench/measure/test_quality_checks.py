"""What the system shows, read from recorded files, and what the rules make of it."""

import dataclasses

import numpy as np
import pytest

from fer_edge.bench.measure import quality
from fer_edge.bench.measure.environment import UNKNOWN, MachineState, describe, read_state
from fer_edge.bench.measure.system_monitor import SystemMonitor
from fer_edge.bench.results.records import Block, Record
from fer_edge.stats.ratio import Ratio

CPUINFO = "processor\t: 0\nmodel name\t: AMD EPYC 9R14\nflags\t: fpu\n"
PRESSURE = (
    "some avg10=1.00 avg60=0.50 avg300=0.10 total=5000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
)
STAT = "cpu  100 20 30 1000 5 6 7 32 999 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"


@pytest.fixture
def machine(tmp_path):
    files = {
        "proc/cpuinfo": CPUINFO,
        "proc/loadavg": "0.52 0.40 0.30 1/90 123\n",
        "proc/stat": STAT,
        "proc/pressure/cpu": PRESSURE,
        "proc/pressure/memory": PRESSURE.replace("5000000", "250000"),
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "3200000\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1800000\n",
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "3\n",
        "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "4\n",
        "sys/class/thermal/thermal_zone0/temp": "48500\n",
        "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
        "sys/class/thermal/thermal_zone1/temp": "broken\n",
    }
    for name, text in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return tmp_path


def test_what_a_machine_shows_is_read(machine):
    state = read_state(machine)
    assert state.pressure == {"cpu": 5.0, "memory": 0.25}
    assert (state.steal, state.ticks) == (
        32,
        100 + 20 + 30 + 1000 + 5 + 6 + 7 + 32,
    )  # guest time is part of user
    assert state.frequency == (3200.0, 1800.0)
    assert state.celsius == {"zone0 x86_pkg_temp": 48.5}
    assert state.throttles == 7
    known = describe(machine)
    assert (known["cpu"], known["governor"], known["load_average_1min"]) == (
        "AMD EPYC 9R14",
        "performance, powersave",
        0.52,
    )
    assert known["versions"]["numpy"] == np.__version__


def test_what_a_container_hides_is_unknown_and_no_verdict(tmp_path):
    state = read_state(tmp_path)
    assert state == MachineState(at=state.at)
    assert describe(tmp_path)["governor"] == describe(tmp_path)["load_average_1min"] == UNKNOWN
    monitor = SystemMonitor(read=lambda: read_state(tmp_path))
    with monitor.window():
        pass
    document = monitor.document()
    assert document["pressure"] == {"cpu": UNKNOWN, "memory": UNKNOWN, "io": UNKNOWN}
    assert document["steal"] == document["throttle_events"] == document["celsius_a_minute"] == UNKNOWN
    assert (
        document["frequency_mhz"]
        == document["thermal_zones_celsius"]
        == {"before": UNKNOWN, "after": UNKNOWN}
    )
    assert quality.check_machine(monitor, 1, 2) == []


@pytest.mark.parametrize("text", ["", "cpu", "cpu 1 2 x 4 5 6 7 8", "intr 1 2 3 4 5 6 7 8 9", "\x00\xff"])
def test_files_in_another_form_are_unknown(tmp_path, text):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text(text)
    assert read_state(tmp_path).steal is None


def monitored(*pairs):
    return SystemMonitor(
        windows=[
            (MachineState(**{"at": 0.0, **begin}), MachineState(**{"at": 60.0, **end}))
            for begin, end in pairs
        ]
    )


QUIET = {
    "pressure": {"cpu": 10.0, "memory": 1.0},
    "steal": 5,
    "ticks": 10_000,
    "frequency": (3000.0,),
    "throttles": 7,
}


def later(**changed):
    end = {**QUIET, "ticks": 22_000, **changed}
    return monitored((QUIET, end))


@pytest.mark.parametrize(
    ("monitor", "word", "advice"),
    [
        (later(pressure={"cpu": 17.0, "memory": 1.0}), "CPU pressure: tasks waited 12%", "quieter time"),
        (later(pressure={"cpu": 10.0, "memory": 2.0}), "memory pressure: tasks waited 1.7%", "free memory"),
        (later(steal=305), "steal: the hypervisor gave 2.5%", "dedicated machine"),
        (later(throttles=9), "throttling: the processor slowed itself down 2 times", "cool"),
    ],
)
def test_each_disturbance_has_its_sentence_and_advice(monitor, word, advice):
    (reason,) = quality.check_machine(monitor, 1, 2)
    assert word in reason
    assert advice in reason


def test_below_the_limits_nothing_is_said():
    assert quality.check_machine(later(pressure={"cpu": 15.0, "memory": 1.5}, steal=200), 1, 2) == []


def test_more_threads_than_cpus_make_pressure_of_their_own():
    (reason,) = quality.check_machine(later(pressure={"cpu": 50.0, "memory": 1.0}), 4, 2)
    assert "at most 2 threads" in reason


def test_frequency_is_compared_within_the_run_not_with_the_idle_machine():
    warm, slow = {**QUIET, "frequency": (3000.0, 800.0)}, {**QUIET, "frequency": (2500.0, 800.0)}
    idle = {**QUIET, "frequency": (800.0, 800.0)}
    (reason,) = quality.check_machine(monitored((idle, warm), (warm, slow)), 1, 2)
    assert "fell by 17%" in reason
    assert "governor" in reason
    assert quality.check_machine(monitored((idle, warm), (idle, warm)), 1, 2) == []


def test_only_the_windows_count():
    """Starting processes presses on the CPUs; nothing is measured then."""
    before, start = QUIET, {**QUIET, "pressure": {"cpu": 500.0, "memory": 1.0}}
    end = {**start, "at": 60.0}
    assert monitored((before, QUIET), (start, end)).pressure("cpu") == 0


def test_temperature_slope_is_of_the_zone_that_warms_up_fastest():
    monitor = monitored(
        ({"celsius": {"a": 40.0, "b": 30.0, "gone": 1.0}}, {"celsius": {"a": 41.0, "b": 36.0}})
    )
    assert monitor.warming() == pytest.approx(6.0)


@pytest.mark.parametrize(("value", "trusted"), [(1.019, True), (1.021, False), (0.981, True), (0.979, False)])
def test_the_twin_may_differ_by_two_percent(value, trusted):
    assert (quality.check_twin(Ratio(value, 0.9, 1.1, 3)) == []) == trusted


def record(medians, *, calls=20, stage="inference", noise=0.002):
    random = np.random.default_rng(0)
    samples = np.repeat(medians, calls) * (1 + noise * random.normal(size=len(medians) * calls))
    blocks = tuple(Block(0, turn, calls, float(turn)) for turn in range(len(medians)))
    return Record("v", "e", 1, stage, tuple(samples), blocks=blocks)


def test_a_steady_record_is_trusted():
    assert quality.check_record(record(np.full(40, 0.001))) == []


@pytest.mark.parametrize(
    ("end", "word", "advice"), [(0.00112, "slower", "--sustained"), (0.0009, "faster", "measure again")]
)
def test_drift_has_its_direction_and_advice(end, word, advice):
    (reason,) = quality.check_record(record(np.linspace(0.001, end, 40)))
    # The line's change over the run as a share of the median: 0.12 of 1.06, and 0.1 of 0.95.
    assert reason.startswith("drift: inference got 11%")
    assert word in reason
    assert advice in reason


def test_a_drift_that_does_not_matter_is_none():
    assert quality.check_record(record(np.linspace(0.001, 0.00103, 40))) == []


def test_flipping_between_two_speeds_is_unsteady_and_no_drift():
    random = np.random.default_rng(1)
    medians = np.where(random.random(40) < 0.5, 0.001, 0.00125)
    reasons = quality.check_record(record(medians))
    assert [reason.split(":")[0] for reason in reasons] == ["unsteady"]


def test_too_few_samples_are_named_with_what_it_takes():
    (reason,) = quality.check_record(record(np.full(1, 0.001), calls=4))
    assert "too few samples: inference has 4, its median's interval needs 6" in reason


def test_load_and_first_are_not_judged_by_their_handful_of_samples():
    assert quality.check_record(record(np.array([0.1, 0.2, 0.9]), calls=1, stage="load")) == []


def test_reasons_come_once():
    assert quality.merge_reasons(["a", "b"], ["b"], []) == ("a", "b")
    assert dataclasses.asdict(Ratio(1, 1, 1, 1))["clusters"] == 1
