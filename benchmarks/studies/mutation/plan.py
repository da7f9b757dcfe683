"""Which faults are planted: a seeded choice from everything that could be wrong with a file."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mutation.contracts import KINDS as CONTRACT_KINDS
from mutation.edit import Changes, Edit
from mutation.weights import weight_changes

if TYPE_CHECKING:
    from torch import nn

    from mutation.conversion import ModuleChange

FILE, CONTRACT, CONVERSION = ORIGINS = ("file", "contract", "conversion")
CONVERTED: Mapping[str, tuple[str, ...]] = {
    "torchscript": (
        "bn_eps", "bn_scale", "stride_phase", "ceil_mode", "padding_side", "activation_missing", "activation_other",
    ),
    "tflite": ("bn_eps", "bn_scale", "stride_phase", "ceil_mode", "padding_side"),
    "onnx": ("bn_eps", "bn_scale", "stride_phase", "ceil_mode"),
    "coreml": ("bn_eps", "bn_scale", "stride_phase", "ceil_mode"),
    "executorch": ("bn_eps", "bn_scale", "stride_phase", "ceil_mode", "activation_missing"),
}  # fmt: skip
"""Format -> faults that are made by converting a changed module, because a finished file no longer shows where they were."""

IN_GRAPH = ("mean_in_graph", "std_in_graph")
"""Faults of files with the image interface, which normalize by themselves."""
SAME_LENGTH = ("contract_labels",)
"""Faults of a contract that a program can take which is changed in its places."""


@dataclass(frozen=True)
class Mutant:
    """A faulty file.

    Attributes:
        variant: ``tflite-int8``.
        origin: ``file``, ``contract`` or ``conversion``.
        kind: of the fault.
        index: which of the places where it could be.
    """

    variant: str
    origin: str
    kind: str
    index: int = 0

    @property
    def name(self) -> str:
        """Unique within a network."""
        return f"{self.variant}.{self.origin}.{self.kind}.{self.index}"


def all_changes(edit: Edit) -> Changes:
    """Everything that could be wrong with a file, weights and operators."""
    found: Changes = defaultdict(list)
    for changes in (weight_changes(edit.layers), edit.operator_changes()):
        for kind, places in changes.items():
            found[kind] += places
    return found


def choose_file_faults(variant: str, edit: Edit, each: int, seed: int) -> list[Mutant]:
    """``each`` places of every kind of fault that the file could have, and those of its contract."""
    counts = {kind: len(places) for kind, places in all_changes(edit).items()}
    chosen = [
        Mutant(variant, FILE, kind, index)
        for kind, count in sorted(counts.items())
        for index in _pick(f"{variant} {kind}", count, each, seed)
    ]
    kinds = SAME_LENGTH if variant.startswith("executorch") else CONTRACT_KINDS
    return [*chosen, *(Mutant(variant, CONTRACT, kind) for kind in kinds)]


def choose_conversions(
    form: str, variants: Sequence[str], changes: Mapping[str, list[ModuleChange]], each: int, seed: int
) -> list[Mutant]:
    """Faults of conversion, the same ones in every precision of a format."""
    return [
        Mutant(variant, CONVERSION, kind, index)
        for kind in (*CONVERTED[form], *IN_GRAPH)
        for index in _pick(kind, len(changes.get(kind, ())), each, seed)
        for variant in variants
        if kind not in IN_GRAPH or variant.endswith("-image")
    ]


def find_changes(network: nn.Module) -> Mapping[str, list[Any]]:
    """Faults that converting a network could have."""
    from mutation.conversion import list_changes

    return list_changes(network)


def _pick(words: str, count: int, each: int, seed: int) -> list[int]:
    number = int.from_bytes(hashlib.sha256(f"{seed} {words}".encode()).digest()[:8], "big")
    picked = np.random.default_rng(number).permutation(count)[:each]
    return sorted(int(index) for index in picked)
