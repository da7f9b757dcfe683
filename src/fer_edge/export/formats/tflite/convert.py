"""PyTorch to a float32 TFLite flatbuffer, by litert-torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.export.bundle.contracts import INPUT_NAME
from fer_edge.export.capture.wrappers import ImageFrontend, TensorFrontend, example_picture, example_tensor
from fer_edge.export.formats.quiet import quiet

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.runtime.contract import Contract


def convert_float(module: nn.Module, contract: Contract, interface: str) -> bytes:
    """One float32 flatbuffer with signature ``serving_default``: ``image`` (1, H, W, C) -> ``probabilities``.

    Args:
        module: the original, or its rewritten form.
        contract: the reference contract.
        interface: ``tensor`` or ``image``.

    Raises:
        ExportError: the converter refused.
    """
    frontend, example = _frontend(module, contract, interface)
    with quiet("the TFLite converter"):
        import litert_torch

        litert_torch.config.show_progress = False
        model = litert_torch.convert(frontend.eval(), sample_kwargs={INPUT_NAME: example})
        return bytes(model.model_content())


def _frontend(module: nn.Module, contract: Contract, interface: str) -> tuple[nn.Module, Tensor]:
    if interface == "image":
        return ImageFrontend(module, contract), example_picture(contract)
    example = example_tensor(contract).permute(0, 2, 3, 1).contiguous()
    return TensorFrontend(module, contract, layout="NHWC"), example
