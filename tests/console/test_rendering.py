"""A report page is well formed, holds everything in itself, and never lets text become markup."""

import base64
import re
from html.parser import HTMLParser

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.console.rendering import environment
from support.paths import SOURCES

VOID = {"meta", "img", "br"}
PAGE = """{% extends "page.html.j2" %}{% import "parts.html.j2" as parts %}{% block body %}
<p>{{ text }}</p>{{ parts.grid([text], [[text]]) }}{{ parts.warnings(text, [text]) }}{{ parts.tiles([(text, text, text)]) }}
{{ parts.definitions([(text, text)]) }}{{ parts.chart(text, png, text) }}{% call parts.card(text) %}{{ text }}{% endcall %}
{% call parts.face(text, [(png, text)]) %}{{ text }}{% endcall %}{{ parts.row([(png, text)]) }}{% endblock %}"""
PNG = b"\x89PNG bytes"


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


def page(body, **values):
    reader = Reader()
    reader.feed(environment("fer_edge.console").from_string(body).render(title="x", **values))
    reader.close()
    assert reader.open == []
    return reader


def parts(call, **values):
    return page('{% import "parts.html.j2" as parts %}{{ ' + call + " }}", **values)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=40))
def test_any_text_comes_back_as_text(text):
    plain, hostile = page(PAGE, text="plain", png=PNG), page(PAGE, text=text, png=PNG)
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert "".join(hostile.text).count(text) >= "".join(plain.text).count("plain") == 15
    assert {attrs.get("alt") for tag, attrs in hostile.tags if tag == "img"} == {text}


def test_a_picture_is_inside_the_file():
    found = parts("parts.picture(png, text)", png=PNG, text='of "it"')
    (image,) = [attributes for tag, attributes in found.tags if tag == "img"]
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == PNG
    assert image["alt"] == 'of "it"'


def test_numbers_stand_right_and_sentences_wrap():
    call = (
        "parts.grid(['name', 'ms', 'why'], [['a', '1.5', 'x'], ['b', '20', 'y']], right=['ms'], wrap=['why'])"
    )
    found = parts(call)
    assert [attrs.get("class") for tag, attrs in found.tags if tag == "td"] == [None, "n", "w"] * 2


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="zip"):
        parts("parts.grid(['a', 'b'], [['1']])")


def test_a_value_that_is_missing_is_no_empty_place():
    with pytest.raises(jinja2.UndefinedError):
        page("{{ nobody_gave_this }}")


def test_markup_stands_in_templates_only():
    markup = re.compile(
        r"<(?:div|table|tr|t[dh]|style|section|figure|p|h[1-6]|[uo]l|li|span|br)[ >]|```[a-z]"
    )
    modules = (SOURCES / "fer_edge").rglob("*.py")
    assert [path.name for path in modules if markup.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("call", "text", "shown"),
    [
        ("plain", "a |\n*b* <i> `c` [d](e) #f", r"a \| \*b\* \<i\> \`c\` \[d\](e) \#f"),
        ("code", "a|`b", r"``a\|`b``"),
        ("literal", 'é"\\', r'"é\"\\"'),
        ("kotlin", 'é"$x\x07', r'"é\"\$x\u0007"'),
    ],
)
def test_words_of_others_stay_words(call, text, shown):
    assert environment("fer_edge.console").filters[call](text) == shown
