"""Numbers, and the facts of a training, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.train.optimization.monitors import MONITORS


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


def describe_end(end: Mapping[str, Any]) -> list[str]:
    """Sentences: the kept epoch, and when and why the training ended."""
    chosen, ended = end["chosen"], end["ended"]
    share = chosen["figure"] != MONITORS["loss"].title
    number = f"{100 * chosen['value']:.1f} %" if share else f"{chosen['value']:.4f}"
    begins = "Stopped early" if ended["early"] else "Ended"
    return [
        f"Kept: epoch {chosen['epoch']}, which has the best {chosen['figure']}, {number}.",
        f"{begins} after epoch {ended['after']} of {ended['of']}: {ended['why']}.",
    ]


def describe_second_guess(figures: Mapping[str, Any]) -> str:
    """A sentence: how often the second guess is right where the first is wrong; "" where none is wrong."""
    wrong, share = round(figures["faces"] * (1 - figures["top1"])), figures["second_when_wrong"]
    if share is None:
        return ""
    return f"Where the first guess is wrong ({wrong} faces), the second is right in {100 * share:.1f} %."


def describe_list(one: Mapping[str, Any]) -> str:
    """Effect of a list of ``--reduced`` or ``--augmented``, and its hash."""
    done = "left out" if one["option"] == "reduced" else "added"
    return f"{one['faces']} training faces {done} (SHA-256 {one['sha256']})"
