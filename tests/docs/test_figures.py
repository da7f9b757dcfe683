"""Figures in the documentation: those in tables are the stored results', in their words."""

import runpy

from support.paths import ROOT


def test_tables_are_what_the_results_say():
    """If not: python docs/figures/generate.py"""
    wanted = runpy.run_path(str(ROOT / "docs" / "figures" / "generate.py"))["page_texts"]()
    assert len(wanted) == 4
    for page, text in wanted.items():
        assert "<!-- figures: " in text
        assert page.read_text(encoding="utf-8") == text, page.name
