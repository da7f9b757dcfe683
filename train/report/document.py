"""``evaluation.json``: the figures of a report and every single answer, so that two can be compared later."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import DataError
from fer_edge.train.report.figures import figures
from fer_edge.train.report.outcome import Outcome

SCHEMA = "fer-edge-evaluation/1"
FILE = "evaluation.json"
LARGEST_BYTES = 1 << 28
KEYS = {
    "schema",
    "title",
    "model",
    "engine",
    "size_bytes",
    "data",
    "figures",
    "inference",
    "epochs",
    "answers",
}


@dataclass(frozen=True)
class Answers:
    """What one model said about each face, as :mod:`fer_edge.train.report.comparison` needs it.

    Attributes:
        model: its name.
        title: how a reader tells it from the other one.
        engine: library and version; "": unknown.
        classes: labels in output order.
        probabilities: (n, classes) float32.
        labels: (n, classes) float32.
        names: of the faces.
        data_sha256: of the faces.
        source: what the faces are.
        size_bytes: of the file; None: unknown.
        seconds_a_face: of inference; None: not measured.
        timing: how it was measured.
    """

    model: str
    title: str
    engine: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    labels: NDArray[np.float32]
    names: tuple[str, ...]
    data_sha256: str
    source: str
    size_bytes: int | None
    seconds_a_face: float | None
    timing: str

    def outcome(self, crops: NDArray[np.uint8] | None = None) -> Outcome:
        """The same as an :class:`Outcome`; without pictures the crops are single gray pixels."""
        pixels = np.full((len(self.names), 1, 1, 1), 128, np.uint8) if crops is None else crops
        values = {key: value for key, value in vars(self).items() if key in Outcome.__dataclass_fields__}
        return Outcome(**values, crops=pixels)


def document(outcome: Outcome) -> dict[str, Any]:
    """Everything but the pictures.

    ``inference`` is null where nothing was measured; it is the only part that differs between two runs.
    """
    measured = outcome.seconds_a_face is not None
    return {
        "schema": SCHEMA,
        "title": outcome.title or outcome.model,
        "model": outcome.model,
        "engine": outcome.engine,
        "size_bytes": outcome.size_bytes,
        "data": {"source": outcome.source, "sha256": outcome.data_sha256},
        "figures": figures(outcome),
        "inference": {"seconds_a_face": outcome.seconds_a_face, "how": outcome.timing} if measured else None,
        "epochs": [dict(line) for line in outcome.history],
        "answers": {
            "classes": list(outcome.classes),
            "names": list(outcome.names),
            "labels": _shortest(outcome.labels),
            "probabilities": _shortest(outcome.probabilities),
        },
    }


def serialized(document: dict[str, Any]) -> bytes:
    """JSON for people and programs: figures indented, one line for each list of answers."""
    answers = document["answers"]
    head = json.dumps({**document, "answers": None}, indent=1, ensure_ascii=False, allow_nan=False)
    lines = ",\n".join(
        f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in answers.items()
    )
    return (head.removesuffix("null\n}") + "{\n" + lines + "\n }\n}\n").encode("utf-8", "backslashreplace")


def read(path: Path) -> Answers:
    """Answers out of an ``evaluation.json``.

    Raises:
        DataError: missing, unreadable, of another schema, or parts that do not fit together.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(
                f"{path} has more than {LARGEST_BYTES >> 20} MiB; {FILE} of fer-train evaluate is expected"
            )
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        said = found.get("schema") if isinstance(found, dict) else type(found).__name__
        raise DataError(
            f"{path} says schema {ascii(said)[:60]}; {SCHEMA} is expected: {FILE} of fer-train evaluate"
        )
    try:
        return _answers(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} breaks the schema {SCHEMA}: {type(error).__name__} {error}") from None


def _answers(found: dict[str, Any]) -> Answers:
    if set(found) != KEYS:
        raise ValueError(f"its keys are {sorted(found)}, not {sorted(KEYS)}")
    answers, inference = found["answers"], found["inference"] or {}
    classes, names = tuple(map(str, answers["classes"])), tuple(map(str, answers["names"]))
    tables = [np.array(answers[key], np.float32) for key in ("labels", "probabilities")]
    if any(table.shape != (len(names), len(classes)) or not np.isfinite(table).all() for table in tables):
        raise ValueError(f"answers are not {len(names)} rows of {len(classes)} finite numbers")
    if len(set(classes)) != len(classes) or not names:
        raise ValueError("a class is named twice, or there are no faces")
    seconds = inference.get("seconds_a_face")
    if seconds is not None and not (isinstance(seconds, float) and math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds_a_face is {seconds!r}")
    return Answers(
        model=str(found["model"]), title=str(found["title"]), engine=str(found["engine"]), classes=classes,
        probabilities=tables[1], labels=tables[0], names=names, data_sha256=str(found["data"]["sha256"]),
        source=str(found["data"]["source"]), size_bytes=found["size_bytes"], seconds_a_face=seconds,
        timing=str(inference.get("how", "")),
    )  # fmt: skip


def _shortest(table: NDArray[np.float32]) -> list[list[float]]:
    """The shortest decimals that are the same float32 when read back."""
    return [[float(str(value)) for value in row] for row in table]
