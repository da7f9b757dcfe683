"""The parity check of one artifact in its own engine; it runs inside a child, where an engine may abort."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.compare import (
    GoldenComparison,
    compare,
    compare_golden,
    describe_insensitivity,
    spread,
)
from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_model.inference import Reference
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import find_engine
from fer_edge.runtime.engines.torchscript import LITE
from fer_edge.runtime.errors import EngineError, ExportError
from fer_edge.runtime.model import Model, open_artifact
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Code, Parity

TWIN_INPUTS = 64
"""Pictures that a TorchScript archive's second program answers, about."""
TWIN_TOLERANCE = 1e-6
"""Of a probability; none of 36 networks differed at all."""


def describe_missing_engine(variant: Variant) -> str | None:
    """The reason why the format cannot be run here, or None."""
    try:
        find_engine(variant.format)
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
        return Parity("not-run", still or missing, limit=tolerance.limit, code=code)
    model = open_artifact(path, contract, threads=1)
    answers = run(model, contract, reference.pictures)
    found = compare(expected, answers, tolerance, contract.labels, model.engine)
    other = compare_programs(path, contract, variant, reference.pictures, answers)
    if other and found.verdict != "fail":
        return replace(found, verdict="fail", reason=other, code=Code.BYTECODE)
    return found


def check_golden(
    path: Path, contract: Contract, variant: Variant, reference: Reference, tolerance: Tolerance
) -> GoldenComparison:
    """Compare an artifact, run by its own engine, with the stored answers to the golden vectors."""
    missing = describe_missing_engine(variant)
    if missing:
        return GoldenComparison("not-run", missing)
    answers = run(open_artifact(path, contract, threads=1), contract, reference.pictures)
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


def run(model: Model, contract: Contract, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities of each picture, one at a time; (n, labels) float32."""
    return np.stack([_answer(model, to_tensor(np.asarray(picture), contract)) for picture in pictures])


def _answer(model: Model, tensor: NDArray[Any]) -> NDArray[np.float32]:
    try:
        return model.run(tensor)
    except EngineError:
        # An app must not show NaN, so the runtime refuses it; here it is a finding that names input and label.
        raw = model.run_raw(tensor)
        if np.isfinite(raw).all():
            raise
        return raw.astype(np.float32)
