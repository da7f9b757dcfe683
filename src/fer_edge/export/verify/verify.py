"""Proves a bundle again from its files. Nothing is opened before its hash was checked, nothing named by it is imported."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.bundle.contracts import contract_for
from fer_edge.export.parity.compare import INSENSITIVE
from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.run.plan import BASE, NEEDED
from fer_edge.export.verify.claims import audit_faults, not_checked, parity_faults, recorded_faults
from fer_edge.export.worker import sandbox
from fer_edge.export.worker.job import GOLDEN, VERIFY, make_jobs, put_array, put_json
from fer_edge.export.worker.pool import Pool
from fer_edge.runtime.bundle import Bundle, open_bundle, require_same_contract
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FerEdgeError, MissingExtra
from fer_edge.runtime.extras import need
from fer_edge.runtime.golden import Target, Vector, read_vectors
from fer_edge.runtime.manifest import Artifact
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from fer_edge.console.output import Output
    from fer_edge.export.reference_model.model import ReferenceModel

REFERENCE = "reference.safetensors"
GOLDEN_TOLERANCE = 1e-4
"""Of probabilities that another CPU type computed with the same weights."""


@dataclass
class Check:
    """One question about the bundle.

    Attributes:
        name: ``files``, ``contracts``, ``golden`` or ``reference``.
        faults: sentences; empty: passed.
        not_run: why it could not be asked, else None.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    not_run: str | None = None

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``not-run``."""
        if self.faults:
            return "fail"
        return "not-run" if self.not_run else "pass"


@dataclass
class ArtifactReport:
    """One artifact.

    Attributes:
        artifact: as the manifest has it.
        parity: measured again, or None where that was impossible; see ``faults`` and ``reason``.
        golden: the same against the golden probabilities.
        weight_audit: where no engine can run it.
        faults: sentences; empty: nothing was found wrong.
        reason: why something was not run.
    """

    artifact: Artifact
    parity: dict[str, Any] | None = None
    golden: dict[str, Any] | None = None
    weight_audit: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)
    reason: str | None = None

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``not-run``."""
        if self.faults:
            return "fail"
        ran = any(found and found["verdict"] == "pass" for found in (self.parity, self.golden))
        return "pass" if ran else "not-run"


@dataclass
class BundleReport:
    """Everything that was found.

    Attributes:
        bundle: the folder.
        sha256: of its manifest.
        checks: of the bundle as a whole.
        artifacts: one by one.
        not_checked: what the manifest says that nobody looked at.
    """

    bundle: Path
    sha256: str
    checks: list[Check]
    artifacts: list[ArtifactReport]
    not_checked: list[str]

    @property
    def exit_code(self) -> int:
        """3 if anything was found wrong, else 0."""
        return 3 if self.faults() else 0

    def faults(self) -> list[str]:
        """All sentences about what is wrong."""
        found = [fault for check in self.checks for fault in check.faults]
        return found + [f"{one.artifact.variant}: {fault}" for one in self.artifacts for fault in one.faults]


@dataclass(frozen=True)
class VerifyRequest:
    """What was typed.

    Attributes:
        bundle: the folder.
        arch: the architecture again, where it is not a built-in one.
        arch_args: its arguments.
        parity_inputs: how many; None: as many as the manifest says.
    """

    bundle: Path
    arch: str | None = None
    arch_args: Mapping[str, str] = field(default_factory=dict)
    parity_inputs: int | None = None


def verify(question: VerifyRequest, output: Output) -> BundleReport:
    """Check everything that can be checked here.

    Raises:
        BundleError: the manifest is missing, unreadable, of another schema or with an unsafe path, be it only that
            a link lies there.
    """
    bundle = open_bundle(question.bundle)
    bundle.refuse_links()
    files = Check("files", bundle.check_files())
    files.faults += [
        f"{name} is not listed in the manifest"
        for name in bundle.find_unlisted()
        if name not in bundle.manifest.files
    ]
    reference, contracts = _contracts(bundle)
    artifacts = [_artifact(bundle, artifact, reference) for artifact in bundle.manifest.artifacts]
    golden, vectors = _golden(bundle, reference)
    original, weights = _original(bundle, reference, question)
    if original is not None:
        weights.faults += _answers(original, vectors)
    sound = {one.artifact.variant: one for one in artifacts if not one.faults}
    for one in artifacts:
        one.faults += recorded_faults(one.artifact, Tolerances.of(bundle.manifest))
    if sound and (vectors or original is not None):
        _measure(bundle, sound, vectors, original, question, output)
    for one in sound.values():
        one.reason = one.reason or (weights.not_run if one.parity is None else None)
    measured = [one.artifact.variant for one in artifacts if one.parity and one.parity["engine"]]
    checks, unchecked = [files, contracts, golden, weights], not_checked(bundle.manifest, measured)
    return BundleReport(question.bundle, bundle.sha256, checks, artifacts, unchecked)


def _contracts(bundle: Bundle) -> tuple[Contract | None, Check]:
    """The reference contract, from its file, and whether it is the one inside the weights."""
    check = Check("contracts")
    try:
        place = bundle.check_file(REFERENCE)
        contract = Contract.parse(bundle.check_file(REFERENCE + CONTRACT_SUFFIX).read_bytes())
        require_same_contract(contract, place)
        check_digest(place)
        labels = bundle.check_file("labels.txt").read_bytes()
    except FerEdgeError as error:
        check.faults.append(str(error))
        return None, check
    if labels != "".join(f"{label}\n" for label in contract.labels).encode():
        check.faults.append("labels.txt differs from the labels of the reference contract")
    if bundle.manifest.model != contract.model:
        check.faults.append(
            f"the manifest is of {bundle.manifest.model!r}, its reference of {contract.model!r}"
        )
    return contract, check


def _artifact(bundle: Bundle, artifact: Artifact, reference: Contract | None) -> ArtifactReport:
    proved = ArtifactReport(artifact)
    try:
        contract = bundle.check_artifact(artifact)
        check_digest(bundle.path.joinpath(*artifact.path.split("/")))
    except FerEdgeError as error:
        proved.faults.append(str(error))
        return proved
    if reference is None:
        proved.faults.append("the reference that its contract comes from is not sound")
        return proved
    try:
        quantization = contract.quantization
        derived = contract_for(
            Variant.parse(artifact.variant),
            reference,
            input_quantization=quantization.input,
            output_quantization=quantization.output,
        )
    except FerEdgeError as error:
        proved.faults.append(f"its contract is not the reference's: {error}")
        return proved
    if derived.text != contract.text:
        proved.faults.append("its contract is not what follows from the reference's")
    return proved


def _golden(bundle: Bundle, reference: Contract | None) -> tuple[Check, list[Vector]]:
    check = Check("golden")
    names = [name for name in bundle.manifest.files if name.startswith("golden/")]
    try:
        for name in names:
            bundle.check_file(name)
        vectors = read_vectors(bundle.path / "golden") if names else []
    except FerEdgeError as error:
        check.faults.append(str(error))
        return check, []
    if not vectors:
        check.faults.append("the bundle lists no golden vectors")
    if reference is None:
        return check, []
    for vector in vectors:
        check.faults += [fault for fault in (vector.fault(), _target_fault(vector, reference)) if fault]
    return check, [] if check.faults else vectors


def _target_fault(vector: Vector, reference: Contract) -> str | None:
    wanted, found = Target.of(reference), vector.target
    shape = ("width", "height", "channels", "layout", "dtype")
    same = all(getattr(wanted.input, name) == getattr(found.input, name) for name in shape)
    if not same or wanted.normalization != found.normalization:
        return f"{vector.name}: its target is not the reference contract's"
    if vector.probabilities is None or len(vector.probabilities) != len(reference.labels):
        return f"{vector.name}: it lacks the original's probabilities"
    return None


def _original(
    bundle: Bundle, reference: Contract | None, question: VerifyRequest
) -> tuple[ReferenceModel | None, Check]:
    """The PyTorch original, if its architecture may be imported."""
    from fer_edge.export.reference_model.model import is_builtin_name

    check = Check("reference")
    arch = bundle.manifest.source.arch
    if reference is None:
        check.not_run = "the reference contract is not sound"
    elif question.arch is None and not is_builtin_name(arch):
        check.not_run = (
            f"{arch} is not built in, and no bundle decides what is imported; repeat --arch {arch}"
        )
    else:
        try:
            return _build(bundle, reference, question), check
        except MissingExtra:
            raise  # the environment is at fault, not the bundle
        except FerEdgeError as error:
            check.faults.append(f"the reference weights: {error}")
    return None, check


def _build(bundle: Bundle, reference: Contract, question: VerifyRequest) -> ReferenceModel:
    from fer_edge.export.reference_model.model import ReferenceModel, build
    from fer_edge.train.checkpoint.checkpoint import read_checkpoint
    from fer_edge.train.models.foreign import parse_arguments

    need(BASE, *NEEDED)
    source = bundle.manifest.source
    checkpoint = read_checkpoint(bundle.check_file(REFERENCE))
    # Arguments of a built-in network are numbers and words; those of a foreign one the user repeats.
    stored = bundle.manifest.extra.get("arch_args", {})
    arguments = parse_arguments(question.arch_args) if question.arch else stored
    arguments = arguments if isinstance(arguments, dict) else {}
    module = build(source.arch, arguments, reference, checkpoint, checkpoint.selection)
    return ReferenceModel(
        module, reference, source.arch, arguments, source.checkpoint_sha256, selection=checkpoint.selection
    )


def _answers(original: ReferenceModel, vectors: list[Vector]) -> list[str]:
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


def _measure(
    bundle: Bundle,
    sound: Mapping[str, ArtifactReport],
    vectors: list[Vector],
    original: ReferenceModel | None,
    question: VerifyRequest,
    output: Output,
) -> None:
    """Run every sound artifact in a child of its format."""
    stages = ((GOLDEN,) if vectors else ()) + ((VERIFY,) if original is not None else ())
    with tempfile.TemporaryDirectory(prefix="fer-verify-") as folder:
        work = Path(folder)
        common = work / "common"
        common.mkdir()
        _put(bundle, common, vectors, original, question)
        paths = {
            Variant.parse(name): bundle.path.resolve().joinpath(*one.artifact.path.split("/"))
            for name, one in sound.items()
        }
        jobs = make_jobs(stages, paths, work, calibrated=False, limits=Tolerances.of(bundle.manifest))
        for job in jobs:
            job.write()
        steps = sum(len(job.tasks) for job in jobs)
        if not sandbox.version():
            output.say("This system cannot keep the processes that run the artifacts from writing files.")
        with Pool(jobs) as pool, output.progress("Verifying", steps) as progress:
            pool.wait(lambda *_: progress.advance(), progress.show)
        for job in jobs:
            for index, task in enumerate(job.tasks):
                _note(sound[task.variant], task.stage, job.result(index) or {"error": "no result"})


def _put(
    bundle: Bundle,
    common: Path,
    vectors: list[Vector],
    original: ReferenceModel | None,
    question: VerifyRequest,
) -> None:
    from fer_edge.export.reference_data.build import put_parity
    from fer_edge.export.reference_data.parity_inputs import LEAST, default_count
    from fer_edge.export.reference_model.inference import multiply_accumulates

    if vectors:
        put_array(common / "golden.npy", np.stack([vector.run().scaled for vector in vectors]))
        stored = np.array([vector.probabilities for vector in vectors], np.float32)
        put_array(common / "golden-reference.npy", stored)
    if original is None:
        return
    recorded = [artifact.parity.inputs for artifact in bundle.manifest.artifacts if artifact.parity.inputs]
    count = question.parity_inputs or default_count(multiply_accumulates(original.module, original.contract))
    if not question.parity_inputs and recorded:
        count = max(LEAST, min(max(recorded), 10 * count))
    put_parity(original, count, common, lambda: None)
    put_json(
        common / "source.json",
        {
            "weights": str((bundle.path / REFERENCE).resolve()),
            "arch": original.arch,
            "arch_args": original.arch_args,
            "contract": original.contract.text,
        },
    )


def _note(one: ArtifactReport, stage: str, result: Mapping[str, Any]) -> None:
    if "error" in result:
        one.faults.append(str(result["error"]))
        return
    if stage == GOLDEN:
        one.golden = result["golden"]
    else:
        one.parity, one.weight_audit = result["parity"], result["weight_audit"]
    found = one.golden if stage == GOLDEN else one.parity
    assert found is not None
    if found["verdict"] == "fail":
        one.faults.append(f"{'golden vectors' if stage == GOLDEN else 'parity'}: {found['reason']}")
    elif found["verdict"] == "not-run":
        one.reason = found["reason"]
        if one.artifact.parity.verdict == "pass" and str(found["reason"]).startswith(INSENSITIVE):
            one.faults.append(f"the manifest says pass, but {found['reason']}")
    if stage == GOLDEN:
        return
    one.faults += parity_faults(one.artifact, found)
    if one.weight_audit and one.weight_audit["verdict"] == "fail":
        one.faults.append(f"weights: {'; '.join(result['findings'][:3])}")
    elif one.weight_audit:
        one.faults += audit_faults(one.artifact, one.weight_audit)
