"""Schedule of a run: random orders, and the CPUs that a turn may use."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
MOST_CHILDREN = 32
"""Processes alive at a time; more subjects are measured in batches, drawn anew in each generation."""


def shuffle(items: Sequence[_T], rng: random.Random) -> list[_T]:
    """The items in a random order."""
    return rng.sample(list(items), len(items))


def split_batches(items: Sequence[_T], rng: random.Random, most: int = MOST_CHILDREN) -> list[list[_T]]:
    """The items in random order, in as few batches of about one size as there may be."""
    order = shuffle(items, rng)
    number = -(-len(order) // most)
    return [order[index::number] for index in range(number)]


def fast_cpus(root: Path = Path("/")) -> list[int]:
    """The CPUs that this process may use; where they differ (big and little cores), the fastest of them.

    Returns:
        Numbers in order; empty where the system does not let a process choose.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    allowed = sorted(os.sched_getaffinity(0))
    capacity = {cpu: _capacity(root, cpu) for cpu in allowed}
    return [cpu for cpu in allowed if capacity[cpu] == max(capacity.values())]


def _capacity(root: Path, cpu: int) -> int:
    place = root / "sys/devices/system/cpu" / f"cpu{cpu}" / "cpu_capacity"
    try:
        return int(place.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
