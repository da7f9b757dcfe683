"""The verdict on an import: the module that was made of a file answers as the file does in its own runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.export.sources.asking import RUNTIMES, Rows, ask
from fer_edge.export.sources.differences import MAX_ABS, measure_difference
from fer_edge.export.sources.rounding import look_closer
from fer_edge.runtime.errors import CheckFailed, MissingExtra
from fer_edge.runtime.extras import need
from fer_edge.runtime.golden import Vector


@dataclass(frozen=True)
class ImportCheck:
    """What came of it.

    Attributes:
        kind: of the file, ``onnx`` or ``keras``.
        verdict: ``pass`` or ``not-run``; a ``fail`` ends the export.
        reason: why it was not run.
        engine: the runtime with its version.
        inputs: pictures that both answered.
        max_abs: largest difference of any probability.
        top1_agreement: share of pictures with the same first label, of those whose margin exceeds what is allowed.
        limit: what was allowed.
        notes: what was left out of the file or found in it.
        feeding: how the file itself is fed and read, so that it can be asked again.
        golden: the runtime's own answers to the bundle's golden vectors, by their names.
    """

    kind: str
    verdict: str
    reason: str | None = None
    engine: str | None = None
    inputs: int = 0
    max_abs: float | None = None
    top1_agreement: float | None = None
    limit: Mapping[str, float] = field(default_factory=lambda: {"max_abs": MAX_ABS, "top1_agreement": 1.0})
    notes: tuple[str, ...] = ()
    feeding: Mapping[str, Any] = field(default_factory=dict)
    golden: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        return {**asdict(self), "notes": list(self.notes)}


def check_import(
    original: ReferenceModel,
    path: Path,
    output: int | str | None,
    pictures: NDArray[np.uint8],
    rows: Rows,
    vectors: Sequence[Vector] = (),
) -> ImportCheck | None:
    """Ask the file's own runtime about the parity inputs.

    Args:
        original: the imported module with its contract.
        path: the file.
        output: which of the file's outputs is the answer; None: its only one.
        pictures: (n, height, width, 3) uint8 RGB.
        rows: what the module answers, (n, labels) float32.
        vectors: golden ones, whose answers are kept.

    Returns:
        The verdict; None for an original that was not imported.

    Raises:
        CheckFailed: they differ.
    """
    source = original.source
    if source is None:
        return None
    extra, module = RUNTIMES[source.kind]
    try:
        need(extra, module)
    except MissingExtra as error:
        return ImportCheck(source.kind, "not-run", f"the import was not judged: {error}", notes=source.notes)
    further = [vector.run().scaled[None] for vector in vectors]
    engine, answers, reason = ask(original, path, output, np.concatenate([pictures, *further]))
    wanted = (len(rows) + len(vectors), rows.shape[1])
    if answers is None or answers.shape != wanted:
        reason = reason or f"it answers {answers.shape if answers is not None else 'nothing'}, not {wanted}"
        return ImportCheck(
            source.kind, "not-run", f"the import was not judged: {reason}", engine or None, notes=source.notes
        )
    theirs, golden = answers[: len(rows)], answers[len(rows) :]
    kind, final = original.contract.output.kind, source.final
    worst, agreement = measure_difference(rows, theirs, kind, final)
    found = ImportCheck(source.kind, "pass", None, engine, len(rows), worst, agreement, notes=source.notes)
    if not (worst <= MAX_ABS and agreement == 1.0):
        closer = look_closer(original, path, output, (pictures, rows, theirs), further)
        if closer is None or not closer.met:
            raise CheckFailed(_fault(found) if closer is None or not closer.alike else closer.refuse(engine))
        golden, notes = closer.golden, (*source.notes, closer.describe(engine))
        seen = (closer.engine, closer.inputs, closer.max_abs, 1.0)
        found = ImportCheck(source.kind, "pass", None, *seen, notes=notes)
    kept = {
        vector.name: [float(f"{value:.9g}") for value in row]
        for vector, row in zip(vectors, golden, strict=True)
    }
    return replace(found, golden=kept, feeding=_feeding(original, output))


def _feeding(original: ReferenceModel, output: int | str | None) -> dict[str, Any]:
    source = original.source
    assert source is not None
    return {
        "layout": source.layout,
        "scale": list(source.scale),
        "offset": list(source.offset),
        "bgr": original.bgr,
        "final": source.final,
        "output": output,
    }


def _fault(found: ImportCheck) -> str:
    return (
        f"the import is at fault: the network that was read from the {found.kind} file answers up to {found.max_abs:.2g} away from "
        f"{found.engine} ({MAX_ABS:g} is allowed) and agrees on {found.top1_agreement:.2%} of first labels; please report the file, "
        "and take its PyTorch weights with --arch meanwhile"
    )
