"""Fills a staging folder with everything that a bundle holds; ``staging.publish`` then puts it in place."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fer_edge.export.bundle.results import WRITTEN, VariantResult
from fer_edge.export.formats import find_format
from fer_edge.export.parity.records import members
from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.pictures.calibration import describe
from fer_edge.export.reference_data.app_mistakes import DOCUMENT as MISTAKES
from fer_edge.export.reference_data.build import ReferenceData
from fer_edge.export.reference_model.model import REFERENCE, ReferenceModel
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX
from fer_edge.runtime.formats import CALIBRATED
from fer_edge.runtime.manifest import MANIFEST, Artifact, FileEntry, Manifest, Skipped, Source
from fer_edge.runtime.verification import UNJUDGED, take_worse


def write_bundle(
    folder: Path,
    original: ReferenceModel,
    results: Sequence[VariantResult],
    data: ReferenceData,
    tolerances: Tolerances,
) -> str:
    """Write everything into ``folder``, where reference weights and golden vectors already lie.

    Args:
        folder: the bundle to be, in the staging folder.
        original: the PyTorch original.
        results: one a variant; artifacts of written ones are moved here.
        data: what they were compared on.
        tolerances: what was allowed instead of the usual.

    Returns:
        SHA-256 of the manifest, the bundle's hash.
    """
    from fer_edge.export.bundle.card import card

    for result in results:
        if result.status == WRITTEN:
            _take(folder, result, original)
    _text(folder / (REFERENCE + CONTRACT_SUFFIX), original.contract.text)
    _text(folder / "labels.txt", "".join(f"{label}\n" for label in original.contract.labels))
    manifest = _manifest(folder, original, results, data, tolerances)
    _text(folder / "README.md", card(manifest, original.contract))
    _set_modes(folder)
    manifest = _manifest(folder, original, results, data, tolerances)
    text = manifest.to_json()
    Manifest.parse(text)  # what is written must be what readers take
    _text(folder / MANIFEST, text)
    return hashlib.sha256(text.encode()).hexdigest()


def _take(folder: Path, result: VariantResult, original: ReferenceModel) -> None:
    assert result.path is not None
    assert result.contract is not None
    result.file = result.variant.filename(original.contract.model)
    result.path = result.path.rename(folder / result.file)
    _text(folder / (result.file + CONTRACT_SUFFIX), result.contract)


def _manifest(
    folder: Path,
    original: ReferenceModel,
    results: Sequence[VariantResult],
    data: ReferenceData,
    tolerances: Tolerances,
) -> Manifest:
    written = [result for result in results if result.status == WRITTEN]
    return Manifest(
        model=original.contract.model,
        source=Source(original.arch, original.checkpoint_sha256),
        files=_files(folder),
        artifacts=tuple(_artifact(result, original, data) for result in written),
        skipped=tuple(
            Skipped(result.variant.name, str(result.reason)) for result in results if result.status != WRITTEN
        ),
        tools=_tools(result.variant.format for result in written),
        extra={**_extra(original, data, tolerances), **_notes(written), **_figures(written)},
    )


def _artifact(result: VariantResult, original: ReferenceModel, data: ReferenceData) -> Artifact:
    variant = result.variant
    calibrated = data.calibration if variant.precision in CALIBRATED else None
    assert result.parity is not None
    return Artifact(
        variant=variant.name,
        format=variant.format,
        precision=variant.precision,
        interface=variant.interface,
        path=str(result.file),
        bytes=int(result.bytes or 0),
        contract=str(result.contract),
        parity=take_worse(result.parity, result.faithful),
        faithful=result.faithful or UNJUDGED,
        weight_audit=result.weight_audit,
        accuracy=result.accuracy,
        calibration=describe(calibrated, original.contract) if calibrated else None,
    )


def _extra(original: ReferenceModel, data: ReferenceData, tolerances: Tolerances) -> dict[str, Any]:
    """Arguments that rebuild the original, limits of the user's own, and doubts that whoever reads the figures must know."""
    extra: dict[str, Any] = {}
    if original.arch_args:
        extra["arch_args"] = original.arch_args
    if tolerances.list_chosen():
        extra["limits"] = tolerances.list_chosen()
    if original.selection:
        extra["output"] = json.loads(original.selection.text)
    if data.mistakes:
        extra["mistakes"] = MISTAKES.members(data.mistakes)
    if data.imported:
        extra["import"] = data.imported.document()
    if data.warnings:
        extra["warnings"] = list(data.warnings)
    return extra


def _notes(written: Sequence[VariantResult]) -> dict[str, Any]:
    """Notes of converters, by variant."""
    notes = {result.variant.name: list(result.notes) for result in written if result.notes}
    return {"notes": notes} if notes else {}


def _figures(written: Sequence[VariantResult]) -> dict[str, Any]:
    """Counts and further statistics behind parity and accuracy, by variant, as ``fer-export --json`` gives them."""
    found: dict[str, Any] = {}
    for result in written:
        pair = {"parity": members(result.parity), "accuracy": members(result.accuracy)}
        figures = {name: one["figures"] for name, one in pair.items() if one and one["figures"]}
        if figures:
            found[result.variant.name] = figures
    return {"figures": found} if found else {}


def _files(folder: Path) -> dict[str, FileEntry]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            found[name] = FileEntry(digest, path.stat().st_size)
    return found


def _tools(formats: Iterable[str]) -> dict[str, str]:
    names = ["fer-edge", "torch", "numpy"]
    for name in dict.fromkeys(formats):
        names += find_format(name).tools
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # run from a checkout
    return found


def _set_modes(folder: Path) -> None:
    """Converters make private files; a bundle is for others to read."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))
