"""Networks whose files are right: built-in architectures, networks of a user's file, torchvision's and timm's, several seeds.

Beside these, as the support table has trained them: networks of others at the size at which people use them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supported.networks import NETWORKS, Network

from mutation.subjects import LABELS, make_contract, train

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.export.reference_model.model import ReferenceModel

FACES, EPOCHS = 640, 4
BUILT_IN = (
    ("fer_mini", 64, 1), ("fer2013_cnn", 48, 1), ("mobilenet_v3_small", 48, 3), ("resnet18", 40, 3), ("mobilenet_v2", 48, 3),
    ("efficientnet_b0", 48, 3), ("ferplus_vgg13", 64, 1),
)  # fmt: skip
"""Architecture, edge of its input, channels: small, since every precision of every format is made; the fastest first."""
TORCHVISION = (("squeezenet1_1", 64), ("shufflenet_v2_x0_5", 64), ("mnasnet0_5", 64), ("regnet_y_400mf", 64))
TIMM = (
    ("test_resnet", 64),
    ("test_vit", 160),
    ("test_convnext", 96),
    ("lcnet_050", 64),
    ("tinynet_e", 64),
    ("mobilenetv4_conv_small", 64),
    ("test_efficientnet", 64),
    ("test_byobnet", 64),
    ("test_nfnet", 64),
    ("test_mambaout", 64),
)

REFUSED = ("branch", "noisy", "stays_training", "sigmoids", "two_outputs", "hot")
"""Networks of the cases that have no right file of every kind: ``fer-export`` refuses them, or their float16."""


@dataclass(frozen=True)
class RightNetwork:
    """One network of the study.

    Attributes:
        name: in the result, with its seed.
        make: the module with random weights.
        edge: of its input.
        channels: of it.
        labels: of its output.
        trained: briefly on drawn faces; otherwise its weights are as ``make`` leaves them.
    """

    name: str
    make: Callable[[], nn.Module]
    edge: int
    channels: int
    labels: tuple[str, ...] = LABELS
    trained: bool = True


def list_networks(seeds: int, cases: Path | None, trained: Path | None) -> list[RightNetwork]:
    """Those of ``cases`` first (they are the smallest), then the support table's, then seed by seed everything else.

    Args:
        seeds: of each network that is made here.
        cases: a Python file of networks.
        trained: where ``supported_networks`` keeps its finished work.
    """
    found = [*(_of_cases(cases) if cases else ()), *(_of_table(trained) if trained else ())]
    for seed in range(seeds):
        ways = (
            [
                RightNetwork(f"{name}-{seed}", _built_in(name, channels, seed), edge, channels)
                for name, edge, channels in BUILT_IN
            ],
            [RightNetwork(f"timm-{name}-{seed}", _timm(name, seed), edge, 3) for name, edge in TIMM],
            [RightNetwork(f"torchvision-{name}-{seed}", _torchvision(name, seed), edge, 3) for name, edge in TORCHVISION],
        )  # fmt: skip
        # In turns, so that a run that is stopped has seen some of each.
        found += [network for row in zip_longest(*ways) for network in row if network is not None]
    return found


def _built_in(name: str, channels: int, seed: int) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import torch

        from fer_edge.train.models import build

        torch.manual_seed(seed)
        return build(name, num_classes=len(LABELS), channels=channels)

    return make


def _timm(name: str, seed: int) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import timm
        import torch

        torch.manual_seed(seed)
        network: nn.Module = timm.create_model(name, num_classes=len(LABELS))
        return network

    return make


def _torchvision(name: str, seed: int) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import torch
        import torchvision

        torch.manual_seed(seed)
        network: nn.Module = getattr(torchvision.models, name)(num_classes=len(LABELS))
        return network

    return make


def _of_table(cache: Path) -> Iterator[RightNetwork]:
    for network in NETWORKS:
        weights = cache / network.arch.replace(":", "-") / "weights.safetensors"
        if network.kind == "trained" and weights.is_file():
            name = f"table-{network.arch.rpartition(':')[2]}"
            yield RightNetwork(name, _stored(network, weights), network.edge, network.channels, trained=False)


def _stored(network: Network, weights: Path) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from safetensors.torch import load_file

        from fer_edge.train.models import resolve

        found = resolve(
            network.arch, num_classes=len(LABELS), channels=network.channels, arch_args=network.arch_args
        )
        found.load_state_dict(load_file(weights))
        return found

    return make


def _of_cases(file: Path) -> Iterator[RightNetwork]:
    """Networks of (N, 3, 32, 32) with three logits, named in the file's ``NAMES``."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    for name in (name for name in module.NAMES if name not in REFUSED):
        yield RightNetwork(f"case-{name}", _settled(getattr(module, name)), 32, 3, LABELS[:3], trained=False)


def _settled(build: Callable[[], Any]) -> Callable[[], Any]:
    """Statistics from noise and a head that says something, as ``make.py`` beside the cases has them."""

    def make() -> Any:
        import torch

        torch.manual_seed(0)
        network = build().train()
        with torch.no_grad():
            for _ in range(20):
                network(torch.rand(16, 3, 32, 32) * 4 - 2)
            if hasattr(network, "fc"):
                network.fc.weight.mul_(20)
        return network

    return make


def open_network(network: RightNetwork) -> ReferenceModel:
    """The network in ``eval()``, trained for some seconds where it is to be."""
    from fer_edge.export.reference_model.model import ReferenceModel

    contract = make_contract("right", network.edge, network.channels, network.labels)
    module = network.make()
    if network.trained:
        train(module, contract, FACES, EPOCHS)
    return ReferenceModel(module.eval().requires_grad_(False), contract, "right", {}, "0" * 64)
