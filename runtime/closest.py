"""What a person probably meant when a word is not one of the allowed ones."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word nearest to ``word``, or None when nothing is near."""
    import difflib

    by_lower = {name.lower(): name for name in allowed}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
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
