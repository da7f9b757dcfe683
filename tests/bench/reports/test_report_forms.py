"""CSV, Markdown and HTML of a result: every row, every doubt, no figure that the samples do not carry."""

import base64
import csv
import io
import re
import statistics
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fer_edge.bench.reports import REPORTS, charts, find_report
from fer_edge.bench.reports.table import interval, megabytes, milliseconds, quantile
from fer_edge.bench.results.records import Artifact, Block, Record, Result
from fer_edge.bench.results.summary import list_rows, summarize
from fer_edge.stats.quantiles import Quantile

REASON = "the machine was busy: 40 % of the time | stop other work"


def record(variant, stage="inference", *, center=1e-3, count=60, seed=0, **more):
    samples = center * np.random.default_rng(seed).lognormal(0, 0.1, count)
    blocks = tuple(Block(at // 3, at % 3, count // 6, 0.5 * at) for at in range(6))
    return Record(
        variant, "ai-edge-litert 2.3.0", 1, stage, tuple(float(s) for s in samples), blocks=blocks, **more
    )


@pytest.fixture
def result():
    names = {
        "tflite-fp32": (2e-3, 0.93, 787_000),
        "tflite-int8": (1e-3, 0.925, 292_000),
        "tflite-w8": (3e-3, 0.92, 300_000),
    }
    records, artifacts = [], []
    for at, (name, (center, accuracy, size)) in enumerate(names.items()):
        records += [record(name, stage, center=center, seed=at) for stage in ("inference", "whole")]
        roofline = {
            "macs": 5_000_000,
            "weight_bytes": 100_000,
            "percent_of_peak": 12.3,
            "sentence": "Nothing stands out.",
        }
        artifacts.append(
            Artifact(
                name, "ai-edge-litert 2.3.0", 1, f"m-{name}.tflite", None, size, "pass", accuracy,
                peak_memory_bytes=(50_000_000, 51_000_000), steady_memory_bytes=(40_000_000,), energy_joules=0.0021,
                extra={"roofline": roofline},
            )
        )  # fmt: skip
    records[0] = replace(records[0], trusted=False, reasons=(REASON,))
    environment = {"cpu": "Some CPU", "cpus": 2, "governor": "unknown", "libraries": {"numpy": "2.3"}}
    return Result(
        environment,
        tuple(records),
        bundle_sha256="ab" * 32,
        artifacts=tuple(artifacts),
        mode={"name": "quick"},
    )


def pictures(text):
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_csv_has_a_line_a_row_and_stage_with_plain_numbers(result):
    lines = list(csv.DictReader(io.StringIO(find_report("x.csv")(result))))
    assert [(line["name"], line["stage"]) for line in lines] == [(r.name, r.stage) for r in result.records]
    for line, wanted in zip(lines, result.records, strict=True):
        assert float(line["median_seconds"]) == statistics.median(wanted.samples)
        assert float(line["slowest_seconds"]) == max(wanted.samples)
        assert int(line["count"]) == 60
        assert line["p99_seconds"] == ""
    assert lines[0]["reasons"] == REASON
    facts = [
        lines[0][name] for name in ("peak_memory_bytes", "steady_memory_bytes", "energy_joules", "parity")
    ]
    assert facts == ["51000000", "40000000", "0.0021", "pass"]
    assert (lines[0]["trusted"], lines[1]["trusted"]) == ("false", "true")


def test_markdown_keeps_its_table_whole(result):
    text = find_report("x.MD")(result)
    table = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table]
    assert len({len(line) for line in cells}) == 1
    assert [line[0].strip() for line in cells[2:]] == ["tflite-fp32", "tflite-int8", "tflite-w8"]
    assert "UNTRUSTED" in table[2]
    assert REASON in text
    assert "Some CPU" in text
    named = dict(zip((cell.strip() for cell in cells[0]), (cell.strip() for cell in cells[2]), strict=True))
    assert (named["peak MB"], named["steady MB"], named["energy mJ"]) == ("51.0", "40.0", "2.10")


def test_a_quantile_without_enough_samples_says_how_many_it_takes(result):
    text = find_report("x.md")(result)
    found = summarize(result.records[0])
    assert found.p99.value is None
    assert f"needs {found.p99.needed}" in text
    assert quantile(found.p99) == f"needs {found.p99.needed}"
    assert interval(Quantile(None, None, None, 7)) == "needs 7"


def test_html_holds_every_picture_and_every_doubt(result):
    text = find_report("x.html")(result)
    images = pictures(text)
    assert len(images) == 4
    assert all(image.width > 800 for image in images)
    assert "the machine was busy" in text
    assert "libraries.numpy" in text
    assert "http" not in text
    assert find_report("x.html")(result) == text


def test_html_begins_with_machine_doubts_median_and_verdict(result):
    text = find_report("x.html")(result)
    places = [text.index(word) for word in ("Some CPU", "numpy 2.3", f"<li>tflite-fp32: {REASON}", "<thead>")]
    assert places == sorted(places)
    headers = re.findall(r"<th[^>]*>([^<]+)</th>", text)
    assert headers[:5] == ["variant", "inference ms", "figures", "95 %", "threads"]
    first = re.findall(r"<td[^>]*>([^<]+)</td>", text)[:3]
    assert first == ["tflite-fp32", "2.02", "UNTRUSTED"]


def test_html_suits_narrow_and_dark_screens(result):
    text = find_report("x.html")(result)
    assert '<meta name="viewport" content="width=device-width' in text
    assert "position: sticky" in text
    assert re.search(r"@media \(prefers-color-scheme: dark\) {.*?\.chart img { filter:", text, re.DOTALL)


def test_html_without_accuracy_says_how_to_get_it(result):
    bare = replace(result, artifacts=(), bundle_sha256=None)
    text = find_report("x.html")(bare)
    assert "fer-export --accuracy" in text
    assert len(pictures(text)) == 3


def test_a_file_of_the_app_without_blocks_is_shown_too():
    one = Record("tflite-fp32", "app", 1, "inference", (0.001,))
    text = find_report("x.html")(Result({}, (one,)))
    assert "tflite-fp32" in text
    assert len(pictures(text)) == 2


@pytest.mark.parametrize("ending", REPORTS)
def test_every_listed_form_draws(ending, result):
    assert find_report(f"result{ending}")(result)


def test_the_front_is_what_nothing_beats():
    points = [(float(x), float(y)) for x, y in np.random.default_rng(1).integers(0, 12, (60, 2))]
    slow = {(x, y) for x, y in points if not any((a <= x and b >= y) and (a, b) != (x, y) for a, b in points)}
    assert charts.front_of(points) == sorted(slow)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0000012, "0.0012"),
        (0.00001234, "0.012"),
        (0.001234, "1.23"),
        (0.012345, "12.3"),
        (0.1, "100"),
        (0.09994, "99.9"),
        (1.2345, "1234"),
    ],
)
def test_milliseconds_keep_three_digits_or_so(seconds, text):
    assert milliseconds(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(None, "-"), (292_000, "0.29"), (12_345_678, "12.3"), (123_456_789, "123")]
)
def test_megabytes(size, text):
    assert megabytes(size) == text


def test_rows_keep_engines_and_threads_apart(result):
    more = replace(result, records=(*result.records, replace(result.records[0], threads=2)))
    assert [(row.name, row.threads) for row in list_rows(more)][-1] == ("tflite-fp32", 2)
    assert len(list_rows(more)) == 4
