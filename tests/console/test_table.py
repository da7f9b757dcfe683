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


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30)


@given(st.lists(st.tuples(words, words), max_size=5), st.integers(60, 120))
def test_no_line_is_wider_than_the_terminal(rows, width):
    text = table(["first", "second"], rows, width=width)
    assert all(cell_width(line) <= max(width, 0) + 62 for line in text.splitlines())
    assert not any(line != line.rstrip() for line in text.splitlines())
