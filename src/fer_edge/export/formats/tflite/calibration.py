"""Activation ranges for int8: measured once on calibration images, kept by the best of three rules.

The rules differ in what becomes of each image's smallest and largest value: ``average`` is the quantizer's default (a
moving average, 0.95 old to 0.05 new, in the order of the images), ``extremes`` keeps the smallest and largest of all, ``halfway``
is in the middle. None is better for every network, so files are built and the one nearest to PyTorch is kept (``range_rules``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats.contracts import INPUT_NAME, OUTPUT_NAME
from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.formats.range_rules import HALFWAY, measure_rules
from fer_edge.export.formats.tflite.bias import with_floors
from fer_edge.export.formats.tflite.dead_ranges import widen_dead
from fer_edge.export.formats.tflite.quantization import Range, Ranges, quantize
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Calibration
    from fer_edge.runtime.contract import Contract

SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Calibrated:
    """The rule that was kept.

    Attributes:
        rule: ``extremes``, ``halfway`` or ``average``.
        ranges: for the quantizer.
        distances: rule that was tried -> mean absolute difference to PyTorch's probabilities on the held-out images.
    """

    rule: str
    ranges: Ranges
    distances: dict[str, float]


def calibrate(model: bytes, calibration: Calibration, contract: Contract, precision: str) -> Calibrated:
    """Measure ranges, build int8 by the rules, keep the nearest one.

    The measure is the mean absolute difference of probabilities between the int8 file with float32 ends and PyTorch,
    over all labels and held-out images; on a tie the wider ranges stay.

    Args:
        model: float32 flatbuffer.
        calibration: images and reference probabilities.
        contract: of the float32 variant with the same interface.
        precision: what is built by the rules.

    Raises:
        ExportError: no images, a tensor that is not finite, or the quantizer refused.
    """
    if not len(calibration.scaled) or not len(calibration.held_out):
        raise ExportError("int8 needs calibration images and held-out images; none came")
    tensors = [to_tensor(picture, contract) for picture in calibration.scaled]
    measured = {rule: widen_dead(model, ranges) for rule, ranges in _measure(model, tensors).items()}
    held_out = [to_tensor(picture, contract) for picture in calibration.held_out]

    def distance(rule: str) -> float:
        measured[rule] = with_floors(model, measured[rule])
        made = quantize(model, precision, ranges=measured[rule])
        return _distance(made, held_out, calibration.reference)

    distances = measure_rules("extremes", "average", distance)
    rule = min(distances, key=lambda name: distances[name])
    return Calibrated(rule, measured[rule], distances)


def _measure(model: bytes, tensors: list[NDArray[np.float32]]) -> dict[str, Ranges]:
    """Run the float network on each tensor (batch 1, in order); ranges by all rules from one pass."""
    for number, tensor in enumerate(tensors):
        refuse_nonfinite(f"calibration image {number}", tensor)
    # A list, never a generator: that one is used up by counting and leaves an empty calibration without an error.
    samples = [{INPUT_NAME: tensor} for tensor in tensors]
    with quiet("calibration"):
        from ai_edge_quantizer import calibrator, recipe, recipe_manager

        everything = recipe_manager.RecipeManager()
        everything.load_quantization_recipe(recipe.static_wi8_ai8())
        tool = calibrator.Calibrator(model, num_threads=1, qsv_update_func=_update_both)
        tool.calibrate({SIGNATURE: samples}, everything)
        found = tool.get_model_qsvs()
    average = {name: {"min": item["min"], "max": item["max"]} for name, item in found.items() if item}
    extremes = {
        name: {"min": item.get("lowest", item["min"]), "max": item.get("highest", item["max"])}
        for name, item in found.items()
        if item
    }
    for name, item in extremes.items():
        refuse_nonfinite(f"range of {name}", np.concatenate([np.ravel(item["min"]), np.ravel(item["max"])]))
    half = {
        name: {end: np.float32(0.5) * (value + average[name][end]) for end, value in item.items()}
        for name, item in extremes.items()
    }
    return {"extremes": extremes, HALFWAY: half, "average": average}


def _update_both(old: Range, new: Range) -> Range:
    """One image more: the default rule under ``min``/``max``, the extremes beside it."""
    from ai_edge_quantizer.utils.qsv_utils import moving_average_update

    if not old:
        return new
    updated = cast(Range, moving_average_update(old, new))
    updated["lowest"] = np.minimum(old.get("lowest", old["min"]), new["min"])
    updated["highest"] = np.maximum(old.get("highest", old["max"]), new["max"])
    return updated


def _distance(model: bytes, tensors: list[NDArray[np.float32]], reference: NDArray[np.float32]) -> float:
    return float(np.abs(answer(model, tensors).astype(np.float64) - reference.astype(np.float64)).mean())


def answer(model: bytes, tensors: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Probabilities of a file with float32 ends, (n, labels) float32."""
    run = _runner(model)
    return np.stack([np.ravel(run(**{INPUT_NAME: tensor})[OUTPUT_NAME]) for tensor in tensors])


def _runner(model: bytes) -> Any:
    with quiet("opening the int8 file"):
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
        return interpreter.get_signature_runner(SIGNATURE)
