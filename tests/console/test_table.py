"""The table's layout, drawn by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.console.table import cell_width, table


def test_columns_align():
    assert table(
        ["variant", "size", "why"], [["onnx-fp32", "9", "ok"], ["a", "10 kB", ""]], right=["size"]
    ) == ("variant     size  why\n---------  -----  ---\nonnx-fp32      9  ok\na          10 kB")


def test_the_last_column_wraps_at_the_terminal():
    text = table(["a", "reason"], [["x", "no calibration images given"], ["y", "ok"]], width=18)
    assert text.splitlines() == [
        "a  reason",
        "-  " + "-" * 15,
        "x  no calibration",
        "   images given",
        "y  ok",
    ]


def test_wide_characters_take_two_columns():
    assert cell_width("笑a") == 3
    assert cell_width("e\u0301") == 1


def test_a_row_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        table(["a", "b"], [["only one"]])


words = st.text(st.characters(categories=["Ll", "Nd"], max_codepoint=127), min_size=1, max_size=30)
sentences = st.lists(words, min_size=1, max_size=12).map(" ".join)


@given(st.lists(st.tuples(words, sentences), max_size=5), st.integers(10, 80))
def test_no_line_is_wider_than_the_terminal(rows, width):
    """Unless the first column leaves the last one fewer than its twelve columns."""
    text = table(["first", "second"], rows, width=width)
    least = max(len(first) for first, _ in [("first", ""), *rows]) + 2 + 12
    assert all(len(line) <= max(width, least) and line == line.rstrip() for line in text.splitlines())
    assert "".join(text.split()).replace("-", "") == "firstsecond" + "".join(
        first + second.replace(" ", "") for first, second in rows
    )
