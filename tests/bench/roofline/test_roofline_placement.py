"""What an engine left over, and the sentence about it: a network that is known to break XNNPACK's partition."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Artifact, Record, Result
from fer_edge.bench.roofline.analysis import add_rooflines, analyze, attach_rooflines, measure_rooflines
from fer_edge.bench.roofline.peaks import Peaks
from fer_edge.bench.roofline.placement import list_leftovers
from fer_edge.bench.roofline.rows import leftover_sentence
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.contract import Contract, InputSpec, OutputSpec
from support.paths import DEMO_BUNDLE

PEAKS = Peaks(1, 50e9, 200e9, ((1 << 18, 80e9), (1 << 27, 30e9)), "fp32 by numpy")


@pytest.fixture(scope="module")
def padded_pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A padded max-pool between two convolutions, converted without fer-export's rewriting."""
    import litert_torch

    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, stride=2, padding=1), nn.Conv2d(4, 4, 3)
    ).eval()
    path = tmp_path_factory.mktemp("pool") / "net.tflite"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converter's own insides
        litert_torch.convert(
            litert_torch.to_channel_last_io(network, [0]), (torch.zeros(1, 16, 16, 3),)
        ).export(str(path))
    return path


def contract() -> Contract:
    given = InputSpec("image", "tensor", 16, 16, 3, "NHWC", "float32")
    return Contract.build(model="net", labels=("a", "b"), input=given, output=OutputSpec("y", "logits"))


def test_a_padded_pool_breaks_the_partition_and_the_sentence_says_what_to_do(padded_pool: Path) -> None:
    found = analyze(padded_pool, contract(), "ai-edge-litert 2.3.0")
    # 14*14*4 x 27 before the pool to 7*7, 5*5*4 x 36 behind it
    assert found.counts is not None
    assert found.counts.macs == 14 * 14 * 4 * 27 + 5 * 5 * 4 * 36
    assert found.partitions == 2
    assert [(entry.operator, entry.count) for entry in found.leftover] == [("PADV2", 1)]
    assert found.sentence.startswith("2 partitions; left outside: PADV2: ")
    assert "export again with fer-export" in found.sentence


def test_without_a_delegate_nothing_is_left_over_from_it(padded_pool: Path) -> None:
    found = analyze(padded_pool, contract(), "ai-edge-litert 2.3.0 (builtin)")
    assert (found.partitions, found.leftover) == (0, ())


def test_a_file_that_cannot_be_read_is_unknown_with_the_reason(tmp_path: Path) -> None:
    broken = tmp_path / "net.tflite"
    broken.write_bytes(b"\x20\x00\x00\x00TFL3" + b"\xff" * 200)
    found = analyze(broken, contract(), "litert")
    assert (found.counts, found.partitions) == (None, None)
    assert found.sentence.startswith("MACs and bytes unknown: ")
    assert analyze(tmp_path / "net.pte", contract(), "executorch").sentence == (
        "MACs and bytes unknown: nothing here reads .pte; it reads .tflite, .onnx, .pt, .mlpackage"
    )


def subjects(bundle: Path, *variants: str) -> list[Subject]:
    found = open_bundle(bundle)
    artifacts = [found.artifact(variant) for variant in variants]
    return [Subject(bundle / a.path, a.format, a.variant, "", 1, a.contract) for a in artifacts]


def test_rows_of_a_measured_bundle(builtin_bundle: Path) -> None:
    engines = {"tflite-fp32": "ai-edge-litert 2", "onnx-fp32": "onnxruntime 1", "torchscript-fp32": "torch 2"}
    records = tuple(
        Record(name, engine, 1, "inference", (0.001, 0.002, 0.004)) for name, engine in engines.items()
    )
    facts = tuple(Artifact(name, engine, 1, name, None, 1) for name, engine in engines.items())
    result = Result({}, records, artifacts=facts)
    rows = measure_rooflines(subjects(builtin_bundle, *engines), result, {1: PEAKS})
    assert [row.name for row in rows] == list(engines)
    for row in rows:
        # 11,749,488 MACs at 50 billion a second, in 2 ms
        assert row.macs == 11_749_488
        assert row.percent_of_peak == pytest.approx(100 * 11_749_488 / (0.002 * 50e9))
        assert row.bound_seconds == pytest.approx(11_749_488 / 50e9)
        assert (row.limit, row.arithmetic) == ("compute", "fp32")
        assert row.sentence.startswith(
            "12 % of the fp32 GEMM peak; the compute bound is 235 us, 12 % of the measured"
        )
    assert [row.partitions for row in rows] == [1, 1, None]
    kept = Result.parse(attach_rooflines(result, rows).to_json())
    assert kept.artifacts[0].extra["roofline"]["macs"] == 11_749_488
    assert kept.artifacts[0].extra["roofline"]["leftover"] == []


def test_the_bound_of_a_network_that_moves_much(builtin_bundle: Path) -> None:
    slow_memory = Peaks(1, 50e9, None, ((1 << 27, 1e9),), "fp32 by numpy")
    result = Result({}, (Record("tflite-fp32", "ai-edge-litert 2", 1, "inference", (0.005,)),))
    (row,) = measure_rooflines(subjects(builtin_bundle, "tflite-fp32"), result, {1: slow_memory})
    assert row.limit == "memory"
    assert row.bound_seconds == pytest.approx((row.weight_bytes + row.activation_bytes) / 1e9)
    assert "must move" in row.sentence


def test_advice_is_said_once_for_its_operators() -> None:
    left = list_leftovers(
        Counter(A=1, B=3, C=1),
        {"A": "do this", "B": "do this"},
        "replace {}",
        {"A": 0.5, "B": 0.1, "C": 0.001},
    )
    assert [entry.operator for entry in left] == ["B", "A", "C"]
    assert (
        leftover_sentence(1, left)
        == "1 partition; besides the network's own work: B x3 (10 % of the time), A (50 % of the time): do this"
    )
    assert (
        leftover_sentence(2, list_leftovers(Counter(C=1), {}, "replace {}"))
        == "2 partitions; left outside: C: replace C"
    )
    assert leftover_sentence(None, ()) == ""


def test_bandwidth_is_that_of_the_working_set() -> None:
    assert PEAKS.bandwidth_for(1000) == 80e9
    assert PEAKS.bandwidth_for(1 << 20) == 30e9
    assert PEAKS.bandwidth_for(1 << 40) == 30e9


def test_two_measurements_keep_the_better_of_each() -> None:
    other = Peaks(1, 60e9, 100e9, ((1 << 18, 90e9), (1 << 27, 20e9)), "fp32 by onnxruntime")
    assert PEAKS.best(other) == Peaks(
        1, 60e9, 200e9, ((1 << 18, 90e9), (1 << 27, 30e9)), "fp32 by onnxruntime"
    )


def test_a_result_gets_what_its_page_shows() -> None:
    result = Result(
        {},
        (Record("tflite-int8", "ai-edge-litert 2", 1, "inference", (0.002,)),),
        artifacts=(Artifact("tflite-int8", "ai-edge-litert 2", 1, "fer-mini-int8.tflite", None, 1),),
    )
    said: list[str] = []
    found = (
        add_rooflines(result, subjects(DEMO_BUNDLE, "tflite-int8"), said.append)
        .artifacts[0]
        .extra["roofline"]
    )
    assert (found["macs"], found["arithmetic"], found["partitions"]) == (11_749_488, "int8", 1)
    assert 0 < found["percent_of_peak"] < 100
    assert "int8 GEMM peak" in found["sentence"]
    assert len(said) == 1
