"""What a recipe is: choices, no code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.data.faces import Faces

SPLITS = ("train", "validation", "test")


OpenSplit = Callable[[Path | None, str, int | None, tuple[str, ...], int], Faces]
"""``open_split(data, split, limit, classes, seed)``: the folder or None, one of ``SPLITS``, at most so many faces."""


@dataclass(frozen=True)
class Recipe:
    """A training from data to weights. Every value can be overridden on the command line.

    Attributes:
        name: what ``fer-train`` takes.
        summary: one line for ``--list``.
        model: name in the contract, which begins the exported files' names.
        arch: architecture by name, or ``package.module:callable``.
        open_split: gives the faces of a split.
        needs_data: whether ``--data`` is required.
        faces: number of faces of each split.
        views: crops a face.
        classes: labels in output order, out of ``EMOTIONS``.
        width: of the input; 0: the architecture's own.
        height: of the input; 0: the architecture's own.
        channels: of the input; 0: the architecture's own.
        crop_margin: of the contract.
        mean: a channel, in units of v/255.
        std: a channel, in units of v/255.
        epochs: passes over the training faces, one crop each.
        batch_size: crops a step.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: AdamW's, on convolutions and dense layers.
        label_smoothing: share of the uniform distribution mixed into the labels.
        ema_decay: of the averaged weights, which are the ones that are kept; 0: none.
        precision: Lightning's word: ``32-true``, ``bf16-mixed``, ``16-mixed`` or ``64-true``; the weights written are float32.
        seed: of everything.
        arch_args: further arguments of the architecture.
    """

    name: str
    summary: str
    model: str
    arch: str
    open_split: OpenSplit
    needs_data: bool
    faces: Mapping[str, int]
    views: int
    epochs: int
    batch_size: int
    learning_rate: float
    classes: tuple[str, ...] = EMOTIONS
    width: int = 0
    height: int = 0
    channels: int = 0
    crop_margin: float = 0.1
    mean: float = 0.5
    std: float = 0.5
    weight_decay: float = 0.02
    label_smoothing: float = 0.0
    ema_decay: float = 0.0
    precision: str = "32-true"
    seed: int = 0
    arch_args: Mapping[str, Any] = field(default_factory=dict)
