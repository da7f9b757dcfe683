"""What a training's pages have besides the common ones of :mod:`fer_edge.console.html`: tiles, cards, faces."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

from fer_edge.console.html import grid, note, page, paragraph, picture

__all__ = ["STYLE", "card", "cards", "chart", "definitions", "escape", "grid", "image", "note", "page", "paragraph", "tiles"]  # fmt: skip

STYLE = """
:root { --right: #1b7d68; --wrong: #c8442f; --card: #ffffff; --paper: #f5f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --right: #4fc3a6; --wrong: #f08a78; --card: #171717; --paper: #0e1013; }
  /* Charts are dark on white: turned over, white becomes the card's color and the hues stay. */
  .chart img { filter: invert(0.91) hue-rotate(180deg); }
}
body { max-width: 74rem; padding-top: 1.5rem; overflow-wrap: anywhere; }
p, figcaption { max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.75rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem .85rem; }
.tile b { display: block; font-size: 1.35rem; white-space: nowrap; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--soft); font-size: .875rem; line-height: 1.4; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; min-width: 0; }
.card h2 { margin: 0 0 .25rem; padding: 0; border: 0; font-size: 1.1rem; }
.card figure { margin: .25rem 0 0; }
.card table { width: 100%; }
.card td:last-child { min-width: 0; white-space: nowrap; }
.card th, .card td { padding: .3rem .45rem; } .card th { white-space: normal; overflow-wrap: normal; }
@media (max-width: 30rem) { .card table { font-size: .8rem; } .card th, .card td { padding: .25rem .3rem; } }
.wide { grid-column: 1 / -1; }
.chart img { width: 100%; max-width: 41rem; margin: 0 auto .5rem; border: 0; border-radius: 0; }
.verdict { margin: 1rem 0 0; padding: .75rem 1rem; border-left: 4px solid var(--accent); background: var(--card); border-radius: 4px; }
.verdict p { margin: 0 0 .25rem; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(8.25rem, 30%), 1fr)); gap: .75rem; margin: .5rem 0 1rem; }
.face { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; font-size: .8125rem; line-height: 1.35; }
.face img { width: 100%; aspect-ratio: 1; object-fit: contain; background: #808080; border: 0; border-radius: 0; }
.face div { padding: .4rem .5rem .5rem; }
.right { color: var(--right); font-weight: 600; }
.wrong { color: var(--wrong); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: .25rem 0; font-size: .875rem; }
dt { color: var(--soft); } dd { margin: 0; }
@media print { .card, .tile { break-inside: avoid; } }
"""


def image(png: bytes, alt: str) -> str:
    """A picture that carries its own bytes, without a caption."""
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}">'


def tiles(entries: Iterable[tuple[str, str, str]]) -> str:
    """Big numbers: (name, number, remark) each."""
    cells = (
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(number)}</b><span>{escape(remark)}</span></div>'
        for name, number, remark in entries
    )
    return f'<section class="tiles">{"".join(cells)}</section>'


def chart(title: str, png: bytes, caption: str) -> str:
    """A card with a picture and what it shows."""
    return f'<section class="card chart"><h2>{escape(title)}</h2>{picture(png, caption)}</section>'


def card(title: str, body: str, *, wide: bool = False) -> str:
    """A card with whatever ``body`` (markup) holds; a wide one takes the whole row."""
    return f'<section class="card{" wide" if wide else ""}"><h2>{escape(title)}</h2>{body}</section>'


def cards(parts: Iterable[str]) -> str:
    """Cards beside one another where the width allows it."""
    return f'<div class="cards">{"".join(part for part in parts if part)}</div>'


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; empty values are left out."""
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in entries if value)
    return f"<dl>{pairs}</dl>"
