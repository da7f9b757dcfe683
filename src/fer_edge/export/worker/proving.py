"""The other question about an artifact: is it what its quantization of the original says it is? Asked in the child that made or opens it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.formats import find_format
from fer_edge.export.worker.job import MAKE, VERIFY, Job, Task
from fer_edge.runtime.errors import BundleError, FerEdgeError
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Code, Faithful

if TYPE_CHECKING:
    from fer_edge.export.faithful.bridge import Bridge, BridgeFile
    from fer_edge.export.faithful.check import Proof
    from fer_edge.export.faithful.original.needs import Need
    from fer_edge.export.formats.protocol import Calibration, FormatProver, ModelAndContract
    from fer_edge.export.reference_model.inference import Reference
    from fer_edge.runtime.contract import Contract

PLAIN = "fp32"


@dataclass
class Proving:
    """Proofs of the artifacts of one job; what several need is made once.

    Attributes:
        job: whose artifacts.
        original: builds the original, or gives the one that is there.
        memo: of the converter, so that a float file is converted once.
    """

    job: Job
    original: Callable[[], ModelAndContract]
    memo: dict[str, Any]
    _bridges: dict[str, Bridge] = field(default_factory=dict)
    _needs: list[Need] | None = None

    def prove(self, task: Task, calibration: Calibration | None, reference: Reference) -> Proof | None:
        """The proof of an artifact; None: there is nothing that proves files of this format.

        Args:
            task: with the artifact.
            calibration: images that its ranges were taken from, where they are at hand.
            reference: pictures and the original's answers.
        """
        from fer_edge.export.faithful.check import Proof

        prover = find_format(self.job.format).load_prover()
        if prover is None:
            return None
        try:
            if task.what.precision == PLAIN:
                proof = self._prove_plain(task, prover)
            else:
                proof = self._prove_smaller(task, prover, calibration, reference)
            return self._with_modules(proof, prover, task, reference)
        except BundleError as error:
            return Proof(Faithful("fail", Code.UNALIGNED, str(error)))
        except (FerEdgeError, ImportError) as error:
            return Proof(Faithful("not-run", Code.BRIDGE, f"there is no float file to compare with: {error}"))

    def _prove_plain(self, task: Task, prover: FormatProver) -> Proof:
        from fer_edge.export.capture.wrappers import make_example_tensor
        from fer_edge.export.faithful.check import check_original
        from fer_edge.export.faithful.original.folding import find_needs

        if self._needs is None:
            source = self.original()
            self._needs = find_needs(source.module, make_example_tensor(source.contract))
        return check_original(Path(task.path), prover, self._needs)

    def _prove_smaller(
        self, task: Task, prover: FormatProver, calibration: Calibration | None, reference: Reference
    ) -> Proof:
        from fer_edge.export.faithful.check import check_faithful

        delivered = self._delivered(Variant(task.what.format, PLAIN, task.what.interface))
        images = None if calibration is None else calibration.scaled

        def compare(float_file: Path | None) -> Proof:
            return check_faithful(
                Path(task.path), self._bridge(task.what, prover, float_file), images, reference
            )

        proof = compare(delivered)
        if task.stage == VERIFY and delivered is not None and proof.verdict.code is Code.BRIDGE:
            # The bundle's own float file is at fault; what lies beside it is judged all the same.
            proof = compare(None)
        # What this machine's own converter made wrong, it made wrong in everything that comes of it.
        if task.stage == MAKE and proof.source is not None and proof.source.refuted:
            return replace(proof, verdict=replace(proof.verdict, verdict="fail"))
        return proof

    def _bridge(self, variant: Variant, prover: FormatProver, delivered: Path | None) -> Bridge:
        from fer_edge.export.faithful.bridge import Bridge

        # Integer ends change nothing in the float file.
        key = f"{variant.precision}-{variant.interface}{'' if delivered else '-again'}"
        if key not in self._bridges:
            self._bridges[key] = Bridge(self._files(variant, prover, delivered, key))
        return self._bridges[key]

    def _with_modules(self, proof: Proof, prover: FormatProver, task: Task, reference: Reference) -> Proof:
        """The proof with the original's modules in what was found; without them where they cannot be told."""
        from fer_edge.export.faithful.check import name_modules
        from fer_edge.export.faithful.layers.names import name_layers
        from fer_edge.runtime.camera import to_tensor

        if not proof.findings:
            return proof
        original, contract = self.original(), self._plain_contract(task.what)
        tensor = to_tensor(np.asarray(reference.pictures[-1]), contract)
        path = proof.source.path if proof.source else Path(task.path)
        with contextlib.suppress(FerEdgeError, ImportError):
            recorders = find_format(self.job.format).load_recorders()
            if recorders is not None:
                values = recorders.open_recorder(path, contract).run(tensor)
            elif prover.COMPUTE is not None:
                values = prover.COMPUTE(path, tensor)
            else:
                return proof
            return name_modules(
                proof, name_layers((original.module, original.contract), tensor, values, contract)
            )
        return proof

    def _plain_contract(self, variant: Variant) -> Contract:
        """The contract of a float32 file of the same format and interface."""
        from fer_edge.export.formats.contracts import derive_contract

        return derive_contract(Variant(variant.format, PLAIN, variant.interface), self.original().contract)

    def _files(
        self, variant: Variant, prover: FormatProver, delivered: Path | None, key: str
    ) -> Iterator[BridgeFile]:
        from fer_edge.export.faithful.bridge import BridgeFile
        from fer_edge.export.formats.protocol import Request

        # Folders of packages are told by their ending.
        suffix = Path(self.job.tasks[0].path).suffix
        place = self.job.folder / "tmp" / f"bridge-{key}{suffix}"
        request = Request(variant, self.original(), None, place, self.memo)
        for path in prover.make_bridges(request, delivered):
            yield BridgeFile(path, variant.format, self._plain_contract(variant), prover)

    def _delivered(self, plain: Variant) -> Path | None:
        """The float32 file of the same interface, where the job has made it already or verifies it too."""
        for index, task in enumerate(self.job.tasks):
            if task.variant != plain.name or task.stage not in (MAKE, VERIFY):
                continue
            found = self.job.result(index) if task.stage == MAKE else None
            if task.stage == VERIFY or (found is not None and found.error is None):
                path = Path(task.path)
                return path if path.exists() else None
        return None
