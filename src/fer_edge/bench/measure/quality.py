"""Quality checks of a measurement: every rule and every threshold, with its reason.

What the system does not show (``unknown``) is no verdict: a container without PSI, governor or thermal zones can still
give trusted figures, because drift, the A/A check and the width of the intervals are seen in the samples themselves.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from fer_edge.bench.measure.system_monitor import SystemMonitor
from fer_edge.bench.results.doubts import Doubt
from fer_edge.bench.results.records import Record
from fer_edge.stats.quantiles import quantile_interval
from fer_edge.stats.ratio import Ratio
from fer_edge.stats.trend import trend

CPU_PRESSURE = 0.10
"""Share of the time in which a task waited for a CPU. One child at a time needs one CPU and waits for none; a tenth is
where a neighbor shows in p90."""
MEMORY_PRESSURE = 0.01
"""Reclaiming memory stalls for milliseconds, longer than an inference."""
STEAL = 0.02
"""Share of CPU time that a hypervisor gave to others: as much as the 2 % that a comparison is to resolve."""
FREQUENCY_FALL = 0.10
"""More than the steps in which governors move."""
DRIFT = 0.05
"""Change over the run that matters; smaller ones are averaged away by interleaving."""
DRIFT_P = 0.01
"""Of all records of the run together (Bonferroni)."""
AA = 0.02
"""The allowed difference of an artifact from itself: the figure that this harness promises for comparisons."""
WIDTH = 0.05
"""Half-width of the median's interval, as a share of the median, above which the number has no second digit."""
FEWEST_TURNS = 8
"""Fewer turns show no trend."""

STEADY_STAGES = ("inference", "camera", "whole")


def check_machine(monitor: SystemMonitor, most_threads: int, cpus: int) -> list[str]:
    """Reasons of the system against the run: pressure, steal, throttling.

    Args:
        monitor: readings around the samples.
        most_threads: of any subject.
        cpus: that this process may use.
    """
    return [*_pressure(monitor, most_threads, cpus), *_steal(monitor), *_throttling(monitor)]


def _pressure(monitor: SystemMonitor, most_threads: int, cpus: int) -> Iterator[str]:
    cpu, memory = monitor.pressure("cpu"), monitor.pressure("memory")
    if cpu is not None and cpu > CPU_PRESSURE:
        advice = (
            f"ask for at most {cpus} threads, the number of CPUs here"
            if most_threads > cpus
            else "stop what else runs here, or measure at a quieter time"
        )
        yield Doubt.CPU_PRESSURE.because(
            f"tasks waited {cpu:.0%} of the time (limit {CPU_PRESSURE:.0%}); {advice}"
        )
    if memory is not None and memory > MEMORY_PRESSURE:
        yield Doubt.MEMORY_PRESSURE.because(
            f"tasks waited {memory:.1%} of the time (limit {MEMORY_PRESSURE:.0%}); "
            "free memory, or measure fewer variants at a time"
        )


def _steal(monitor: SystemMonitor) -> Iterator[str]:
    steal = monitor.steal()
    if steal is not None and steal > STEAL:
        yield Doubt.STEAL.because(
            f"the hypervisor gave {steal:.1%} of the CPU time to others (limit {STEAL:.0%}); "
            "take a dedicated machine, or measure again later"
        )


def _throttling(monitor: SystemMonitor) -> Iterator[str]:
    events, fall = monitor.throttles(), monitor.frequency_fall()
    if events:
        yield Doubt.THROTTLING.because(
            f"the processor slowed itself down {events} times; let it cool down, or cool it better"
        )
    if fall is not None and fall > FREQUENCY_FALL:
        yield Doubt.FREQUENCY.because(
            f"it fell by {fall:.0%} during the run (limit {FREQUENCY_FALL:.0%}); "
            "set the governor to performance, plug the machine in, or let it cool down"
        )


def check_twin(twin: Ratio | None) -> list[str]:
    """The reason of the A/A check: the same artifact, measured as two processes side by side."""
    if twin is None or 1 / (1 + AA) <= twin.value <= 1 + AA:
        return []
    return [
        Doubt.AA_CHECK.because(
            f"the same artifact differs from itself by {twin.value - 1:+.1%} (limit {AA:.0%}); "
            "measure longer, or on a quieter machine"
        )
    ]


def check_record(record: Record, records: int = 1) -> list[str]:
    """Reasons of a record's own samples: drift, and an interval too wide.

    Args:
        record: of one stage.
        records: how many of the run are judged, so that many looks do not find a trend by chance.
    """
    if record.stage not in STEADY_STAGES:
        return []
    return [*_drift(record, records), *_width(record)]


def turn_medians(record: Record) -> tuple[list[float], list[float]]:
    """Begin of each turn and the median of its samples, in seconds; turns without samples are left out."""
    parts = [(block.begin, statistics.median(samples)) for block, samples in record.split() if samples]
    return [begin for begin, _ in parts], [value for _, value in parts]


def _drift(record: Record, records: int) -> Iterator[str]:
    times, values = turn_medians(record)
    if len(values) < FEWEST_TURNS or min(values) <= 0:
        return
    found = trend(times, values)
    if not (found.p_value < DRIFT_P / records and abs(found.change) > DRIFT):
        return
    word, advice = (
        ("slower", "let the machine cool down, see --sustained")
        if found.change > 0
        else ("faster", "something else was ending; measure again")
    )
    yield Doubt.DRIFT.because(
        f"{record.stage} got {abs(found.change):.0%} {word} over the run (limit {DRIFT:.0%}); {advice}"
    )


def _width(record: Record) -> Iterator[str]:
    found = quantile_interval(record.samples, 0.5, blocks=[block.count for block in record.blocks])
    if found.value is None or found.low is None or found.high is None:
        yield Doubt.TOO_FEW.because(
            f"{record.stage} has {len(record.samples)}, its median's interval needs {found.needed}; "
            "measure fewer variants at a time, or without --quick"
        )
        return
    half = (found.high - found.low) / 2 / found.value if found.value > 0 else math.inf
    if half > WIDTH:
        yield Doubt.UNSTEADY.because(
            f"the median of {record.stage} is known to {half:.0%} only (limit {WIDTH:.0%}); "
            "measure longer, or on a quieter machine"
        )


def check_warm_up(restless: int, seconds: float) -> list[str]:
    """The reason of a warm-up that did not end by itself.

    Args:
        restless: processes in which it did not.
        seconds: after which it was given up.
    """
    if not restless:
        return []
    text = f"it was still getting faster after {seconds:g} s, {restless} times; measure longer, or give the machine time"
    return [Doubt.WARM_UP.because(f"{text} to reach its clock")]


def check_failure(failure: str | None) -> list[str]:
    """The reason of a process that failed after others of the same artifact had been measured."""
    text = f"{failure}; what it took before is shown, so find out why and measure again"
    return [Doubt.INCOMPLETE.because(text)] if failure else []


def merge_reasons(*lists: Sequence[str]) -> tuple[str, ...]:
    """All reasons, each once."""
    return tuple(dict.fromkeys(reason for reasons in lists for reason in reasons))
