"""Checks of a bundle that run nothing of it: files, contracts, golden vectors, and each artifact's contract."""

from __future__ import annotations

from fer_edge.export.formats import find_format
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.reference_model.model import REFERENCE
from fer_edge.export.verify.report import ArtifactReport, BundleCheck
from fer_edge.runtime.bundle import Bundle, require_same_contract
from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.golden import Target, Vector, read_vectors
from fer_edge.runtime.manifest import Artifact
from fer_edge.runtime.variants import Variant


def check_files(bundle: Bundle) -> BundleCheck:
    """Every file has the hash that the manifest lists, and there is no other."""
    unlisted = [name for name in bundle.find_unlisted() if name not in bundle.manifest.files]
    faults = [f"{name} is not listed in the manifest" for name in unlisted]
    return BundleCheck("files", bundle.check_files() + faults)


def check_contracts(bundle: Bundle) -> tuple[Contract | None, BundleCheck]:
    """The reference contract, if it is the one inside the weights, and labels and model of the bundle against it."""
    check = BundleCheck("contracts")
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


def check_golden_vectors(bundle: Bundle, reference: Contract | None) -> tuple[list[Vector], BundleCheck]:
    """The golden vectors, if each is sound and made for the reference contract."""
    check = BundleCheck("golden")
    names = [name for name in bundle.manifest.files if name.startswith("golden/")]
    try:
        for name in names:
            bundle.check_file(name)
        vectors = read_vectors(bundle.path / "golden") if names else []
    except FerEdgeError as error:
        check.faults.append(str(error))
        return [], check
    if not vectors:
        check.faults.append("the bundle lists no golden vectors")
    if reference is None:
        return [], check
    for vector in vectors:
        check.faults += [fault for fault in (vector.fault(), _target_fault(vector, reference)) if fault]
    return [] if check.faults else vectors, check


def _target_fault(vector: Vector, reference: Contract) -> str | None:
    expected, found = Target.of(reference), vector.target
    shape = ("width", "height", "channels", "layout", "dtype")
    same = all(getattr(expected.input, name) == getattr(found.input, name) for name in shape)
    if not same or expected.normalization != found.normalization:
        return f"{vector.name}: its target is not the reference contract's"
    if vector.probabilities is None or len(vector.probabilities) != len(reference.labels):
        return f"{vector.name}: it lacks the original's probabilities"
    return None


def check_artifact(bundle: Bundle, artifact: Artifact, reference: Contract | None) -> ArtifactReport:
    """Check that an artifact's files are those of the manifest, and its contract follows from the reference's."""
    try:
        contract = bundle.check_artifact(artifact)
        path = bundle.path.joinpath(*artifact.path.split("/"))
        check_digest(path)
    except FerEdgeError as error:
        return ArtifactReport(artifact, faults=[str(error)])
    fault = _contract_fault(Variant.parse(artifact.variant), contract, reference)
    fault = fault or find_format(artifact.format).find_contradiction(path, contract)
    return ArtifactReport(artifact, faults=[fault] if fault else [])


def _contract_fault(variant: Variant, contract: Contract, reference: Contract | None) -> str | None:
    if reference is None:
        return "the reference that its contract comes from is not sound"
    quantization = contract.quantization
    try:
        derived = derive_contract(
            variant,
            reference,
            input_quantization=quantization.input,
            output_quantization=quantization.output,
        )
    except FerEdgeError as error:
        return f"its contract is not the reference's: {error}"
    same = derived.text == contract.text
    return None if same else "its contract is not what follows from the reference's"
