"""The next step after a check refused a file: what passed in this very run first, then what may make the file pass."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.export.bundle.results import WRITTEN, VariantResult
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.runtime.errors import CheckFailed

SMALL = ("auto", "int8", "w8", "dynamic", "fp16")
"""Precisions below fp32, the smallest and fastest first."""
FAULTY = (
    "its numbers are not what the quantization of this network makes of them, so no other pictures will mend it: take another format "
    "or precision, look at it with --keep-failed and fer-verify --layers, and report it"
)


def next_step(result: VariantResult, results: Sequence[VariantResult]) -> str | None:
    """What to do about a file that a check refused; None where none did.

    Args:
        result: of one variant.
        results: of all variants of the run.
    """
    if result.exit_code != CheckFailed.exit_code or result.parity is None:
        return None
    passed = _list_passed(result, results)
    ready = f"{' and '.join(passed)} passed in this run; or " if passed else ""
    if result.faithful and result.faithful.verdict == "fail":
        return ready + FAULTY
    return ready + TOLERANCES[result.variant.precision].next_step


def _list_passed(result: VariantResult, results: Sequence[VariantResult]) -> list[str]:
    """Smaller files than fp32 of the same format and interface that are written and passed."""
    mine = result.variant
    found = {
        other.variant.precision: other.variant.name
        for other in results
        if other.status == WRITTEN
        and not other.exit_code
        and (other.variant.format, other.variant.interface) == (mine.format, mine.interface)
    }
    return [found[precision] for precision in SMALL if precision in found]
