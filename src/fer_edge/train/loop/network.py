"""The network of a run: built and tried, rewritten or compiled for training, its objective, and the best one at the end."""

from __future__ import annotations

import copy
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.console.library_caches import COMPILER_CACHE
from fer_edge.console.output import Output
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.loop.splits import PreparedSplit
from fer_edge.train.models import resolve
from fer_edge.train.recipes.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fer_edge.train.loop.module import Objective

EXAMPLES = 32
"""Training crops that a network is tried on before it is compiled or rewritten."""


def network_of(recipe: Recipe) -> nn.Module:
    """The recipe's network with random weights.

    Raises:
        FerEdgeError: it cannot be built, does not take the recipe's size, or gives something else than a logit a class.
    """
    network: nn.Module = resolve(
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


def prepare_network(
    network: nn.Module, recipe: Recipe, train: PreparedSplit, options: RunOptions, output: Output
) -> nn.Module:
    """The module that the loop trains: the network itself, with rounding in it, or compiled."""
    if options.qat:
        from fer_edge.train.compact.quantization_aware import check_precision, prepare

        check_precision(recipe.precision)
        return prepare(network, _examples(recipe, train))
    if options.compile:
        reason = compile_network(network, _examples(recipe, train))
        output.say(
            f"--compile does not work here and is left out ({reason})"
            if reason
            else "the network is compiled"
        )
    return network


def compile_network(network: nn.Module, example: Tensor) -> str:
    """Compile ``network`` in place, if a copy of it survives a step forward and back.

    Args:
        network: its weights, statistics and names stay as they are.
        example: (n, C, H, W) normalized crops.

    Returns:
        "" where it is compiled now, else why not.
    """
    import torch

    if os.environ.get(COMPILER_CACHE) == tempfile.gettempdir():
        # Who asks for compilation wants its cache to last: in the compiler's own place.
        del os.environ[COMPILER_CACHE]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trial = copy.deepcopy(network).to(device)
    before = torch.get_rng_state()
    try:
        trial.compile()
        trial(example.to(device)).sum().backward()
    except Exception as error:  # noqa: BLE001 - compilers fail in many ways, none of which is the user's fault
        torch.compiler.reset()
        return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"[:200]
    finally:
        torch.set_rng_state(before)
    network.compile()
    return ""


def objective_of(
    recipe: Recipe, contract: Contract, train: PreparedSplit, teacher: Path | None, output: Output
) -> Objective:
    """The recipe's own loss, or that and a teacher."""
    import torch

    from fer_edge.train.loop.module import RecipeLoss

    loss = RecipeLoss(recipe, torch.from_numpy(train.arrays.labels))
    if teacher is None:
        return loss
    from fer_edge.train.compact.distillation import Distillation, read_teacher

    return Distillation(
        read_teacher(teacher, contract, output.say),
        recipe.distillation_temperature,
        recipe.distillation_weight,
        loss.of_logits,
    )


def best_network(recipe: Recipe, snapshot: Path, train: PreparedSplit, *, qat: bool) -> nn.Module:
    """The float network with the best epoch's weights."""
    network = load_weights(network_of(recipe), read_checkpoint(snapshot)).eval()
    if not qat:
        from fer_edge.train.loop.batch_statistics import FACES, settle

        settle(network, snapshot, _examples(recipe, train, FACES))
    return network


def _examples(recipe: Recipe, train: PreparedSplit, count: int = EXAMPLES) -> Tensor:
    """The first training crops as the network takes them: (n, C, H, W) float32, n at most ``count``."""
    import torch

    crops = torch.from_numpy(train.arrays.crops[:count, 0])
    return (crops.float() / 255 - recipe.mean) / recipe.std
