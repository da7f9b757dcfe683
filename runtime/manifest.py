"""``manifest.json``: what a bundle holds, how each artifact was checked, and the hash of every file.

Schema ``fer-edge-manifest/1``. Reader and writer share these classes; unknown keys are errors except inside ``extra``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeVar

from fer_edge.runtime.contract import INTERFACES
from fer_edge.runtime.errors import BundleError, VariantError
from fer_edge.runtime.strict_json import StrictJson, repeated, shown
from fer_edge.runtime.variants import FORMATS, PRECISIONS, Variant, format_spec

SCHEMA = "fer-edge-manifest/1"
MANIFEST = "manifest.json"
VERDICTS = ("pass", "fail", "not-run")
LARGEST_MANIFEST = 16 << 20
"""Bytes."""

_JSON = StrictJson(MANIFEST, BundleError, LARGEST_MANIFEST)
_LARGEST_FILE = 1 << 40
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """The original that was exported.

    Attributes:
        arch: a built-in architecture's name or ``package.module:callable``.
        checkpoint_sha256: of the file with its weights.
    """

    arch: str
    checkpoint_sha256: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the bundle.

    Attributes:
        sha256: of its bytes.
        bytes: how many.
    """

    sha256: str
    bytes: int


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


@dataclass(frozen=True, slots=True)
class Artifact:
    """One exported file or package.

    Attributes:
        variant: its name, ``<format>-<precision>[-image][-qio]``.
        format: the first word of that.
        precision: the second.
        interface: ``tensor`` or ``image``.
        path: in the bundle, POSIX.
        bytes: of the file, or of all files of the package.
        contract: its text.
        parity: against the original.
        weight_audit: where it was made.
        accuracy: where it was measured.
        calibration: where the precision needs it.
    """

    variant: str
    format: str
    precision: str
    interface: str
    path: str
    bytes: int
    contract: str
    parity: Parity
    weight_audit: WeightAudit | None = None
    accuracy: Accuracy | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A variant that was not written.

    Attributes:
        variant: its name.
        reason: in words.
    """

    variant: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The document.

    Attributes:
        model: its name.
        source: the original.
        files: every file but the manifest, by POSIX path; packages file by file.
        artifacts: in table order.
        skipped: variants that were not written.
        tools: versions by name.
        extra: whatever else; unknown keys are allowed here only.
        schema: ``fer-edge-manifest/1``.
    """

    model: str
    source: Source
    files: Mapping[str, FileEntry]
    artifacts: tuple[Artifact, ...]
    skipped: tuple[Skipped, ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA

    @classmethod
    def parse(cls, text: str | bytes) -> Manifest:
        """Read a manifest.

        Raises:
            BundleError: not of the schema, an unsafe path, or an artifact whose file is not listed.
        """
        return _read(_JSON.load(text))

    def to_json(self) -> str:
        """The document as text: the same values give the same bytes."""
        members = {
            "schema": self.schema,
            "model": self.model,
            "source": asdict(self.source),
            "files": {name: asdict(self.files[name]) for name in sorted(self.files)},
            "artifacts": [asdict(artifact) for artifact in self.artifacts],
            "skipped": [asdict(entry) for entry in self.skipped],
            "tools": {name: self.tools[name] for name in sorted(self.tools)},
            "extra": _sorted(dict(self.extra)),
        }
        return json.dumps(members, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(entry) for entry in value] if isinstance(value, list | tuple) else value


def check_path(name: object, key: str) -> str:
    """A path that stays inside the bundle, in one spelling.

    Raises:
        BundleError: absolute, climbing, empty, with backslashes, colons or control characters.
    """
    path = _JSON.string(name, key)
    parts = path.split("/")
    unsafe = any(part in ("", ".", "..") for part in parts) or set(path) & set('\\:*?"<>|')
    if unsafe or not path.isprintable():
        _JSON.fail(key, path, "a relative POSIX path that stays inside the bundle")
    return path


def _read(document: object) -> Manifest:
    if isinstance(document, dict) and "schema" in document:
        _JSON.choice(document["schema"], "schema", (SCHEMA,))
    names = ("schema", "model", "source", "files", "artifacts", "skipped", "tools", "extra")
    members = _JSON.members(document, "", names)
    files = _read_files(members["files"])
    found = Manifest(
        model=_JSON.string(members["model"], "model", most=100),
        source=_read_source(members["source"]),
        files=files,
        artifacts=tuple(
            _read_artifact(entry, f"artifacts[{number}]", files)
            for number, entry in enumerate(_JSON.array(members["artifacts"], "artifacts", most=1000))
        ),
        skipped=tuple(
            _read_skipped(entry, f"skipped[{number}]")
            for number, entry in enumerate(_JSON.array(members["skipped"], "skipped", most=1000))
        ),
        tools=_mapping(members["tools"], "tools", _JSON.string),
        extra=_mapping(members["extra"], "extra", lambda value, _key: value),
    )
    for what in ("variant", "path"):
        twice = repeated(getattr(artifact, what) for artifact in found.artifacts)
        if twice is not None:
            _JSON.fail("artifacts", twice, f"each {what} once")
    return found


def _mapping(value: object, key: str, read: Callable[[Any, str], _T]) -> dict[str, _T]:
    if not isinstance(value, dict):
        _JSON.fail(key, value, "an object")
    return {
        _JSON.string(name, f"a name in {key}"): read(entry, f"{key}.{name[:60]}")
        for name, entry in value.items()
    }


def _read_source(value: object) -> Source:
    members = _JSON.members(value, "source", ("arch", "checkpoint_sha256"))
    return Source(
        arch=_JSON.string(members["arch"], "source.arch"),
        checkpoint_sha256=_JSON.sha256(members["checkpoint_sha256"], "source.checkpoint_sha256"),
    )


def _read_files(value: object) -> dict[str, FileEntry]:
    if not isinstance(value, dict):
        _JSON.fail("files", value, "an object")
    found: dict[str, FileEntry] = {}
    for name, entry in value.items():
        path = check_path(name, "a path in files")
        if path == MANIFEST:
            _JSON.fail("a path in files", path, "every file but the manifest itself")
        key = f"files[{shown(path)}]"
        members = _JSON.members(entry, key, ("sha256", "bytes"))
        size = _JSON.integer(members["bytes"], f"{key}.bytes", 0, _LARGEST_FILE)
        found[path] = FileEntry(_JSON.sha256(members["sha256"], f"{key}.sha256"), size)
    return found


def _read_skipped(value: object, key: str) -> Skipped:
    members = _JSON.members(value, key, ("variant", "reason"))
    variant = _JSON.string(members["variant"], f"{key}.variant", most=100)
    return Skipped(variant, _JSON.string(members["reason"], f"{key}.reason"))


def _read_artifact(value: object, key: str, files: Mapping[str, FileEntry]) -> Artifact:
    words = ("variant", "format", "precision", "interface", "path", "bytes", "contract")
    checks = ("parity", "weight_audit", "accuracy", "calibration")
    members = _JSON.members(value, key, words + checks)
    found = Artifact(
        variant=_JSON.string(members["variant"], f"{key}.variant", most=100),
        format=_JSON.choice(members["format"], f"{key}.format", [spec.name for spec in FORMATS]),
        precision=_JSON.choice(members["precision"], f"{key}.precision", PRECISIONS),
        interface=_JSON.choice(members["interface"], f"{key}.interface", INTERFACES),
        path=check_path(members["path"], f"{key}.path"),
        bytes=_JSON.integer(members["bytes"], f"{key}.bytes", 0, _LARGEST_FILE),
        contract=_JSON.string(members["contract"], f"{key}.contract", most=1 << 20),
        parity=_read_parity(members["parity"], f"{key}.parity"),
        weight_audit=_or_none(members["weight_audit"], f"{key}.weight_audit", _read_audit),
        accuracy=_or_none(members["accuracy"], f"{key}.accuracy", _read_accuracy),
        calibration=_or_none(members["calibration"], f"{key}.calibration", _read_calibration),
    )
    _check_artifact(found, key, files)
    return found


def _check_artifact(artifact: Artifact, key: str, files: Mapping[str, FileEntry]) -> None:
    try:
        variant = Variant.parse(artifact.variant)
    except VariantError as error:
        raise BundleError(f"{MANIFEST}: {key}.variant: {error}") from None
    words = (artifact.format, artifact.precision, artifact.interface)
    if words != (variant.format, variant.precision, variant.interface):
        _JSON.fail(f"{key}.variant", artifact.variant, f"the name of {' '.join(words)}")
    extension = format_spec(variant.format).extension
    if PurePosixPath(artifact.path).suffix != extension:
        _JSON.fail(f"{key}.path", artifact.path, f"a path that ends with {extension}")
    if not file_names(artifact.path, files):
        _JSON.fail(f"{key}.path", artifact.path, "a path that is listed under files")


def file_names(path: str, files: Mapping[str, FileEntry]) -> list[str]:
    """The listed files of an artifact: itself, or those of its package; sorted."""
    return [path] if path in files else sorted(name for name in files if name.startswith(f"{path}/"))


def _or_none(value: object, key: str, read: Callable[[object, str], _T]) -> _T | None:
    return None if value is None else read(value, key)


def _figure(value: object, key: str) -> float:
    return _JSON.number(value, key)


def _share(value: object, key: str) -> float:
    return _JSON.number(value, key, "a number from 0 to 1", lambda number: 0 <= number <= 1)


def _count(value: object, key: str) -> int:
    return _JSON.integer(value, key, 0, 1 << 40)


def _text(value: object, key: str) -> str:
    return _JSON.string(value, key, most=4000)


def _read_parity(value: object, key: str) -> Parity:
    names = ("verdict", "reason", "engine", "inputs", "max_abs", "mean_abs", "top1_agreement", "limit")
    members = _JSON.members(value, key, names)
    found = Parity(
        verdict=_JSON.choice(members["verdict"], f"{key}.verdict", VERDICTS),
        reason=_or_none(members["reason"], f"{key}.reason", _text),
        engine=_or_none(members["engine"], f"{key}.engine", _text),
        inputs=_or_none(members["inputs"], f"{key}.inputs", _count),
        max_abs=_or_none(members["max_abs"], f"{key}.max_abs", _figure),
        mean_abs=_or_none(members["mean_abs"], f"{key}.mean_abs", _figure),
        top1_agreement=_or_none(members["top1_agreement"], f"{key}.top1_agreement", _share),
        limit=_or_none(members["limit"], f"{key}.limit", _read_limit),
    )
    if found.verdict == "not-run" and found.reason is None:
        _JSON.fail(f"{key}.reason", None, "a reason where the verdict is not-run")
    if found.verdict == "pass" and None in (found.engine, found.inputs, found.max_abs, found.limit):
        _JSON.fail(f"{key}.verdict", "pass", "pass only with engine, inputs, max_abs and limit")
    return found


def _read_limit(value: object, key: str) -> ParityLimit:
    members = _JSON.members(value, key, ("max_abs", "top1_agreement"))
    return ParityLimit(
        max_abs=_figure(members["max_abs"], f"{key}.max_abs"),
        top1_agreement=_share(members["top1_agreement"], f"{key}.top1_agreement"),
    )


def _read_audit(value: object, key: str) -> WeightAudit:
    members = _JSON.members(value, key, ("verdict", "tensors", "max_abs"))
    return WeightAudit(
        verdict=_JSON.choice(members["verdict"], f"{key}.verdict", VERDICTS),
        tensors=_count(members["tensors"], f"{key}.tensors"),
        max_abs=_or_none(members["max_abs"], f"{key}.max_abs", _figure),
    )


def _read_accuracy(value: object, key: str) -> Accuracy:
    members = _JSON.members(
        value, key, ("source", "samples", "reference", "artifact", "drop_interval", "verdict")
    )
    interval = _or_none(members["drop_interval"], f"{key}.drop_interval", _read_interval)
    return Accuracy(
        source=_text(members["source"], f"{key}.source"),
        samples=_count(members["samples"], f"{key}.samples"),
        reference=_share(members["reference"], f"{key}.reference"),
        artifact=_share(members["artifact"], f"{key}.artifact"),
        drop_interval=interval,
        verdict=_JSON.choice(members["verdict"], f"{key}.verdict", VERDICTS),
    )


def _read_interval(value: object, key: str) -> tuple[float, float]:
    low, high = _JSON.array(value, key, least=2, most=2)
    return _figure(low, key), _figure(high, key)


def _read_calibration(value: object, key: str) -> Calibration:
    members = _JSON.members(value, key, ("source", "sha256", "images", "classes"))
    return Calibration(
        source=_text(members["source"], f"{key}.source"),
        sha256=_JSON.sha256(members["sha256"], f"{key}.sha256"),
        images=_count(members["images"], f"{key}.images"),
        classes=_mapping(members["classes"], f"{key}.classes", _count),
    )
