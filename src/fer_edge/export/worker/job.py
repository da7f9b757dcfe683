"""Jobs: what a parent and its children share, as folders of plain files, each appearing whole.

    work/common/model.json             which architecture; the child builds the module itself
               parity.npy ...          pictures and reference answers, written while children already import and convert
    work/tflite/job.json               the format and its tasks in order
               results/003.json        one file a finished task, written by the child
               running                 number of the task in flight
               log.txt                 everything that converters print
               tmp/                    their temporary folder

The parent starts children at once, because importing a converter takes longer than anything else; a child waits
for the files that it needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fer_edge.export.faithful.layers.rows import LayerRow
from fer_edge.export.formats.mixed import Limits
from fer_edge.export.parity.compare import GoldenComparison
from fer_edge.export.parity.tolerances import Tolerance, Tolerances
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.schema import Document, Length
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import REPORTED, Count, Faithful, Parity, WeightAudit

if TYPE_CHECKING:
    from fer_edge.export.reference_model.model import ReferenceModel

MAKE, ACCURACY, VERIFY, GOLDEN, ASK = "make", "accuracy", "verify", "golden", "ask"

Text = Annotated[str, Length(0, 1 << 20)]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of one task; the child writes it, the parent reads it."""

    error: Annotated[Text | None, "why nothing did"] = None
    refused: Annotated[Text | None, "why it was not tried"] = None
    contract: Annotated[Text | None, "the contract of the artifact that was made, as text"] = None
    notes: Annotated[tuple[Text, ...], "of the converter, a sentence each"] = ()
    parity: Annotated[Parity | None, "on the parity inputs"] = None
    faithful: Annotated[Faithful | None, "number by number"] = None
    layers: Annotated[tuple[LayerRow, ...], "each layer's answer"] = ()
    unaligned: Annotated[tuple[Text, ...], "layers without one to compare with"] = ()
    golden: Annotated[GoldenComparison | None, "on the golden vectors"] = None
    weight_audit: Annotated[WeightAudit | None, "where no engine can run the artifact"] = None
    findings: Annotated[tuple[Text, ...], "of the weight audit, a sentence each"] = ()
    answered: Annotated[Count, "labeled pictures the answers to which lie beside this file"] = 0
    seconds: Annotated[float | None, "that it took, without waiting for the parent"] = None


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The original, for a child that builds it."""

    weights: Annotated[bytes, "path of the file, as the system has it"]
    arch: Annotated[str, "a built-in architecture's name or package.module:callable"]
    arch_args: Annotated[Mapping[str, Any], "its arguments"]
    contract: Annotated[Text, "the reference contract, as text"]

    @classmethod
    def of(cls, original: ReferenceModel, weights: Path) -> ModelFiles:
        """The files of an original whose weights ``write_reference`` wrote."""
        return cls(os.fsencode(weights), original.arch, original.arch_args, original.contract.text)

    def write(self, common: Path) -> None:
        """Put it where children wait for it."""
        write_bytes(common / MODEL, _MODEL.write(self).encode())

    @classmethod
    def read(cls, path: Path) -> ModelFiles:
        """The original of a file that ``write`` made."""
        return _MODEL.read(path.read_bytes())


_RESULT = Document(TaskResult, "result of a task", ExportError, limit=64 << 20, version=REPORTED)
_MODEL = Document(ModelFiles, "model of a job", ExportError, limit=64 << 20)
MODEL = "model.json"
REDRAWN = "redrawn.json"
"""Where verification lists the variants whose calibration images it draws again."""


@dataclass(frozen=True)
class Task:
    """One thing to do with one artifact.

    Attributes:
        stage: ``make`` (convert and check), ``accuracy`` (answer labeled images), ``verify`` (check only),
            ``golden`` (compare with stored answers) or ``ask`` (answer tensors as they are).
        variant: its name.
        path: the artifact.
    """

    stage: str
    variant: str
    path: str

    @property
    def what(self) -> Variant:
        """The variant itself."""
        return Variant.parse(self.variant)


@dataclass(frozen=True)
class Job:
    """The tasks of one format, done one after another in one process.

    Attributes:
        format: the format's name.
        tasks: in order.
        folder: where job.json, results and log lie.
        common: where the shared files lie.
        tolerances: what is allowed instead of the usual.
        limits: of the precision ``auto``.
    """

    format: str
    tasks: tuple[Task, ...]
    folder: Path
    common: Path
    tolerances: Tolerances = field(default_factory=Tolerances)
    limits: Limits = field(default_factory=Limits)

    def tolerance(self, task: Task) -> Tolerance:
        """The tolerance of a task's variant."""
        return self.tolerances.of(task.what.format, task.what.precision)

    def write(self) -> None:
        """Make the folder, with job.json in it."""
        for name in ("results", "tmp"):
            (self.folder / name).mkdir(parents=True)
        document = {
            "format": self.format,
            "common": str(self.common),
            "tolerances": self.tolerances.list_chosen(),
            "limits": asdict(self.limits),
            "tasks": [asdict(task) for task in self.tasks],
        }
        write_bytes(self.folder / "job.json", json.dumps(document).encode())

    @classmethod
    def read(cls, folder: Path) -> Job:
        """The job of a folder."""
        document = json.loads((folder / "job.json").read_text())
        tasks = tuple(Task(**task) for task in document["tasks"])
        common, tolerances = Path(document["common"]), Tolerances(**document["tolerances"])
        limits = Limits(**document["limits"])
        return cls(document["format"], tasks, folder, common, tolerances, limits)

    def result_path(self, index: int) -> Path:
        """The file of a task's result."""
        return self.folder / "results" / f"{index:03d}.json"

    def answers_path(self, index: int) -> Path:
        """The file of the probabilities that an artifact gave, (n, labels) float32."""
        return self.folder / "results" / f"{index:03d}.npy"

    def tensors_path(self, task: Task) -> Path:
        """The file of the tensors that ``ask`` runs, (n, *shape) in the artifact's dtype."""
        return self.common / f"ask-{task.variant}.npy"

    def put_result(self, index: int, result: TaskResult) -> None:
        """Write the result of a task; a reader sees it whole or not at all."""
        # Somebody's words may hold what no text file can.
        write_bytes(self.result_path(index), _RESULT.write(result).encode(errors="replace"))

    def result(self, index: int) -> TaskResult | None:
        """The result of a task, if it is there."""
        try:
            return _RESULT.read(self.result_path(index).read_bytes())
        except FileNotFoundError:
            return None

    def pending(self) -> list[int]:
        """Tasks without a result, in order."""
        return [index for index in range(len(self.tasks)) if not self.result_path(index).exists()]

    def running(self) -> int | None:
        """The task in flight, as the child noted it."""
        try:
            return int((self.folder / "running").read_text())
        except (FileNotFoundError, ValueError):
            return None


def make_jobs(
    stages: Sequence[str],
    artifacts: Mapping[Variant, Path],
    work: Path,
    tolerances: Tolerances,
    limits: Limits | None = None,
) -> list[Job]:
    """One job a format: each stage for all of its variants, then the next stage."""
    jobs = []
    for name in dict.fromkeys(variant.format for variant in artifacts):
        mine = [(variant, path) for variant, path in artifacts.items() if variant.format == name]
        tasks = tuple(Task(stage, variant.name, str(path)) for stage in stages for variant, path in mine)
        jobs.append(Job(name, tasks, work / name, work / "common", tolerances, limits or Limits()))
    return jobs
