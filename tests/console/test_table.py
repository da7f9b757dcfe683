"""The table's layout, drawn by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.console.table import _join, _render, table


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
    text = table(["a", "b"], [["笑a", "x"], ["e\u0301", "y"]])
    assert text.splitlines()[1:] == ["---  -", "笑a  x", "e\u0301    y"]


def test_a_row_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        table(["a", "b"], [["only one"]])


words = st.text(st.characters(categories=["Ll", "Nd"], max_codepoint=127), min_size=1, max_size=30)
sentences = st.lists(words, min_size=1, max_size=12).map(" ".join)


@given(st.lists(st.tuples(words, sentences), max_size=5), st.integers(26, 80))
def test_no_line_is_wider_than_the_terminal(rows, width):
    text = table(["first", "second"], rows, width=width)
    assert all(len(line) <= width and line == line.rstrip() for line in text.splitlines())
    if all(len(first) <= 12 for first, _ in rows):
        shown = "".join(text.split()).replace("-", "")
        assert shown == "firstsecond" + "".join(first + second.replace(" ", "") for first, second in rows)


WIDE = (["variant", "max abs", "time", "note"], [["onnx-fp32", "1.0e-06", "12.1 s", "-"]])


@pytest.mark.parametrize(
    ("width", "shown", "named"),
    [
        (None, "variant    max abs  time    note", ""),
        (80, "variant    max abs  time    note", ""),
        (32, "variant    max abs  time    note", ""),
        (30, "variant    max abs  note", "Not shown: time (--wide)"),
        (20, "variant    note", "Not shown: time, max abs (--wide)"),
    ],
)
def test_a_narrow_terminal_leaves_columns_out_and_names_them(width, shown, named):
    lines = table(*WIDE, optional=("time", "max abs"), width=width).splitlines()
    assert lines[0] == shown
    assert lines[3:] == ([named] if named else [])


def test_a_column_without_anything_in_it_is_not_missed():
    text = table(["a", "b", "c"], [["1", "-", "x"], ["2", "", "y"]], optional=("b",), width=80)
    assert text == "a  c\n-  -\n1  x\n2  y"


def test_a_long_name_is_cut_where_nothing_can_be_left_out():
    text = table(["picture", "emotion"], [["holiday-" * 9 + ".jpg", "happiness"]], width=40)
    assert text.splitlines()[2] == "holiday-holiday-holiday-holi…  happiness"


def test_a_tab_is_one_blank():
    assert table(["a", "b"], [["x\ty", "no\tlayer"]]) == "a    b\n---  --------\nx y  no layer"


@given(
    st.lists(
        st.tuples(
            *[st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9).map(str.strip)] * 3
        ),
        max_size=4,
    )
)
def test_plain_text_is_laid_out_as_the_library_does(rows):
    """Rows of ASCII are joined without it, for it is slow to import."""
    columns = list(zip(("first", "second", "third"), *rows, strict=True))
    sizes = [max(map(len, column)) for column in columns]
    assert _join(columns, sizes, ["second"]) == _render(columns, sizes, ["second"])
