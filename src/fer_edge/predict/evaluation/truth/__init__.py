"""The truth about pictures, in the forms that people have it: one file a form, listed here."""

from __future__ import annotations

from pathlib import Path

from fer_edge.predict.evaluation.truth.coco import COCO
from fer_edge.predict.evaluation.truth.document import PREDICTION
from fer_edge.predict.evaluation.truth.form import Truth, TruthForm
from fer_edge.predict.evaluation.truth.table import TABLE
from fer_edge.predict.evaluation.truth.wider import WIDER
from fer_edge.runtime.errors import FerEdgeError

FORMS: tuple[TruthForm, ...] = (COCO, PREDICTION, TABLE, WIDER)
"""Every form; the first that recognizes a file reads it. Adding one is a file here and a name in this line."""
LIMIT = 1 << 28
"""Bytes; a million pictures or so."""


def read_truth(path: Path) -> Truth:
    """The faces of each picture.

    Raises:
        FerEdgeError: the file cannot be read, is in none of the forms, or breaks its own.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FerEdgeError(f"cannot read {ascii(str(path))[1:-1][:200]}: {reason}") from None
    if len(data) > LIMIT:
        raise FerEdgeError(f"{path} has more than {LIMIT >> 20} MiB; judge a part of the pictures at a time")
    form = next((form for form in FORMS if form.recognizes(path.name.lower(), data)), None)
    if form is None:
        allowed = "; ".join(form.name for form in FORMS)
        raise FerEdgeError(f"{path} is in no form of the truth that is read; allowed: {allowed}")
    found = form.read(data, str(path))
    if not found:
        raise FerEdgeError(f"{path} names no picture; there is nothing to judge by")
    return found
