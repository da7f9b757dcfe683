"""The verdict on an import again, from what a bundle carries: the answers of the file's own runtime to the golden vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.export.pictures.images import Tick, draw_faces
from fer_edge.export.reference_model import Source
from fer_edge.export.reference_model.inference import outputs
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.export.sources.asking import RUNTIMES
from fer_edge.export.sources.check import check_import
from fer_edge.export.sources.differences import measure_difference
from fer_edge.runtime.errors import BundleError, CheckFailed, FerEdgeError
from fer_edge.runtime.golden import Vector

TOLERANCE = 1e-4
"""Of probabilities: the reference weights may be computed by another CPU type here."""
AGAIN = 64
"""Pictures that a file is asked about again."""
SEED = 2
"""Others than those that parity is measured on."""


@dataclass(frozen=True)
class StoredImport:
    """A manifest's record of an import.

    Attributes:
        source: the file, as far as feeding it goes.
        bgr: whether the first layer was turned.
        output: which of the file's outputs was the answer.
        golden: answers of its own runtime, by golden vector.
        reason: why it was not judged; None: it was.
    """

    source: Source
    bgr: bool
    output: int | str | None
    golden: Mapping[str, Sequence[float]]
    reason: str | None

    @classmethod
    def parse(cls, record: Any) -> StoredImport:
        """From ``extra.import`` of a manifest, which may hold anything.

        Raises:
            BundleError: it is no such record.
        """
        try:
            if record["kind"] not in RUNTIMES:
                raise ValueError("kind")
            feeding = record["feeding"] or {
                "layout": "NCHW",
                "scale": [],
                "offset": [],
                "final": "",
                "bgr": False,
            }
            scale, offset = (tuple(map(float, feeding[key])) for key in ("scale", "offset"))
            output = feeding.get("output")
            source = Source(
                record["kind"],
                [],
                (0, 0, 0),
                str(feeding["layout"]),
                (),
                scale,
                offset,
                str(feeding["final"]),
            )
            golden = {str(name): [float(one) for one in row] for name, row in record["golden"].items()}
            if len(scale) != len(offset) or not isinstance(output, int | str | None):
                raise ValueError("feeding")
            reason = None if record["verdict"] == "pass" else str(record["reason"])
            return cls(source, bool(feeding["bgr"]), output, golden, reason)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BundleError(
                f"the manifest's record of the import is damaged ({str(error)[:80]})"
            ) from error


def find_faults(stored: StoredImport, original: ReferenceModel, vectors: Sequence[Vector]) -> list[str]:
    """Golden vectors to which the reference weights answer otherwise than the file did in its own runtime.

    Args:
        stored: the record.
        original: of the bundle.
        vectors: golden ones, sound.
    """
    faults = []
    for vector in vectors:
        if vector.name not in stored.golden:
            faults.append(f"{vector.name}: the manifest lacks the answer of the imported file's own runtime")
            continue
        rows = outputs(original.module, original.contract, vector.run().scaled[None])
        theirs = np.array([stored.golden[vector.name]], np.float32)
        if theirs.shape != rows.shape:
            faults.append(
                f"{vector.name}: the imported file answered {theirs.shape[1]} numbers, not {rows.shape[1]}"
            )
            continue
        worst, _ = measure_difference(rows, theirs, original.contract.output.kind, stored.source.final)
        if not worst <= TOLERANCE:
            faults.append(
                f"{vector.name}: the reference weights answer up to {worst:.2g} away from the imported file in its own runtime"
            )
    return faults


def ask_again(
    stored: StoredImport, original: ReferenceModel, path: Path, tick: Tick
) -> tuple[list[str], str | None]:
    """The file itself once more in its own runtime, on drawn faces.

    Args:
        stored: the record.
        original: of the bundle; its ``checkpoint_sha256`` is to be the file's.
        path: the file.
        tick: called between pictures.

    Returns:
        Faults, and why it could not be asked.
    """
    asked = replace(original, source=stored.source, bgr=stored.bgr)
    pictures = draw_faces("test", AGAIN, original.contract, seed=SEED, tick=tick).scaled
    rows = outputs(original.module, original.contract, pictures, tick)
    try:
        found = check_import(asked, path, stored.output, pictures, rows)
    except CheckFailed as error:
        return [str(error)], None
    except FerEdgeError as error:
        return [], str(error)
    return [], found.reason if found else None
