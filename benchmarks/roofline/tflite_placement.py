"""TFLite: the delegate's partitions (XNNPACK) and the operators that broke them.

After ``allocate_tensors`` the interpreter's plan holds a ``DELEGATE`` operator for each partition, but also still lists
the operators inside it. Counting is not enough, so the plan is walked from its outputs back through what really runs.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from fer_edge.benchmarks.roofline.placement import Placement, listed
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.quiet import quiet
from fer_edge.runtime.extras import require

_DELEGATE = "DELEGATE"
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
    library = require("ai_edge_litert.interpreter", "tflite")
    with quiet():
        interpreter = library.Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    outputs = [int(details["index"]) for details in interpreter.get_output_details()]
    ran = _ran(interpreter._get_ops_details(), outputs)
    left = Counter(name for name in ran if name != _DELEGATE)
    partitions = len(ran) - left.total()
    operators = {"XNNPACK partitions": partitions, "TFLite's own kernels": left.total()}
    return Placement(partitions, operators, listed(left, ADVICE, _OTHERWISE))


def _ran(operators: list[dict[str, Any]], outputs: list[int]) -> list[str]:
    """Names of what is executed, a partition as ``DELEGATE``."""
    producers: dict[int, dict[str, Any]] = {}
    for operator in operators:
        for tensor in operator["outputs"]:
            if int(tensor) not in producers or operator["op_name"] == _DELEGATE:
                producers[int(tensor)] = operator
    ran: dict[int, str] = {}
    pending = list(outputs)
    while pending:
        found = producers.get(pending.pop())
        if found is None or int(found["index"]) in ran:
            continue
        ran[int(found["index"])] = str(found["op_name"])
        pending.extend(int(tensor) for tensor in found["inputs"] if tensor >= 0)
    return list(ran.values())
