"""Networks by name, listed here in the order that ``--list`` shows.

To add one: write ``models/<name>.py`` with an :class:`Architecture` and add it to ``ARCHITECTURES``; one of torchvision's is a
line in ``torchvision_networks``. Importing this package imports neither torch nor torchvision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.fer2013_cnn import FER2013_CNN
from fer_edge.train.models.fer_mini import FER_MINI
from fer_edge.train.models.ferplus_vgg13 import FERPLUS_VGG13
from fer_edge.train.models.torchvision_networks import TORCHVISION

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES: tuple[Architecture, ...] = (FER_MINI, FER2013_CNN, FERPLUS_VGG13, *TORCHVISION)

IMPORTED = "imported"
"""Networks that came as a graph of somebody else's; the argument ``steps`` describes them."""
TIMM = "timm:"
"""Before the name of a network of timm's."""


def is_known(name: str) -> bool:
    """Whether a file may name it: only our own code, or timm's, which is no code of the file's, is imported then."""
    return name in _BY_NAME or name == IMPORTED or name.startswith(TIMM)


def by_name(architectures: Iterable[Architecture]) -> dict[str, Architecture]:
    """The list as a table.

    Raises:
        ValueError: two entries have one name.
    """
    table: dict[str, Architecture] = {}
    for entry in architectures:
        if entry.name in table:
            raise ValueError(f"two architectures are called {entry.name!r}")
        table[entry.name] = entry
    return table


_BY_NAME = by_name(ARCHITECTURES)


def architecture(name: str) -> Architecture:
    """The built-in architecture of that name.

    Raises:
        CheckpointError: there is none; the message names the closest one.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        hint = "; a network of your own is written package.module:callable"
        raise CheckpointError(unknown("architecture", name, _BY_NAME) + hint) from None


def build(name: str, *, num_classes: int, channels: int | None = None, **arch_args: Any) -> nn.Module:
    """A built-in network with random weights.

    Args:
        name: one of ``ARCHITECTURES``.
        num_classes: length of a row of logits.
        channels: input planes; None: as the architecture has them.
        **arch_args: further arguments of the architecture.

    Returns:
        A module in training mode: (N, channels, height, width) float32 -> (N, num_classes) float32 logits.

    Raises:
        CheckpointError: the name is unknown or an argument is refused.
    """
    entry = architecture(name)
    planes = entry.channels if channels is None else channels
    try:
        return entry.build(num_classes=num_classes, channels=planes, **arch_args)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"architecture {name!r} refused its arguments: {error}") from error


def resolve(
    name: str,
    *,
    num_classes: int,
    channels: int | None = None,
    arch_args: Mapping[str, Any] | None = None,
) -> nn.Module:
    """A network by built-in name or as ``package.module:callable``; the current folder is importable.

    Args:
        name: what ``--arch`` got.
        num_classes: number of labels; a callable gets it only if its signature takes it.
        channels: input planes, for built-in names; None: as the architecture has them.
        arch_args: ``--arch-arg key=value``: strings are read as JSON literals where they parse, else kept.

    Returns:
        The module, in training mode, with random weights.

    Raises:
        CheckpointError: unknown name, module or callable not found, it raised, or gave no ``nn.Module``; an argument
            of a built-in network that labels and input size settle.
    """
    from fer_edge.train.models.foreign import call, parse_arguments

    if name == IMPORTED:
        return _imported(arch_args or {})
    arguments = parse_arguments(arch_args or {})
    if name.startswith(TIMM):
        from fer_edge.train.models.timm_networks import build_timm

        return build_timm(name.removeprefix(TIMM), num_classes, channels, arguments)
    if ":" in name:
        return call(name, num_classes=num_classes, arguments=arguments)
    settled = sorted({"num_classes", "channels"} & set(arguments))
    if settled:
        raise CheckpointError(
            f"architecture {name!r} gets {' and '.join(settled)} from the labels and the input size; leave it out of --arch-arg"
        )
    return build(name, num_classes=num_classes, channels=channels, **arguments)


def _imported(arch_args: Mapping[str, Any]) -> nn.Module:
    from fer_edge.train.models.imported.network import build_imported

    try:
        return build_imported(arch_args.get("steps"))
    except ValueError as error:
        raise CheckpointError(
            f"architecture {IMPORTED!r} is not described as it should be: {error}"
        ) from error
