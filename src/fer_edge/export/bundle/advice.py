"""Which file of a bundle to ship, by what was measured and nothing else."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from fer_edge.export.formats import FORMATS
from fer_edge.export.formats.entry import FormatEntry
from fer_edge.export.parity.int8_speed import NO_GAIN
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.runtime.formats import CALIBRATED
from fer_edge.runtime.manifest import Artifact, Manifest


@dataclass(frozen=True)
class Choice:
    """One file to ship.

    Attributes:
        platform: in words.
        artifact: the file.
        why: a sentence without its full stop.
    """

    platform: str
    artifact: Artifact
    why: str


def choices(manifest: Manifest) -> list[Choice]:
    """The file to ship for each platform that the bundle has one for; nothing that a check refused."""
    found = []
    for form in sorted(FORMATS, key=lambda form: form.platform_rank):
        fit = [entry for entry in manifest.artifacts if entry.format == form.name and _is_fit(entry)]
        if fit:
            found.append(_choose(form, fit, _without_gain(manifest)))
    return found


def _is_fit(artifact: Artifact) -> bool:
    audited = artifact.weight_audit is not None and artifact.weight_audit.verdict == "pass"
    sound = artifact.parity.verdict == "pass" or (artifact.parity.verdict == "not-run" and audited)
    return sound and (artifact.accuracy is None or artifact.accuracy.verdict != "fail")


def _without_gain(manifest: Manifest) -> set[str]:
    """Variants that were timed beside fp32 and are no faster."""
    notes = manifest.extra.get("notes", {})
    return {variant for variant, said in notes.items() if any(NO_GAIN in sentence for sentence in said)}


def _choose(form: FormatEntry, fit: Sequence[Artifact], slow: Container[str]) -> Choice:
    """The first in the format's order; a tensor interface with floats before others, since the code below feeds it."""
    plain = [entry for entry in fit if entry.variant == f"{entry.format}-{entry.precision}"] or list(fit)
    worth = [entry for entry in plain if entry.variant not in slow] or plain
    measured = [entry for entry in worth if entry.accuracy is not None and entry.accuracy.verdict == "pass"]
    for order, candidates in ((form.measured, measured), (form.unmeasured, worth)):
        for precision in order:
            for entry in candidates:
                if entry.precision == precision:
                    return Choice(form.platform, entry, _why(entry, plain, slow))
    why = _why(plain[0], plain, slow) if len(plain) > 1 else "the only kind in this bundle"
    return Choice(form.platform, plain[0], why)


def _why(entry: Artifact, others: Sequence[Artifact], slow: Container[str]) -> str:
    worth = TOLERANCES[entry.precision].worth
    if entry.precision in CALIBRATED:
        return worth
    smaller = [other for other in others if other.bytes < entry.bytes]
    no_gain = [other.precision for other in smaller if other.variant in slow]
    worth += f"; {' and '.join(no_gain)}, though smaller, was no faster where it was timed" if no_gain else ""
    return worth + _doubt(smaller)


def _doubt(smaller: Sequence[Artifact]) -> str:
    """Why a smaller file was not taken."""
    if not smaller:
        return ""
    if all(other.accuracy is None for other in smaller):
        return "; smaller files: measure first (`fer-export --accuracy DIR`)"
    return ""
