"""Proves a bundle again from its files. Nothing is opened before its hash was checked, nothing named by it is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.verify.bundle_checks import (
    check_artifact,
    check_contracts,
    check_files,
    check_golden_vectors,
)
from fer_edge.export.verify.claims import find_recorded_faults, list_unchecked
from fer_edge.export.verify.measure import measure
from fer_edge.export.verify.original import VerifyRequest, check_stored_import, open_original
from fer_edge.export.verify.report import BundleReport
from fer_edge.runtime.bundle import open_bundle

if TYPE_CHECKING:
    from fer_edge.console.output import Output


def verify(request: VerifyRequest, output: Output) -> BundleReport:
    """Check everything that can be checked here.

    Raises:
        BundleError: the manifest is missing, unreadable, of another schema or with an unsafe path, be it only that
            a link lies there.
    """
    bundle = open_bundle(request.bundle)
    bundle.refuse_links()
    files, (reference, contracts) = check_files(bundle), check_contracts(bundle)
    artifacts = [check_artifact(bundle, artifact, reference) for artifact in bundle.manifest.artifacts]
    vectors, golden = check_golden_vectors(bundle, reference)
    original, weights = open_original(bundle, reference, request, vectors)
    imported = check_stored_import(bundle, original, request, vectors)
    sound = {
        one.artifact.variant: one
        for one in artifacts
        if not one.faults and request.measures(one.artifact.variant)
    }
    for one in artifacts:
        one.faults += find_recorded_faults(one.artifact, Tolerances.recorded(bundle.manifest))
    if sound and (vectors or original is not None):
        measure(bundle, sound, vectors, original, request, output)
    if request.second_opinion:
        from fer_edge.export.verify.second_opinion.compare import find_second_opinions

        find_second_opinions(bundle, sound, vectors, request.second_pythons, output)
    for one in sound.values():
        one.reason = one.reason or (weights.not_run if one.parity is None else None)
    measured = [one.artifact.variant for one in artifacts if one.parity and one.parity.engine]
    checks, unchecked = (
        [files, contracts, golden, weights, *imported],
        list_unchecked(
            bundle.manifest,
            measured,
            [one.artifact.variant for one in artifacts if one.accuracy],
            calibrated=request.pictures.calibration is not None and original is not None,
        ),
    )
    return BundleReport(request.bundle, bundle.sha256, checks, artifacts, unchecked)
