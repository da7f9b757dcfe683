"""ExecuTorch: ``torch.export``, lowered to XNNPACK, in float32 and int8; what XNNPACK does not take runs in portable kernels.

Contract and digest are strings that two further methods of the program return (``runtime.containers.executorch``), so that
an app can ask for them: ``module.execute("fer_edge_contract")``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fer_edge.export.capture.graphs import export_graph, trace_graph
from fer_edge.export.capture.wrappers import wrap
from fer_edge.export.formats.captures import try_captures
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.executorch.quantization import calibrate
from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.export.formats.protocol import Request, of_precision
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.rewrites.batch_norm import add_scales
from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal
from fer_edge.runtime.containers.limits import KEY
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from torch import nn


def _lowered(request: Request) -> tuple[Any, bytes]:
    """The network with its softmax as ``torch.export`` reads it, and the float32 file of it."""
    strings = _strings(request)

    def read(network: nn.Module) -> tuple[Any, bytes]:
        import torch

        frontend, example = wrap(add_scales(network), request.source.contract, "tensor")
        with quiet("torch.export"), torch.no_grad():
            program = torch.export.export(frontend, (example,))
        _refuse_nonfinite_weights(program)
        return program, lower(program, strings)

    return request.once(
        "float32",
        lambda: try_captures(request, request.source.module, read, [export_graph, trace_graph], "network"),
    )


def _strings(request: Request) -> dict[str, str]:
    """What the further methods return; the contract is the same in both precisions."""
    contract = derive_contract(request.variant, request.source.contract)
    return {KEY: contract.text, DIGEST_KEY: BLANK_DIGEST}


def _refuse_nonfinite_weights(program: Any) -> None:
    for name, value in {**program.state_dict, **program.constants}.items():
        if getattr(value, "is_floating_point", bool)():
            refuse_nonfinite(name, value.detach().numpy())


def float_model(request: Request) -> bytes:
    """The float32 file before its digest."""
    return _lowered(request)[1]


def _quantized(request: Request) -> bytes:
    import torch

    calibration = request.calibration
    if calibration is None or not len(calibration.scaled):
        raise ExportError(f"{request.variant.name} needs calibration images: pass --calibration DIR")
    program, _ = _lowered(request)
    contract = derive_contract(request.variant, request.source.contract)
    network, example = calibrate(program, calibration, contract), program.example_inputs[0]
    with quiet("torch.export"), torch.no_grad():
        quantized = torch.export.export(network, example)
    return lower(quantized, _strings(request))


WEIGHTS: dict[str, Callable[[Request], bytes]] = {"fp32": float_model, "int8": _quantized}


def lower(program: Any, strings: dict[str, str]) -> bytes:
    """The file of a program.

    Args:
        program: a ``torch.export.ExportedProgram``; left as it is.
        strings: what further methods return, by their names.

    Raises:
        ExportError: an operator has no kernel.
    """
    with quiet("the ExecuTorch converter"):
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower

        edge = to_edge_transform_and_lower(
            program,
            partitioner=[XnnpackPartitioner()],
            constant_methods=strings,
            # Its checks know core operators only, and stop at quantized ones and at what has a portable kernel.
            compile_config=EdgeCompileConfig(_check_ir_validity=False),
        )
        return bytes(edge.to_executorch().buffer)


def convert(request: Request) -> Contract:
    """Write a ``.pte`` file: method ``forward`` takes (1, C, H, W) float32 and returns (1, labels) float32.

    Raises:
        ExportError: ``torch.export`` or ExecuTorch refused the network, a weight is not finite, or calibration images are
            missing for int8.
    """
    make = of_precision(WEIGHTS, request.variant)
    request.path.write_bytes(seal(make(request)))
    return derive_contract(request.variant, request.source.contract)
