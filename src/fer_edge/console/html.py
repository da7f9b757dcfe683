"""HTML reports: one file with text, tables and pictures inside it, that can be mailed, and opened without a network.

A room's template lies in its package's folder ``templates`` and extends ``page.html.j2``, which has the one style sheet of
all reports; ``parts.html.j2`` has tables, pictures and cards:

    {% extends "page.html.j2" %}
    {% import "parts.html.j2" as parts %}
    {% block body %}{{ parts.grid(headers, rows, right=headers[1:]) }}{% endblock %}

Every value is plain text or the bytes of a PNG file; text is escaped where it is put in.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.extras import require

if TYPE_CHECKING:
    from jinja2 import Environment


def render(package: str, template: str, **values: Any) -> str:
    """A page.

    Args:
        package: in whose folder ``templates`` the template lies, such as ``fer_edge.bench.reports``.
        template: its file name.
        values: ``title`` of the window and the first heading, and what the template takes; none may be missing.

    Returns:
        HTML text that refers to nothing outside itself; the same values give the same text.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    return environment(package).get_template(template).render(values)


@cache
def environment(package: str) -> Environment:
    """Where a package's templates find each other, and those of the console."""
    jinja2 = require("jinja2", package.split(".")[1])
    made: Environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader("fer_edge.console")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["base64"] = lambda png: base64.b64encode(png).decode("ascii")
    made.globals["cells"] = _cells
    made.globals["full_width"] = False
    return made


def _cells(
    headers: Sequence[str], row: Sequence[str], right: Collection[str], wrap: Collection[str]
) -> list[tuple[str, str]]:
    """The texts of a row, each with the class of its cell; a row must have a cell for every header."""
    kinds = ["n" if name in right else "w" if name in wrap else "" for name in headers]
    return list(zip(row, kinds, strict=True))
