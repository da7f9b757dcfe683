"""The parity check of one artifact in its own engine; it runs inside a child, where an engine may abort.

Where the engine does not run, an evaluator of the format's specification takes its place; where both run, both must pass.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.answers import run
from fer_edge.export.parity.compare import (
    GoldenComparison,
    compare,
    compare_golden,
    describe_insensitivity,
    spread,
)
from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_model.inference import Reference
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import Engine, find_checkers, is_evaluated
from fer_edge.runtime.engines.coreml_spec import CoreMlSpec
from fer_edge.runtime.engines.torchscript import LITE
from fer_edge.runtime.errors import EngineError, ExportError, UnknownOperator
from fer_edge.runtime.model import Model
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Code, Parity

TWIN_INPUTS = 64
"""Pictures that a TorchScript archive's second program answers, about."""
TWIN_TOLERANCE = 1e-6
"""Of a probability; none of 36 networks differed at all."""
MATCHES = "matches the MIL specification; Core ML itself was not run, which takes macOS"
"""Of a Core ML package that passed in ``coreml-spec``."""
ROUNDINGS, ROUNDED_INPUTS = ("up", "down", "random"), 12
"""Rules other than the nearest float16, and on how many pictures each is tried, about."""
ROUNDING = "other float16 arithmetic than IEEE 754's may move a probability beyond the limit"


def describe_missing_engine(variant: Variant) -> str | None:
    """The reason why the format cannot be judged here, or None."""
    try:
        find_checkers(variant.format)
    except EngineError as error:
        return str(error)
    return None


def check_parity(
    path: Path, contract: Contract, variant: Variant, reference: Reference, tolerance: Tolerance
) -> Parity:
    """Compare an artifact, run by its own engine, with the original's answers.

    Raises:
        ExportError: the contract inside the file is another one.
        BundleError: the digest inside the file is not of its bytes.
        EngineError: the engine refuses the file.
    """
    inside = read_embedded_contract(path)
    if inside != contract.text:
        raise ExportError(f"{variant.name}: the contract inside the file is not the one that was written")
    check_digest(path)
    expected = np.asarray(reference.probabilities)
    still = describe_insensitivity(expected, tolerance)
    if not still:
        tolerance = tolerance.at(spread(expected))
    missing = describe_missing_engine(variant)
    if missing:
        # An original that never moves proves nothing whether or not there is an engine.
        code = Code.INSENSITIVE if still else Code.NO_ENGINE
        return Parity(
            "not-run", still or missing, limit=tolerance.limit, code=code, inputs_source=reference.source
        )
    first, *others = find_checkers(variant.format)
    try:
        model = _open(first, path, contract, variant)
    except UnknownOperator as error:
        return Parity("not-run", still or str(error), limit=tolerance.limit, code=Code.NO_ENGINE)
    answers = run(model, contract, reference.pictures)
    found = _compare(reference, answers, tolerance, contract, model.engine)
    if found.verdict == "fail":
        return found
    other = compare_programs(path, contract, variant, reference.pictures, answers)
    if other:
        return replace(found, verdict="fail", reason=other, code=Code.BYTECODE)
    for engine in others:
        with contextlib.suppress(UnknownOperator):
            model = _open(engine, path, contract, variant)
            answers = run(model, contract, reference.pictures)
            second = _compare(reference, answers, tolerance, contract, model.engine)
            if second.verdict == "fail":
                return replace(second, reason=f"by {model.engine}: {second.reason}")
    return found


def _compare(
    reference: Reference, answers: NDArray[np.float32], tolerance: Tolerance, contract: Contract, engine: str
) -> Parity:
    expected = np.asarray(reference.probabilities)
    extremes, source = reference.extremes, reference.source
    return compare(expected, answers, tolerance, contract.labels, engine, extremes=extremes, source=source)


def open_checked(path: Path, contract: Contract, variant: Variant) -> Model:
    """The artifact in the engine that judges it."""
    return _open(find_checkers(variant.format)[0], path, contract, variant)


def _open(engine: Engine, path: Path, contract: Contract, variant: Variant) -> Model:
    return Model(contract, variant.name, path, engine.open(path, contract, threads=1))


def describe_evaluation(
    parity: Parity,
    variant: Variant,
    path: Path,
    contract: Contract,
    reference: Reference,
    tolerance: Tolerance,
) -> list[str]:
    """What must be said of a file that passed by its format's specification, and not in its engine."""
    if parity.verdict != "pass" or not is_evaluated(parity.engine):
        return []
    found = [MATCHES]
    if variant.precision == "fp16" and _moves_by_rounding(path, contract, variant, reference, tolerance):
        found.append(ROUNDING)
    return found


def _moves_by_rounding(
    path: Path, contract: Contract, variant: Variant, reference: Reference, tolerance: Tolerance
) -> bool:
    """Whether another rounding than IEEE 754's brings an answer beyond the limit."""
    count = len(reference.pictures) - reference.extremes
    step = max(1, count // ROUNDED_INPUTS)
    pictures, expected = reference.pictures[:count:step], np.asarray(reference.probabilities)[:count:step]
    for rounding in ROUNDINGS:
        answers = run(_open(CoreMlSpec(rounding), path, contract, variant), contract, pictures)
        if not (
            np.abs(answers - expected) <= tolerance.at(spread(np.asarray(reference.probabilities))).max_abs
        ).all():
            return True
    return False


def check_golden(
    path: Path, contract: Contract, variant: Variant, reference: Reference, tolerance: Tolerance
) -> GoldenComparison:
    """Compare an artifact, run by its own engine, with the stored answers to the golden vectors."""
    missing = describe_missing_engine(variant)
    if missing:
        return GoldenComparison("not-run", missing)
    try:
        model = open_checked(path, contract, variant)
    except UnknownOperator as error:
        return GoldenComparison("not-run", str(error))
    answers = run(model, contract, reference.pictures)
    found = compare_golden(reference.probabilities, answers, tolerance, contract.labels)
    other = None if found.reason else compare_programs(path, contract, variant, reference.pictures, answers)
    return replace(found, verdict="fail", reason=other) if other else found


def compare_programs(
    path: Path,
    contract: Contract,
    variant: Variant,
    pictures: NDArray[np.uint8],
    answers: NDArray[np.float32],
) -> str | None:
    """The reason why phones would get other answers, or None.

    A TorchScript archive is a program twice over: torch.jit runs its code, phones run its bytecode. Both come from one
    graph and run the same kernels, so they answer alike to the last bit.
    """
    if variant.format != "torchscript":
        return None
    step = max(1, len(pictures) // TWIN_INPUTS)
    mobile = Model(contract, variant.name, path, LITE.open(path, contract, threads=1))
    worst = float(np.max(np.abs(run(mobile, contract, pictures[::step]) - answers[::step])))
    if worst <= TWIN_TOLERANCE or not np.isfinite(answers).all():
        return None
    return f"its bytecode, which phones run, answers up to {worst:.2g} away from its code, which runs here"
