"""Quantities as people type them."""

from __future__ import annotations

import contextlib

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.bench.units import BYTES, SECONDS, SHARE, format_bytes, format_seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15ms", 0.015),
        ("0.015s", 0.015),
        (" 15 ms ", 0.015),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("10m", 600.0),
        ("10min", 600.0),
        ("1h", 3600.0),
        (".5s", 0.5),
        ("1e-3s", 0.001),
        ("15MS", 0.015),
    ],
)
def test_times(text: str, value: float) -> None:
    assert SECONDS.read(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5MB", 5_000_000),
        ("5MiB", 5_242_880),
        ("800kB", 800_000),
        ("1.5 KiB", 1536),
        ("7B", 7),
        ("5mb", 5_000_000),
    ],
)
def test_sizes(text: str, value: int) -> None:
    assert BYTES.read(text) == value


def test_a_share_is_a_fraction_of_one() -> None:
    assert SHARE.read("5%") == 0.05
    assert SHARE.read("0.1 %") == 0.001
    assert SHARE.read("0%") == 0


@pytest.mark.parametrize(
    "text", ["", "ms", "15", "-15ms", "0ms", "nan s", "inf s", "1,5ms", "15 ms 3", "15parsec", "5MB"]
)
def test_what_is_no_time_gets_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"15ms|unit") as refused:
        SECONDS.read(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["5", "5Mb5", "0.1B", "5ms", "5TB", "x" * 5000])
def test_what_is_no_size_gets_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"unit|less than one byte") as refused:
        BYTES.read(text)
    assert len(str(refused.value)) < 250


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_a_sentence(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert SECONDS.read(text) > 0


def test_a_bad_option_is_a_usage_error() -> None:
    @click.command()
    @click.option("--most", type=SECONDS, default=1.0)
    @click.option("--size", type=BYTES)
    @click.option("--slower", type=SHARE)
    def shout(most: float, size: int | None, slower: float | None) -> None:
        click.echo(f"{most} {size} {slower}")

    run = CliRunner().invoke
    assert run(shout, ["--most", "15ms", "--size", "2kB", "--slower", "5%"]).output == "0.015 2000 0.05\n"
    assert run(shout, []).output == "1.0 None None\n"
    refused = run(shout, ["--most", "15"])
    assert refused.exit_code == 2
    assert "'15' has no unit" in refused.output


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "12.3 ms"), (1.0, "1.00 s"), (0.000_002, "2.00 us"), (5e-9, "5.00 ns"), (0.1234, "123 ms")],
)
def test_shown_times(value: float, text: str) -> None:
    assert format_seconds(value) == text


def test_shown_sizes() -> None:
    assert [format_bytes(value) for value in (5_000_000, 12_345, 12)] == ["5.00 MB", "12.3 kB", "12 B"]
