"""Calibration images: which ones, how many, what is wrong with them, and what the manifest says about them.

Calibration decides more about an int8 file's accuracy than anything else here, so it is never silent: where the
images came from is in the manifest, and what makes them doubtful is said on standard error and in the manifest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.export.pictures.images import ImageSet, count_overlap
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.verification import Calibration

SPLIT = "train"
DRAWN = f"synthetic {SPLIT}"
"""The source of calibration images that anybody can draw again, as a manifest has it."""
IMAGES = 256
"""Images that measure ranges: 32 of each of eight emotions."""
IMAGES_HEAVY = 64
"""The same for networks above one GMAC, where each image costs tenths of a second in the calibrating interpreter."""
HELD_OUT = 64
"""Images that choose between calibration rules; none of them measures ranges."""
FEWEST = 32
"""Below this the ranges depend on single images."""


def count_images(*, heavy: bool) -> int:
    """Images to ask for; every fifth is held out (see ``divide``), so a quarter more than measure."""
    measuring = IMAGES_HEAVY if heavy else IMAGES
    return measuring + measuring // 4


@dataclass(frozen=True)
class CalibrationSet:
    """Images for measuring and images for choosing.

    Attributes:
        measuring: what the ranges are taken from.
        held_out: what decides between two rules.
        warnings: sentences about what is doubtful.
    """

    measuring: ImageSet
    held_out: ImageSet
    warnings: tuple[str, ...]


def divide(images: ImageSet) -> CalibrationSet:
    """Every fifth picture of a class chooses, the others measure; equal pictures never stand on both sides.

    Raises:
        ExportError: fewer than two different pictures.
    """
    first_seen: dict[str, int] = {}
    for index, digest in enumerate(images.digests):
        first_seen.setdefault(digest, index)
    distinct = sorted(first_seen.values())
    if len(distinct) < 2:
        raise ExportError(f"calibration needs at least two different pictures, {len(distinct)} came")
    # Counted class by class: in a list where classes take turns, every fifth picture may be of one class.
    seen: Counter[int] = Counter()
    held: list[int] = []
    measuring: list[int] = []
    for index in distinct:
        label = int(images.labels[index])
        seen[label] += 1
        (measuring if seen[label] % 5 else held).append(index)
    if not held:
        held.append(measuring.pop())
    return CalibrationSet(images.take(measuring), images.take(held), _repeats(len(images), len(distinct)))


def _repeats(came: int, distinct: int) -> tuple[str, ...]:
    if came == distinct:
        return ()
    return (f"calibration: {came - distinct} of {came} pictures are repeats of others and were left out",)


def find_doubts(
    calibration: CalibrationSet, contract: Contract, evaluation: Sequence[ImageSet]
) -> tuple[str, ...]:
    """Doubts about a calibration set, as sentences for a person.

    Args:
        calibration: what is used.
        contract: its labels are what every class is looked for.
        evaluation: image sets whose figures would be flattered by an overlap.
    """
    measuring = calibration.measuring
    said = list(calibration.warnings)
    if len(measuring) < FEWEST:
        said.append(f"calibration: only {len(measuring)} images measure ranges; use at least {FEWEST}")
    classes = measuring.classes(contract.labels)
    if not classes:
        said.append("calibration: the images have no labels, so missing classes cannot be seen")
    missing = [label for label, count in classes.items() if not count]
    if missing:
        said.append(f"calibration: no image of {', '.join(missing)}")
    for images in evaluation:
        shared = count_overlap(images, measuring) + count_overlap(images, calibration.held_out)
        if shared:
            said.append(
                f"calibration: {shared} of {len(images)} evaluation images ({images.source}) are calibration images "
                "too; the figures measured on them flatter the int8 files"
            )
    return tuple(said)


def describe(calibration: CalibrationSet, contract: Contract) -> Calibration:
    """The manifest's record of it."""
    measuring = calibration.measuring
    return Calibration(measuring.source, measuring.sha256, len(measuring), measuring.classes(contract.labels))
