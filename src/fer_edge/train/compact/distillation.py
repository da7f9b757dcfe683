"""Knowledge distillation: a small network learns the answers of a large one beside the labels.

Source: Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531, section 2: soft
targets at a temperature T, their gradient scaled by T squared, so that the share of the labels stays what it is when T
changes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.checkpoint.checkpoint import Checkpoint, read_checkpoint
from fer_edge.train.checkpoint.network import build_network

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

LabelLoss = Callable[[Tensor, Tensor], Tensor]
"""(logits (n, classes) float32, labels (n, classes) float32) -> scalar."""


class Distillation(nn.Module):
    """The loop's objective with a teacher in it.

    ``loss = (1 - weight) * label_loss(logits, labels) + weight * T**2 * KL(softmax(teacher / T) || softmax(logits / T))``

    KL instead of the paper's cross entropy: they differ by the teacher's entropy, which no weight changes, and a student
    that equals its teacher then has loss 0. The teacher sees the very crops the student sees, augmentation included.

    Args:
        teacher: (n, C, H, W) float32 -> (n, classes) logits, on the student's normalized crops; it is copied, frozen
            and kept in ``eval()``. See :func:`read_teacher`.
        temperature: T, above 0.
        weight: of the teacher, 0..1.
        label_loss: of the labels; None: cross entropy with soft labels.

    Raises:
        FerEdgeError: temperature or weight out of range.
    """

    def __init__(
        self,
        teacher: nn.Module,
        temperature: float = 4.0,
        weight: float = 0.7,
        label_loss: LabelLoss | None = None,
    ) -> None:
        super().__init__()
        if not (math.isfinite(temperature) and temperature > 0):
            raise FerEdgeError(
                f"the temperature of the teacher's answers is {temperature}; allowed: above 0, such as 4"
            )
        if not 0 <= weight <= 1:
            raise FerEdgeError(f"the teacher's weight is {weight}; allowed: 0 to 1, such as 0.7")
        self.teacher = copy.deepcopy(teacher).eval().requires_grad_(requires_grad=False)
        self.temperature = temperature
        self.weight = weight
        self.label_loss: LabelLoss = label_loss or functional.cross_entropy

    def forward(self, module: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and the student's logits.

        Args:
            module: the student.
            images: (n, C, H, W) normalized crops.
            labels: (n, classes) float32 distributions.

        Returns:
            A scalar and (n, classes).
        """
        logits = module(images)
        with torch.no_grad():
            answers = self.teacher(images)
        soft = softened_divergence(logits, answers.to(logits.dtype), self.temperature)
        return (1 - self.weight) * self.label_loss(logits, labels) + self.weight * soft, logits


def softened_divergence(logits: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """``T**2 * KL(softmax(answers / T) || softmax(logits / T))``, mean over the batch.

    Args:
        logits: (n, classes) of the student.
        answers: (n, classes) logits of the teacher.
        temperature: T.
    """
    target = functional.log_softmax(answers / temperature, dim=1)
    student = functional.log_softmax(logits / temperature, dim=1)
    return functional.kl_div(student, target, reduction="batchmean", log_target=True) * temperature**2


class Teacher(nn.Module):
    """A network fed with a student's crops: normalization and channels are made its own.

    Args:
        network: (n, channels, H, W) -> (n, classes) logits.
        own: its contract.
        student: the contract of the crops.
    """

    mean_from: Tensor
    std_from: Tensor
    mean_to: Tensor
    std_to: Tensor

    def __init__(self, network: nn.Module, own: Contract, student: Contract) -> None:
        super().__init__()
        self.network = network
        self.repeat = own.input.channels == 3 and student.input.channels == 1
        for name, contract in (("from", student), ("to", own)):
            mean, std = _normalization(contract)
            self.register_buffer(f"mean_{name}", mean, persistent=False)
            self.register_buffer(f"std_{name}", std, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of crops in the student's form."""
        values = images * self.std_from + self.mean_from
        if self.repeat:
            values = values.expand(-1, 3, -1, -1)
        return self.network((values - self.mean_to) / self.std_to)  # type: ignore[no-any-return]


def read_teacher(path: Path, student: Contract, tell: Callable[[str], None] = lambda _: None) -> nn.Module:
    """A teacher from a checkpoint that ``fer-train`` wrote.

    Args:
        path: ``best.safetensors`` with its contract inside.
        student: the contract of what is trained.
        tell: gets a sentence where the teacher sees something else than it was trained on.

    Returns:
        A module for :class:`Distillation`, taking the student's normalized crops.

    Raises:
        CheckpointError: no contract or architecture inside, or labels, size or channels that do not fit the student's.
    """
    checkpoint = read_checkpoint(path)
    own, arch = checkpoint.contract, checkpoint.arch
    if own is None or arch is None:
        raise CheckpointError(
            f"--teacher {path.name} does not say its contract and architecture; give a best.safetensors of fer-train"
        )
    faults = misfits(own, student)
    if faults:
        raise CheckpointError(f"--teacher {path.name} does not fit: {'; '.join(faults)}")
    if own.input.channels != student.input.channels:
        tell(
            f"the teacher {path.name} was trained on RGB and sees gray crops, repeated in its three channels"
        )
    if own.camera.crop_margin != student.camera.crop_margin:
        tell(
            f"the teacher {path.name} was trained with crop margin {own.camera.crop_margin} and sees"
            f" {student.camera.crop_margin}"
        )
    return Teacher(_network(checkpoint, arch, own), own, student)


def misfits(teacher: Contract, student: Contract) -> list[str]:
    """Why a teacher cannot answer for a student, as parts of a sentence; empty: it can."""
    faults = []
    if teacher.labels != student.labels:
        faults.append(
            f"its labels are {_listed(teacher.labels)}, the student's {_listed(student.labels)}: train both with one --classes"
        )
    sizes = [(c.input.width, c.input.height) for c in (teacher, student)]
    if sizes[0] != sizes[1]:
        faults.append(
            f"it takes {sizes[0][0]}x{sizes[0][1]}, the student {sizes[1][0]}x{sizes[1][1]}: train both with one --size"
        )
    if teacher.input.channels == 1 and student.input.channels == 3:
        faults.append(
            "it takes gray and the student color: train the teacher with 3 channels, or the student with 1"
        )
    if teacher.camera.mirror != student.camera.mirror:
        faults.append("one of the two mirrors its crops")
    if teacher.output.kind != "logits":
        faults.append(f"it gives {teacher.output.kind}, not logits")
    return faults


def _network(checkpoint: Checkpoint, arch: str, own: Contract) -> nn.Module:
    if ":" in arch:
        raise CheckpointError(
            f"--teacher {checkpoint.path.name} is a network of somebody else ({arch}); its code is not run from a file:"
            " give one with a built-in architecture"
        )
    return build_network(checkpoint, arch, own)


def _normalization(contract: Contract) -> tuple[Tensor, Tensor]:
    """Mean and std a channel, (1, C, 1, 1) each, in units of v / 255."""
    found = contract.normalization
    count = contract.input.channels
    # Without normalization a network takes 0..255 itself.
    mean, std = (found.mean, found.std) if found is not None else ((0.0,) * count, (1 / 255,) * count)
    return _planes(mean), _planes(std)


def _planes(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1)


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels)
