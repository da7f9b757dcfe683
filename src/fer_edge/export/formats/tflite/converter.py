"""TFLite: every precision, both interfaces, quantized ends; read by LiteRT, MediaPipe Tasks and older TFLite runtimes.

The path of a variant::

    module -> float32 flatbuffer -> quantizer -> uint8 ends (image -qio) -> metadata and contract -> labels.txt behind it

Pools that the converter gets wrong are put into plain forms first (``rewrites.pooling``). The float32 flatbuffer of each
interface is made once per process; int8 takes one of its own only where the network has hard-swish or hard-sigmoid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fer_edge.export.capture.graphs import export_graph, trace_graph
from fer_edge.export.capture.wrappers import make_example_tensor, wrap
from fer_edge.export.formats.captures import note_capture, try_captures
from fer_edge.export.formats.contracts import INPUT_NAME, derive_contract
from fer_edge.export.formats.protocol import of_precision
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.formats.tflite.equalized import equalize_model
from fer_edge.export.formats.tflite.flat_bias import flatten_biases
from fer_edge.export.formats.tflite.flatbuffer import TFLite, refuse_nonfinite_tensors
from fer_edge.export.formats.tflite.metadata import (
    CONTRACT_NAME,
    METADATA_NAME,
    append_labels,
    build_metadata,
)
from fer_edge.export.formats.tflite.quantization import RECIPES, quantize
from fer_edge.export.formats.tflite.uint8 import make_ends_uint8
from fer_edge.export.rewrites.batch_norm import rewrite_linear
from fer_edge.export.rewrites.delegates import HARD_SIGMOID, HARD_SWISH, MAX_POOL, rewrite_for_delegates
from fer_edge.export.rewrites.pooling import TFLITE as TFLITE_POOLS
from fer_edge.export.rewrites.pooling import rewrite_pools
from fer_edge.export.rewrites.single_precision import rewrite_single
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.formats import CALIBRATED
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.export.formats.protocol import Request
    from fer_edge.export.formats.tflite.calibration import Calibrated
    from fer_edge.runtime.contract import Contract


def _refuse_training_mode(module: nn.Module) -> None:
    """The converter would take statistics of one example for the network's own, without an error."""
    if any(child.training for child in module.modules()):
        raise ExportError(
            "the network is in training mode and would be converted wrongly; call .eval() first"
        )


def convert_float(module: nn.Module, contract: Contract, interface: str) -> bytes:
    """One float32 flatbuffer with signature ``serving_default``: ``image`` (1, H, W, C) -> ``probabilities``.

    Args:
        module: the original, or its rewritten form.
        contract: the reference contract.
        interface: ``tensor`` or ``image``.

    Raises:
        ExportError: the converter refused.
    """
    frontend, example = wrap(module, contract, interface, tensor="NHWC")
    with quiet("the TFLite converter"):
        import litert_torch

        litert_torch.config.show_progress = False
        model = litert_torch.convert(frontend, sample_kwargs={INPUT_NAME: example})
        return bytes(model.model_content())


def _calibrated_model(request: Request) -> bytes:
    variant = request.variant
    ends = {"tensor": "both", "image": "output"}[variant.interface] if variant.quantized_io else "none"
    ranges = _calibrated(request).ranges
    return quantize(float_model(request, for_int8=True), variant.precision, ranges=ranges, integer_ends=ends)


def _mixed_model(request: Request) -> bytes:
    """The int8 file in which the layers that cost accuracy stay in float; see ``formats.mixed``."""
    from fer_edge.export.formats.mixed import Search
    from fer_edge.export.formats.tflite.calibration import answer
    from fer_edge.export.formats.tflite.units import list_units

    calibration, ranges = request.calibration, _calibrated(request).ranges
    assert calibration is not None  # or _calibrated had raised
    model = float_model(request, for_int8=True)
    contract = derive_contract(request.variant, request.source.contract)
    tensors = [to_tensor(picture, contract) for picture in calibration.held_out]
    search = Search(
        list_units(model),
        lambda kept: quantize(model, request.variant.precision, ranges=ranges, in_float=kept),
        lambda file: answer(file, tensors),
        calibration.reference,
        request.limits,
    )
    found = search.run()
    request.note(search.describe(found))
    return found.file


def _smaller(request: Request) -> bytes:
    return quantize(float_model(request), request.variant.precision)


def float_model(request: Request, *, for_int8: bool = False) -> bytes:
    """The float32 flatbuffer of the request's interface, made once a process.

    Args:
        request: its precision does not matter here.
        for_int8: with hard-swish and hard-sigmoid in forms that delegates take in int8, and channels balanced.
    """
    plain = _network(request)
    module = _int8_network(request, plain) if for_int8 else plain
    interface = request.variant.interface
    form = "plain" if module is plain else "int8"

    network = _understood(request, module, form)

    def convert(network: nn.Module) -> bytes:
        model = convert_float(network, request.source.contract, interface)
        file = TFLite.read(model)
        refuse_nonfinite_tensors(file)
        return file.write() if flatten_biases(file) else model

    found: bytes = request.once(
        f"{form} {interface}",
        lambda: try_captures(request, network, convert, [export_graph, trace_graph], form),
    )
    note_capture(request, form)
    return request.once(f"balanced {form} {interface}", lambda: equalize_model(found)) if for_int8 else found


def _network(request: Request) -> nn.Module:
    """The network for every precision: padded max-pools become PADV2, which delegates refuse in float32 too."""
    folded = request.once_noted(
        "linear", lambda notes: rewrite_linear(request.source.module, _example(request), notes)
    )
    return _rewritten(request, "network", folded, {MAX_POOL})


def _int8_network(request: Request, plain: nn.Module) -> nn.Module:
    """The network for int8: ``plain`` itself if nothing in it has to change."""
    return _rewritten(request, "int8 network", plain, {HARD_SWISH, HARD_SIGMOID})


def _understood(request: Request, module: nn.Module, form: str) -> nn.Module:
    """The network without float64 and with pools that the converter gets right; ``module`` itself where all is well."""
    example = _example(request)

    def make(notes: list[str]) -> nn.Module:
        return rewrite_pools(rewrite_single(module, example, notes), example, TFLITE_POOLS, notes)

    return request.once_noted(f"{form} pools", make)


def _rewritten(request: Request, key: str, module: nn.Module, rules: set[str]) -> nn.Module:
    return request.once_noted(
        key, lambda notes: rewrite_for_delegates(module, _example(request), rules, notes)
    )


def _example(request: Request) -> Tensor:
    return make_example_tensor(request.source.contract)


def _calibrated(request: Request) -> Calibrated:
    """Measured once for an interface: the files with float32 and with integer ends share ranges and rule."""
    from fer_edge.export.formats.tflite.calibration import calibrate

    variant, calibration = request.variant, request.calibration
    if calibration is None:
        raise ExportError(f"{variant.name} needs calibration images: pass --calibration DIR")
    contract = derive_contract(Variant(variant.format, "fp32", variant.interface), request.source.contract)
    model = float_model(request, for_int8=True)
    found: Calibrated = request.once(
        f"calibrated {variant.interface}",
        lambda: calibrate(model, calibration, contract, "int8"),
    )
    return found


def _contract(file: TFLite, variant: Variant, reference: Contract) -> Contract:
    """Scales and zero points are those that the file holds; a uint8 picture has none in the contract."""
    source, result = file.io_quantization()
    return derive_contract(
        variant,
        reference,
        input_quantization=source if variant.interface == "tensor" else None,
        output_quantization=result,
    )


WEIGHTS: dict[str, Callable[[Request], bytes]] = {
    "fp32": float_model,
    **{precision: _calibrated_model if precision in CALIBRATED else _smaller for precision in RECIPES},
    "auto": _mixed_model,
}


def convert(request: Request) -> Contract:
    """Write the ``.tflite`` file with its contract inside; return that contract.

    Raises:
        ExportError: the converter or the quantizer refused, or a value is not finite.
    """
    variant, reference = request.variant, request.source.contract
    make = of_precision(WEIGHTS, variant)
    _refuse_training_mode(request.source.module)
    file = TFLite.read(make(request))
    if variant.quantized_io and variant.interface == "image":
        make_ends_uint8(file)
    refuse_nonfinite_tensors(file)
    contract = _contract(file, variant, reference)
    file.add_metadata(METADATA_NAME, build_metadata(contract, contract.normalization))
    file.add_metadata(CONTRACT_NAME, contract.text.encode("utf-8"))
    file.add_metadata(DIGEST_KEY, BLANK_DIGEST.encode())
    request.path.write_bytes(seal(append_labels(file.write(), contract.labels)))
    return contract
