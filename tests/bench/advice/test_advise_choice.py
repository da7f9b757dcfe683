"""Successive halving and its words, on times that are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.bench.advice.advise import PREFERENCES, Advice, Goal, advise
from fer_edge.bench.advice.document import DOCUMENT, advice_document
from fer_edge.bench.advice.passes import Effort, MeasuredRow
from fer_edge.bench.advice.text import explain, headline, proof
from fer_edge.bench.measure.subject import Subject
from fer_edge.runtime.manifest import Artifact
from fer_edge.runtime.verification import Accuracy, Parity


def subject(name: str, size: int = 100, threads: int = 1, accuracy: float | None = None) -> Subject:
    return Subject(
        Path(name), "tflite", f"tflite-{name}", "", threads, "", bytes=size, accuracy=accuracy, label=name
    )


class Known:
    """Measures by looking the time up; what it was asked is kept."""

    def __init__(
        self, times: dict[str, float], failing: tuple[str, ...] = (), memory: int | None = 10
    ) -> None:
        self.times, self.failing, self.memory = times, failing, memory
        self.asked: list[list[str]] = []

    def __call__(self, subjects: Sequence[Subject], effort: Effort) -> dict[str, MeasuredRow]:  # noqa: ARG002
        self.asked.append([entry.name for entry in subjects])
        times = {entry.name: self.times[entry.name] for entry in subjects if entry.name not in self.failing}
        return {
            name: MeasuredRow(time, time, 0.99 * time, 1.01 * time, "engine 1", self.memory)
            for name, time in times.items()
        }


def answer(subjects: Sequence[Subject], measure: Known, goal: Goal | None = None) -> Advice:
    found = advise(subjects, goal or Goal(), measure)
    explain(found, dict.fromkeys(measure.failing, "it broke"))
    return found


def test_the_fastest_wins_and_the_passes_get_smaller() -> None:
    times = {f"v{number:02}": 0.010 + 0.001 * number for number in range(40)}
    measure = Known(times)
    found = answer([subject(name) for name in reversed(times)], measure)
    assert found.choice is not None
    assert found.choice.subject.name == "v00"
    assert [len(names) for names in measure.asked] == [40, 8, 3]
    whys = {entry.subject.name: entry.why for entry in found.candidates}
    assert whys["v00"] == ""
    assert whys["v10"] == "100 % slower"


@given(st.lists(st.integers(10, 60), min_size=1, max_size=40), st.sampled_from(PREFERENCES))
def test_without_noise_it_is_the_exhaustive_best(values: list[int], prefer: str) -> None:
    times = {f"v{number}": value * 1e-3 for number, value in enumerate(values)}
    subjects = [
        subject(name, size=1 + value % 7, accuracy=value % 5 / 5)
        for name, value in zip(times, values, strict=True)
    ]
    found = answer(subjects, Known(times), Goal(prefer=prefer))
    assert found.choice is not None
    chosen = found.choice.subject
    if prefer == "latency":
        assert times[chosen.name] <= 1.01 * min(times.values())
    elif prefer == "size":
        assert chosen.bytes == min(entry.bytes for entry in subjects)
    else:
        assert chosen.accuracy == max(entry.accuracy or 0 for entry in subjects)
    assert all(entry.why or entry is found.choice for entry in found.candidates)


def test_equal_times_go_to_fewer_threads_then_accuracy_then_size() -> None:
    times = {"a": 0.01, "b": 0.01005, "c": 0.01003, "d": 0.01001}
    subjects = [
        subject("a", threads=2, accuracy=0.99),
        subject("b", accuracy=0.98),
        subject("c", accuracy=0.97),
        subject("d", accuracy=0.98, size=200),
    ]
    found = answer(subjects, Known(times))
    assert found.choice is not None
    assert found.choice.subject.name == "b"
    assert [entry.why for entry in found.candidates] == [
        "as fast, but takes 2 threads",
        "",
        "as fast, but less accurate: 97.00 %",
        "as fast, but larger: 200 B",
    ]


def test_limits_throw_out_and_say_so() -> None:
    measure = Known({"slow": 0.05, "good": 0.012}, failing=("broken",))
    goal = Goal(latency=0.015, size=1000)
    subjects = [subject("big", size=2000), subject("slow"), subject("good"), subject("broken")]
    found = answer(subjects, measure, goal)
    assert measure.asked[0] == ["slow", "good", "broken"]  # what is too large costs no time
    assert found.choice is not None
    assert found.choice.subject.name == "good"
    assert [entry.why for entry in found.candidates] == [
        "too large: 2.00 kB, allowed 1.00 kB",
        "too slow: up to 50.5 ms, allowed 15.0 ms",
        "",
        "it broke",
    ]
    assert headline(found) == (
        "Ship tflite-good in engine 1 with 1 thread: whole path 12.0 ms (95 %: 11.9 ms to 12.1 ms), 100 B; "
        "best latency within 15.0 ms latency, 1.00 kB size."
    )


def test_a_limit_must_hold_with_the_interval() -> None:
    found = answer([subject("edge")], Known({"edge": 0.0149}), Goal(latency=0.015))
    assert found.choice is None
    assert found.closest is not None
    assert found.closest.why == "too slow: up to 15.0 ms, allowed 15.0 ms"


@pytest.mark.parametrize(
    ("goal", "closest", "why"),
    [
        (Goal(latency=0.001), "fast", "too slow: up to 10.1 ms, allowed 1.00 ms"),
        (Goal(size=50), "small", "too large: 90 B, allowed 50 B"),
        (Goal(latency=1.0, memory=5), "small", "too much memory: 10 B, allowed 5 B"),
    ],
)
def test_where_nothing_fits_the_closest_is_named(goal: Goal, closest: str, why: str) -> None:
    subjects = [subject("small", size=90), subject("fast", size=900)]
    found = answer(subjects, Known({"small": 0.02, "fast": 0.01}), goal)
    assert found.choice is None
    assert found.closest is not None
    assert found.closest.subject.name == closest
    assert found.closest.why == why
    said = headline(found)
    assert said.startswith("Nothing fits ")
    assert why in said
    written = advice_document(found, "", {}, {})
    assert written["choice"] is None
    assert DOCUMENT.read_members(written).closest.why == why


def artifact(accuracy: Accuracy | None, parity: Parity) -> Artifact:
    return Artifact("tflite-fp32", "tflite", "fp32", "tensor", "a.tflite", 1, "", parity, accuracy=accuracy)


def test_what_the_manifest_proves() -> None:
    parity = Parity("pass", inputs=256, top1_agreement=0.996)
    assert proof(artifact(Accuracy("faces", 2000, 0.91, 0.909, None, "pass"), parity)) == (
        "Accuracy 90.90 % on 2000 images (faces), the original 91.00 %: pass, by the manifest."
    )
    assert proof(artifact(None, parity)).startswith(
        "Accuracy not proven (export with --accuracy FOLDER); the first"
    )
    assert "99.60 % of 256 inputs" in proof(artifact(None, parity))
    assert proof(artifact(None, Parity("not-run"))).startswith("Accuracy not proven, and parity was not run")
    assert proof(None).startswith("Accuracy and parity not proven")


class Settling(Known):
    """As :class:`Known`, but every time grows by 5 % from pass to pass: a cheap pass may err by that."""

    def __call__(self, subjects: Sequence[Subject], effort: Effort) -> dict[str, MeasuredRow]:
        grown = 1.05 ** len(self.asked)
        found = super().__call__(subjects, effort)
        return {
            name: MeasuredRow(
                one.seconds * grown, one.relative * grown, one.low * grown, one.high * grown, "engine 1", 10
            )
            for name, one in found.items()
        }


@pytest.mark.parametrize("prefer", ["size", "accuracy"])
def test_what_is_just_over_the_limit_does_not_push_out_what_fits(prefer: str) -> None:
    """Ten that are smaller and more accurate look as if they fitted, until they are measured for longer."""
    many = [subject(f"s{number}", 100 + number, accuracy=0.9) for number in range(10)]
    fits = subject("fits", 200, accuracy=0.8)
    times = {**{entry.name: 0.0099 for entry in many}, "fits": 0.005}
    found = answer([*many, fits], Settling(times), Goal(latency=0.010, prefer=prefer))
    assert found.choice is not None
    assert found.choice.subject.name == "fits"


def test_memory_that_is_not_shown_is_not_said_to_fit() -> None:
    found = answer([subject("a")], Known({"a": 0.001}, memory=None), Goal(memory=100))
    assert found.choice is None
    assert found.closest is not None
    assert found.closest.why.startswith("memory unknown")
