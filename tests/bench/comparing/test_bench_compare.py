"""Pairs, result files and the gate, on records whose truth is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from fer_edge.bench.comparing.compare import SIDES, compare_files, compare_sides, is_result
from fer_edge.bench.comparing.gate import Gate, find_namesake, without_version
from fer_edge.bench.results.ratios import describe_ratio, log_times, ratio_of_rounds, ratio_of_runs
from fer_edge.bench.results.records import Block, Record, Result, write
from fer_edge.bench.selection import Filter
from fer_edge.runtime.errors import DataError
from fer_edge.stats.ratio import Ratio


def record(scale=1.0, *, generations=8, turns=12, calls=9, seed=0, layout=0.002, **changed):
    """Turns of a machine that flips by 14 % between rounds, in processes whose layout matters a little."""
    machine, own = np.random.default_rng(99), np.random.default_rng(seed)
    samples, blocks = [], []
    for generation in range(generations):
        process = 1 + layout * own.normal()
        for turn in range(turns):
            scatter = 1.14 if machine.random() < 0.3 else 1.0
            samples += list(0.001 * scale * process * scatter * (1 + 0.01 * np.abs(own.normal(size=calls))))
            blocks.append(Block(generation, turn, calls, generation * 10.0 + turn))
    made = Record("tflite-fp32", "ai-edge-litert 2.3.0", 1, "inference", tuple(samples), blocks=tuple(blocks))
    return replace(made, **changed)


def test_rounds_are_paired_so_that_the_machines_moods_cancel():
    found = ratio_of_rounds(record(seed=1), record(1.03, seed=2))
    assert found.low > 1.02
    assert found.high < 1.04
    assert found.verdict == "slower"


def test_one_wild_call_in_each_turn_moves_nothing():
    disturbed = record(seed=2)
    samples = list(disturbed.samples)
    samples[::9] = [50.0] * len(samples[::9])
    found = ratio_of_rounds(record(seed=1), replace(disturbed, samples=tuple(samples)))
    assert abs(found.value - 1) < 0.01


def test_records_of_two_runs_have_no_round_in_common():
    other = replace(
        record(), blocks=tuple(replace(block, generation=block.generation + 100) for block in record().blocks)
    )
    with pytest.raises(DataError, match="no round in common"):
        ratio_of_rounds(record(), other)


def test_two_runs_are_compared_by_generations():
    found = ratio_of_runs(record(seed=1), record(1.10, seed=2))
    assert found.low < 1.10 < found.high
    assert found.low > 1.05
    assert found.clusters == 8


def test_a_record_without_blocks_is_cut_into_parts():
    plain = record(generations=1, turns=16, blocks=())
    assert len(log_times(plain)) == 8
    assert ratio_of_runs(plain, plain).value == 1


def test_a_clock_too_coarse_is_said():
    with pytest.raises(DataError, match="too coarse"):
        ratio_of_runs(record(samples=(0.0,) * 864), record())
    with pytest.raises(DataError, match="too coarse"):
        ratio_of_runs(record(samples=(5e-324,) * 864), record())


def files(tmp_path, a, b, **environment):
    for name, one in (("a", a), ("b", b)):
        write(tmp_path / f"{name}.json", Result(environment, (one,)))
    return [str(tmp_path / "a.json"), str(tmp_path / "b.json")]


def test_result_files(tmp_path):
    (found,) = compare_files(files(tmp_path, record(seed=1), record(1.2, seed=2)), Filter(), "inference", 0)
    assert found.ratio.verdict == "slower"
    assert found.reasons == ()
    assert json.loads(json.dumps(found.document()))["interval"][0] > 1.1


def test_one_record_each_is_compared_whatever_its_name(tmp_path):
    names = files(tmp_path, record(seed=1), record(seed=2, variant="tflite-int8"))
    (found,) = compare_files(names, Filter(), "inference", 0)
    assert "tflite-fp32" in found.first
    assert "tflite-int8" in found.second


def test_threads_choose_among_the_records_of_two_files(tmp_path):
    for name, seed in (("a", 1), ("b", 2)):
        both = record(seed=seed), record(seed=seed, threads=2)
        write(tmp_path / f"{name}.json", Result({}, both))
    names = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert len(compare_files(names, Filter(threads=()), "inference", 0)) == 2
    (found,) = compare_files(names, Filter(threads=(2,)), "inference", 0)
    assert "2 threads" in found.first


def test_files_without_anything_in_common(tmp_path):
    names = files(tmp_path, record(), record(stage="whole"))
    with pytest.raises(DataError, match="share no inference"):
        compare_files(names, Filter(), "inference", 0)


def test_untrusted_files_and_another_cpu_are_reasons(tmp_path):
    noisy = record(seed=2, trusted=False, reasons=("steal: much",))
    write(tmp_path / "a.json", Result({"cpu": "one"}, (record(),)))
    write(tmp_path / "b.json", Result({"cpu": "two"}, (noisy,)))
    (found,) = compare_files([str(tmp_path / "a.json"), str(tmp_path / "b.json")], Filter(), "inference", 0)
    assert "another CPU: one then, two now" in found.reasons[0]
    assert "the later result is marked untrusted: steal" in found.reasons[1]


def live(ratio_of_twin):
    sides = tuple(
        record(scale, seed=seed, subject=side) for side, scale, seed in (("A", 1.0, 1), ("B", 1.05, 2))
    )
    twin = {"value": ratio_of_twin, "low": 0.9, "high": 1.1, "clusters": 8}
    noisy = tuple(replace(one, trusted=False, reasons=("CPU pressure: much",)) for one in sides)
    return Result({"aa_check": twin}, noisy)


def test_pressure_marks_the_times_and_the_twin_judges_the_comparison():
    sources = dict(zip(SIDES, ("old.tflite", "new.tflite"), strict=True))
    found = compare_sides(live(1.001), "inference", sources)
    assert found.reasons == ()
    assert found.warnings == ("CPU pressure: much",)
    assert found.ratio.verdict == "slower"
    assert compare_sides(live(1.05), "inference", sources).reasons[0].startswith("A/A check")


def test_a_side_that_was_not_measured():
    result = Result({}, (record(subject="A"),), extra={"failed": {"B": "it crashed"}})
    with pytest.raises(DataError, match=r"new\.tflite: it crashed"):
        compare_sides(result, "inference", dict(zip(SIDES, ("old.tflite", "new.tflite"), strict=True)))


@pytest.mark.parametrize(("scale", "fails"), [(1.0, False), (1.04, False), (1.12, True), (0.8, False)])
def test_the_gate_fails_on_clear_regressions_only(tmp_path, scale, fails):
    write(tmp_path / "main.json", Result({}, (record(seed=1),)))
    verdict = Gate.read(str(tmp_path / "main.json"), 0.05).judge(Result({}, (record(scale, seed=2),)))
    assert bool(verdict.failures) == fails
    assert "tflite-fp32" in verdict.text()
    assert json.loads(json.dumps(verdict.document()))["records"][0]["name"] == "tflite-fp32"


def test_a_wide_interval_above_the_limit_is_not_clear(tmp_path):
    write(tmp_path / "main.json", Result({}, (record(seed=1, generations=3, layout=0.08),)))
    verdict = Gate.read(str(tmp_path / "main.json"), 0.05).judge(
        Result({}, (record(1.08, seed=4, generations=3, layout=0.08),))
    )
    assert verdict.lines[0].ratio.low < 1.05
    assert verdict.failures == ()


def test_the_gate_needs_something_in_common(tmp_path):
    write(tmp_path / "main.json", Result({}, (record(threads=4),)))
    with pytest.raises(DataError, match="no record"):
        Gate.read(str(tmp_path / "main.json"), 0.05).judge(Result({}, (record(),)))


def test_a_newer_engine_is_still_the_same_one_but_another_inside_is_not():
    older = record(engine="ai-edge-litert 2.2.0")
    assert find_namesake([older], record()) == older
    assert find_namesake([record(engine="ai-edge-litert 2.3.0 (builtin)")], record()) is None
    assert without_version("ai-edge-litert 2.3.0 (builtin)") == "ai-edge-litert (builtin)"


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (Ratio(1.031, 1.027, 1.034, 8), "slower by 3.10% (95 %: +2.70 % to +3.40 %)"),
        (Ratio(0.9, 0.85, 0.95, 8), "faster by 10.00% (95 %: -15.00 % to -5.00 %)"),
        (Ratio(1.001, 0.99, 1.01, 8), "not distinguishable (+0.10 %; 95 %: -1.00 % to +1.00 %)"),
        (Ratio(1.5, 0.0, math.inf, 1), "not distinguishable (+50.00 %; 95 %: any to any)"),
    ],
)
def test_words(ratio, words):
    assert describe_ratio(ratio) == words


def test_what_is_a_result_file():
    assert is_result("results/main.json")
    assert not is_result("bundle/fer-mini-int8.tflite")
