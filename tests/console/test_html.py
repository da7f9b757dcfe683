"""A report page is well formed, holds everything in itself, and never lets text become markup."""

import base64
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.console.html import grid, heading, note, page, paragraph, picture, warning

VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Collects text and tags, and insists that every tag is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_any_text_comes_back_as_text(text):
    found = read(
        page(text, [heading(text), paragraph(text), note(text), warning(text), grid([text], [[text]])])
    )
    assert [part for part in found.text if part == text] == [text] * 8 or text.isspace()
    assert {tag for tag, _ in found.tags} == {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


def test_a_picture_is_inside_the_file():
    found = read(page("x", [picture(b"\x89PNG bytes", 'of "it"', width=300)]))
    (image,) = [attributes for tag, attributes in found.tags if tag == "img"]
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == b"\x89PNG bytes"
    assert (image["alt"], image["width"]) == ('of "it"', "300")


def test_numbers_stand_right():
    found = read(grid(["name", "ms"], [["a", "1.5"], ["b", "20"]], right=("ms",)))
    assert [attributes.get("class") for tag, attributes in found.tags if tag == "td"] == [None, "n"] * 2


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="zip"):
        grid(["a", "b"], [["1"]])
