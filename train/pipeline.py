"""A recipe from its first face to ``best.safetensors``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.console.output import Output
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec, Quantization
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train import provenance
from fer_edge.train.checkpoint import fit, read_checkpoint, write_checkpoint
from fer_edge.train.models import architecture, resolve
from fer_edge.train.prepared import DataOptions, Prepared, prepared
from fer_edge.train.processes import Processes, rank
from fer_edge.train.recipes.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS, REPORT = "best.safetensors", "report.json"
EXAMPLES = 32
"""Training crops that a network is tried on before it is compiled or rewritten."""


@dataclass(frozen=True)
class Wishes:
    """What a training is asked for beside its recipe.

    Attributes:
        init: weights to start from.
        teacher: checkpoint to learn from.
        qat: train with int8 rounding in the network.
        resume: go on from the last snapshot.
        processes: that train together.
        compile: use ``torch.compile`` where it works.
        channels_last: memory layout of pictures.
        logger: ``csv``, ``tensorboard`` or ``none``.
        report: write ``report.html`` and its pictures at the end.
    """

    init: Path | None = None
    teacher: Path | None = None
    qat: bool = False
    resume: bool = False
    processes: Processes = Processes()  # noqa: RUF009 - frozen
    compile: bool = False
    channels_last: bool = True
    logger: str = "none"
    report: bool = True


@dataclass(frozen=True)
class Result:
    """What a training left behind.

    Attributes:
        weights: path of ``best.safetensors``.
        report: the content of ``report.json``.
        page: path of ``report.html``; None where none was asked for.
    """

    weights: Path
    report: dict[str, Any]
    page: Path | None = None


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
    recipe: Recipe,
    out: Path,
    output: Output,
    *,
    data: Path | None = None,
    workers: int | None = None,
    wishes: Wishes = Wishes(),
    reduced: Path | None = None,
    augmented: Path | None = None,
) -> Result | None:
    """Run a recipe.

    Args:
        recipe: with all overrides applied.
        out: folder, made if absent; its ``best.safetensors``, snapshots, log and report are replaced.
        output: where progress goes.
        data: the folder of ``--data``.
        workers: processes that prepare faces; None: one a core.
        wishes: devices, first weights, teacher and the like.
        reduced: list of ambiguous faces to leave out of the training split.
        augmented: folder of generated faces to add to it.

    Returns:
        None in a process that helps another one, which writes.

    Raises:
        FerEdgeError: the data, the architecture or the choices do not fit together.
    """
    import lightning.pytorch as pl

    from fer_edge.train.loop.trainer import Means, run

    recipe = sized(recipe)
    contract = contract_of(recipe)
    wishes.processes.check(recipe.batch_size)
    out.mkdir(parents=True, exist_ok=True)
    pl.seed_everything(recipe.seed, verbose=False)
    network = network_of(recipe)
    if wishes.init is not None:
        from fer_edge.train.initial_weights import start_from

        output.say(start_from(network, wishes.init, contract))
    splits = prepared(recipe, DataOptions(data, workers, reduced, augmented), output)
    facts = {split: part.facts() for split, part in splits.items()}
    sources = _sources(wishes)
    history = run(
        _trained(network, recipe, splits["train"], wishes, output),
        recipe,
        splits["train"].arrays,
        splits["validation"].arrays,
        out,
        output,
        _objective(recipe, contract, wishes, output),
        Means(
            processes=wishes.processes,
            channels_last=wishes.channels_last and not wishes.qat,
            logger=wishes.logger,
            resume=wishes.resume,
            choices={"recipe": provenance.choices(recipe), "data": facts, **sources},
        ),
    )
    if rank():
        return None
    best = _best(recipe, out, splits["train"], wishes)
    document = provenance.report(recipe, contract, facts, sources, history)
    return _written(best, recipe, contract, splits, document, sources, out, wishes)


def network_of(recipe: Recipe) -> Any:
    """The recipe's network with random weights."""
    return resolve(
        recipe.arch, num_classes=len(recipe.classes), channels=recipe.channels, arch_args=recipe.arch_args
    )


def _sources(wishes: Wishes) -> dict[str, Any]:
    """Hashes of other people's weights that shape the result; empty where there are none."""
    files = {"init_sha256": wishes.init, "teacher_sha256": wishes.teacher}
    found: dict[str, Any] = {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path
    }
    return found | ({"qat": True} if wishes.qat else {})


def _examples(recipe: Recipe, train: Prepared) -> Tensor:
    """Some training crops as the network takes them: (n, C, H, W) float32."""
    import torch

    crops = torch.from_numpy(train.arrays.crops[:EXAMPLES, 0])
    return (crops.float() / 255 - recipe.mean) / recipe.std


def _trained(
    network: nn.Module, recipe: Recipe, train: Prepared, wishes: Wishes, output: Output
) -> nn.Module:
    """What the loop trains: the network itself, with rounding in it, or compiled."""
    if wishes.qat:
        from fer_edge.train.quantization_aware import check_precision, prepare

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


def _objective(recipe: Recipe, contract: Contract, wishes: Wishes, output: Output) -> Any:
    """The recipe's own loss (None), or that and a teacher."""
    if wishes.teacher is None:
        return None
    from fer_edge.train.distillation import Distillation, read_teacher
    from fer_edge.train.losses import loss_named, smoothed

    loss = loss_named(recipe.loss).function
    return Distillation(
        read_teacher(wishes.teacher, contract, output.say),
        recipe.distillation_temperature,
        recipe.distillation_weight,
        lambda logits, labels: loss(logits, smoothed(labels, recipe.label_smoothing), None),
    )


def _best(recipe: Recipe, out: Path, train: Prepared, wishes: Wishes) -> nn.Module:
    """The float network with the best epoch's weights."""
    from fer_edge.train.loop.snapshots import BEST, weights_of

    network = network_of(recipe)
    if not wishes.qat:
        return fit(network, read_checkpoint(out / BEST))
    from fer_edge.train.quantization_aware import finish, prepare

    module = prepare(network, _examples(recipe, train))
    module.load_state_dict(weights_of(out / BEST))
    return finish(module, network)


def _written(
    best: nn.Module,
    recipe: Recipe,
    contract: Contract,
    splits: Mapping[str, Prepared],
    document: dict[str, Any],
    sources: Mapping[str, Any],
    out: Path,
    wishes: Wishes,
) -> Result:
    """Weights, contract, ``report.json`` and the report for people."""
    from fer_edge.train.evaluate import figures, probabilities

    judged = "test" if "test" in splits else "validation"
    arrays = splits[judged].arrays
    guesses = probabilities(best, arrays, contract)
    document = {**document, "judged_on": judged, judged: figures(guesses, arrays, contract.labels)}
    state = {
        name: tensor for name, tensor in best.state_dict().items() if not name.endswith("num_batches_tracked")
    }
    write_checkpoint(out / WEIGHTS, state, contract, provenance.texts(recipe, document, sources))
    document["weights_sha256"] = hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest()
    write_bytes(out / f"{WEIGHTS}.contract.json", contract.text.encode())
    write_bytes(out / REPORT, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    page = None
    if wishes.report:
        from fer_edge.train.report.outcome import Outcome, write_report

        outcome = Outcome(
            model=recipe.model,
            classes=contract.labels,
            probabilities=guesses,
            labels=arrays.labels,
            names=splits[judged].names(),
            crops=arrays.crops[:, 0],
            history=document["epochs"],
            source=f"{recipe.name} {judged}",
            data_sha256=splits[judged].sha256,
            size_bytes=(out / WEIGHTS).stat().st_size,
        )
        page = write_report(outcome, out)
    return Result(out / WEIGHTS, document, page)
