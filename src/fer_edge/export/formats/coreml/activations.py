"""Activations of int8: which are stored in 8 bits, and on what grid, by the evaluator, since coremltools measures on macOS only.

What convolutions, linear layers, pools and sums read is stored, for which Core ML has 8-bit kernels; all else stays in float16.
Two rules give a range, and the one by which the program answers held-out images more like the original is kept: ``average``
takes the mean of each image's smallest and largest value, ``extremes`` those of all images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.coreml import root_model
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from torch import Tensor

    from fer_edge.export.formats.protocol import Calibration
    from fer_edge.runtime.contract import Contract
    from fer_edge.runtime.mil.evaluator import Evaluator, Hand, Outcome
    from fer_edge.runtime.mil.program import Program

PRODUCTS = ("conv", "conv_transpose", "linear", "matmul")
STORED = ("conv", "conv_transpose", "linear", "add", "avg_pool", "max_pool")
"""Operators that compute on 8 bits where what they read is stored so."""
LEAST = float(np.finfo(np.float16).tiny)
"""Smallest scale that float16 holds with all its bits; a value with a smaller one stays in float."""

Ends = tuple[float, float]
Seen = dict[str, list[Ends]]
"""Value of a program -> its smallest and largest number on each image."""


def extremes(seen: Sequence[Ends]) -> Ends:
    """The extremes over all images."""
    return min(low for low, _ in seen), max(high for _, high in seen)


def average(seen: Sequence[Ends]) -> Ends:
    """The mean of each image's extremes."""
    low, high = np.mean(np.asarray(seen, np.float64), axis=0)
    return float(low), float(high)


RULES: Mapping[str, Callable[[Sequence[Ends]], Ends]] = {"average": average, "extremes": extremes}
Grids = Mapping[str, tuple[float, int]]
"""Value of a program -> scale and zero point of int8."""


def find_grids(package: Path, calibration: Calibration, contract: Contract) -> Grids:
    """The better grids of two, one for each rule.

    Args:
        package: the same program in float.
        calibration: images for ranges, and others to choose by.
        contract: of the artifact.

    Raises:
        ExportError: a value is not finite.
        UnknownOperator: the evaluator lacks an operator of it.
    """
    seen = measure(package, (to_tensor(picture, contract) for picture in calibration.scaled))
    names = list_stored(_program(package))
    found = {
        rule: {name: grid_of(*range_of(seen[name])) for name in names if name in seen}
        for rule, range_of in RULES.items()
    }
    choices = [{name: grid for name, grid in grids.items() if grid[0] >= LEAST} for grids in found.values()]
    tensors = [to_tensor(picture, contract) for picture in calibration.held_out]

    def distance(grids: Grids) -> float:
        answers = _answer(package, grids, tensors, contract)
        return float(np.abs(answers - calibration.reference).mean())

    return min(choices, key=distance) if tensors else choices[0]


def list_stored(program: Program) -> list[str]:
    """Values of a program that are stored in 8 bits; what lies before the first product is gray and normalization."""
    behind: set[str] = set()
    fixed: set[str] = set()
    found: dict[str, None] = {}
    for operation in program.operations:
        read = {key: items[0] for key, items in operation.arguments.items() if len(items) == 1}
        names = [name for items in operation.arguments.values() for name in items if isinstance(name, str)]
        outputs = [name for name, _ in operation.outputs]
        if fixed.issuperset(names):
            fixed.update(outputs)
        elif operation.type in PRODUCTS or behind.intersection(names):
            behind.update(outputs)
            given = [read.get(key) for key in (("x", "y") if operation.type == "add" else ("x",))]
            # A sum with a constant is a bias, which stays with its product.
            live = [name for name in given if isinstance(name, str) and name not in fixed]
            if operation.type in STORED and len(live) == len(given):
                found.update(dict.fromkeys(live))
    return list(found)


def grid_of(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point of int8 that cover a range and 0, as coremltools' mode ``linear`` has them; 0 and 0 of nothing but zeros."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    return scale, (round(-128 - low / scale) if scale else 0)


def measure(package: Path, inputs: Iterable[NDArray[Any]]) -> Seen:
    """Run a float package on each input and note every value's extremes, float16 taken for exact.

    Args:
        package: whose values are to be seen.
        inputs: what the package takes, as ``runtime.camera.to_tensor`` makes it.

    Raises:
        ExportError: a value is not finite.
        UnknownOperator: the evaluator lacks an operator of it.
    """
    seen: Seen = {}

    def note(name: str, tensor: Tensor) -> Tensor:
        if tensor.is_floating_point() and tensor.numel():
            ends = float(tensor.min()), float(tensor.max())
            if not np.isfinite(ends).all():
                raise ExportError(f"{name} is not finite on a calibration image")
            seen.setdefault(name, []).append(ends)
        return tensor

    run = _runner(package, note)
    for tensor in inputs:
        run(tensor)
    return seen


def _answer(
    package: Path, grids: Grids, tensors: Sequence[NDArray[Any]], contract: Contract
) -> NDArray[np.float64]:
    """Probabilities, (n, labels), of a float package whose values lie on grids."""

    def put(name: str, tensor: Tensor) -> Tensor:
        if name not in grids:
            return tensor
        scale, zero = grids[name]
        return ((tensor / scale).round() + zero).clamp(-128, 127).sub(zero).mul(scale)

    run, rows = _runner(package, put), []
    for tensor in tensors:
        outcome = run(tensor)
        if outcome.probabilities is None:
            rows.append(outcome.values[contract.output.name].numpy().reshape(-1))
        else:
            order = [outcome.classes.index(label) for label in contract.labels]
            rows.append(outcome.probabilities.numpy().reshape(-1)[order])
    return np.stack(rows).astype(np.float64)


def _runner(package: Path, hand: Hand) -> Callable[[NDArray[Any]], Outcome]:
    from fer_edge.export.formats.coreml.layers import make_inputs
    from fer_edge.runtime.mil.evaluator import Evaluator

    program = _program(package)
    evaluator: Evaluator = Evaluator(program, rounding="ideal")

    def run(tensor: NDArray[Any]) -> Outcome:
        given = make_inputs(program, tensor)
        handed = {name: hand(name, torch.from_numpy(values)).numpy() for name, values in given.items()}
        return evaluator.run(handed, hand)

    return run


def _program(package: Path) -> Program:
    from fer_edge.runtime.mil.program import read_program

    return read_program(root_model(package))
