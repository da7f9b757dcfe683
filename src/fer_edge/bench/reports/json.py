"""``.json``: the document itself, which ``fer-bench compare`` and ``--against`` read again."""

from __future__ import annotations

from fer_edge.bench.results.records import Result


def render(result: Result) -> str:
    """``fer-edge-bench/1``."""
    return result.to_json()
