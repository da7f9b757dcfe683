"""int8 for XNNPACK by PyTorch's PT2E quantization: weights per channel, activations by what calibration images show.

Two rules give the range of an activation, and the one whose answers on the held-out images are nearer to the original's
is kept: ``histogram``, XNNPACK's default, leaves rare extremes out where that lowers the error; ``extremes`` takes the
smallest and largest value of all. The softmax stays in float, as input and output do.

Two things differ from XNNPACK's own configuration, each of which costs it bits: a ReLU6 is one with what it cuts, as a ReLU
is, so that the range ends at 6; and the least scale of a weight is smaller.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fer_edge.export.formats.quiet import quiet
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.export.formats.protocol import Calibration
    from fer_edge.runtime.contract import Contract

RULES = ("histogram", "extremes")
LEAST_SCALE = 2**-12
"""Of an activation, as in XNNPACK's own configuration."""
LEAST_WEIGHT_SCALE = 2**-17
"""XNNPACK's own is 2^-12, which is coarser than rows of large dense layers need. Much smaller ones let biases overflow."""
_CLIPS = ("aten.hardtanh.default", "aten.hardtanh_.default")
_FUSED = (
    "aten.conv1d.default", "aten.conv2d.default", "aten.convolution.default", "aten.conv_transpose2d.input",
    "aten.linear.default", "aten.add.Tensor", "aten.add_.Tensor", "aten.mul.Tensor", "aten.mul_.Tensor",
)  # fmt: skip
"""What XNNPACK does in one step with the clip behind it (``FuseActivationPass``)."""


def calibrate(program: Any, calibration: Calibration, contract: Contract) -> Any:
    """The network with quantization around its operators, as a module to export.

    Args:
        program: a ``torch.export.ExportedProgram`` of the network with its softmax.
        calibration: images and reference probabilities.
        contract: of the artifact; its camera path turns the images into the network's input.

    Raises:
        ExportError: the quantizer refused.
    """
    given = [to_tensor(picture, contract) for picture in calibration.scaled]
    asked = [to_tensor(picture, contract) for picture in calibration.held_out]
    candidates = [_quantize(program, given, rule) for rule in RULES]
    if not asked:
        return candidates[0]
    distances = [float(np.abs(_answer(each, asked) - calibration.reference).mean()) for each in candidates]
    return candidates[int(np.argmin(distances))]


def _quantize(program: Any, tensors: list[NDArray[np.float32]], rule: str) -> Any:
    import torch

    with quiet("PT2E quantization"), torch.no_grad():
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        quantizer = _quantizer().set_global(_configuration(rule))
        prepared = prepare_pt2e(copy.deepcopy(program).module(check_guards=False), quantizer)
        for tensor in tensors:
            prepared(torch.from_numpy(tensor))
        return convert_pt2e(prepared)


def _quantizer() -> Any:
    """XNNPACK's, which knows ReLU as part of what it cuts, and here ReLU6 as well."""
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer

    class Quantizer(XNNPACKQuantizer):  # type: ignore[misc]  # executorch has no types
        # Those of training are captured anew for each network (seconds), and match nothing once BatchNorm is folded.
        SUPPORTED_PATTERNS: ClassVar = [
            each for each in XNNPACKQuantizer.SUPPORTED_PATTERNS if not each.is_qat
        ]

        def _annotate_for_quantization_config(self, model: Any) -> Any:
            annotated = super()._annotate_for_quantization_config(model)
            _quantize_behind_clips(annotated)
            return annotated

    return Quantizer()


def _quantize_behind_clips(model: Any) -> None:
    """Move the range of what a ReLU6 alone reads behind it."""
    from torchao.quantization.pt2e.quantizer import QuantizationAnnotation, QuantizationSpec
    from torchao.quantization.pt2e.quantizer.quantizer import Q_ANNOTATION_KEY

    for node in model.graph.nodes:
        before = node.args[0] if str(node.target) in _CLIPS else None
        if before is None or str(before.target) not in _FUSED or len(before.users) > 1:
            continue
        annotation = before.meta.get(Q_ANNOTATION_KEY)
        if annotation is not None and isinstance(annotation.output_qspec, QuantizationSpec):
            behind = QuantizationAnnotation(output_qspec=annotation.output_qspec, _annotated=True)
            node.meta[Q_ANNOTATION_KEY] = behind
            annotation.output_qspec = None


def _configuration(rule: str) -> Any:
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import get_symmetric_quantization_config
    from torchao.quantization.pt2e import MinMaxObserver, PerChannelMinMaxObserver

    usual = get_symmetric_quantization_config(is_per_channel=True)
    finer = PerChannelMinMaxObserver.with_args(eps=LEAST_WEIGHT_SCALE)
    usual = replace(usual, weight=replace(usual.weight, observer_or_fake_quant_ctr=finer))
    if rule == "histogram":
        return usual
    activation = replace(
        usual.input_activation, observer_or_fake_quant_ctr=MinMaxObserver.with_args(eps=LEAST_SCALE)
    )
    return replace(usual, input_activation=activation, output_activation=activation)


def _answer(network: Any, tensors: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """(n, labels) probabilities of a quantized network, computed by torch."""
    import torch

    with torch.no_grad():
        answers = [network(torch.from_numpy(tensor))["probabilities"].numpy() for tensor in tensors]
    found: NDArray[np.float64] = np.concatenate(answers).astype(np.float64)
    if not np.isfinite(found).all():
        raise ExportError("PT2E quantization made a network that answers with NaN or infinity")
    return found
