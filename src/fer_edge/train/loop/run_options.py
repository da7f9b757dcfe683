"""What a training is asked for beside its recipe: first weights, a teacher, int8 rounding, compiling, devices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.console.output import Output
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.data.pipeline import Prepared
from fer_edge.train.loop.processes import Processes
from fer_edge.train.models import resolve
from fer_edge.train.recipes.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

EXAMPLES = 32
"""Training crops that a network is tried on before it is compiled or rewritten."""


@dataclass(frozen=True)
class Wishes:
    """What a training is asked for beside its recipe.

    Attributes:
        init: weights to start from.
        weights_key: which of them, where the file holds several sets.
        teacher: checkpoint to learn from.
        qat: train with int8 rounding in the network.
        resume: go on from the last snapshot.
        processes: that train together.
        compile: use ``torch.compile`` where it works.
        channels_last: memory layout of pictures.
        logger: ``csv``, ``tensorboard`` or ``none``.
        report: write ``report.html`` and its pictures at the end.
        cache: folder for prepared faces that the next run takes again; None: the user's own, for what exceeds memory.
    """

    init: Path | None = None
    weights_key: str | None = None
    teacher: Path | None = None
    qat: bool = False
    resume: bool = False
    processes: Processes = Processes()  # noqa: RUF009 - frozen
    compile: bool = False
    channels_last: bool = True
    logger: str = "none"
    report: bool = True
    cache: Path | None = None


def network_of(recipe: Recipe) -> Any:
    """The recipe's network with random weights.

    Raises:
        FerEdgeError: it cannot be built, does not take the recipe's size, or gives something else than a logit a class.
    """
    network = resolve(
        recipe.arch, num_classes=len(recipe.classes), channels=recipe.channels, arch_args=recipe.arch_args
    )
    _try(network, recipe)
    return network


def _try(network: nn.Module, recipe: Recipe) -> None:
    """Two empty pictures in ``eval()`` mode: no random number is drawn and no statistic changes."""
    import torch

    size = f"{recipe.width}x{recipe.height}x{recipe.channels}"
    modes = [(module, module.training) for module in network.modules()]
    try:
        with torch.no_grad():
            logits = network.eval()(torch.zeros(2, recipe.channels, recipe.height, recipe.width))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise FerEdgeError(
            f"--arch {recipe.arch} does not take pictures of {size}: {said}; try another --size"
        ) from error
    finally:
        for module, training in modes:
            module.training = training
    wanted = (2, len(recipe.classes))
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != wanted:
        found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise FerEdgeError(
            f"--arch {recipe.arch} gives {found} for two pictures; {wanted} is needed, a logit a class"
        )


def sources(wishes: Wishes) -> dict[str, Any]:
    """Hashes of other people's weights that shape the result; empty where there are none."""
    files = {"init_sha256": wishes.init, "teacher_sha256": wishes.teacher}
    found: dict[str, Any] = {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path
    }
    return found | ({"qat": True} if wishes.qat else {})


def _examples(recipe: Recipe, train: Prepared, count: int = EXAMPLES) -> Tensor:
    """The first training crops as the network takes them: (n, C, H, W) float32, n at most ``count``."""
    import torch

    crops = torch.from_numpy(train.arrays.crops[:count, 0])
    return (crops.float() / 255 - recipe.mean) / recipe.std


def trained(network: nn.Module, recipe: Recipe, train: Prepared, wishes: Wishes, output: Output) -> nn.Module:
    """What the loop trains: the network itself, with rounding in it, or compiled."""
    if wishes.qat:
        from fer_edge.train.compact.quantization_aware import check_precision, prepare

        check_precision(recipe.precision)
        return prepare(network, _examples(recipe, train))
    if wishes.compile:
        from fer_edge.train.loop.compiled import compiled

        reason = compiled(network, _examples(recipe, train))
        output.say(
            f"--compile does not work here and is left out ({reason})"
            if reason
            else "the network is compiled"
        )
    return network


def objective(recipe: Recipe, contract: Contract, train: Prepared, wishes: Wishes, output: Output) -> Any:
    """The recipe's own loss (None), or that and a teacher."""
    if wishes.teacher is None:
        return None
    import torch

    from fer_edge.train.compact.distillation import Distillation, read_teacher
    from fer_edge.train.loop.module import RecipeLoss

    return Distillation(
        read_teacher(wishes.teacher, contract, output.say),
        recipe.distillation_temperature,
        recipe.distillation_weight,
        RecipeLoss(recipe, torch.from_numpy(train.arrays.labels)).of_logits,
    )


def best(recipe: Recipe, out: Path, train: Prepared, wishes: Wishes) -> nn.Module:
    """The float network with the best epoch's weights."""
    from fer_edge.train.loop.snapshots import BEST

    network = load_weights(network_of(recipe), read_checkpoint(out / BEST)).eval()
    if not wishes.qat:
        from fer_edge.train.loop.batch_statistics import FACES, settle

        settle(network, out / BEST, _examples(recipe, train, FACES))
    return network
