"""coreml-spec against torch: Core ML packages of fer-export evaluated by the MIL specification, and what the evaluator costs.

    python benchmarks/studies/coreml_spec.py --networks nets.py

Each built-in architecture gets random weights, statistics of its BatchNorms from noise and a head that says something, and is exported
as float32 and float16 by fer-export's converter; 24 pictures are compared as fer-export compares them. ``--networks`` names a Python
file whose list ``NAMES`` names networks of (N, 3, 32, 32) with three logits, which are compared as well; those that cannot be
exported are named with the reason. The evaluator is timed beside torch's own run of ResNet18 at 224 x 224, one thread, in turns.
Goals: 1e-4 on probabilities in float32 and every first label alike; 1.2 times torch's time.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from machine import interleave, time_action
from runner import Asked, Document, option, study

GOAL, GOAL_RATIO = 1e-4, 1.2
PICTURES = 24


def run(asked: Asked) -> Iterator[Document]:
    """Architectures, networks of a file, then the time."""
    from fer_edge.train.models import ARCHITECTURES

    document: Document = {
        "goals": {"fp32_max_abs": GOAL, "fp32_top1": 1.0, "ratio_to_torch": GOAL_RATIO},
        "rows": [],
        "networks": [],
    }
    wanted = asked.only.split(",") if asked.only else [entry.name for entry in ARCHITECTURES]
    for entry in ARCHITECTURES:
        if entry.name in wanted:
            document["rows"].append(judge(entry.name, *prepare(entry.name)))
            print(document["rows"][-1], file=sys.stderr, flush=True)
    if asked.networks:
        document["networks"] = [judge(name, *made) for name, made in load(Path(asked.networks))]
    if not asked.untimed:
        document["speed"] = measure(asked.rounds)
    yield document


def prepare(name: str) -> tuple[Any, Any]:
    """A built-in network at its native size, and its contract."""
    import torch

    from fer_edge.train.models import architecture

    entry = architecture(name)
    torch.manual_seed(0)
    network = entry.build(num_classes=8, channels=entry.channels)
    return network, contract_of(name, entry.width, entry.height, entry.channels, 8)


def contract_of(name: str, width: int, height: int, channels: int, labels: int) -> Any:
    """Mean and std of a half, as the built-in recipes have them."""
    from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec

    return Contract.build(
        model=name.replace("_", "-"), labels=tuple("abcdefgh"[:labels]),
        input=InputSpec("image", "tensor", width, height, channels, "NCHW", "float32"), camera=CameraSpec(),
        normalization=Normalization((0.5,) * channels, (0.5,) * channels), output=OutputSpec("logits", "logits"),
    )  # fmt: skip


def load(file: Path) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The networks of a file."""
    import torch

    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    for name in module.NAMES:
        torch.manual_seed(0)
        yield name, (getattr(module, name)(), contract_of(name, 32, 32, 3, 3))


def judge(name: str, network: Any, contract: Any) -> Document:
    """The verdicts of fer-export's own check, float32 and float16."""
    from fer_edge.export.formats.coreml import converter
    from fer_edge.export.formats.protocol import ModelAndContract, Request
    from fer_edge.export.parity.check import check_parity
    from fer_edge.export.parity.tolerances import TOLERANCES
    from fer_edge.export.reference_model.inference import Reference, outputs, probabilities
    from fer_edge.runtime.errors import FerEdgeError
    from fer_edge.runtime.variants import Variant

    pictures = draw(contract)
    source = ModelAndContract(settle(network, contract, pictures), contract)
    found: Document = {"network": name}
    with tempfile.TemporaryDirectory() as folder:
        for precision in ("fp32", "fp16"):
            path, variant = Path(folder) / f"{precision}.mlpackage", Variant.parse(f"coreml-{precision}")
            try:
                if name == "two_outputs":
                    raise FerEdgeError("returns two tensors; fer-export takes one by --output-index")
                answers = probabilities(outputs(source.module, contract, pictures), contract)
                made = converter.convert(Request(variant, source, None, path, {}))
                parity = check_parity(
                    path, made, variant, Reference(pictures, answers), TOLERANCES[precision]
                )
            except FerEdgeError as error:
                found[precision] = {"refused": str(error)[:300]}
                continue
            if (
                parity.verdict == "not-run"
            ):  # nothing to compare with, which fer-export finds before it converts
                found[precision] = {"refused": str(parity.reason)[:300]}
                continue
            found[precision] = {
                "verdict": parity.verdict, "max_abs": parity.max_abs, "top1": parity.top1_agreement, "reason": parity.reason,
            }  # fmt: skip
    single = found["fp32"]
    found["met"] = "refused" in single or (
        single["max_abs"] is not None and single["max_abs"] <= GOAL and single["top1"] == 1
    )
    return found


def settle(network: Any, contract: Any, pictures: Any) -> Any:
    """Statistics of the pictures, and logits around 0 that move by about 4 over them."""
    import torch

    from fer_edge.runtime.camera import to_tensor

    fed = torch.cat([torch.from_numpy(to_tensor(picture, contract)) for picture in pictures])
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            module.momentum = None  # the mean of all batches
    network.train()
    with torch.no_grad():
        for batch in fed.split(8):
            network(batch)
        network.eval()
        last = [
            module for module in network.modules() if isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
        ][-1]
        rows = torch.cat([first(network(picture[None])).float() for picture in fed])
        spread, middle = float((rows - rows.mean(0)).abs().max()), rows.mean(0)
        if 0 < spread < 1e6 and last.weight.shape[0] == rows.shape[1]:
            if last.bias is not None:
                last.bias.sub_(middle)
                last.bias.mul_(4 / spread)
            last.weight.mul_(4 / spread)
    return network.requires_grad_(False)


def first(found: Any) -> Any:
    """The logits of a network that gives more."""
    return found[0] if isinstance(found, tuple | list) else found


def draw(contract: Any) -> Any:
    """Smooth and rough noise, dark and bright, (n, height, width, 3) uint8."""
    import cv2
    import numpy as np

    random, size = np.random.default_rng(0), contract.input
    found = []
    for index in range(PICTURES):
        side = (3, 6, 12, max(size.width, 16))[index % 4]
        picture = random.integers(0, 256, (side, side, 3)).astype(np.float32) * (0.3 + 0.7 * random.random())
        found.append(cv2.resize(picture, (size.width, size.height), interpolation=cv2.INTER_LINEAR))
    return np.clip(np.stack(found), 0, 255).astype(np.uint8)


def measure(rounds: int) -> Document:
    """ResNet18, one picture of 224 x 224, one thread."""
    import torch

    from fer_edge.export.formats.coreml import converter
    from fer_edge.export.formats.protocol import ModelAndContract, Request
    from fer_edge.runtime.engines.coreml_spec import COREML_SPEC
    from fer_edge.runtime.variants import Variant
    from fer_edge.train.models import build

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build("resnet18", num_classes=8, channels=3).eval().requires_grad_(False)
    contract = contract_of("resnet18", 224, 224, 3, 8)
    tensor = torch.randn(1, 3, 224, 224)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.mlpackage"
        made = converter.convert(
            Request(Variant.parse("coreml-fp32"), ModelAndContract(network, contract), None, path, {})
        )
        evaluate = COREML_SPEC.open(path, made, 1).bind(tensor.numpy())

    def eager() -> object:
        with torch.inference_mode():
            return network(tensor)

    ways = {"torch": eager, "coreml-spec": evaluate}
    samples = interleave(ways, rounds, partial(time_action, time.process_time))
    median = {name: statistics.median(taken) for name, taken in samples.items()}
    ratio = round(median["coreml-spec"] / median["torch"], 3)
    return {"median_seconds": median, "ratio": ratio, "met": ratio <= GOAL_RATIO, "samples": samples}


def show(document: Document) -> Iterator[str]:
    """A line a network, and the ratio."""
    for row in (*document["rows"], *document["networks"]):
        cells = []
        for precision in ("fp32", "fp16"):
            found = row[precision]
            text = f"refused: {found['refused'][:90]}" if "refused" in found else found["verdict"]
            if found.get("max_abs") is not None:
                text += f" {found['max_abs']:.1e}, top-1 {found['top1']:.0%}"
            cells.append(f"{precision} {text}")
        yield f"{row['network']:20} {'; '.join(cells)}"
    if "speed" in document:
        median = document["speed"]["median_seconds"]
        yield f"ResNet18: torch {median['torch'] * 1000:.1f} ms, coreml-spec {median['coreml-spec'] * 1000:.1f} ms: {document['speed']['ratio']}"


if __name__ == "__main__":
    study(
        run, option("--only", "", "architectures, comma-separated"), option("--networks", "", "a Python file with NAMES"),
        option("--rounds", 21), option("--untimed", False), show=show,
    )  # fmt: skip
