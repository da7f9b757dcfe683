"""``evaluation.json``: the figures of a report and every single answer, so that two can be compared later."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.train.evaluation.figures import epochs, figures
from fer_edge.train.evaluation.predictions import Predictions

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


def document(predictions: Predictions) -> dict[str, Any]:
    """Everything but the pictures.

    ``inference`` is null where nothing was measured; it is the only part that differs between two runs.
    """
    measured = predictions.seconds_a_face is not None
    return {
        "schema": SCHEMA,
        "title": predictions.title or predictions.model,
        "model": predictions.model,
        "engine": predictions.engine,
        "size_bytes": predictions.size_bytes,
        "data": {"source": predictions.source, "sha256": predictions.data_sha256},
        "figures": figures(predictions),
        "inference": {"seconds_a_face": predictions.seconds_a_face, "how": predictions.timing}
        if measured
        else None,
        "epochs": epochs(predictions),
        "answers": {
            "classes": list(predictions.classes),
            "names": list(predictions.names),
            "labels": _shortest(predictions.labels),
            "probabilities": _shortest(predictions.probabilities),
        },
    }


def serialize(document: dict[str, Any]) -> bytes:
    """JSON for people and programs: figures indented, one line for each list of answers."""
    answers = document["answers"]
    head = json.dumps({**document, "answers": None}, indent=1, ensure_ascii=False, allow_nan=False)
    lines = ",\n".join(
        f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in answers.items()
    )
    return (head.removesuffix("null\n}") + "{\n" + lines + "\n }\n}\n").encode("utf-8", "backslashreplace")


def read(path: Path) -> Predictions:
    """Answers out of an ``evaluation.json``; the file holds no pictures, so each crop is one gray pixel.

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
    except (FerEdgeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} breaks the schema {SCHEMA}: {type(error).__name__} {error}") from None


def _answers(found: dict[str, Any]) -> Predictions:
    if set(found) != KEYS:
        raise ValueError(f"its keys are {sorted(found)}, not {sorted(KEYS)}")
    answers, inference = found["answers"], found["inference"] or {}
    classes, names = tuple(map(str, answers["classes"])), tuple(map(str, answers["names"]))
    labels, probabilities = (np.array(answers[key], np.float32) for key in ("labels", "probabilities"))
    if not np.isfinite(labels).all() or len(set(classes)) != len(classes):
        raise ValueError("a label is not finite, or a class is named twice")
    seconds = inference.get("seconds_a_face")
    if seconds is not None and not (isinstance(seconds, float) and math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds_a_face is {seconds!r}")
    return Predictions(
        model=str(found["model"]),
        classes=classes,
        probabilities=probabilities,
        labels=labels,
        names=names,
        crops=np.full((len(names), 1, 1, 1), 128, np.uint8),
        history=[],
        seconds_a_face=seconds,
        timing=str(inference.get("how", "")),
        title=str(found["title"]),
        source=str(found["data"]["source"]),
        data_sha256=str(found["data"]["sha256"]),
        size_bytes=None if found["size_bytes"] is None else int(found["size_bytes"]),
        engine=str(found["engine"]),
    )


def _shortest(table: NDArray[np.float32]) -> list[list[float]]:
    """The shortest decimals that are the same float32 when read back."""
    return [[float(str(value)) for value in row] for row in table]
