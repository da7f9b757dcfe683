"""The unit of a measurement: one artifact in one engine with one number of threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Subject:
    """One artifact in one engine with one number of threads: what a child process or a device run measures.

    Attributes:
        path: of the artifact.
        format: its format's word.
        variant: its name, or a lone file's stem.
        engine: which to use, as ``--engine`` says it; empty: the first of the format that is installed.
        threads: that the engine may use.
        contract: its text.
        sha256: of the file; None where it was not read.
        bytes: of the file or all files of the package.
        parity: verdict of the manifest; ``unknown`` for a lone file.
        accuracy: share of right answers that the manifest proves; None where it was not measured.
        label: tells two subjects of one variant apart; empty stands for the variant.
        bundle: the folder it came from; None for a lone file.
    """

    path: Path
    format: str
    variant: str
    engine: str
    threads: int
    contract: str
    sha256: str | None = None
    bytes: int = 0
    parity: str = "unknown"
    accuracy: float | None = None
    label: str = ""
    bundle: Path | None = None

    @property
    def name(self) -> str:
        """The label, else the variant."""
        return self.label or self.variant
