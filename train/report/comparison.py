"""Two models on the same faces: what differs, and whether it may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import canonical
from fer_edge.stats.bootstrap import accuracy_drop_interval
from fer_edge.stats.paired import mcnemar
from fer_edge.train.report.document import document
from fer_edge.train.report.outcome import Outcome
from fer_edge.train.report.words import bytes_text, milliseconds, percent

SCHEMA = "fer-edge-comparison/1"
ALPHA = 0.05
"""Of McNemar's test: a difference this rarely due to chance is called one."""


def comparison(first: Outcome, second: Outcome) -> dict[str, Any]:
    """Both models' figures and the paired difference, second minus first.

    Args:
        first: the one to compare with.
        second: the one that is judged.

    Returns:
        Plain data. ``verdict`` is about the second: ``better``, ``worse`` or ``not-distinguishable`` (McNemar's exact
        test at 5 %); ``difference`` has the accuracy's with its 95 % bootstrap interval, faces resampled in pairs.

    Raises:
        DataError: they were not asked about the same faces.
    """
    check_same(first, second)
    test = mcnemar(first.right, second.right)
    low, high = accuracy_drop_interval(second.right, first.right)
    gain = float(second.right.mean() - first.right.mean())
    verdict = "not-distinguishable" if test.p_value >= ALPHA else "better" if gain > 0 else "worse"
    models = [
        _model(outcome, title) for outcome, title in zip((first, second), titles(first, second), strict=True)
    ]
    found = {
        "schema": SCHEMA,
        "data": {"source": first.source, "sha256": first.data_sha256, "faces": len(first)},
        "models": models,
        "difference": {"accuracy": round(gain, 6), "interval": [round(low, 6), round(high, 6)]},
        "mcnemar": {
            "both_right": int((first.right & second.right).sum()),
            "only_first": test.only_first,
            "only_second": test.only_second,
            "both_wrong": int((~first.right & ~second.right).sum()),
            "p_value": float(f"{test.p_value:.6g}"),
        },
        "ratio": {
            "seconds_a_face": _ratio(second.seconds_a_face, first.seconds_a_face),
            "size_bytes": _ratio(second.size_bytes, first.size_bytes),
        },
        "verdict": verdict,
    }
    return {**found, "sentences": [accuracy_sentence(found), *caution(found), *cost_sentences(found)]}


def check_same(first: Outcome, second: Outcome) -> None:
    """Refuse two outcomes that are not about the same faces.

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


def _truths(outcome: Outcome) -> list[str]:
    return [canonical(outcome.classes[at].lower()) for at in outcome.truth]


def titles(first: Outcome, second: Outcome) -> tuple[str, str]:
    """Names that tell the two apart."""
    one, other = first.title or first.model, second.title or second.model
    return (one, other) if one != other else (f"{one} (first)", f"{other} (second)")


def _model(outcome: Outcome, title: str) -> dict[str, Any]:
    keys = ("model", "engine", "size_bytes", "figures", "inference")
    found = document(outcome)
    return {"title": title, **{key: found[key] for key in keys}}


def _ratio(second: float | None, first: float | None) -> float | None:
    return None if not first or second is None else round(second / first, 4)


def accuracy_sentence(found: dict[str, Any]) -> str:
    """Better, worse or not distinguishable, with the numbers that say so."""
    (first, a), (second, b) = ((model["title"], model["figures"]["top1"]) for model in found["models"])
    points, (low, high) = 100 * found["difference"]["accuracy"], found["difference"]["interval"]
    numbers = (
        f"{points:+.1f} points, 95 % interval {100 * low:+.1f} to {100 * high:+.1f}; "
        f"McNemar's exact test p = {_p(found['mcnemar']['p_value'])}"
    )
    count = found["data"]["faces"]
    if found["verdict"] != "not-distinguishable":
        return (
            f"{second} is {found['verdict']} than {first}: {percent(b)} of {count} faces are right instead of "
            f"{percent(a)} ({numbers})."
        )
    if found["mcnemar"]["only_first"] == found["mcnemar"]["only_second"] == 0:
        return f"{first} and {second} are right on exactly the same of {count} faces ({percent(a)}), so they are not distinguishable."
    return (
        f"{first} and {second} are not distinguishable on these {count} faces: {percent(a)} and {percent(b)} are right "
        f"({numbers})."
    )


def caution(found: dict[str, Any]) -> Sequence[str]:
    """Where interval and test seem to disagree: resampling cannot invent the disagreements that few faces lack."""
    low, high = found["difference"]["interval"]
    if found["verdict"] != "not-distinguishable" or low <= 0 <= high:
        return []
    few = found["mcnemar"]["only_first"] + found["mcnemar"]["only_second"]
    return [f"Only {few} faces tell them apart, too few for a bootstrap interval; the exact test decides."]


def cost_sentences(found: dict[str, Any]) -> Sequence[str]:
    """What the second costs, measured in the first."""
    first, second = found["models"]
    sentences = []
    speed, size = found["ratio"]["seconds_a_face"], found["ratio"]["size_bytes"]
    if speed is not None:
        one, other = (milliseconds(model["inference"]["seconds_a_face"]) for model in (first, second))
        sentences.append(
            f"{second['title']} takes {speed:.2f} times as long: {other} a face instead of {one}."
        )
    if size is not None:
        one, other = (bytes_text(model["size_bytes"]) for model in (first, second))
        sentences.append(f"Its file has {size:.2f} times the size: {other} instead of {one}.")
    return sentences


def _p(value: float) -> str:
    return "below 0.0001" if value < 1e-4 else f"{value:.2g}"


def disagreements(first: Outcome, second: Outcome) -> tuple[list[int], list[int]]:
    """Faces that only the first got right, and those that only the second did."""
    return (
        np.flatnonzero(first.right & ~second.right).tolist(),
        np.flatnonzero(~first.right & second.right).tolist(),
    )
