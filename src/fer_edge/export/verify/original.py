"""The PyTorch original of a bundle: built from its reference weights, and held against the golden vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.pictures.folder import PictureOptions
from fer_edge.export.reference_model.model import REFERENCE, is_builtin_name, rebuild
from fer_edge.export.run.plan import BASE, NEEDED
from fer_edge.export.verify.report import BundleCheck
from fer_edge.runtime.bundle import Bundle
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import BundleError, ExportError, FerEdgeError, MissingExtra
from fer_edge.runtime.extras import need
from fer_edge.runtime.golden import Vector
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from fer_edge.export.reference_model.model import ReferenceModel

GOLDEN_TOLERANCE = 1e-4
"""Of probabilities that another CPU type computed with the same weights."""


@dataclass(frozen=True)
class VerifyRequest:
    """The request of ``fer-verify``.

    Attributes:
        bundle: the folder.
        arch: the architecture again, where it is not a built-in one.
        arch_args: its arguments.
        pictures: labeled crops, if accuracy is to be measured again; the crops that the exporter's ranges were measured on, if they
            are at hand; how many parity inputs, None: as many as the manifest says.
        second_opinion: ask a second engine about each artifact.
        second_pythons: interpreters whose environments may have one.
        source: the imported file itself, to be asked again.
        only: the one variant that is measured, and the fp32 file beside it; None: all.
    """

    bundle: Path
    arch: str | None = None
    arch_args: Mapping[str, str] = field(default_factory=dict)
    pictures: PictureOptions = field(default_factory=PictureOptions)
    second_opinion: bool = False
    second_pythons: Sequence[Path] = ()
    source: Path | None = None
    only: Variant | None = None

    def measures(self, variant: str) -> bool:
        """Whether that variant is to be run again."""
        if self.only is None:
            return True
        beside = Variant(self.only.format, "fp32", self.only.interface)
        return variant in (self.only.name, beside.name)


def open_original(
    bundle: Bundle, reference: Contract | None, request: VerifyRequest, vectors: Sequence[Vector]
) -> tuple[ReferenceModel | None, BundleCheck]:
    """The PyTorch original, if its architecture may be imported, and whether it answers as the golden vectors say."""
    arch = bundle.manifest.source.arch
    if reference is None:
        return None, BundleCheck("reference", not_run="the reference contract is not sound")
    if request.arch is None and not is_builtin_name(arch):
        unknown = f"{arch} is not built in, and no bundle decides what is imported; repeat --arch {arch}"
        return None, BundleCheck("reference", not_run=unknown)
    try:
        original = _build(bundle, reference, request)
    except MissingExtra:
        raise  # the environment is at fault, not the bundle
    except FerEdgeError as error:
        return None, BundleCheck("reference", [f"the reference weights: {error}"])
    return original, BundleCheck("reference", _golden_faults(original, vectors))


def _build(bundle: Bundle, reference: Contract, request: VerifyRequest) -> ReferenceModel:
    need(BASE, *NEEDED)
    # Arguments of a built-in network are numbers and words; those of a foreign one the user repeats.
    stored = bundle.manifest.extra.get("arch_args", {})
    known, typed = stored if isinstance(stored, dict) else {}, request.arch_args if request.arch else None
    return rebuild(bundle.check_file(REFERENCE), reference, bundle.manifest.source.arch, known, typed)


def _golden_faults(original: ReferenceModel, vectors: Sequence[Vector]) -> list[str]:
    """Golden vectors whose probabilities the reference weights do not give."""
    from fer_edge.export.reference_model.inference import outputs, probabilities

    faults = []
    for vector in vectors:
        rows = outputs(original.module, original.contract, vector.run().scaled[None])
        found = probabilities(rows, original.contract)[0]
        worst = float(np.max(np.abs(found - np.array(vector.probabilities))))
        if not worst <= GOLDEN_TOLERANCE:
            faults.append(
                f"{vector.name}: the reference weights answer up to {worst:.2g} away from what is stored"
            )
    return faults


def check_stored_import(
    bundle: Bundle, original: ReferenceModel | None, request: VerifyRequest, vectors: Sequence[Vector]
) -> list[BundleCheck]:
    """The import of another framework's file judged again, where the bundle came of one.

    Raises:
        ExportError: a file to ask again was given, and the bundle came of none or of another.
    """
    record = bundle.manifest.extra.get("import")
    if record is None:
        if request.source is not None:
            raise ExportError(
                f"--source {request.source.name}: {bundle.path.name} was not made of another framework's file"
            )
        return []
    from fer_edge.export.sources.stored import StoredImport, ask_again, find_faults

    try:
        stored = StoredImport.parse(record)
    except BundleError as error:
        return [BundleCheck("import", [str(error)])]
    if original is None or not vectors:
        return [BundleCheck("import", not_run="the reference weights or golden vectors are not sound")]
    check = BundleCheck("import", not_run=stored.reason)
    if stored.reason is None:
        check.faults += find_faults(stored, original, vectors)
    if request.source is not None:
        _refuse_other_file(request.source, bundle.manifest.source.checkpoint_sha256)
        asked = replace(original, checkpoint_sha256=bundle.manifest.source.checkpoint_sha256)
        faults, check.not_run = ask_again(stored, asked, request.source, lambda: None)
        check.faults += faults
    return [check]


def _refuse_other_file(path: Path, wanted: str) -> None:
    import hashlib

    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ExportError(f"--source {path}: {error.strerror}") from error
    if found != wanted:
        raise ExportError(
            f"--source {path.name} has SHA-256 {found}; the bundle was made of a file with {wanted}"
        )
