"""Memory of this process, now and at most."""

from __future__ import annotations

import sys
from pathlib import Path

PROC = Path("/proc/self")


def steady_bytes(proc: Path = PROC) -> int | None:
    """Proportional set size: pages shared with other processes count in parts. None where the system does not tell."""
    return _kilobytes(proc / "smaps_rollup", "Pss:") or _kilobytes(proc / "status", "VmRSS:")


def peak_bytes(proc: Path = PROC) -> int | None:
    """Largest resident set since the program started.

    Linux hands ``ru_maxrss`` on from the process that started this one, so the address space's own high-water mark is
    read; ``ru_maxrss`` is what other systems give.
    """
    found = _kilobytes(proc / "status", "VmHWM:")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def _kilobytes(place: Path, word: str) -> int | None:
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    found = [line.split()[1] for line in lines if line.startswith(word) and len(line.split()) > 1]
    return int(found[0]) * 1024 if found and found[0].isdigit() else None
