"""A recipe: choices, no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.request import OpenData


@dataclass(frozen=True)
class Recipe:
    """A training from data to weights. Every value can be overridden on the command line (``--set NAME=VALUE``).

    Attributes:
        name: what ``fer-train`` takes.
        summary: one line for ``--list``.
        model: name in the contract, which begins the exported files' names.
        arch: architecture by name, or ``package.module:callable``.
        open_data: gives the splits.
        needs_data: whether ``--data`` is required.
        faces: at most so many faces of a split; empty: all there are.
        views: crops kept of each training face (the first is the box as it is, the others are jittered).
        classes: labels in output order, out of ``EMOTIONS``.
        options: of the data set, with their defaults; the keys are all that ``--set`` accepts besides these attributes.
        classes_of: classes that go with a value of an option, unless others were asked for:
            ``{("disgust", "keep"): SEVEN}``.
        published: figure of the data set's or paper's authors, as text with its source; "": none.
        width: of the input; 0: the architecture's own.
        height: of the input; 0: the architecture's own.
        channels: of the input; 0: the architecture's own.
        crop_margin: of the contract.
        mean: a channel, in units of v/255.
        std: a channel, in units of v/255.
        epochs: passes over the training faces, one crop each.
        batch_size: crops a step, over all devices together.
        optimizer: a name out of ``OPTIMIZERS`` (``train/loop/optimizers.py``).
        schedule: a name out of ``SCHEDULES`` beside them.
        learning_rate: peak of the schedule.
        weight_decay: on convolutions and dense layers.
        loss: a name out of ``LOSSES`` (``train/loop/losses.py``); all take soft labels.
        class_weights: ``none`` or ``balanced`` (inverse frequency in the training split).
        label_smoothing: share of the uniform distribution mixed into the labels.
        augmentation: a name out of ``train/data/augmentation.py``.
        monitor: validation figure that chooses the best snapshot: ``accuracy``, ``macro-f1`` or ``loss``.
        early_stopping: epochs without a better figure after which training ends; 0: never.
        keep_snapshots: ``epoch-NNN.ckpt`` of ``all`` epochs, of the N best, or, for ``best``, none beside ``best.ckpt``.
        distillation_temperature: of a teacher's answers (``--teacher``), above 0.
        distillation_weight: of the teacher, 0..1; the labels have the rest.
        ema_decay: of the averaged weights, which are the ones that are kept; 0: none.
        precision: Lightning's word: ``32-true``, ``bf16-mixed``, ``16-mixed`` or ``64-true``; the weights written are float32.
        seed: of everything.
        arch_args: further arguments of the architecture.
    """

    name: str
    summary: str
    model: str
    arch: str
    open_data: OpenData
    needs_data: bool
    epochs: int
    batch_size: int
    learning_rate: float
    faces: Mapping[str, int] = field(default_factory=dict)
    views: int = 1
    classes: tuple[str, ...] = EMOTIONS
    options: Mapping[str, Any] = field(default_factory=dict)
    classes_of: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    published: str = ""
    width: int = 0
    height: int = 0
    channels: int = 0
    crop_margin: float = 0.1
    mean: float = 0.5
    std: float = 0.5
    optimizer: str = "adamw"
    schedule: str = "one-cycle"
    weight_decay: float = 0.02
    loss: str = "cross-entropy"
    class_weights: str = "none"
    label_smoothing: float = 0.0
    augmentation: str = "camera"
    monitor: str = "accuracy"
    early_stopping: int = 0
    keep_snapshots: str = "best"
    distillation_temperature: float = 4.0
    distillation_weight: float = 0.7
    ema_decay: float = 0.0
    precision: str = "32-true"
    seed: int = 0
    arch_args: Mapping[str, Any] = field(default_factory=dict)

    def option_classes(self) -> tuple[str, ...]:
        """The classes as the values of the options have them; ``classes`` where no option says anything."""
        for (option, value), classes in self.classes_of.items():
            if str(self.options.get(option)) == value:
                return classes
        return self.classes
