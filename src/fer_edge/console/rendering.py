"""Pages, cards and code from Jinja2 templates, which lie in the folder ``templates`` of the package that uses them.

An HTML report is one file with text, tables and pictures inside it, that can be mailed, and opened without a network. Its
template extends ``page.html.j2``, which has the one style sheet of all reports; ``parts.html.j2`` has tables, pictures and
cards:

    {% extends "page.html.j2" %}
    {% import "parts.html.j2" as parts %}
    {% block body %}{{ parts.grid(headers, rows, right=headers[1:]) }}{% endblock %}

In ``*.html.j2`` every value is plain text, escaped where it is put in, or the bytes of a PNG file. Elsewhere nothing is
escaped: the filters ``plain`` and ``code`` put somebody's words into Markdown, ``literal`` into JavaScript and Swift, ``kotlin``
into Kotlin.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.extras import require

if TYPE_CHECKING:
    from jinja2 import Environment


def render(package: str, template: str, /, **values: Any) -> str:
    """The text of a template; the same values give the same text.

    Args:
        package: in whose folder ``templates`` the template lies, such as ``fer_edge.bench.reports``.
        template: its file name; ``.html.j2`` escapes what is put in.
        values: what the template takes, for a page ``title`` as well; none may be missing.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    return environment(package).get_template(template).render(values)


@cache
def environment(package: str) -> Environment:
    """The folders of a package's templates and of the console's."""
    jinja2 = require("jinja2", package.split(".")[1])
    made: Environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader("fer_edge.console")]),
        autoescape=lambda name: name is None or name.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(base64=_base64, plain=_plain, code=code, literal=_literal, kotlin=_kotlin)
    made.globals.update(cells=_cells, full_width=False)
    return made


def _base64(png: bytes) -> str:
    return base64.b64encode(png).decode("ascii")


def _plain(text: object) -> str:
    """Somebody's words inside a sentence or a table of Markdown: they are shown, and do nothing."""
    return re.sub(r"([\\|`*_<>\[\]#])", r"\\\1", " ".join(str(text).split()))


def code(text: str) -> str:
    """Somebody's name in Markdown's code letters; a bar would end a table's cell."""
    fence = "``" if "`" in text else "`"
    return fence + text.replace("|", "\\|") + fence


def _literal(text: str) -> str:
    """A string literal of JavaScript and Swift."""
    return json.dumps(text, ensure_ascii=False)


def _kotlin(text: str) -> str:
    """A string literal of Kotlin."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _cells(
    headers: Sequence[str], row: Sequence[str], right: Collection[str], wrap: Collection[str]
) -> list[tuple[str, str]]:
    """The texts of a row, each with the class of its cell; a row must have a cell for every header."""
    kinds = ["n" if name in right else "w" if name in wrap else "" for name in headers]
    return list(zip(row, kinds, strict=True))
