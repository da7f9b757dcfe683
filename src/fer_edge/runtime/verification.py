"""What was measured about an artifact: parity, weights, accuracy, calibration. The manifest's records of proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fer_edge.runtime.manifest_json import JSON

VERDICTS = ("pass", "fail", "not-run")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ParityLimit:
    """What parity allowed.

    Attributes:
        max_abs: largest absolute difference of a probability.
        top1_agreement: smallest share of inputs with the same first label, 0 to 1.
    """

    max_abs: float
    top1_agreement: float


@dataclass(frozen=True, slots=True)
class Parity:
    """Artifact against the PyTorch original on the same inputs.

    Attributes:
        verdict: ``pass``, ``fail`` or ``not-run``.
        reason: why it failed or was not run, else None.
        engine: library and version that ran the artifact.
        inputs: how many were compared.
        max_abs: largest absolute difference of a probability.
        mean_abs: mean absolute difference.
        top1_agreement: share of inputs with the same first label, 0 to 1.
        limit: what was allowed.
    """

    verdict: str
    reason: str | None = None
    engine: str | None = None
    inputs: int | None = None
    max_abs: float | None = None
    mean_abs: float | None = None
    top1_agreement: float | None = None
    limit: ParityLimit | None = None


@dataclass(frozen=True, slots=True)
class WeightAudit:
    """Every weight read back from a package and compared with the source.

    Attributes:
        verdict: ``pass`` or ``fail``.
        tensors: how many were compared.
        max_abs: largest absolute difference.
    """

    verdict: str
    tensors: int
    max_abs: float | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Original and artifact on labelled images.

    Attributes:
        source: which images.
        samples: how many.
        reference: the original's share of right answers, 0 to 1.
        artifact: the artifact's.
        drop_interval: interval of reference minus artifact, low and high.
        verdict: ``pass``, ``fail`` or ``not-run``.
    """

    source: str
    samples: int
    reference: float
    artifact: float
    drop_interval: tuple[float, float] | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """The images that activation ranges were measured on.

    Attributes:
        source: which images.
        sha256: over them.
        images: how many.
        classes: how many of each label.
    """

    source: str
    sha256: str
    images: int
    classes: dict[str, int]


def mapping(value: object, key: str, read: Callable[[Any, str], _T]) -> dict[str, _T]:
    """An object whose values ``read`` checks."""
    if not isinstance(value, dict):
        JSON.fail(key, value, "an object")
    return {
        JSON.string(name, f"a name in {key}"): read(entry, f"{key}.{name[:60]}")
        for name, entry in value.items()
    }


def or_none(value: object, key: str, read: Callable[[object, str], _T]) -> _T | None:
    """None, or what ``read`` makes of the value."""
    return None if value is None else read(value, key)


def _figure(value: object, key: str) -> float:
    return JSON.number(value, key)


def _share(value: object, key: str) -> float:
    return JSON.number(value, key, "a number from 0 to 1", lambda number: 0 <= number <= 1)


def _count(value: object, key: str) -> int:
    return JSON.integer(value, key, 0, 1 << 40)


def _text(value: object, key: str) -> str:
    return JSON.string(value, key, most=4000)


def read_parity(value: object, key: str) -> Parity:
    """The member ``parity`` of an artifact."""
    names = ("verdict", "reason", "engine", "inputs", "max_abs", "mean_abs", "top1_agreement", "limit")
    members = JSON.members(value, key, names)
    found = Parity(
        verdict=JSON.choice(members["verdict"], f"{key}.verdict", VERDICTS),
        reason=or_none(members["reason"], f"{key}.reason", _text),
        engine=or_none(members["engine"], f"{key}.engine", _text),
        inputs=or_none(members["inputs"], f"{key}.inputs", _count),
        max_abs=or_none(members["max_abs"], f"{key}.max_abs", _figure),
        mean_abs=or_none(members["mean_abs"], f"{key}.mean_abs", _figure),
        top1_agreement=or_none(members["top1_agreement"], f"{key}.top1_agreement", _share),
        limit=or_none(members["limit"], f"{key}.limit", _read_limit),
    )
    if found.verdict == "not-run" and found.reason is None:
        JSON.fail(f"{key}.reason", None, "a reason where the verdict is not-run")
    if found.verdict == "pass" and None in (found.engine, found.inputs, found.max_abs, found.limit):
        JSON.fail(f"{key}.verdict", "pass", "pass only with engine, inputs, max_abs and limit")
    return found


def _read_limit(value: object, key: str) -> ParityLimit:
    members = JSON.members(value, key, ("max_abs", "top1_agreement"))
    return ParityLimit(
        max_abs=_figure(members["max_abs"], f"{key}.max_abs"),
        top1_agreement=_share(members["top1_agreement"], f"{key}.top1_agreement"),
    )


def read_audit(value: object, key: str) -> WeightAudit:
    """The member ``weight_audit`` of an artifact."""
    members = JSON.members(value, key, ("verdict", "tensors", "max_abs"))
    return WeightAudit(
        verdict=JSON.choice(members["verdict"], f"{key}.verdict", VERDICTS),
        tensors=_count(members["tensors"], f"{key}.tensors"),
        max_abs=or_none(members["max_abs"], f"{key}.max_abs", _figure),
    )


def read_accuracy(value: object, key: str) -> Accuracy:
    """The member ``accuracy`` of an artifact."""
    members = JSON.members(
        value, key, ("source", "samples", "reference", "artifact", "drop_interval", "verdict")
    )
    interval = or_none(members["drop_interval"], f"{key}.drop_interval", _read_interval)
    return Accuracy(
        source=_text(members["source"], f"{key}.source"),
        samples=_count(members["samples"], f"{key}.samples"),
        reference=_share(members["reference"], f"{key}.reference"),
        artifact=_share(members["artifact"], f"{key}.artifact"),
        drop_interval=interval,
        verdict=JSON.choice(members["verdict"], f"{key}.verdict", VERDICTS),
    )


def _read_interval(value: object, key: str) -> tuple[float, float]:
    low, high = JSON.array(value, key, least=2, most=2)
    return _figure(low, key), _figure(high, key)


def read_calibration(value: object, key: str) -> Calibration:
    """The member ``calibration`` of an artifact."""
    members = JSON.members(value, key, ("source", "sha256", "images", "classes"))
    return Calibration(
        source=_text(members["source"], f"{key}.source"),
        sha256=JSON.sha256(members["sha256"], f"{key}.sha256"),
        images=_count(members["images"], f"{key}.images"),
        classes=mapping(members["classes"], f"{key}.classes", _count),
    )
