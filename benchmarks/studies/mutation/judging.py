"""The judgement that a user gets: the task of fer-verify's child about one file, and its contract against the reference's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_edge.export.worker.child import Worker
    from fer_edge.runtime.contract import Contract

QUESTIONS = ("parity", "faithful", "weight_audit")
"""Members of a task's result that hold a verdict."""


def judge(
    worker: Worker, path: Path, variant: str, contract: Contract, reference: Contract
) -> dict[str, Any]:
    """Ask about a file.

    Args:
        worker: of the right original; what it needs beside the file it makes once.
        path: the artifact.
        variant: its name.
        contract: inside and beside it.
        reference: the original's.

    Returns:
        ``caught`` (bool), ``by`` (names of what said no), ``open`` (which questions got no answer), ``reason``.
    """
    from fer_edge.export.verify.bundle_checks import _contract_fault
    from fer_edge.export.worker.child import describe_error
    from fer_edge.export.worker.job import VERIFY, Task
    from fer_edge.runtime.variants import Variant

    Path(f"{path}.contract.json").write_text(contract.text, encoding="utf-8")
    fault = _contract_fault(Variant.parse(variant), contract, reference)
    if fault:
        return {"caught": True, "by": ["contract"], "open": [], "reason": fault}
    try:
        result = worker._do(0, Task(VERIFY, variant, str(path)))
    except Exception as error:  # noqa: BLE001 - as in the child's last frame: the reason of one row
        return {
            "caught": True,
            "by": ["engine"],
            "open": [],
            "reason": describe_error(error, worker.job.folder),
        }
    return read_verdicts(result)


def read_verdicts(result: Any) -> dict[str, Any]:
    """What the members of a task's result say, in one row."""
    records = {name: getattr(result, name, None) for name in QUESTIONS}
    by = [name for name, record in records.items() if record is not None and record.verdict == "fail"]
    still = [name for name, record in records.items() if record is not None and record.verdict == "not-run"]
    told = [str(getattr(records[name], "reason", None) or "") for name in (*by, *still)]
    told += list(result.findings[:3]) if "weight_audit" in by else []
    layers = getattr(records["faithful"], "layers", None)
    weakest = getattr(layers, "weakest", None)
    if weakest is not None:
        told.append(f"weakest: {weakest.module}")
    if result.error:
        by, told = [*by, "engine"], [*told, result.error]
    return {"caught": bool(by), "by": by, "open": still, "reason": "; ".join(filter(None, told))}
