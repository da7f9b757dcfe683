"""The members of verification records in the JSON documents of ``fer-export`` and ``fer-verify``: as in the manifest."""

from __future__ import annotations

from typing import Any

from fer_edge.export.parity.compare import GoldenComparison
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.schema import Document
from fer_edge.runtime.verification import REPORTED, Accuracy, Faithful, Parity, WeightAudit

_DOCUMENTS: dict[type, Document[Any]] = {
    record: Document(record, record.__name__, ExportError, version=REPORTED)
    for record in (Parity, Faithful, WeightAudit, Accuracy, GoldenComparison)
}


def members(
    record: Parity | Faithful | WeightAudit | Accuracy | GoldenComparison | None,
) -> dict[str, Any] | None:
    """Plain values, ready for JSON; None stays None."""
    return None if record is None else _DOCUMENTS[type(record)].members(record)
