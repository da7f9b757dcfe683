"""Closest matches: the word that a person probably meant when it is not one of the allowed ones."""

from __future__ import annotations

from collections.abc import Iterable

CUTOFF = 0.7
"""Of difflib's ratio: one slip in a word of four letters is 0.75, half of the letters in common 0.5."""
BEGINNING = 3
"""Letters with which a word may begin an allowed one: ``torch`` means ``torchscript``."""


def closest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word nearest to ``word``, or None when nothing is near: a wrong guess is worse than none."""
    import difflib

    by_lower = {name.lower(): name for name in allowed}
    begun = [name for name in by_lower if len(word) >= BEGINNING and name.startswith(word.lower())]
    found = difflib.get_close_matches(word.lower(), begun or by_lower, n=1, cutoff=0 if begun else CUTOFF)
    return by_lower[found[0]] if found else None


def unknown(kind: str, word: str, allowed: Iterable[str]) -> str:
    """One sentence: what came, what was probably meant, what is allowed.

    Args:
        kind: what the word names, such as ``"format"``.
        word: what came.
        allowed: every legal word, in the order to show.
    """
    names = list(allowed)
    near = closest(word, names)
    meant = f" Did you mean {near!r}?" if near else ""
    return f"{kind} {word!r} is unknown.{meant} Allowed: {', '.join(names)}"
