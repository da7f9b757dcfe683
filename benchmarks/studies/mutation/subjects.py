"""The networks that faults are planted in: each with its reference data and a job, as ``fer-export`` makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.export.reference_model.model import ReferenceModel
    from fer_edge.export.worker.job import Job
    from fer_edge.runtime.contract import Contract

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
TRAINED_ON, EPOCHS, BATCH, RATE = 1600, 6, 32, 1e-3


@dataclass(frozen=True)
class Subject:
    """A network of the study.

    Attributes:
        name: in results.
        arch: a built-in architecture; None: the built-in model with its weights.
        edge: of its input in pixels, RGB; 0: as the built-in model has it.
    """

    name: str
    arch: str | None = None
    edge: int = 0


SUBJECTS = (
    Subject("fer_mini"),
    Subject("mobilenet_v3_small", "mobilenet_v3_small", 48),
    Subject("resnet18", "resnet18", 32),
)


def open_subject(subject: Subject, folder: Path) -> ReferenceModel:
    """The network, trained for a minute where nobody did before; its weights stay in ``folder``."""
    from fer_edge.export.reference_model.model import REFERENCE, ModelSpec, open_original, write_reference

    weights = folder / REFERENCE
    if not weights.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = open_original(ModelSpec()) if subject.arch is None else _trained(subject)
        write_reference(made, weights)
    return open_original(ModelSpec(checkpoint=weights))


def _trained(subject: Subject) -> ReferenceModel:
    import torch

    from fer_edge.export.reference_model.model import ReferenceModel
    from fer_edge.train.models import build

    contract = make_contract(str(subject.arch), subject.edge)
    torch.manual_seed(0)
    network = build(str(subject.arch), num_classes=len(LABELS), channels=3)
    train(network, contract, TRAINED_ON, EPOCHS)
    return ReferenceModel(network.eval(), contract, str(subject.arch), {}, "0" * 64)


def train(network: nn.Module, contract: Contract, count: int, epochs: int) -> None:
    """Some hundred steps on so many drawn faces; statistics of batch normalizations are counted anew at the end."""
    import torch
    from torch.nn import functional as F

    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.export.reference_model.inference import make_batch

    faces = draw_faces("train", count, contract, seed=3)
    pictures, labels = make_batch(faces.scaled, contract), torch.from_numpy(faces.labels)
    optimizer = torch.optim.AdamW(network.parameters(), RATE)
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(BATCH):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            F.cross_entropy(network(pictures[batch]), labels[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
                part.reset_running_stats()
                part.momentum = None
        for batch in torch.arange(len(labels)).split(2 * BATCH):  # type: ignore[no-untyped-call]
            network(pictures[batch])


def make_contract(arch: str, edge: int, channels: int = 3, labels: tuple[str, ...] = LABELS) -> Contract:
    """A reference contract; mean and std of a half, as the recipes have them."""
    from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec

    return Contract.build(
        model=arch.replace("_", "-"), labels=labels,
        input=InputSpec("image", "tensor", edge, edge, channels, "NCHW", "float32"), camera=CameraSpec(),
        normalization=Normalization((0.5,) * channels, (0.5,) * channels), output=OutputSpec("logits", "logits"),
    )  # fmt: skip


def prepare(original: ReferenceModel, folder: Path, *, calibrated: bool = True) -> Path:
    """The folder that an export's children share: pictures, the original's answers, where its weights are."""
    from fer_edge.export.pictures.folder import PictureOptions
    from fer_edge.export.reference_data.build import ReferenceDataBuilder
    from fer_edge.export.reference_model.model import REFERENCE, write_reference
    from fer_edge.export.worker.job import MODEL, REDRAWN, ModelFiles
    from fer_edge.runtime.formats import CALIBRATED
    from fer_edge.runtime.variants import legal_variants

    common = folder / "common"
    common.mkdir(parents=True, exist_ok=True)
    # Whoever verifies a file has the faces again that its ranges come from.
    (common / REDRAWN).write_text(
        json.dumps(
            [variant.name for variant in legal_variants(every=True) if variant.precision in CALIBRATED]
        )
    )
    if not (common / MODEL).exists():
        if not (folder / REFERENCE).exists():
            write_reference(original, folder / REFERENCE)
        builder = ReferenceDataBuilder(original, PictureOptions(), common, lambda: None)
        builder.check_original()
        builder.build(calibrated=calibrated)
        ModelFiles.of(original, folder / REFERENCE).write(common)
    return common


def make_job(form: str, folder: Path, variants: list[str], stage: str = "make") -> Job:
    """One format's job: its right files are made, beside each its contract."""
    from fer_edge.export.worker.job import Job, Task
    from fer_edge.runtime.formats import format_spec

    right = folder / "right"
    right.mkdir(exist_ok=True)
    place = folder / form
    for name in ("results", "tmp"):
        (place / name).mkdir(parents=True, exist_ok=True)
    extension = format_spec(form).extension
    tasks = tuple(Task(stage, name, str(right / f"{name}{extension}")) for name in variants)
    return Job(form, tasks, place, folder / "common")


def answers(path: Path, make: Callable[[], Any]) -> np.ndarray[Any, Any]:
    """An array that is made once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, make())
        part.replace(path)
    found: np.ndarray[Any, Any] = np.load(path)
    return found
