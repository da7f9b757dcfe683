"""Models on the same faces: how each differs from the first one, and whether that may be chance.

Nothing is said about their speed: within one process the same file is up to twice as fast as itself, by where its memory
happens to lie. ``fer-bench compare`` measures in many processes and gives the ratio its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import canonical
from fer_edge.stats.bootstrap import accuracy_drop_interval
from fer_edge.stats.paired import holm, mcnemar
from fer_edge.train.evaluation.document import document
from fer_edge.train.evaluation.predictions import Predictions
from fer_edge.train.evaluation.texts import bytes_text, percent

SCHEMA = "fer-edge-comparison/2"
ALPHA = 0.05
"""Chance, over all comparisons together, that equal models are called better or worse."""


def comparison(first: Predictions, *others: Predictions) -> dict[str, Any]:
    """The figures of all models, and the paired difference of each of the others to the first.

    Args:
        first: the one to compare with.
        others: one or more that are judged.

    Returns:
        Plain data; ``comparisons`` has an entry for each of the others. Its ``verdict`` is ``better``, ``worse`` or
        ``not-distinguishable``: McNemar's exact test at 5 %, where there are several with Holm's correction
        (``p_adjusted``). ``difference`` is the accuracy's with its bootstrap interval, faces resampled in pairs, wide
        enough that all of them together hold with 95 % (Bonferroni: ``confidence``). A single entry's keys stand at the top
        as well.

    Raises:
        DataError: they were not asked about the same faces.
    """
    for other in others:
        check_same(first, other)
    models = [
        _model(predictions, title)
        for predictions, title in zip((first, *others), titles((first, *others)), strict=True)
    ]
    tests = [mcnemar(first.right, other.right) for other in others]
    adjusted = holm([test.p_value for test in tests])
    confidence = 1 - ALPHA / len(others)
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "data": {"source": first.source, "sha256": first.data_sha256, "faces": len(first)},
        "models": models,
        "confidence": round(confidence, 6),
        "comparisons": [
            {"first": models[0]["title"], "second": model["title"]} | _difference(first, other, p, confidence)
            for other, model, p in zip(others, models[1:], adjusted, strict=True)
        ],
    }
    alone = found["comparisons"][0] if len(others) == 1 else {}
    return {**found, **alone, "sentences": _sentences(found)}


def _difference(
    first: Predictions, second: Predictions, p_adjusted: float, confidence: float
) -> dict[str, Any]:
    test = mcnemar(first.right, second.right)
    low, high = accuracy_drop_interval(second.right, first.right, confidence=confidence)
    gain = float(second.right.mean() - first.right.mean())
    return {
        "difference": {"accuracy": round(gain, 6), "interval": [round(low, 6), round(high, 6)]},
        "mcnemar": {
            "both_right": int((first.right & second.right).sum()),
            "only_first": test.only_first,
            "only_second": test.only_second,
            "both_wrong": int((~first.right & ~second.right).sum()),
            "p_value": _digits(test.p_value),
            "p_adjusted": _digits(p_adjusted),
        },
        "size_ratio": _ratio(second.size_bytes, first.size_bytes),
        "verdict": "not-distinguishable" if p_adjusted >= ALPHA else "better" if gain > 0 else "worse",
    }


def check_same(first: Predictions, second: Predictions) -> None:
    """Refuse two every that are not about the same faces.

    Raises:
        DataError: other faces, another order, or other labels.
    """
    if first.data_sha256 != second.data_sha256 or list(first.names) != list(second.names):
        raise DataError(
            f"the two were not asked about the same faces: {len(first)} of {first.source or 'unknown origin'} "
            f"(sha256 {first.data_sha256[:12]}) and {len(second)} of {second.source or 'unknown origin'} (sha256 "
            f"{second.data_sha256[:12]}); run fer-train evaluate on both with the same --data, or give the models themselves"
        )
    if _truths(first) != _truths(second):
        raise DataError("the two have other labels for the same faces; evaluate both on the same labels")


def _truths(predictions: Predictions) -> list[str]:
    return [canonical(predictions.classes[at].lower()) for at in predictions.truth]


def titles(every: Sequence[Predictions]) -> list[str]:
    """Names that tell them apart: those that several have get a number."""
    names = [predictions.title or predictions.model for predictions in every]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: at + 1].count(name)})"
        for at, name in enumerate(names)
    ]


def _model(predictions: Predictions, title: str) -> dict[str, Any]:
    keys = ("model", "engine", "size_bytes", "figures")
    found = document(predictions)
    return {"title": title, **{key: found[key] for key in keys}}


def _ratio(second: float | None, first: float | None) -> float | None:
    return None if not first or second is None else round(second / first, 4)


def _digits(p_value: float) -> float:
    return float(f"{p_value:.6g}")


def _sentences(found: dict[str, Any]) -> list[str]:
    counted = (
        f"{len(found['comparisons'])} models are compared with the first: p-values are Holm's, intervals "
        f"{100 * found['confidence']:.4g} % each (Bonferroni), so that all together hold with 95 %."
    )
    said = [counted] if len(found["comparisons"]) > 1 else []
    for at in range(len(found["comparisons"])):
        said += [accuracy_sentence(found, at), *caution(found, at), *size_sentence(found, at)]
    return said


def accuracy_sentence(found: dict[str, Any], at: int = 0) -> str:
    """Better, worse or not distinguishable, with the numbers that say so."""
    one = found["comparisons"][at]
    first, second = one["first"], one["second"]
    a, b = (found["models"][place]["figures"]["top1"] for place in (0, at + 1))
    points, (low, high) = 100 * one["difference"]["accuracy"], one["difference"]["interval"]
    corrected = ", Holm's correction" if len(found["comparisons"]) > 1 else ""
    numbers = (
        f"{points:+.1f} points, {100 * found['confidence']:.4g} % interval {100 * low:+.1f} to {100 * high:+.1f}; "
        f"McNemar's exact test p = {_p(one['mcnemar']['p_adjusted'])}{corrected}"
    )
    count = found["data"]["faces"]
    if one["verdict"] != "not-distinguishable":
        return (
            f"{second} is {one['verdict']} than {first}: {percent(b)} of {count} faces are right instead of "
            f"{percent(a)} ({numbers})."
        )
    if one["mcnemar"]["only_first"] == one["mcnemar"]["only_second"] == 0:
        return f"{first} and {second} are right on exactly the same of {count} faces ({percent(a)}), so they are not distinguishable."
    return (
        f"{first} and {second} are not distinguishable on these {count} faces: {percent(a)} and {percent(b)} are right "
        f"({numbers})."
    )


def caution(found: dict[str, Any], at: int = 0) -> Sequence[str]:
    """A sentence where interval and test seem to disagree: resampling cannot invent the disagreements that few faces lack."""
    one = found["comparisons"][at]
    low, high = one["difference"]["interval"]
    if (one["verdict"] != "not-distinguishable") == (not low <= 0 <= high):
        return []
    if one["verdict"] != "not-distinguishable":
        return ["Its interval, the coarser of the two corrections, holds 0; the exact test decides."]
    few = one["mcnemar"]["only_first"] + one["mcnemar"]["only_second"]
    return [f"Only {few} faces tell them apart, too few for a bootstrap interval; the exact test decides."]


def size_sentence(found: dict[str, Any], at: int = 0) -> Sequence[str]:
    """The size of the file, measured in the first one's."""
    one, sizes = found["comparisons"][at], [model["size_bytes"] for model in found["models"]]
    if one["size_ratio"] is None or sizes[0] == sizes[at + 1]:
        return []
    first, second = bytes_text(sizes[0]), bytes_text(sizes[at + 1])
    return [
        f"The file of {one['second']} has {one['size_ratio']:.2f} times the size: {second} instead of {first}."
    ]


def _p(value: float) -> str:
    return "below 0.0001" if value < 1e-4 else f"{value:.2g}"


def disagreements(first: Predictions, second: Predictions) -> tuple[list[int], list[int]]:
    """Faces that only the first got right, and those that only the second did."""
    return (
        np.flatnonzero(first.right & ~second.right).tolist(),
        np.flatnonzero(~first.right & second.right).tolist(),
    )
