"""onnxruntime: what its optimizer made of the graph, which provider runs each node, and what each kind costs.

Read from the profile that onnxruntime itself writes over a few runs, with the options of the engine.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.bench.roofline.placement import Placement, list_leftovers
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.extras import require

_RUNS = 8
_SKIPPED = 3
"""Runs whose times are left out: the first ones still allocate."""
_ERRORS_ONLY = 3
_CPU = "CPUExecutionProvider"
_QDQ = (
    "a quantize or dequantize was not fused with its neighbor: tflite-int8 keeps such a network whole in int8"
)
_LAYOUT = "the layout changes on the way: onnxruntime has no blocked (NCHWc) kernel for a neighbor; tflite needs none"
ADVICE = {
    "QuantizeLinear": _QDQ,
    "DequantizeLinear": _QDQ,
    "ReorderInput": _LAYOUT,
    "ReorderOutput": _LAYOUT,
    "Transpose": _LAYOUT,
    "Cast": "half precision is computed as float32 on a CPU: fp16 saves size, not time; take fp32 or int8 for speed",
    "DynamicQuantizeLinear": "ranges are taken at each run: int8 (calibrated) does it once, at export",
    "ConvInteger": "an integer convolution without fused scale: int8 (calibrated) runs as one QLinearConv",
    "MatMulInteger": "an integer product without fused scale: int8 (calibrated) runs as one fused operator",
    "MemcpyToHost": "a tensor travels between devices: an operator in the middle has no kernel on the accelerator",
    "MemcpyFromHost": "a tensor travels between devices: an operator in the middle has no kernel on the accelerator",
}
"""Kinds that are no work of the network itself."""
_ENDS = Counter(("QuantizeLinear", "DequantizeLinear"))
"""An int8 network with float ends has one of each; they are no fault."""


def placement(path: Path, contract: Contract, threads: int, inside: str) -> Placement:
    """Profile a few runs on zeros.

    Args:
        path: an ``.onnx`` file.
        contract: gives the input's name, shape and dtype.
        threads: given to the session.
        inside: an execution provider that is asked before the CPU's; empty: none.

    Raises:
        MissingExtra: onnxruntime is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="fer-bench-") as folder:
        events = _profile(path, contract, threads, Path(folder), inside)
    rest = events[len(events) * _SKIPPED // _RUNS :]
    nodes = events[: len(events) // _RUNS]
    left = +(Counter(_kind(event) for event in nodes if _kind(event) in ADVICE) - _ENDS)
    whole = sum(event["dur"] for event in rest) or 1
    shares = {name: sum(event["dur"] for event in rest if _kind(event) == name) / whole for name in left}
    providers = [str(event["args"].get("provider", "unknown")) for event in nodes]
    changes = sum(before != after for before, after in itertools.pairwise(providers))
    return Placement(changes + 1, dict(Counter(providers)), list_leftovers(left, ADVICE, "{}", shares))


def _profile(
    path: Path, contract: Contract, threads: int, folder: Path, provider: str
) -> list[dict[str, Any]]:
    """One event a node and run, in order."""
    runtime = require("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    session = runtime.InferenceSession(str(path), options, providers=[*filter(None, [provider]), _CPU])
    given = np.zeros(contract.input.shape, contract.input.dtype)
    for _ in range(_RUNS):
        session.run(None, {contract.input.name: given})
    events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    return [event for event in events if event["cat"] == "Node" and event["name"].endswith("_kernel_time")]


def _kind(event: dict[str, Any]) -> str:
    return str(event["args"].get("op_name", ""))
