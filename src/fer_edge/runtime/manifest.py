"""``manifest.json``: what a bundle holds, how each artifact was checked, and the hash of every file.

Schema ``fer-edge-manifest/2``; ``fer-edge-manifest/1``, which lacks what the records mark ``Since(2)``, is read as well.
Unknown keys are errors except inside ``extra``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Any

from fer_edge.runtime.errors import BundleError, VariantError
from fer_edge.runtime.formats import FORMATS, INTERFACES, PRECISIONS, format_spec
from fer_edge.runtime.schema import (
    SORTED,
    Choice,
    Document,
    Length,
    Range,
    Refused,
    Rule,
    Sha256,
    Since,
    Tag,
    VersionedDocument,
    find_repeated,
    refuse,
)
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Accuracy, Calibration, Faithful, Parity, WeightAudit

KIND = "fer-edge-manifest"
VERSIONS = (1, 2)
"""That are read; the last one is written."""
SCHEMA = f"{KIND}/{VERSIONS[-1]}"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 16 << 20
"""Bytes."""


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    safe = not any(part in ("", ".", "..") for part in parts) and not set(path) & set('\\:*?"<>|')
    return safe and path.isprintable()


Size = Annotated[int, Range(0, 1 << 40)]
Word = Annotated[str, Length(1, 100)]
BundlePath = Annotated[str, Rule(_is_safe, "a relative POSIX path that stays inside the bundle")]
ListedPath = Annotated[BundlePath, Rule(lambda path: path != MANIFEST, "every file but the manifest itself")]


@dataclass(frozen=True, slots=True)
class Source:
    """The original that was exported."""

    arch: Annotated[str, "a built-in architecture's name or package.module:callable"]
    checkpoint_sha256: Annotated[Sha256, "of the file with its weights"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the bundle."""

    sha256: Annotated[Sha256, "of its bytes"]
    bytes: Annotated[Size, "how many"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One exported file or package."""

    variant: Annotated[Word, "its name, <format>-<precision>[-image][-qio]"]
    format: Annotated[str, Choice(*(spec.name for spec in FORMATS))]
    precision: Annotated[str, Choice(*PRECISIONS)]
    interface: Annotated[str, Choice(*INTERFACES)]
    path: Annotated[BundlePath, "in the bundle, POSIX"]
    bytes: Annotated[Size, "of the file, or of all files of the package"]
    contract: Annotated[str, Length(1, 1 << 20), "its text"]
    parity: Annotated[Parity, "against the original"]
    faithful: Annotated[Faithful | None, Since(2), "number by number; null: not asked"] = None
    weight_audit: Annotated[WeightAudit | None, "where it was made"] = None
    accuracy: Annotated[Accuracy | None, "where it was measured"] = None
    calibration: Annotated[Calibration | None, "where the precision needs it"] = None

    def check(self) -> None:
        """The variant's name says format, precision and interface, and the path ends as the format's files do."""
        try:
            variant = Variant.parse(self.variant)
        except VariantError as error:
            raise Refused(f": {error}", "variant") from None
        words = (self.format, self.precision, self.interface)
        if words != (variant.format, variant.precision, variant.interface):
            refuse("variant", self.variant, f"the name of {' '.join(words)}")
        extension = format_spec(variant.format).extension
        if PurePosixPath(self.path).suffix != extension:
            refuse("path", self.path, f"a path that ends with {extension}")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A variant that was not written."""

    variant: Annotated[Word, "its name"]
    reason: Annotated[str, "in words"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The document ``manifest.json`` of a bundle."""

    schema: Annotated[str, Tag(KIND)] = field(default=SCHEMA, kw_only=True)
    model: Annotated[Word, "its name"]
    source: Annotated[Source, "the original"]
    files: Annotated[
        Mapping[ListedPath, FileEntry],
        SORTED,
        "every file but the manifest, by POSIX path; packages file by file",
    ]
    artifacts: Annotated[tuple[Artifact, ...], Length(0, 1000), "in table order"]
    skipped: Annotated[tuple[Skipped, ...], Length(0, 1000), "variants that were not written"] = ()
    tools: Annotated[Mapping[str, str], SORTED, "versions by name"] = field(default_factory=dict)
    extra: Annotated[Mapping[str, Any], SORTED, "whatever else; unknown keys are allowed here only"] = field(
        default_factory=dict
    )

    def check(self) -> None:
        """Each variant and path once, and each path among the files."""
        for what in ("variant", "path"):
            twice = find_repeated(getattr(artifact, what) for artifact in self.artifacts)
            if twice is not None:
                refuse("artifacts", twice, f"each {what} once")
        for number, artifact in enumerate(self.artifacts):
            if not file_names(artifact.path, self.files):
                refuse(f"artifacts[{number}].path", artifact.path, "a path that is listed under files")

    @classmethod
    def parse(cls, text: str | bytes) -> Manifest:
        """Read a manifest.

        Raises:
            BundleError: not of the schema, an unsafe path, or an artifact whose file is not listed.
        """
        return DOCUMENTS.read(text)

    def to_json(self) -> str:
        """The document as text, in the version that it was read in: the same values give the same bytes."""
        return DOCUMENTS.of(self.schema).write(self)


DOCUMENTS = VersionedDocument(
    KIND,
    {
        version: Document(
            Manifest, MANIFEST, BundleError, limit=LARGEST_MANIFEST, layout="indented", version=version
        )
        for version in VERSIONS
    },
)


def file_names(path: str, files: Mapping[str, FileEntry]) -> list[str]:
    """The listed files of an artifact: itself, or those of its package; sorted."""
    return [path] if path in files else sorted(name for name in files if name.startswith(f"{path}/"))
