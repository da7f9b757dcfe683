"""Every doubt names the rows that it is about, in every form of a result."""

from fer_edge.bench.reports import find_report
from fer_edge.bench.reports.terminal import render_terminal
from fer_edge.bench.results.records import Artifact, Record, Result

BUSY = "CPU pressure: tasks waited 50% of the time"
WIDE, WIDER = (
    "unsteady: the median of camera is known to 7% only",
    "unsteady: the median of whole is known to 9% only",
)


def record(variant, threads=1, stage="inference", reasons=()):
    return Record(variant, "engine 1", threads, stage, (0.001,) * 9, not reasons, tuple(reasons))


def result(*records):
    sentence = {"roofline": {"sentence": "1 partition; left outside: FOO: replace it"}}
    facts = tuple(Artifact(r.variant, r.engine, r.threads, "f", None, 1, extra=sentence) for r in records[:2])
    return Result({"load_average_1min": 0.5}, records, artifacts=facts)


def said(found):
    return [line for line in render_terminal(found).splitlines() if line.startswith("UNTRUSTED: ")]


def test_a_reason_of_all_names_nobody():
    assert said(result(record("a", reasons=[BUSY]), record("b", reasons=[BUSY]))) == [f"UNTRUSTED: {BUSY}"]


def test_a_reason_of_one_names_it():
    assert said(result(record("a"), record("b", reasons=[WIDE]))) == [f"UNTRUSTED: b: {WIDE}"]


def test_rows_of_one_variant_are_told_apart_by_their_threads():
    found = result(record("a", 1), record("a", 2, reasons=[WIDE]))
    assert said(found) == [f"UNTRUSTED: a x2: {WIDE}"]
    assert f"- a x2: {WIDE}" in find_report("x.md")(found)


def test_reasons_of_one_kind_share_a_line_on_a_terminal_and_are_all_in_a_file():
    found = result(record("a", reasons=[WIDE]), record("b", reasons=[WIDER]), record("c"))
    assert said(found) == [f"UNTRUSTED: a, b: {WIDE} (a; and 1 more like it, see --json)"]
    for form in ("x.md", "x.html"):
        text = find_report(form)(found)
        assert f"a: {WIDE}" in text
        assert f"b: {WIDER}" in text


def test_the_terminal_says_what_to_change_once_for_rows_of_which_it_is_the_same():
    text = render_terminal(result(record("a"), record("b")))
    assert "  a (1), b (1): 1 partition; left outside: FOO: replace it" in text.splitlines()
    assert "load average 1min 0.5" in text
