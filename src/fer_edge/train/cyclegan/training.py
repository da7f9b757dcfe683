"""The training: two generators against two discriminators.

A plain loop. Four networks, two optimizers, two pools of made pictures and a random state belong to a snapshot, and each
step alternates between the optimizers: under Lightning's manual optimization nothing would be left for it but the
``for`` statement, and its snapshot holds neither the pools nor the random state.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fer_edge.train.cyclegan.choices import BETAS, LEARNING_RATE, Choices, rate
from fer_edge.train.cyclegan.discriminator import Discriminator
from fer_edge.train.cyclegan.generator import Generator
from fer_edge.train.cyclegan.image_pool import ImagePool
from fer_edge.train.cyclegan.losses import GeneratorLoss, absolute, discriminator_loss, least_squares
from fer_edge.train.cyclegan.snapshot import read_snapshot, write_snapshot

TRANSLATED = 32
"""Pictures translated at a time."""

Tell = Callable[[dict[str, float], "CycleGan"], None]


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
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    epoch: int = 0

    def __post_init__(self) -> None:
        """Build networks, optimizers and pools from the seed."""
        chosen = self.choices
        with torch.random.fork_rng():
            torch.manual_seed(chosen.seed)
            self.forward, self.backward = (_generator(chosen).to(self.device) for _ in range(2))
            self.judge_source, self.judge_target = (
                Discriminator(chosen.channels, chosen.width, chosen.layers).to(self.device) for _ in range(2)
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
        loss.total().backward()
        self.making.step()
        return loss

    def _judge(self, x: Tensor, y: Tensor, made_x: Tensor, made_y: Tensor) -> float:
        _needs_gradient(self.judging, True)
        self.judging.zero_grad()
        loss = discriminator_loss(self.judge_target(y), self.judge_target(self.made_targets.exchange(made_y)))
        loss = loss + discriminator_loss(
            self.judge_source(x), self.judge_source(self.made_sources.exchange(made_x))
        )
        loss.backward()
        self.judging.step()
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs to go on as if nothing had happened."""
        networks = {name: getattr(self, name).state_dict() for name in NETWORKS}
        return networks | {
            "epoch": self.epoch,
            "making": self.making.state_dict(),
            "judging": self.judging.state_dict(),
            "made_sources": self.made_sources.state(),
            "made_targets": self.made_targets.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        for name in (*NETWORKS, "making", "judging"):
            getattr(self, name).load_state_dict(state[name])
        for name in ("made_sources", "made_targets"):
            getattr(self, name).restore(state[name], self.device)
        self.epoch = int(state["epoch"])


NETWORKS = ("forward", "backward", "judge_source", "judge_target")


def fit(
    gan: CycleGan, sources: Tensor, targets: Tensor, out: Path, tell: Tell, *, resume: bool = False
) -> None:
    """Train to the last epoch; a snapshot after each one.

    Args:
        gan: changed in place.
        sources: (n, C, H, W) uint8 of the source class.
        targets: (m, C, H, W) uint8 of the target class; the smaller class repeats.
        out: an existing folder, which gets the snapshot.
        tell: gets each epoch's mean losses and the networks.
        resume: go on from the folder's snapshot, if there is one: on a CPU to the same bytes as without the break.
    """
    if resume:
        state = read_snapshot(out, gan.choices)
        if state:
            gan.restore(state)
    while gan.epoch < gan.choices.epochs:
        for optimizer in (gan.making, gan.judging):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * rate(gan.epoch, gan.choices.epochs)
        losses = [gan.step(x, y) for x, y in pairs(sources, targets, gan.choices, gan.epoch, gan.device)]
        gan.epoch += 1
        write_snapshot(out, gan.choices, gan.state())
        means = {name: sum(step[name] for step in losses) / len(losses) for name in losses[0]}
        tell({"epoch": gan.epoch} | means, gan)


def best_device() -> torch.device:
    """A GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pairs(
    sources: Tensor, targets: Tensor, choices: Choices, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of an epoch, both classes shuffled by themselves, each picture mirrored with probability 1/2.

    The order depends on seed and epoch alone, so that a resumed training sees the same.
    """
    random = torch.Generator().manual_seed(choices.seed * 1_000_003 + epoch)
    steps = max(len(sources), len(targets)) // choices.batch_size or 1
    batches = [_batches(images, steps, choices.batch_size, random) for images in (sources, targets)]
    for x, y in zip(*batches, strict=True):
        yield centered(x).to(device), centered(y).to(device)


def centered(images: Tensor) -> Tensor:
    """uint8 -> float32 in -1..1."""
    return images.float() / 127.5 - 1


def pixels(images: Tensor) -> Tensor:
    """-1..1 -> uint8, rounded."""
    return ((images.detach() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu()


def translate(network: nn.Module, images: Tensor) -> Tensor:
    """(n, C, H, W) uint8 -> the same through a generator, uint8; the network's mode stays as it is.

    Instance normalization knows no difference between training and evaluation, so there is no mode to choose.
    """
    device = next(network.parameters()).device
    with torch.inference_mode():
        parts = [pixels(network(centered(part).to(device))) for part in images.split(TRANSLATED)]
    return torch.cat(parts)


def _batches(images: Tensor, steps: int, batch_size: int, random: torch.Generator) -> Iterator[Tensor]:
    needed = steps * batch_size
    orders = [torch.randperm(len(images), generator=random) for _ in range(-(-needed // len(images)))]
    mirrored = torch.rand(needed, generator=random) < 0.5
    order = torch.cat(orders)[:needed]
    for at, flips in zip(order.split(batch_size), mirrored.split(batch_size), strict=True):
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
