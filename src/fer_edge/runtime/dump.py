"""Dumps: what one frame became on a device, as an app wrote it down; ``fer-verify diagnose`` says what went wrong in it.

Schema ``fer-edge-dump/1``: a golden vector's frame, and the app's own tensor and answers in place of what must come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fer_edge.runtime.contract import DTYPES, MOST_LABELS
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.golden import StoredFrame, Wide
from fer_edge.runtime.schema import Choice, Document, Length, Range, Sha256, refuse

SCHEMA = "fer-edge-dump/1"
LARGEST_DUMP = 64 << 20
"""Bytes."""
MOST_VARIANTS = 100

Coordinate = Annotated[float, Range(-1e15, 1e15)]
Answer = Annotated[float, Range(-1e30, 1e30)]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """The bytes that the engine got."""

    dtype: Annotated[str, Choice(*DTYPES), "of each value"]
    data: Annotated[bytes, "little-endian, in the order in which they lay in memory"]


@dataclass(frozen=True, slots=True)
class Dump:
    """One frame on a device, and what became of it."""

    schema: Annotated[str, Choice(SCHEMA)] = field(default=SCHEMA, kw_only=True)
    frame: Annotated[StoredFrame | None, "as the camera gave it; null: unknown"]
    rotation: Annotated[Wide, "degrees clockwise to upright, as the system said"]
    mirror: Annotated[bool, "whether the app mirrored left-right, after the rotation"]
    box: Annotated[
        tuple[Coordinate, ...] | None,
        Length(4, 4),
        "x0, y0, x1, y1 of the face in the upright image before the margin, in pixels; null: the whole picture",
    ]
    tensor: Annotated[StoredTensor | None, "the engine's input; null: unknown"]
    probabilities: Annotated[
        Mapping[str, Annotated[tuple[Answer | None, ...], Length(1, MOST_LABELS)]] | None,
        "the answers by variant, in the order of the output, as the app shows them; null in place of a number that is not finite",
    ]
    contract_sha256: Annotated[Sha256, "sha256 of the contract that the app had read"]
    device: Annotated[str, Length(0, 1000), "for people"]

    def check(self) -> None:
        """Something must have been observed, of no more than 100 variants."""
        if self.tensor is None and not self.probabilities:
            refuse("probabilities", self.probabilities, "answers of a variant where tensor is null")
        if self.probabilities and len(self.probabilities) > MOST_VARIANTS:
            refuse("probabilities", self.probabilities, f"at most {MOST_VARIANTS} variants")

    @classmethod
    def parse(cls, text: str | bytes) -> Dump:
        """Read a dump.

        Raises:
            DataError: not of the schema.
        """
        return DOCUMENT.read(text)


DOCUMENT = Document(Dump, "dump", DataError, limit=LARGEST_DUMP, layout="line")
