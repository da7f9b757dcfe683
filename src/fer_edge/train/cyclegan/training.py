"""The training: two generators against two discriminators, through the loop of every training."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from fer_edge.console.output import Output
from fer_edge.train.cyclegan.adversarial import (
    GeneratorLoss,
    ImagePool,
    absolute,
    discriminator_loss,
    least_squares,
)
from fer_edge.train.cyclegan.choices import BETAS, LEARNING_RATE, Choices
from fer_edge.train.cyclegan.networks import Discriminator, Generator, center
from fer_edge.train.loop.log import LOG, EpochLog, History, Pace
from fer_edge.train.loop.random_state import RandomState
from fer_edge.train.loop.snapshots import HALF, LAST, Snapshots, past_run
from fer_edge.train.loop.trainer import fit as fit_module

NETWORKS = ("forward", "backward", "judge_source", "judge_target")
POOLS = ("made_sources", "made_targets")

Tell = Callable[[dict[str, Any], "CycleGan"], None]
"""Gets an epoch's mean losses and the networks."""
Pair = tuple[Tensor, Tensor]


@dataclass
class CycleGan:
    """Everything that a training changes.

    Attributes:
        choices: what it was made for.
        forward: ``G``: source to target.
        backward: ``F``: target to source.
        judge_source: ``D_X``.
        judge_target: ``D_Y``.
        epoch: epochs done.
    """

    choices: Choices
    epoch: int = 0

    def __post_init__(self) -> None:
        """Build networks, optimizers and pools from the seed."""
        chosen = self.choices
        with torch.random.fork_rng():
            torch.manual_seed(chosen.seed)
            self.forward, self.backward = (_generator(chosen) for _ in range(2))
            self.judge_source, self.judge_target = (
                Discriminator(chosen.channels, chosen.width, chosen.layers) for _ in range(2)
            )
        self.making = _adam(self.forward, self.backward)
        self.judging = _adam(self.judge_source, self.judge_target)
        self.made_sources, self.made_targets = ImagePool(2 * chosen.seed), ImagePool(2 * chosen.seed + 1)

    def step(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """One step of both optimizers.

        Args:
            x: (N, C, H, W) float32 in -1..1 of the source class.
            y: the same of the target class.

        Returns:
            The losses of the step by name.
        """
        made_y, made_x = self.forward(x), self.backward(y)
        loss = self._make(x, y, made_x, made_y)
        judged = self._judge(x, y, made_x, made_y)
        parts = {name: float(getattr(loss, name).detach()) for name in ("adversarial", "cycle", "identity")}
        return parts | {"discriminator": judged}

    def _make(self, x: Tensor, y: Tensor, made_x: Tensor, made_y: Tensor) -> GeneratorLoss:
        _needs_gradient(self.judging, False)
        loss = GeneratorLoss(
            adversarial=least_squares(self.judge_target(made_y), 1.0)
            + least_squares(self.judge_source(made_x), 1.0),
            cycle=absolute(self.backward(made_y), x) + absolute(self.forward(made_x), y),
            identity=absolute(self.forward(y), y) + absolute(self.backward(x), x),
        )
        self.making.zero_grad()
        loss.total().backward()  # type: ignore[no-untyped-call]
        self.making.step()
        return loss

    def _judge(self, x: Tensor, y: Tensor, made_x: Tensor, made_y: Tensor) -> float:
        _needs_gradient(self.judging, True)
        self.judging.zero_grad()
        loss = discriminator_loss(self.judge_target(y), self.judge_target(self.made_targets.exchange(made_y)))
        loss = loss + discriminator_loss(
            self.judge_source(x), self.judge_source(self.made_sources.exchange(made_x))
        )
        loss.backward()  # type: ignore[no-untyped-call]
        self.judging.step()
        return float(loss.detach())


class _Module(pl.LightningModule):
    """A CycleGAN as the loop wants it: each step alternates between the optimizers."""

    def __init__(self, gan: CycleGan) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.gan = gan
        self.networks = nn.ModuleList(getattr(gan, name) for name in NETWORKS)
        self.losses: list[dict[str, float]] = []

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Of the generators and of the discriminators."""
        return [self.gan.making, self.gan.judging]

    def on_train_epoch_start(self) -> None:
        """Set the epoch's learning rate."""
        self.losses = []
        for group in (*self.gan.making.param_groups, *self.gan.judging.param_groups):
            group["lr"] = LEARNING_RATE * rate(self.gan.epoch, self.gan.choices.epochs)

    def training_step(self, batch: Pair, _index: int) -> None:
        """One step of both."""
        self.losses.append(self.gan.step(*batch))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what is no part of a network: the pools and the epochs done."""
        pools = {name: getattr(self.gan, name).state() for name in POOLS}
        checkpoint["gan"] = {"epoch": self.gan.epoch, **pools}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them back."""
        self.gan.epoch = int(checkpoint["gan"]["epoch"])
        for name in POOLS:
            getattr(self.gan, name).restore(checkpoint["gan"][name])


class _Losses(EpochLog):
    """The log of the mean losses."""

    advice = "start anew with another --seed, or with more faces"

    def figures(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, float]:
        """Of the epoch that ends."""
        assert isinstance(pl_module, _Module)
        pl_module.gan.epoch = trainer.current_epoch + 1
        losses = pl_module.losses
        return {name: sum(step[name] for step in losses) / len(losses) for name in losses[0]}


class _Telling(Callback):
    """Hands each epoch on."""

    def __init__(self, tell: Tell, history: History) -> None:
        self.tell, self.history = tell, history

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """After the log, before the snapshot."""
        assert isinstance(pl_module, _Module)
        self.tell(self.history[-1], pl_module.gan)


class _Pairs(IterableDataset[Pair]):
    """The batches of the next epoch; Lightning asks for the first before it knows which epoch a resumed run is in."""

    def __init__(self, gan: CycleGan, sources: Tensor, targets: Tensor) -> None:
        self.gan, self.images = gan, (sources, targets)

    def __iter__(self) -> Iterator[Pair]:
        return pairs(*self.images, self.gan.choices, self.gan.epoch)


def fit(
    gan: CycleGan,
    sources: Tensor,
    targets: Tensor,
    out: Path,
    tell: Tell,
    *,
    output: Output | None = None,
    resume: bool = False,
) -> History:
    """Train to the last epoch; a snapshot and a line of the log after each one.

    Args:
        gan: changed in place.
        sources: (n, C, H, W) uint8 of the source class.
        targets: (m, C, H, W) uint8 of the target class; the smaller class repeats.
        out: an existing folder, which gets snapshot and log.
        tell: gets each epoch's mean losses and the networks.
        output: gets a line an epoch, or a bar; None: nobody waits.
        resume: go on from the folder's snapshot, if there is one: on a CPU to the same bytes as without the break.

    Returns:
        The lines of the log.
    """
    output, choices = output or Output(quiet=True), asdict(gan.choices)
    past = past_run(out, choices, output, resume=resume, ours=(LAST, HALF))
    history: History = []
    module, state = _Module(gan), RandomState()
    steps = steps_of(sources, targets, gan.choices)
    with output.progress("Training", gan.choices.epochs * steps) as bar:
        shown = 2 * gan.choices.batch_size
        fit_module(
            module,
            DataLoader(_Pairs(gan, sources, targets), batch_size=None),
            None,
            [
                _Losses(out / LOG, history, {}),
                Pace(output, bar, epochs=gan.choices.epochs, steps=steps, batch_size=shown, history=history),
                _Telling(tell, history),
                Snapshots(out, choices, history, state),
            ],
            out,
            epochs=gan.choices.epochs,
            resume=past is not None,
            settings={"devices": 1, "logger": False},
        )
    return history


def rate(epoch: int, epochs: int) -> float:
    """Learning rate of an epoch over the first one's: constant in the first half, then linearly towards zero.

    Source: section 4 "Training details"; the authors' code (``models/networks.py``, get_scheduler) reaches zero one
    epoch after the last.

    Args:
        epoch: 0 .. epochs - 1.
        epochs: of the whole training.
    """
    decaying = epochs // 2
    constant = epochs - decaying
    return 1.0 - max(0, epoch + 1 - constant) / (decaying + 1)


def pairs(sources: Tensor, targets: Tensor, choices: Choices, epoch: int) -> Iterator[Pair]:
    """The batches of an epoch, both classes shuffled by themselves, each picture mirrored with probability 1/2.

    The order depends on seed and epoch alone, so that a resumed training sees the same.
    """
    random = torch.Generator().manual_seed(choices.seed * 1_000_003 + epoch)
    steps = steps_of(sources, targets, choices)
    batches = [_batches(images, steps, choices.batch_size, random) for images in (sources, targets)]
    for x, y in zip(*batches, strict=True):
        yield center(x), center(y)


def steps_of(sources: Tensor, targets: Tensor, choices: Choices) -> int:
    """Batches of an epoch."""
    return max(len(sources), len(targets)) // choices.batch_size or 1


def _batches(images: Tensor, steps: int, batch_size: int, random: torch.Generator) -> Iterator[Tensor]:
    needed = steps * batch_size
    orders = [torch.randperm(len(images), generator=random) for _ in range(-(-needed // len(images)))]
    mirrored = torch.rand(needed, generator=random) < 0.5
    order = torch.cat(orders)[:needed]
    for at, flips in zip(torch.split(order, batch_size), torch.split(mirrored, batch_size), strict=True):
        chosen = images[at]
        yield torch.where(flips[:, None, None, None], chosen.flip(-1), chosen)


def _generator(choices: Choices) -> Generator:
    return Generator(choices.channels, choices.width, choices.blocks)


def _adam(*networks: nn.Module) -> torch.optim.Adam:
    weights = itertools.chain.from_iterable(network.parameters() for network in networks)
    return torch.optim.Adam(weights, lr=LEARNING_RATE, betas=BETAS)


def _needs_gradient(optimizer: torch.optim.Optimizer, needed: bool) -> None:
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.requires_grad_(needed)
