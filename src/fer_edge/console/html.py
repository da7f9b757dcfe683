"""One HTML file with text, tables and pictures inside it: a report that can be mailed, and opened without a network.

    page("Latency", [heading("Distribution"), paragraph("..."), picture(png, "ECDF of each variant"), grid(headers, rows)])

Every function takes plain text and escapes it; what they return is markup, and only that is put together.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --paper: #ffffff; --line: #d8dde6; --soft: #5b6575; --accent: #0b62d6; --panel: #f5f7fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --paper: #14181f; --line: #333b49; --soft: #9aa5b6; --accent: #76b0ff; --panel: #1c222c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 64rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; padding-top: .6rem; border-top: 1px solid var(--line); }
p { margin: .4rem 0; max-width: 46rem; } .note { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; } td:last-child { white-space: normal; min-width: 8rem; }
figure { margin: .8rem 0; } figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; }
img { display: block; max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 6px; }
.warning { border-left: 4px solid #c77700; background: var(--panel); padding: .5rem .8rem; margin: .6rem 0; }
.warning ul { margin: .3rem 0 0; padding-left: 1.2rem; } .warning li { margin: .15rem 0; overflow-wrap: anywhere; }
""".strip()


def page(title: str, body: Iterable[str], *, style: str = "") -> str:
    """The whole file.

    Args:
        title: of the window and the first heading.
        body: markup of the functions below, in order.
        style: CSS of this kind of page, after the common one.

    Returns:
        HTML text that refers to nothing outside itself; the same arguments give the same text.
    """
    name = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{name}</title>\n'
        f"<style>\n{STYLE}{style}\n</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def heading(text: str) -> str:
    """Begins a section."""
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str) -> str:
    """A sentence or a few."""
    return f"<p>{html.escape(text)}</p>"


def note(text: str) -> str:
    """A sentence in small print, such as how something was measured."""
    return f'<p class="note">{html.escape(text)}</p>'


def warning(text: str) -> str:
    """A sentence that must not be overlooked."""
    return f'<p class="warning">{html.escape(text)}</p>'


def warnings(title: str, texts: Sequence[str]) -> str:
    """Sentences that must not be overlooked, as a list under their title."""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in texts)
    return f'<div class="warning"><strong>{html.escape(title)}</strong><ul>{items}</ul></div>'


def picture(png: bytes, caption: str, *, width: int | None = None) -> str:
    """A PNG inside the file; the caption is also what a screen reader says.

    Args:
        png: bytes of the file.
        caption: below it.
        width: in CSS pixels, where it should be smaller than the page; None: as large as fits.
    """
    text = html.escape(caption)
    size = "" if width is None else f' width="{width}"'
    data = base64.b64encode(png).decode("ascii")
    return f'<figure><img alt="{text}"{size} src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def grid(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """A table; the arguments are those of :func:`fer_edge.console.table.table`."""
    numeric = [header in right for header in headers]
    head = _row("th", headers, numeric)
    lines = "\n".join(_row("td", row, numeric) for row in rows)
    return f'<div class="scroll"><table>\n<thead>{head}</thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>'


def _row(tag: str, cells: Sequence[str], numeric: Sequence[bool]) -> str:
    kinds = [' class="n"' if number else "" for number in numeric]
    inner = "".join(
        f"<{tag}{kind}>{html.escape(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True)
    )
    return f"<tr>{inner}</tr>"
