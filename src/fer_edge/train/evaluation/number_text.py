"""Numbers as people read them."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """``93.4 %``; a dash for nothing."""
    return "-" if share is None else f"{100 * share:.1f} %"


def milliseconds(seconds: float | None) -> str:
    """``1.24 ms``, three digits; a dash for nothing."""
    if seconds is None:
        return "-"
    value = 1000 * seconds
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def bytes_text(size: int | None) -> str:
    """``753 kB``, powers of ten as in the export's table; a dash for nothing."""
    if size is None:
        return "-"
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
