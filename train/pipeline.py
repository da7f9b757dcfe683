"""A recipe from its first face to ``best.safetensors``."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from fer_edge.console.output import Output
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec, Quantization
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.checkpoint import ARCH_ARGS_KEY, ARCH_KEY, fit, read_checkpoint, write_checkpoint
from fer_edge.train.data.arrays import Arrays, load
from fer_edge.train.data.faces import Crops, Faces
from fer_edge.train.models import architecture, resolve
from fer_edge.train.recipes.recipe import SPLITS, DataRequest, Recipe

WEIGHTS, REPORT = "best.safetensors", "report.json"
REPORT_SCHEMA = "fer-edge-training/1"
LIBRARIES = ("torch", "torchvision", "lightning", "torchmetrics", "numpy", "opencv-python")


@dataclass(frozen=True)
class Result:
    """What a training left behind.

    Attributes:
        weights: path of ``best.safetensors``.
        report: the content of ``report.json``.
    """

    weights: Path
    report: dict[str, Any]


def sized(recipe: Recipe) -> Recipe:
    """The recipe with its input size written out: the architecture's own where it says nothing.

    Raises:
        FerEdgeError: a network of somebody else without a size.
    """
    if recipe.width and recipe.height and recipe.channels:
        return recipe
    if ":" in recipe.arch:
        raise FerEdgeError(
            f"--arch {recipe.arch} has no size of its own: add --size WIDTHxHEIGHTxCHANNELS, such as 96x96x3"
        )
    own = architecture(recipe.arch)
    return replace(
        recipe,
        width=recipe.width or own.width,
        height=recipe.height or own.height,
        channels=recipe.channels or own.channels,
    )


def contract_of(recipe: Recipe) -> Contract:
    """The reference contract: NCHW float32 in, logits out."""
    return Contract.build(
        model=recipe.model,
        labels=recipe.classes,
        input=InputSpec("image", "tensor", recipe.width, recipe.height, recipe.channels, "NCHW", "float32"),
        camera=CameraSpec(spec=1, crop_margin=recipe.crop_margin, mirror=False),
        normalization=Normalization((recipe.mean,) * recipe.channels, (recipe.std,) * recipe.channels),
        quantization=Quantization(None, None),
        output=OutputSpec("logits", "logits"),
    )


def train(
    recipe: Recipe, out: Path, output: Output, *, data: Path | None = None, workers: int | None = None
) -> Result:
    """Run a recipe.

    Args:
        recipe: with all overrides applied.
        out: folder, made if absent; its ``best.safetensors``, snapshots, log and report are replaced.
        output: where progress goes.
        data: the folder of ``--data``.
        workers: processes that prepare faces; None: one a core.

    Raises:
        FerEdgeError: the data, the architecture or the choices do not fit together.
    """
    import lightning.pytorch as pl

    from fer_edge.train.loop import BEST, run

    recipe = sized(recipe)
    contract = contract_of(recipe)
    out.mkdir(parents=True, exist_ok=True)
    pl.seed_everything(recipe.seed, verbose=False)
    network = _network(recipe)
    opened = recipe.open_data(DataRequest(data, recipe.classes, recipe.faces, recipe.seed, recipe.options))
    splits, hashes = {}, {}
    for split in SPLITS:
        splits[split], hashes[split] = _split(recipe, split, opened[split], output, workers)
    with output.progress("Training", recipe.epochs) as bar:

        def tell(line: dict[str, Any]) -> None:
            text = _line(line, recipe.epochs)
            bar.advance(1, text)
            output.say(text)

        history = run(network, recipe, splits["train"], splits["validation"], out, tell)
    best = fit(_network(recipe), read_checkpoint(out / BEST))
    report = _report(recipe, contract, hashes, history) | {"test": _test(best, splits["test"], contract)}
    state = {
        name: tensor for name, tensor in best.state_dict().items() if not name.endswith("num_batches_tracked")
    }
    text = {
        ARCH_KEY: recipe.arch,
        ARCH_ARGS_KEY: json.dumps(dict(recipe.arch_args), sort_keys=True),
        "fer_edge_training": json.dumps(
            {key: report[key] for key in ("recipe", "data", "tools")}, sort_keys=True
        ),
    }
    write_checkpoint(out / WEIGHTS, state, contract, text)
    report = {**report, "weights_sha256": hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest()}
    write_bytes(out / f"{WEIGHTS}.contract.json", contract.text.encode())
    write_bytes(out / REPORT, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
    return Result(out / WEIGHTS, report)


def _network(recipe: Recipe) -> Any:
    return resolve(
        recipe.arch, num_classes=len(recipe.classes), channels=recipe.channels, arch_args=recipe.arch_args
    )


def _split(
    recipe: Recipe, split: str, faces: Faces, output: Output, workers: int | None
) -> tuple[Arrays, str]:
    views = recipe.views if split == "train" else 1
    crops = Crops(recipe.width, recipe.height, recipe.channels, recipe.crop_margin, views, recipe.seed)
    columns = [EMOTIONS.index(name) for name in recipe.classes]
    with output.progress(f"Faces ({split})", len(faces)) as bar:
        arrays = load(faces, crops, columns, workers=workers, advance=bar.advance)
    return arrays, faces.sha256()


def _test(network: Any, arrays: Arrays, contract: Contract) -> dict[str, Any]:
    from fer_edge.train.evaluate import figures, probabilities

    return figures(probabilities(network, arrays, contract), arrays, contract.labels)


def _report(
    recipe: Recipe, contract: Contract, hashes: dict[str, str], history: list[dict[str, Any]]
) -> dict[str, Any]:
    import torch

    choices = {
        key: value
        for key, value in asdict(
            replace(
                recipe,
                faces=dict(recipe.faces),
                options=dict(recipe.options),
                arch_args=dict(recipe.arch_args),
            )
        ).items()
        if key != "open_data"
    }
    return {
        "schema": REPORT_SCHEMA,
        "model": recipe.model,
        "contract_sha256": contract.sha256,
        "recipe": choices,
        "data": {
            split: {"faces": recipe.faces.get(split), "sha256": value} for split, value in hashes.items()
        },
        "tools": {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES},
        "threads": torch.get_num_threads(),
        "epochs": history,
    }


def _line(line: dict[str, Any], epochs: int) -> str:
    return (
        f"epoch {line['epoch']}/{epochs}: loss {line['train_loss']:.3f}, validation loss {line['validation_loss']:.3f}, "
        f"accuracy {100 * line['validation_accuracy']:.1f} %"
    )
