"""Sets of weights in one file: a state dictionary, its running average beside it, several folds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fer_edge.runtime.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

ITSELF = "."
"""``--weights-key`` of the tensors that stand in no inner dictionary."""
LISTED = 20
OBSERVER = re.compile(r"(weight|bias)_fake_quant|activation_post_process(_\d+)?")
"""Modules that ``prepare_qat`` puts beside or into a layer; their ranges may be infinite."""


@dataclass(frozen=True)
class WeightSet:
    """Tensors by name, as they stand in one dictionary of a file.

    Attributes:
        tensors: as the file has them.
        versions: ``_metadata`` of a state dictionary: version numbers by module.
    """

    tensors: dict[str, Tensor]
    versions: dict[str, dict[str, int]] = field(default_factory=dict)


def without_observers(one: WeightSet) -> WeightSet:
    """The set without what quantization-aware training measured; the weights beside that are the float ones."""
    tensors = {
        name: tensor
        for name, tensor in one.tensors.items()
        if not any(OBSERVER.fullmatch(part) for part in name.split("."))
    }
    return replace(one, tensors=tensors)


def narrow(sets: Mapping[str, WeightSet], key: str, name: str) -> dict[str, WeightSet]:
    """The sets that ``--weights-key`` names.

    Args:
        sets: by dotted path; "" is the file itself.
        key: a path, the beginning of several, or one that goes on in the tensors' names (``state_dict.teacher``).
        name: the file's, for messages.

    Raises:
        CheckpointError: there is none; lists those that there are.
    """
    if key == ITSELF and "" in sets:
        return {"": sets[""]}
    if key in sets:
        return {key: sets[key]}
    inside = {path: one for path, one in sets.items() if path.startswith(f"{key}.")}
    if inside:
        return inside
    for path in sorted(sets, key=len, reverse=True):
        if not path or key.startswith(f"{path}."):
            rest = key[len(path) :].lstrip(".")
            part = _beginning(sets[path], f"{rest}.")
            if part.tensors:
                return {key: part}
    raise CheckpointError(f"{name} holds nothing under --weights-key {key[:200]}; it has {list_keys(sets)}")


def _beginning(one: WeightSet, prefix: str) -> WeightSet:
    tensors = {n.removeprefix(prefix): t for n, t in one.tensors.items() if n.startswith(prefix)}
    versions = {
        f"{module}.".removeprefix(prefix).rstrip("."): numbers
        for module, numbers in one.versions.items()
        if f"{module}.".startswith(prefix)
    }
    return WeightSet(tensors, versions)


def list_keys(sets: Mapping[str, WeightSet]) -> str:
    """The keys and how many tensors each has, bounded."""
    words = [f"{path[:120] or ITSELF} ({len(one.tensors)} tensors)" for path, one in sets.items()]
    more = f" and {len(words) - LISTED} more" if len(words) > LISTED else ""
    return ", ".join(words[:LISTED]) + more
