"""What a training says of itself: choices, data, versions; in ``best.safetensors``, snapshots and ``report.json``."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import metadata
from typing import Any

from fer_edge.runtime.contract import Contract
from fer_edge.train.checkpoint.checkpoint import ARCH_ARGS_KEY, ARCH_KEY
from fer_edge.train.recipes.recipe import Recipe

REPORT_SCHEMA = "fer-edge-training/1"
TRAINING_KEY = "fer_edge_training"
LIBRARIES = ("torch", "torchvision", "lightning", "torchmetrics", "numpy", "opencv-python")
NO_CHOICE = ("open_data", "classes_of")
"""Attributes of a recipe that are code, or settled by the others."""


def choices(recipe: Recipe) -> dict[str, Any]:
    """A recipe's values as JSON can hold them."""
    found = {
        field.name: getattr(recipe, field.name) for field in fields(recipe) if field.name not in NO_CHOICE
    }
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in found.items()}


def report(
    recipe: Recipe,
    contract: Contract,
    data: Mapping[str, Mapping[str, Any]],
    sources: Mapping[str, Any],
    history: list[dict[str, Any]],
) -> dict[str, Any]:
    """``report.json`` without the figures at the end.

    Args:
        recipe: with its size written out.
        contract: of the network.
        data: a split: its number of faces and hash.
        sources: hashes of the weights that the training began with or learned from, and whether it was ``--qat``.
        history: the lines of the log.
    """
    import torch

    return {
        "schema": REPORT_SCHEMA,
        "model": recipe.model,
        "contract_sha256": contract.sha256,
        "recipe": choices(recipe),
        "data": {split: dict(value) for split, value in data.items()},
        **sources,
        "tools": tools(),
        "threads": torch.get_num_threads(),
        "epochs": history,
    }


def tools() -> dict[str, str]:
    """Versions of what the result depends on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def texts(
    recipe: Recipe,
    data: Mapping[str, Mapping[str, Any]],
    sources: Mapping[str, Any],
    lists: Sequence[Mapping[str, Any]] = (),
) -> dict[str, str]:
    """What stands beside the weights in ``best.safetensors`` and in snapshots."""
    told = {"recipe": choices(recipe), "data": data, "tools": tools(), **sources}
    told |= {"lists": list(lists)} if lists else {}
    return {
        ARCH_KEY: recipe.arch,
        ARCH_ARGS_KEY: json.dumps(dict(recipe.arch_args), sort_keys=True),
        TRAINING_KEY: json.dumps(told, sort_keys=True),
    }
