"""Networks that want blue first, as OpenCV reads: turned once, in the first layer, so that every file takes red first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError
from fer_edge.train.models.foreign import RAISED, sentence

if TYPE_CHECKING:
    from torch import Tensor, nn

TOLERANCE = 1e-4
"""Share of the largest answer by which the turned network may differ: the sum over channels in another order."""


def turn_first_layer(module: nn.Module, contract: Contract) -> None:
    """Reverse the input channels of the convolution that reads the picture, in place.

    Args:
        module: the original, which takes blue, green, red.
        contract: how it is fed.

    Raises:
        ExportError: it is not fed three channels, or something else than one convolution reads the picture.
    """
    import torch

    spec = contract.input
    if spec.channels != 3:
        raise ExportError(f"--bgr is the order of three channels, and --input has {spec.channels}")
    image = torch.rand(1, 3, spec.height, spec.width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        readers, before = _find_readers(module, image.flip(1))
        if len(readers) != 1:
            raise ExportError(
                f"--bgr is folded into the one convolution that reads the picture, and here {len(readers)} do: "
                "let forward begin with x = x.flip(1) and leave --bgr out"
            )
        weight = readers[0].weight
        weight.copy_(weight.flip(1).clone())
        after = module(image)
    if not torch.allclose(before, after, rtol=TOLERANCE, atol=TOLERANCE * float(before.abs().max())):
        raise ExportError(
            "--bgr cannot be folded into the first convolution; let forward begin with x = x.flip(1)"
        )


def _find_readers(module: nn.Module, image: Tensor) -> tuple[list[nn.Conv2d], Tensor]:
    """Plain convolutions that get the picture itself, and the answer to it."""
    from torch import nn

    found: list[nn.Conv2d] = []

    def note(part: nn.Module, given: tuple[object, ...]) -> None:
        reads = any(one is image for one in given)
        if reads and isinstance(part, nn.Conv2d) and part.groups == 1 and part not in found:
            found.append(part)

    hooks = [part.register_forward_pre_hook(note) for part in module.modules()]
    try:
        answer: Tensor = module(image)
    except RAISED as error:
        raise ExportError(
            f"the module refuses an input of shape {tuple(image.shape)}: {sentence(error)}"
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return found, answer
