"""int8 for XNNPACK by PyTorch's PT2E quantization: weights per channel, activations by what calibration images show.

Two rules give the range of an activation, and the one whose answers on the held-out images are nearer to the original's
is kept: ``histogram``, XNNPACK's default, leaves rare extremes out where that lowers the error; ``extremes`` takes the
smallest and largest value of all. The softmax stays in float, as input and output do.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.formats.quiet import quiet
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fer_edge.export.formats.protocol import Calibration
    from fer_edge.runtime.contract import Contract

RULES = ("histogram", "extremes")
_LEAST_SCALE = 2**-12
"""As in XNNPACK's own configuration."""


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
        from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

        quantizer = XNNPACKQuantizer().set_global(_configuration(rule))
        prepared = prepare_pt2e(copy.deepcopy(program).module(check_guards=False), quantizer)
        for tensor in tensors:
            prepared(torch.from_numpy(tensor))
        return convert_pt2e(prepared)


def _configuration(rule: str) -> Any:
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import get_symmetric_quantization_config
    from torchao.quantization.pt2e import MinMaxObserver

    usual = get_symmetric_quantization_config(is_per_channel=True)
    if rule == "histogram":
        return usual
    activation = replace(
        usual.input_activation, observer_or_fake_quant_ctr=MinMaxObserver.with_args(eps=_LEAST_SCALE)
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
