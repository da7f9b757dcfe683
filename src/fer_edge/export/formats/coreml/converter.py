"""Core ML: ``mlprogram`` packages for iOS 16 and later, written on any system.

| precision | weights                       | arithmetic                                           |
|-----------|-------------------------------|------------------------------------------------------|
| fp32      | float32                       | float32                                              |
| fp16      | float16                       | float16 (what the Neural Engine takes); gray float32 |
| w8        | int8, one scale for a channel | float32                                              |
| int8      | int8, one scale for a channel | int8 into products, pools and sums, else float16; iOS 17 |

Tensor interface: MultiArray ``image`` float32 (1, C, H, W) -> MultiArray ``probabilities`` float32 (1, labels), also in
fp16. Image interface: an RGB picture ``image`` -> the string ``classLabel`` and the dictionary ``probabilities``; gray
and normalization are in the program, without a scale or bias at the input that a caller could get wrong.
"""

from __future__ import annotations

import gc
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fer_edge.export.capture.graphs import export_graph
from fer_edge.export.capture.recording import Call, Recording, record
from fer_edge.export.capture.tracing import trace
from fer_edge.export.capture.wrappers import make_example_tensor, wrap
from fer_edge.export.formats.captures import try_captures
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.coreml.activations import PRODUCTS, Grids, find_grids
from fer_edge.export.formats.coreml.constants import read_constants
from fer_edge.export.formats.coreml.package import write_package
from fer_edge.export.formats.coreml.trace_check import check_trace
from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.export.formats.protocol import Request, of_precision
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.rewrites.batch_norm import rewrite_linear
from fer_edge.export.rewrites.pooling import COREML as COREML_POOLS
from fer_edge.export.rewrites.pooling import rewrite_pools
from fer_edge.export.rewrites.resize import rewrite_resizes
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError

FINEST = 2.0**-20
"""Smallest scale of a weight's channel, which float16 rounds by 3 %; quantizing with less would lose bits."""
COMPRESSION = "compression::linear_quantize_weights"
NEEDS = "8-bit activations take iOS 17 or macOS 14, and later"


def _write(request: Request, contract: Contract, network: nn.Module, weights: _Weights) -> None:
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        if weights.calibrated:
            _write_quantized(request, contract, network, weights, Path(folder))
        else:
            raw = _save(request, contract, network, weights, Path(folder) / "raw.mlpackage")
            write_package(raw, request.path, contract)


def _save(request: Request, contract: Contract, network: nn.Module, weights: _Weights, raw: Path) -> Path:
    _convert(request, contract, network, weights).save(str(raw))
    return raw


def _write_quantized(
    request: Request, contract: Contract, network: nn.Module, weights: _Weights, folder: Path
) -> None:
    """Convert in float, measure, and convert again with activations on grids.

    Raises:
        ExportError: there are no calibration images.
    """
    calibration = request.calibration
    if calibration is None or not len(calibration.scaled):
        raise ExportError(f"{request.variant.name} needs calibration images; none came")
    request.note(NEEDS)
    source = _save(request, contract, network, replace(weights, compressed=False), folder / "raw.mlpackage")
    grids, fine = find_grids(source, calibration, contract), tuple(_find_fine(source))
    made = replace(weights, grids=grids, fine=fine)
    write_package(
        _save(request, contract, network, made, folder / "stored.mlpackage"), request.path, contract
    )


def _find_fine(package: Path) -> Iterator[str]:
    """Weights with a channel whose scale float16 cannot hold well: next to nothing, as a fold of BatchNorm leaves of what it switches off."""
    for constant in read_constants(package):
        rows = np.abs(constant.values)
        if rows.ndim > 1:
            axis = 1 if ("conv_transpose", "weight") in constant.readers else 0
            largest = np.moveaxis(rows, axis, 0).reshape(rows.shape[axis], -1).max(axis=1)
            if (largest < 127 * FINEST).any():
                yield constant.name


@contextmanager
def _folders_collected() -> Iterator[None]:
    """Let the converter's own temporary folders go at the end; it leaves them to the garbage collector."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Implicitly cleaning up", category=ResourceWarning)
        try:
            yield
        except Exception as error:
            # What an error remembers would keep them.
            fault: BaseException | None = error
            while fault is not None:
                traceback.clear_frames(fault.__traceback__)
                fault = fault.__context__
            raise
        finally:
            gc.collect()


class _Plain(nn.Module):
    """A frontend with a plain tensor as output, as the converter wants it."""

    def __init__(self, frontend: nn.Module) -> None:
        super().__init__()
        self.frontend = frontend

    def forward(self, image: Tensor) -> Tensor:
        output: dict[str, Tensor] = self.frontend(image)
        return output["probabilities"]


def _convert(request: Request, contract: Contract, network: nn.Module, weights: _Weights) -> Any:
    import coremltools as ct

    image = request.variant.interface == "image"
    half = ct.transform.FP16ComputePrecision(op_selector=_after_first_product())
    return ct.convert(
        _traced(request, network),
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS17 if weights.calibrated else ct.target.iOS16,
        compute_precision=half if weights.half else ct.precision.FLOAT32,
        inputs=[_image_input(contract) if image else _tensor_input(contract)],
        # The dictionary gets the name "probabilities" in the finished package; here it would not be free.
        outputs=[
            ct.TensorType(name="scores") if image else ct.TensorType(name="probabilities", dtype=np.float32)
        ],
        classifier_config=ct.ClassifierConfig(list(contract.labels)) if image else None,
        pass_pipeline=_passes(weights, _record(request).calls),
        skip_model_load=True,
    )


def _record(request: Request) -> Recording:
    source = request.source
    return request.once("record", lambda: record(source.module, make_example_tensor(source.contract)))


def _passes(weights: _Weights, calls: list[Call]) -> Any:
    """The default rewrites but those that are wrong, and for w8 the compression of weights behind them.

    One would turn mean and std of the image interface into a batch_norm with an epsilon of 1e-5 in it. Compressing
    a finished package instead would run it after all. Two multiply the wrong channels where they fold into a transposed
    convolution in groups (coremltools 9.0).
    """
    import coremltools as ct
    from coremltools.optimize import coreml

    pipeline = ct.PassPipeline()
    pipeline.remove_passes({"common::fuse_elementwise_to_batchnorm"})
    # (..., transposed, output padding, groups)
    if any(
        call.name == "aten::convolution" and call.arguments[6] and call.arguments[8] > 1 for call in calls
    ):
        pipeline.remove_passes({"common::fuse_conv_batchnorm", "common::fuse_conv_scale"})
    if weights.grids:
        from fer_edge.export.formats.coreml.quantizing_pass import NAME

        # Names become what they are in the package, by which grids are known.
        pipeline.append_pass("mil_backend::sanitize_name_strings")
        pipeline.append_pass(NAME)
        pipeline.set_options(NAME, {"grids": weights.grids})
    if weights.compressed:
        # For all operators alike: a bias that equals a constant of another kind is stored once and may have one rule.
        # Vectors, and tensors of less than ten values (mean, std), are never compressed.
        config = coreml.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", weight_threshold=0)
        pipeline.append_pass(COMPRESSION)
        options = coreml.OptimizationConfig(global_config=config, op_name_configs=dict.fromkeys(weights.fine))
        pipeline.set_options(COMPRESSION, {"config": options})
    return pipeline


def _tensor_input(contract: Contract) -> Any:
    import coremltools as ct

    # Without a dtype the fp16 package would ask its caller for float16.
    return ct.TensorType(name="image", shape=contract.input.shape, dtype=np.float32)


def _image_input(contract: Contract) -> Any:
    import coremltools as ct

    shape = (1, 3, contract.input.height, contract.input.width)
    return ct.ImageType(name="image", shape=shape, color_layout=ct.colorlayout.RGB)


def _traced(request: Request, network: nn.Module) -> torch.jit.ScriptModule:
    """A trace for one conversion, because the converter writes into it; the first one of an interface is judged."""
    interface = request.variant.interface
    frontend, example = wrap(network, request.source.contract, interface, image="NCHW")
    graph = trace(_Plain(frontend).eval(), example)
    key = f"coreml:judged:{interface}"
    if request.memo.get(key) is not network:
        check_trace(graph, request)
        request.memo[key] = network
    return graph


def _network(request: Request) -> nn.Module:
    """The original in a form that the converter gets right: pools, resizes, BatchNorm behind linear layers, writes.

    Raises:
        ExportError: what it gets wrong has no other form that is proven equal.
    """

    def rewritten(notes: list[str]) -> nn.Module:
        faults: list[str] = []
        example = make_example_tensor(request.source.contract)
        folded = rewrite_linear(request.source.module, example, notes)
        network = rewrite_resizes(rewrite_pools(folded, example, COREML_POOLS, faults), example, faults)
        if faults:
            raise ExportError(f"coremltools would pool or resize wrongly in this network, and {faults[0]}")
        return _without_shared_writes(network, _record(request), example)

    return request.once_noted("network", rewritten)


def _without_shared_writes(network: nn.Module, seen: Recording, example: Tensor) -> nn.Module:
    """The network without writes into memory that is read through other tensors: the converter loses them."""
    if not seen.shared:
        return network
    try:
        return export_graph(network, example)
    except ExportError as error:
        write = seen.shared[0]
        at = f" at {Path(write.place.file).name[:80]}:{write.place.line}" if write.place else ""
        raise ExportError(
            f"coremltools would lose what {write.operator}{at} writes into a part of a tensor that is read again, "
            f"and without such writes {str(error)[:200]}; write it without the in-place operator"
        ) from error


def _after_first_product() -> Callable[[Any], bool]:
    """Which operators compute in float16: all from the first convolution or matrix product on.

    What lies before it is gray and normalization, whose sums of 255 * 255 float16 cannot hold exactly.
    """
    known: dict[str, bool] = {}

    def behind(operator: Any) -> bool:
        """True if the operator is a product or gets values from one."""
        if operator.name not in known:
            sources = (value.op for value in operator.get_flattened_inputs() if value.op is not None)
            known[operator.name] = operator.op_type in PRODUCTS or any(behind(source) for source in sources)
        return known[operator.name]

    return behind


@dataclass(frozen=True)
class _Weights:
    """How a precision differs.

    Attributes:
        half: whether everything behind gray and normalization computes in float16.
        compressed: whether weights are stored as int8.
        calibrated: whether it becomes a package with quantized activations.
        grids: of values that are stored in 8 bits.
        fine: weights that are not compressed.
    """

    half: bool = False
    compressed: bool = False
    calibrated: bool = False
    grids: Grids = field(default_factory=dict)
    fine: tuple[str, ...] = ()


WEIGHTS: dict[str, _Weights] = {
    "fp32": _Weights(),
    "fp16": _Weights(half=True),
    "w8": _Weights(compressed=True),
    "int8": _Weights(half=True, compressed=True, calibrated=True),
}


def convert(request: Request) -> Contract:
    """Write an ``.mlpackage`` folder with its contract in the user metadata ``fer_edge_contract``.

    Raises:
        ExportError: coremltools refused an operator, or a weight is not finite.
    """
    weights = of_precision(WEIGHTS, request.variant)
    contract = derive_contract(request.variant, request.source.contract)

    def write(network: nn.Module) -> None:
        # What is not finite after a fold is refused below, with the tensor's name.
        with quiet("Core ML conversion"), _folders_collected(), np.errstate(all="ignore"):
            _write(request, contract, network, weights)

    try_captures(request, _network(request), write, [export_graph], "network")
    for constant in read_constants(request.path):
        refuse_nonfinite(constant.name, constant.values)
    return contract
