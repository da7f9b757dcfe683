"""TFLite: the delegate's partitions (XNNPACK) and the operators that broke them.

Which they are is found by :mod:`fer_edge.runtime.engines.litert_delegation`; here stands what to do about each.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from fer_edge.bench.roofline.placement import Placement, list_leftovers
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.litert_delegation import delegation

_EXPORT = "export again with fer-export, which"
_FORMAT = (
    "the number format changes outside XNNPACK: at the input or output that is the price of --quantized-io, "
    "in the middle quantize the whole network (int8) or none of it"
)
ADVICE = {
    "PADV2": f"a padded max-pool became PADV2, which XNNPACK refuses: {_EXPORT} pads with zeros behind a ReLU instead",
    "MIRROR_PAD": "XNNPACK pads with zeros only: train with padding_mode='zeros'",
    "TRANSPOSE": f"the layout changes inside the graph: {_EXPORT} writes channels-last (NHWC) files",
    "MEAN": "XNNPACK takes means over height and width only: pool over both (AdaptiveAvgPool2d(1))",
    "GELU": "use ReLU, ReLU6 or HardSwish in the architecture",
    "HARD_SWISH": "XNNPACK takes HARD_SWISH in float only: export this network as fp32, fp16 or w8, or train it with ReLU6",
    "RESIZE_NEAREST_NEIGHBOR": "use bilinear resizing in the architecture",
    "SOFTMAX": "XNNPACK takes SOFTMAX in float only: at the end it is a few numbers, and nothing needs to change",
    "QUANTIZE": _FORMAT,
    "DEQUANTIZE": _FORMAT,
    "CAST": "the number format changes inside the graph: feed the artifact what its contract says, float32 or int8",
    "SHAPE": "the shape is computed at run time: export with a fixed input size",
    "GATHER": "an index is looked up at run time: replace the indexing in the architecture by slicing",
    "GATHER_ND": "an index is looked up at run time: replace the indexing in the architecture by slicing",
    "CONV_2D": "XNNPACK refused its number format: quantize the weights symmetrically (fer-export does)",
    "DEPTHWISE_CONV_2D": "XNNPACK refused its number format: quantize the weights symmetrically (fer-export does)",
    "FULLY_CONNECTED": "XNNPACK refused its number format: quantize the weights symmetrically (fer-export does)",
}
_OTHERWISE = "XNNPACK does not take {}: replace it in the architecture by an operator that it takes"


def placement(path: Path, contract: Contract, threads: int, inside: str) -> Placement:  # noqa: ARG001 - every engine's signature
    """Open a file with the default delegate and see what it leaves over; nothing is run.

    Args:
        path: a ``.tflite`` file.
        contract: not needed here.
        threads: given to the interpreter.
        inside: ``builtin``: without a delegate, so that nothing is left over from it.

    Raises:
        MissingExtra: ai-edge-litert is not installed.
    """
    if inside == "builtin":
        return Placement(0, {}, ())
    found = delegation(path, threads)
    left = Counter(found.leftover)
    operators = {"XNNPACK partitions": found.partitions, "TFLite's own kernels": left.total()}
    return Placement(found.partitions, operators, list_leftovers(left, ADVICE, _OTHERWISE))
