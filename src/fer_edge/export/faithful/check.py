"""Is a file what its quantization of this network says it is?

Every operator, option, weight, bias and scale of the file is held against the float32 file of the same conversion, which is
itself held against PyTorch. Nothing is run but that float file: what the artifact answers is the other question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.align import Alignment, align
from fer_edge.export.faithful.findings import Finding
from fer_edge.export.faithful.original.changed import compare_with_original
from fer_edge.export.faithful.ranges import RangeReport, compare_ranges, list_watched
from fer_edge.export.faithful.weights import WeightReport, compare_weights
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.verification import Code, Faithful, Tally

if TYPE_CHECKING:
    from fer_edge.export.faithful.bridge import Bridge, BridgeFile
    from fer_edge.export.faithful.layers.names import Names
    from fer_edge.export.faithful.original.needs import Need
    from fer_edge.export.faithful.prover import Prover
    from fer_edge.export.faithful.view import Step, View
    from fer_edge.export.reference_model.inference import Reference

SHOWN = 3
"""Findings in a reason; all of them are in the list."""
LONGEST_NAME = 80


@dataclass
class Proof:
    """What came of the comparison.

    Attributes:
        verdict: about the whole.
        findings: all of them.
        source: the float file that stood beside the artifact.
        held: the artifact's float network.
        found: what belongs together.
    """

    verdict: Faithful
    findings: list[Finding] = field(default_factory=list)
    source: BridgeFile | None = None
    held: View | None = None
    found: Alignment | None = None


def check_faithful(
    path: Path, bridge: Bridge, calibration: NDArray[np.uint8] | None, reference: Reference
) -> Proof:
    """Compare an artifact with its float32 file, number by number.

    Args:
        path: of the artifact.
        bridge: float files from which it may have been made.
        calibration: the images that its ranges were taken from, (n, height, width, 3) uint8 RGB after step 6 of the camera spec; None:
            they are not at hand, and ranges are judged loosely by the pictures of ``reference``.
        reference: pictures and the original's answers, by which the float file is judged.

    Raises:
        BundleError: the artifact cannot be read.
        ExportError: the float file cannot be made.
    """
    source, held, found = _nearest(path, bridge)
    doubt = source.judge(reference)
    if doubt:
        return Proof(Faithful("not-run", Code.BRIDGE, doubt), [], source, held, found)
    weights = compare_weights(found, source.prover.least_scale)
    ranges = _ranges(source, held, found, calibration, reference)
    # A scale that is wrong makes the biases wrong that were computed with the right one: it is named first.
    findings = [*found.findings, *ranges.findings, *weights.findings]
    verdict = Faithful(
        "fail" if findings else "pass",
        findings[0].code if findings else None,
        describe(findings) or None,
        _tally(weights),
        _tally(ranges) if ranges.tensors else None,
    )
    return Proof(verdict, findings, source, held, found)


def check_original(path: Path, prover: Prover, needs: Sequence[Need]) -> Proof:
    """Compare a float32 file's weights with those of the original, which are folded by their definition.

    Args:
        path: of the file.
        prover: of its format.
        needs: of the original (``original.folding.find_needs``).

    Raises:
        BundleError: the file cannot be read.
    """
    held = prover.view(prover.read_graph(path))
    report = compare_with_original(held, prover.KINDS, needs)
    wrong = len(report.findings)
    verdict = Faithful(
        "fail" if wrong else "pass",
        Code.WEIGHT if wrong else None,
        describe(report.findings) or None,
        Tally("fail" if wrong else "pass", report.tensors, wrong),
    )
    return Proof(verdict, report.findings, None, held)


def _nearest(path: Path, bridge: Bridge) -> tuple[BridgeFile, View, Alignment]:
    """The float file that the artifact is most like: the first with its operators."""
    held: View | None = None
    best: tuple[BridgeFile, Alignment] | None = None
    for source in bridge.candidates():
        held = held or source.prover.view(source.prover.read_graph(path))
        found = align(source.view, held)
        if best is None or len(found.findings) < len(best[1].findings):
            best = source, found
        if not found.findings:
            break
    if held is None or best is None:
        raise ExportError("the converter makes none")
    return best[0], held, best[1]


def _ranges(
    source: BridgeFile,
    held: View,
    found: Alignment,
    calibration: NDArray[np.uint8] | None,
    reference: Reference,
) -> RangeReport:
    if not held.grids:
        return RangeReport()
    key, pictures = (
        ("calibration", calibration) if calibration is not None else ("parity", reference.pictures)
    )
    observed = source.observe(key, pictures, list_watched(source.view, held, found))
    rules = source.prover.RULES
    return compare_ranges(source.view, held, found, observed, rules, calibrated=calibration is not None)


def _tally(report: WeightReport | RangeReport) -> Tally:
    wrong = len({finding.where for finding in report.findings})
    return Tally(
        "fail" if wrong else "pass", report.tensors, min(wrong, report.tensors), _significant(report.worst)
    )


def _significant(value: float) -> float:
    return float(f"{value:.3g}")


def name_modules(proof: Proof, names: Names) -> Proof:
    """The proof whose findings say which module of the original they are about.

    Args:
        proof: with findings.
        names: of the tensors of the float file.
    """
    view = proof.source.view if proof.source is not None else proof.held
    if view is None:
        return proof
    readers = {edge.name: step for step in view.steps for edge in step.inputs if edge.name in view.constants}
    makers = view.producers()
    named = []
    for finding in proof.findings:
        step = readers.get(finding.where)
        value = step.outputs[0] if step is not None else finding.where
        # A pool or an activation that is wrong is no fault of the convolution before it.
        alone = finding.code in (Code.OPERATOR, Code.OPTION) and not _reads_constants(makers.get(value), view)
        named.append(replace(finding, module=names.of(value, weighted=not alone)))
    verdict = replace(proof.verdict, reason=describe(named) or proof.verdict.reason)
    return replace(proof, findings=named, verdict=verdict)


def _reads_constants(step: Step | None, view: View) -> bool:
    return step is None or any(edge.name in view.constants for edge in step.inputs)


def describe(findings: Sequence[Finding]) -> str:
    """The findings as one reason; empty where there are none."""
    shown = [describe_one(finding) for finding in findings[:SHOWN]]
    rest = len(findings) - len(shown)
    return "; ".join([*shown, *([f"and {rest} more"] if rest > 0 else [])])


def describe_one(finding: Finding) -> str:
    """One finding; the module first, or the tensor behind it where no module is known."""
    if finding.module:
        return f"{finding.module}: {finding.sentence}"
    return f"{finding.sentence} ({_short(finding.where)})"


def _short(name: str) -> str:
    """The end of a name, where converters write what tells tensors apart."""
    return name if len(name) <= LONGEST_NAME else f"...{name[3 - LONGEST_NAME :]}"
