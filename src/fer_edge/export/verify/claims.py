"""Claims of a manifest about its artifacts, against what is measured again and against itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fer_edge.export.parity.tolerances import Tolerance, Tolerances
from fer_edge.export.pictures.calibration import DRAWN
from fer_edge.runtime.engines import is_evaluated, libraries_of
from fer_edge.runtime.manifest import Artifact, Manifest
from fer_edge.runtime.verification import Accuracy, Code, Parity, ParityLimit, WeightAudit

ROUNDING = 1e-6
"""Differences that mean nothing: other processors add in another order."""
ALIKE, KINDRED = 2.0, 4.0
"""Factors between two measurements by the same library and version, and by another one or on another number of inputs.
Processors round int8 differently, so they are not 1; an invented figure is usually off by ten and more."""

NARROWED = 0.05
"""Share by which a limit that follows the original's spread may differ between processors."""

ORIGIN = (
    "where the weights come from (source.checkpoint_sha256, tools), the words of README.md, and who wrote the bundle: compare "
    "its manifest's SHA-256 with one that you were given"
)


def find_recorded_faults(artifact: Artifact, tolerances: Tolerances) -> list[str]:
    """Claims of the manifest about an artifact that cannot be true, whatever is measured."""
    parity, limit, faults = artifact.parity, tolerances.of(artifact.format, artifact.precision), list[str]()
    libraries = libraries_of(artifact.format)
    if parity.engine is not None and parity.engine.split(" ")[0] not in libraries:
        allowed = ", ".join(libraries)
        faults.append(
            f"the manifest names the engine {_cut(parity.engine)!r}; {artifact.format} is run by {allowed}"
        )
    stored = parity.limit
    # An original that moves little narrows the largest difference; what it is then is measured again (``compare_parity``).
    if stored and (stored.max_abs > limit.max_abs or stored.top1_agreement != limit.top1_agreement):
        faults.append(
            f"the manifest says that {stored.max_abs:g} and agreement {stored.top1_agreement:g} were allowed; "
            f"the limits of {artifact.precision} here are {limit.max_abs:g} and {limit.top1_agreement:g}"
        )
    if parity.verdict == "pass" and stored and _is_beyond(parity, stored, limit.quantile):
        faults.append("the manifest says pass, but its own figures are beyond its limits")
    if artifact.accuracy is not None:
        faults += _accuracy_faults(artifact.accuracy, limit)
        if parity.engine is None:
            faults.append("the manifest gives it an accuracy, but no engine that ran it")
    return faults


def _is_beyond(parity: Parity, limit: ParityLimit, quantile: float) -> bool:
    """Whether figures contradict the limit beside them, of which ``quantile`` of the inputs had to be within ``max_abs``."""
    figures = {1.0: parity.max_abs, 0.99: parity.p99_abs}
    # Of coarser arithmetic more inputs may be beyond; their mean may not.
    judged, agreed = figures.get(quantile, parity.mean_abs), parity.top1_agreement
    low, high = parity.agreement_interval or (agreed, agreed)
    if agreed is None or low is None or high is None or not low - ROUNDING <= agreed <= high + ROUNDING:
        return True
    most = high
    return (judged or 0.0) > limit.max_abs or most < limit.top1_agreement


def _accuracy_faults(accuracy: Accuracy, limit: Tolerance) -> list[str]:
    faults = []
    for name, share in (("original", accuracy.reference), ("artifact", accuracy.artifact)):
        right = share * accuracy.samples
        if accuracy.samples == 0 or abs(right - round(right)) > accuracy.samples * ROUNDING:
            faults.append(f"an accuracy of {share:g} ({name}) is impossible with {accuracy.samples} pictures")
    if accuracy.drop_interval is None:
        return faults
    low, high = accuracy.drop_interval
    if not low - ROUNDING <= accuracy.reference - accuracy.artifact <= high + ROUNDING:
        faults.append("the recorded drop of accuracy lies outside its own interval")
    if accuracy.verdict not in _possible_verdicts(low, high, limit.accuracy_drop):
        faults.append(
            f"accuracy is recorded as {accuracy.verdict}, but its drop of {low:g} to {high:g} against "
            f"{limit.accuracy_drop:g} says otherwise"
        )
    return faults


def _possible_verdicts(low: float, high: float, allowed: float) -> set[str]:
    """Verdicts that an interval of the drop can have; manifests of version 1 say pass where nothing is proven."""
    if low > allowed:
        return {"fail"}
    return {"pass"} if high <= allowed else {"pass", "not-run"}


def compare_parity(artifact: Artifact, found: Parity) -> list[str]:
    """Recorded figures of parity that are not those measured now.

    Args:
        artifact: as the manifest has it.
        found: ``parity`` as it was measured, with an engine.
    """
    recorded = artifact.parity
    if recorded.max_abs is None or found.max_abs is None or found.limit is None:
        return []
    if is_of_other_pictures(recorded, found):
        return []
    same = recorded.engine == found.engine and recorded.inputs == found.inputs
    factor = ALIKE if same else KINDRED
    allowed = found.limit.max_abs
    faults = []
    if recorded.limit and abs(recorded.limit.max_abs - allowed) > NARROWED * allowed:
        faults.append(
            f"the manifest says that {recorded.limit.max_abs:g} was allowed; of an original that moves as this one: {allowed:g}"
        )
    if is_evaluated(recorded.engine) != is_evaluated(found.engine):
        return faults  # what a specification says and what an engine makes of it are two things; each has passed or failed
    faults += [
        f"the manifest says that {words} is {said:.3g}; measured now: {now:.3g} ({found.engine}, {found.inputs} inputs)"
        for words, said, now in (
            ("the largest difference", recorded.max_abs, found.max_abs),
            ("the mean difference", recorded.mean_abs, found.mean_abs),
        )
        if said is not None and now is not None and not _alike(said, now, factor)
    ]
    agreed, now = recorded.top1_agreement, found.top1_agreement
    if agreed is not None and now is not None and abs(agreed - now) > 0.02 * factor:
        faults.append(f"the manifest says that agreement is {agreed:.4g}; measured now: {now:.4g}")
    return faults


def compare_accuracy(artifact: Artifact, found: Accuracy) -> list[str]:
    """A recorded accuracy that is not the one measured now on the very same pictures; on others nothing is claimed."""
    recorded = artifact.accuracy
    if recorded is None or (recorded.source, recorded.samples) != (found.source, found.samples):
        return []
    # Processors round int8 differently: some few pictures may change sides.
    near = max(3.0, 0.01 * found.samples) / found.samples
    return [
        f"the manifest says that the accuracy of the {name} is {said:.4g}; measured now on the same pictures: {now:.4g}"
        for name, said, now in (
            ("original", recorded.reference, found.reference),
            ("artifact", recorded.artifact, found.artifact),
        )
        if abs(said - now) > near
    ]


def is_of_other_pictures(recorded: Parity, found: Parity) -> bool:
    """Whether the manifest's figures are of pictures that the bundle does not have."""
    source = recorded.inputs_source
    return source is not None and "pictures" in source and source != found.inputs_source


def contradicts(recorded: Parity, found: Parity, usual: Tolerance) -> bool:
    """Whether a failure on other pictures than the recorded ones is the file's: it is far further away than recorded.

    Args:
        recorded: in the manifest.
        found: now.
        usual: limits of the precision: what is within them fails by limits that were set for the recorded pictures.
    """
    if not is_of_other_pictures(recorded, found) or found.code not in (Code.DIFFERENT, Code.DISAGREES):
        return True
    if _is_within(found, usual):
        return False
    return not _alike(recorded.mean_abs or 0.0, found.mean_abs or 0.0, KINDRED)


def _is_within(found: Parity, usual: Tolerance) -> bool:
    near = found.p99_abs is not None and found.p99_abs <= usual.max_abs
    return (
        near and found.agreement_interval is not None and found.agreement_interval[1] >= usual.top1_agreement
    )


def compare_audit(artifact: Artifact, found: WeightAudit) -> list[str]:
    """A recorded audit of weights that is not the one made now; weights are the same on every computer."""
    recorded = artifact.weight_audit
    if recorded is None:
        return []
    worst, now = recorded.max_abs or 0.0, found.max_abs or 0.0
    if (recorded.tensors, recorded.verdict) == (found.tensors, found.verdict) and _alike(worst, now, ALIKE):
        return []
    said = f"{recorded.tensors} weights was {recorded.verdict} within {recorded.max_abs}"
    again = f"{found.tensors}, {found.verdict}, {found.max_abs}"
    return [f"the manifest says that the audit of {said}; now: {again}"]


def _alike(recorded: float, now: float, factor: float) -> bool:
    low, high = sorted((recorded, now))
    return high <= factor * low + ROUNDING


def list_unchecked(
    manifest: Manifest, measured: Iterable[str], accurate: Iterable[str] = (), *, calibrated: bool = False
) -> list[str]:
    """List in words what nobody looked at: a green check says nothing about these.

    Args:
        manifest: of the bundle.
        measured: variants whose parity was measured again.
        accurate: variants whose accuracy was.
        calibrated: whether ranges were held against a folder of calibration images.
    """
    again, artifacts = set(measured), manifest.artifacts
    claimed = [entry.variant for entry in artifacts if entry.parity.engine and entry.variant not in again]
    repeated = set(accurate)
    claimed_accuracy = [
        entry.variant for entry in artifacts if entry.accuracy and entry.variant not in repeated
    ]
    elsewhere = [
        entry.variant
        for entry in artifacts
        if entry.calibration and entry.calibration.source != DRAWN and not calibrated
    ]
    own = Tolerances.recorded(manifest).list_chosen()
    own_pictures = [
        entry.variant
        for entry in artifacts
        if "pictures" in (entry.parity.inputs_source or "") and entry.variant in again
    ]
    said = [
        f"parity of {_listed(own_pictures)} on the exporter's own pictures, which are not in the bundle: judged on drawn faces"
        if own_pictures
        else "",
        f"parity as recorded of {_listed(claimed)}" if claimed else "",
        f"accuracy of {_listed(claimed_accuracy)}: its pictures are not in the bundle; --accuracy measures it again"
        if claimed_accuracy
        else "",
        f"calibration of {_listed(elsewhere)}: its pictures are not in the bundle; --calibration holds ranges against them"
        if elsewhere
        else "",
        f"whether limits of the exporter's own are wise: {_shown(own)}" if own else "",
        "what mistakes of an app cost" if "mistakes" in manifest.extra else "",
        ORIGIN,
    ]
    return [text for text in said if text]


def _shown(tolerances: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in tolerances.items())


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} artifacts"


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
