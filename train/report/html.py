"""Pieces of a page: one file without scripts and without anything from outside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

CSS = """
:root { color-scheme: light dark; --page: #f5f6f8; --card: #ffffff; --ink: #1c2430; --faint: #5d6878; --line: #dfe3e8;
  --right: #1b8a72; --wrong: #c8442f; --accent: #2468b4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0e1013; --card: #171717; --ink: #e8eaed; --faint: #a3abb6; --line: #2f333a; --right: #4fc3a6;
    --wrong: #f08a78; --accent: #86b7ee; }
  /* Charts are dark on white: turned over, white becomes the card's color and the hues stay. */
  img.chart { filter: invert(0.91) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px 16px 48px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 1.1rem; }
p { margin: 0 0 8px; max-width: 75ch; overflow-wrap: anywhere; }
.faint, figcaption { color: var(--faint); font-size: 0.875rem; }
.verdict { margin: 16px 0 0; padding: 12px 16px; border-left: 4px solid var(--accent); background: var(--card);
  border-radius: 4px; max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { display: block; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; }
.card { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; min-width: 0; }
.wide { grid-column: 1 / -1; }
img.chart { display: block; width: 100%; max-width: 660px; height: auto; margin: 8px auto 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.925rem; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--faint); font-weight: 500; }
th:first-child, td:first-child { text-align: left; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 12px; margin: 8px 0 16px; }
.face { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: 0.8125rem; line-height: 1.35; }
.face img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: #808080; }
.face div { padding: 6px 8px 8px; overflow-wrap: anywhere; }
.right { color: var(--right); font-weight: 600; }
.wrong { color: var(--wrong); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0; font-size: 0.875rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 24px; }
@media print { body { background: none; } .card, .tile { break-inside: avoid; } }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole document; ``parts`` are HTML, ``title`` is text."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Even if a browser had a reason to, nothing may be loaded from elsewhere.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body>\n</html>\n"
    )


def image(png: bytes, alt: str, css: str = "") -> str:
    """An ``img`` that carries its own bytes."""
    chosen = f' class="{css}"' if css else ""
    return f'<img{chosen} alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}">'


def tiles(entries: Iterable[tuple[str, str, str]]) -> str:
    """Big numbers: (name, number, remark) each."""
    cells = (
        f'<div class="tile"><span class="faint">{escape(name)}</span><b>{escape(number)}</b>'
        f'<span class="faint">{escape(remark)}</span></div>'
        for name, number, remark in entries
    )
    return f'<section class="tiles">{"".join(cells)}</section>'


def chart(title: str, png: bytes, caption: str) -> str:
    """A card with a picture."""
    return (
        f'<figure class="card"><h2>{escape(title)}</h2><figcaption>{escape(caption)}</figcaption>'
        f"{image(png, title, 'chart')}</figure>"
    )


def card(title: str, body: str, *, wide: bool = False) -> str:
    """A card with whatever ``body`` (HTML) holds."""
    return f'<section class="card{" wide" if wide else ""}"><h2>{escape(title)}</h2>{body}</section>'


def cards(parts: Iterable[str]) -> str:
    """Cards beside one another where the width allows it."""
    return f'<div class="cards">{"".join(part for part in parts if part)}</div>'


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text cells; the first column is aligned left, numbers right."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; empty values are left out."""
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in entries if value)
    return f"<dl>{pairs}</dl>"


def paragraph(text: str, css: str = "") -> str:
    """A paragraph of text."""
    chosen = f' class="{css}"' if css else ""
    return f"<p{chosen}>{escape(text)}</p>"
