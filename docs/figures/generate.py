"""Fills the tables of measured figures in README.md, docs/measured.md and docs/support.md from the stored results.

A table stands between ``<!-- figures: NAME -->`` and ``<!-- end of figures -->``; NAME is in ``TABLES`` of ``tables.py``, beside this file.

    python docs/figures/generate.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from results import ROOT, Results  # noqa: E402 - a script's neighbors
from tables import TABLES  # noqa: E402

PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "measured.md",
    ROOT / "docs" / "support.md",
    ROOT / "docs" / "built-in-model.md",
)
BLOCK = re.compile(r"(<!-- figures: (\S+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def page_texts() -> dict[Path, str]:
    """Each page as the stored results want it."""
    return {page: _filled(page) for page in PAGES}


def _filled(page: Path) -> str:
    results = Results(page.parent)

    def table(found: re.Match[str]) -> str:
        lines = TABLES[found[2]](results)
        return "\n".join([found[1].rstrip(), *lines, found[3]])

    return BLOCK.sub(table, page.read_text(encoding="utf-8"))


def main() -> None:
    """Write the pages."""
    for page, text in page_texts().items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
