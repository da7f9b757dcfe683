"""Accuracy of a network on a split: per class, all faces and clear ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.stats.intervals import wilson
from fer_edge.train.data.arrays import Arrays

BATCH = 256


def probabilities(network: nn.Module, arrays: Arrays, contract: Contract) -> NDArray[np.float32]:
    """What the network says to each unjittered crop.

    Args:
        network: set to ``eval()``; returns logits.
        arrays: the split.
        contract: its normalization is applied by the runtime's table.

    Returns:
        (n, classes) float32, rows sum to 1.
    """
    network.eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(arrays), BATCH):
            tensor = torch.from_numpy(
                np.concatenate([_tensor(crop, contract) for crop in arrays.crops[start : start + BATCH, 0]])
            )
            rows.append(torch.softmax(network(tensor), dim=1).numpy())
    return np.concatenate(rows)


def _tensor(crop: NDArray[np.uint8], contract: Contract) -> NDArray[np.float32]:
    # Gray of three equal channels is the value itself, so the runtime's own table does the normalization.
    rgb = np.repeat(crop.transpose(1, 2, 0), 3 // crop.shape[0], axis=2)
    return to_tensor(rgb, contract)


def figures(guesses: NDArray[np.float32], arrays: Arrays, classes: Sequence[str]) -> dict[str, Any]:
    """Top-1, top-2, per class and confusion, over all faces and over the clear ones alone.

    Args:
        guesses: (n, classes) probabilities.
        arrays: the split they belong to.
        classes: names in the order of the columns.

    Returns:
        ``{"all": {...}, "clear": {...}}`` with plain numbers; ``confusion`` has a row a true class.
    """
    everyone = np.ones(len(arrays), bool)
    return {
        name: _figures(guesses[chosen], arrays.labels[chosen], classes)
        for name, chosen in (("all", everyone), ("clear", arrays.clear))
    }


def at_chance(found: Mapping[str, Any], classes: Sequence[str], split: str) -> str:
    """A sentence where the accuracy is not above what one answer to all faces would get; "" where it is.

    Args:
        found: one part of :func:`figures`.
        classes: names in the order of the columns.
        split: what was judged.
    """
    totals = [sum(row) for row in found.get("confusion", ())]
    faces = sum(totals)
    if not faces:
        return ""
    right = sum(row[at] for at, row in enumerate(found["confusion"]))
    most = max(totals)
    if wilson(right, faces)[0] > most / faces:
        return ""
    return (
        f"accuracy {100 * right / faces:.1f} % on {faces} {split} faces is not proven to be above chance: answering "
        f"{classes[totals.index(most)]} to all of them gets {100 * most / faces:.1f} %. Train longer or on more faces, try "
        "another --lr, and look at the labels"
    )


def _figures(
    guesses: NDArray[np.float32], labels: NDArray[np.float32], classes: Sequence[str]
) -> dict[str, Any]:
    if not len(labels):
        return {"faces": 0}
    truth, order = labels.argmax(1), np.argsort(-guesses, axis=1, kind="stable")
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (truth, order[:, 0]), 1)
    totals = confusion.sum(1)
    return {
        "faces": len(labels),
        "top1": round(float((order[:, 0] == truth).mean()), 6),
        "top2": round(float((order[:, :2] == truth[:, None]).any(1).mean()), 6),
        "second_when_wrong": _second(truth, order),
        "cross_entropy": round(float(-(labels * np.log(np.clip(guesses, 1e-12, 1))).sum(1).mean()), 6),
        "per_class": {
            name: round(float(confusion[at, at] / totals[at]), 6)
            for at, name in enumerate(classes)
            if totals[at]
        },
        "confusion": confusion.tolist(),
    }


def _second(truth: NDArray[np.int64], order: NDArray[np.int64]) -> float | None:
    """Share of the wrong first guesses whose second one is right; None where none is wrong."""
    wrong = order[:, 0] != truth
    return round(float((order[wrong, 1:2] == truth[wrong, None]).any(1).mean()), 6) if wrong.any() else None
