"""Opens an artifact in its own engine and lets it answer; runs inside a child, where an engine may abort."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.compare import compare, insensitive, not_finite, spread
from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_data.parity_inputs import name_golden
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import find_engine
from fer_edge.runtime.engines.torchscript import LITE
from fer_edge.runtime.errors import EngineError, ExportError
from fer_edge.runtime.model import Model, open_artifact
from fer_edge.runtime.variants import Variant

TWIN_INPUTS = 64
"""How many pictures a TorchScript archive's second program answers, about."""
TWIN_TOLERANCE = 1e-6
"""Of a probability; none of 36 networks differed at all."""


@dataclass(frozen=True)
class Reference:
    """What an artifact is held against.

    Attributes:
        pictures: (n, height, width, 3) uint8 RGB.
        probabilities: the original's, (n, labels) float32.
    """

    pictures: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


def engine_missing(variant: Variant) -> str | None:
    """Why the format cannot be run here, or None."""
    try:
        find_engine(variant.format)
    except EngineError as error:
        return str(error)
    return None


def parity(
    path: Path, contract: Contract, variant: Variant, reference: Reference, limit: Tolerance
) -> dict[str, Any]:
    """The manifest's ``parity`` of an artifact, from the file and its own engine.

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
    still = insensitive(expected, limit)
    limit = limit if still else limit.at(spread(expected))
    without = engine_missing(variant)
    if without:
        # An original that never moves proves nothing whether or not there is an engine.
        return not_run(limit, still or without)
    with_engine = open_artifact(path, contract, threads=1)
    answers = run(with_engine, contract, reference.pictures)
    found = asdict(compare(expected, answers, limit, contract.labels))
    other = other_program(path, contract, variant, reference.pictures, answers)
    if other and found["verdict"] != "fail":
        found |= {"verdict": "fail", "reason": other}
    measured = found["max_abs"] is not None
    return {
        "verdict": found["verdict"],
        "reason": found["reason"],
        "engine": with_engine.engine,
        "inputs": len(reference.pictures) if measured or found["verdict"] == "not-run" else None,
        "max_abs": found["max_abs"],
        "mean_abs": found["mean_abs"],
        "top1_agreement": found["top1_agreement"],
        "limit": {"max_abs": limit.max_abs, "top1_agreement": limit.top1_agreement},
    }


def golden(
    path: Path, contract: Contract, variant: Variant, reference: Reference, limit: Tolerance
) -> dict[str, Any]:
    """The artifact against stored answers: a handful, so only the largest difference is judged."""
    without = engine_missing(variant)
    if without:
        return {"verdict": "not-run", "reason": without, "max_abs": None}
    answers = run(open_artifact(path, contract, threads=1), contract, reference.pictures)
    broken = not_finite(answers, contract.labels, name_golden)
    if broken:
        return {"verdict": "fail", "reason": broken, "max_abs": None}
    away = np.abs(answers - reference.probabilities).max(axis=1)
    worst, allowed = float(away.max()), limit.max_abs
    where = name_golden(int(away.argmax()), len(away))
    reason = (
        None if worst <= allowed else f"an answer differs by {worst:.3g} ({where}), allowed is {allowed:g}"
    )
    reason = reason or other_program(path, contract, variant, reference.pictures, answers)
    return {"verdict": "fail" if reason else "pass", "reason": reason, "max_abs": float(f"{worst:.6g}")}


def other_program(
    path: Path,
    contract: Contract,
    variant: Variant,
    pictures: NDArray[np.uint8],
    answers: NDArray[np.float32],
) -> str | None:
    """Why phones would get other answers, or None.

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


def not_run(limit: Tolerance, reason: str) -> dict[str, Any]:
    """The manifest's ``parity`` where nothing could be measured."""
    figures = dict.fromkeys(("engine", "inputs", "max_abs", "mean_abs", "top1_agreement"))
    return {
        "verdict": "not-run",
        "reason": reason,
        **figures,
        "limit": {"max_abs": limit.max_abs, "top1_agreement": limit.top1_agreement},
    }


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
