"""The report of ``fer-verify``: checks of the bundle as a whole, and a report for each artifact."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.export.faithful.layers.rows import LayerRow
from fer_edge.export.parity.compare import GoldenComparison
from fer_edge.runtime.manifest import Artifact
from fer_edge.runtime.verification import Accuracy, Faithful, Parity, WeightAudit


@dataclass
class BundleCheck:
    """One question about the bundle.

    Attributes:
        name: ``files``, ``contracts``, ``golden``, ``reference`` or ``import``.
        faults: sentences; empty: passed.
        not_run: why it could not be asked, else None.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    not_run: str | None = None

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``not-run``."""
        if self.faults:
            return "fail"
        return "not-run" if self.not_run else "pass"


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """The file in a second, unrelated engine: about the engines, not about the file, so no verdict depends on it.

    Attributes:
        verdict: ``agrees``, ``differs``, ``refused`` (the second engine does not take it) or ``not-run``.
        engine: library and version.
        inputs: how many were answered by both.
        max_abs: largest difference of a probability between the two.
        top1_agreement: share of inputs with the same first label.
        reason: why it does not agree.
    """

    verdict: str
    engine: str | None = None
    inputs: int | None = None
    max_abs: float | None = None
    top1_agreement: float | None = None
    reason: str | None = None


@dataclass
class ArtifactReport:
    """One artifact.

    Attributes:
        artifact: as the manifest has it.
        parity: measured again, or None where that was impossible; see ``faults`` and ``reason``.
        faithful: measured again, number by number, or None.
        accuracy: measured again, where pictures were given.
        golden: the same against the golden probabilities.
        weight_audit: where no engine can run it.
        second_opinion: where it was asked for.
        layers: each layer's answer.
        unaligned: layers without one to compare with.
        faults: sentences; empty: nothing was found wrong.
        reason: why something was not run.
    """

    artifact: Artifact
    parity: Parity | None = None
    faithful: Faithful | None = None
    accuracy: Accuracy | None = None
    golden: GoldenComparison | None = None
    weight_audit: WeightAudit | None = None
    second_opinion: SecondOpinion | None = None
    layers: tuple[LayerRow, ...] = ()
    unaligned: tuple[str, ...] = ()
    faults: list[str] = field(default_factory=list)
    reason: str | None = None

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``not-run``."""
        if self.faults:
            return "fail"
        ran = any(found and found.verdict == "pass" for found in (self.parity, self.golden))
        return "pass" if ran else "not-run"


@dataclass
class BundleReport:
    """Everything that was found.

    Attributes:
        bundle: the folder.
        sha256: of its manifest.
        checks: of the bundle as a whole.
        artifacts: one by one.
        not_checked: what the manifest says that nobody looked at.
    """

    bundle: Path
    sha256: str
    checks: list[BundleCheck]
    artifacts: list[ArtifactReport]
    not_checked: list[str]

    @property
    def exit_code(self) -> int:
        """3 if anything was found wrong, else 0."""
        return 3 if self.faults() else 0

    def faults(self) -> list[str]:
        """All sentences about what is wrong."""
        found = [fault for check in self.checks for fault in check.faults]
        return found + [f"{one.artifact.variant}: {fault}" for one in self.artifacts for fault in one.faults]
