"""The other question about an artifact: is it what its quantization of the original says it is? Asked in the child that made or opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
                return self._prove_plain(task, prover)
            return self._prove_smaller(task, prover, calibration, reference)
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
        from fer_edge.export.faithful.bridge import Bridge
        from fer_edge.export.faithful.check import check_faithful

        # Integer ends change nothing in the float file.
        key = f"{task.what.precision} {task.what.interface}"
        if key not in self._bridges:
            self._bridges[key] = Bridge(self._files(task.what, prover))
        images = None if calibration is None else calibration.scaled
        return check_faithful(Path(task.path), self._bridges[key], images, reference)

    def _files(self, variant: Variant, prover: FormatProver) -> Iterator[BridgeFile]:
        from fer_edge.export.faithful.bridge import BridgeFile
        from fer_edge.export.formats.contracts import derive_contract
        from fer_edge.export.formats.protocol import Request

        source, plain = self.original(), Variant(variant.format, PLAIN, variant.interface)
        # Folders of packages are told by their ending.
        suffix = Path(self.job.tasks[0].path).suffix
        place = self.job.folder / "tmp" / f"bridge-{variant.precision}-{variant.interface}{suffix}"
        request = Request(variant, source, None, place, self.memo)
        for path in prover.make_bridges(request, self._delivered(plain)):
            yield BridgeFile(path, variant.format, derive_contract(plain, source.contract), prover)

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
