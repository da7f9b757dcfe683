"""``manifest.json``: what a bundle holds, how each artifact was checked, and the hash of every file.

Schema ``fer-edge-manifest/1``. Reader and writer share these classes; unknown keys are errors except inside ``extra``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from fer_edge.runtime.contract import INTERFACES
from fer_edge.runtime.errors import BundleError, VariantError
from fer_edge.runtime.manifest_json import JSON, MANIFEST
from fer_edge.runtime.strict_json import repeated, shown
from fer_edge.runtime.variants import FORMATS, PRECISIONS, Variant, format_spec
from fer_edge.runtime.verification import (
    Accuracy,
    Calibration,
    Parity,
    WeightAudit,
    mapping,
    or_none,
    read_accuracy,
    read_audit,
    read_calibration,
    read_parity,
)

SCHEMA = "fer-edge-manifest/1"

_LARGEST_FILE = 1 << 40


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
        return _read(JSON.load(text))

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
    path = JSON.string(name, key)
    parts = path.split("/")
    unsafe = any(part in ("", ".", "..") for part in parts) or set(path) & set('\\:*?"<>|')
    if unsafe or not path.isprintable():
        JSON.fail(key, path, "a relative POSIX path that stays inside the bundle")
    return path


def _read(document: object) -> Manifest:
    if isinstance(document, dict) and "schema" in document:
        JSON.choice(document["schema"], "schema", (SCHEMA,))
    names = ("schema", "model", "source", "files", "artifacts", "skipped", "tools", "extra")
    members = JSON.members(document, "", names)
    files = _read_files(members["files"])
    found = Manifest(
        model=JSON.string(members["model"], "model", most=100),
        source=_read_source(members["source"]),
        files=files,
        artifacts=tuple(
            _read_artifact(entry, f"artifacts[{number}]", files)
            for number, entry in enumerate(JSON.array(members["artifacts"], "artifacts", most=1000))
        ),
        skipped=tuple(
            _read_skipped(entry, f"skipped[{number}]")
            for number, entry in enumerate(JSON.array(members["skipped"], "skipped", most=1000))
        ),
        tools=mapping(members["tools"], "tools", JSON.string),
        extra=mapping(members["extra"], "extra", lambda value, _key: value),
    )
    for what in ("variant", "path"):
        twice = repeated(getattr(artifact, what) for artifact in found.artifacts)
        if twice is not None:
            JSON.fail("artifacts", twice, f"each {what} once")
    return found


def _read_source(value: object) -> Source:
    members = JSON.members(value, "source", ("arch", "checkpoint_sha256"))
    return Source(
        arch=JSON.string(members["arch"], "source.arch"),
        checkpoint_sha256=JSON.sha256(members["checkpoint_sha256"], "source.checkpoint_sha256"),
    )


def _read_files(value: object) -> dict[str, FileEntry]:
    if not isinstance(value, dict):
        JSON.fail("files", value, "an object")
    found: dict[str, FileEntry] = {}
    for name, entry in value.items():
        path = check_path(name, "a path in files")
        if path == MANIFEST:
            JSON.fail("a path in files", path, "every file but the manifest itself")
        key = f"files[{shown(path)}]"
        members = JSON.members(entry, key, ("sha256", "bytes"))
        size = JSON.integer(members["bytes"], f"{key}.bytes", 0, _LARGEST_FILE)
        found[path] = FileEntry(JSON.sha256(members["sha256"], f"{key}.sha256"), size)
    return found


def _read_skipped(value: object, key: str) -> Skipped:
    members = JSON.members(value, key, ("variant", "reason"))
    variant = JSON.string(members["variant"], f"{key}.variant", most=100)
    return Skipped(variant, JSON.string(members["reason"], f"{key}.reason"))


def _read_artifact(value: object, key: str, files: Mapping[str, FileEntry]) -> Artifact:
    words = ("variant", "format", "precision", "interface", "path", "bytes", "contract")
    checks = ("parity", "weight_audit", "accuracy", "calibration")
    members = JSON.members(value, key, words + checks)
    found = Artifact(
        variant=JSON.string(members["variant"], f"{key}.variant", most=100),
        format=JSON.choice(members["format"], f"{key}.format", [spec.name for spec in FORMATS]),
        precision=JSON.choice(members["precision"], f"{key}.precision", PRECISIONS),
        interface=JSON.choice(members["interface"], f"{key}.interface", INTERFACES),
        path=check_path(members["path"], f"{key}.path"),
        bytes=JSON.integer(members["bytes"], f"{key}.bytes", 0, _LARGEST_FILE),
        contract=JSON.string(members["contract"], f"{key}.contract", most=1 << 20),
        parity=read_parity(members["parity"], f"{key}.parity"),
        weight_audit=or_none(members["weight_audit"], f"{key}.weight_audit", read_audit),
        accuracy=or_none(members["accuracy"], f"{key}.accuracy", read_accuracy),
        calibration=or_none(members["calibration"], f"{key}.calibration", read_calibration),
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
        JSON.fail(f"{key}.variant", artifact.variant, f"the name of {' '.join(words)}")
    extension = format_spec(variant.format).extension
    if PurePosixPath(artifact.path).suffix != extension:
        JSON.fail(f"{key}.path", artifact.path, f"a path that ends with {extension}")
    if not file_names(artifact.path, files):
        JSON.fail(f"{key}.path", artifact.path, "a path that is listed under files")


def file_names(path: str, files: Mapping[str, FileEntry]) -> list[str]:
    """The listed files of an artifact: itself, or those of its package; sorted."""
    return [path] if path in files else sorted(name for name in files if name.startswith(f"{path}/"))
