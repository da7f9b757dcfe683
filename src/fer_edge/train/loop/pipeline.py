"""A recipe from its first face to ``best.safetensors``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.console.output import Output
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec, Quantization
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.train.checkpoint.checkpoint import CONTRACT_KEY, write_checkpoint
from fer_edge.train.data.pipeline import DataOptions, Prepared, prepared
from fer_edge.train.datasets.common import keep_apart
from fer_edge.train.datasets.faults import LISTING, FaultyData
from fer_edge.train.loop import provenance, summary
from fer_edge.train.loop.processes import rank
from fer_edge.train.loop.run_options import Wishes, best, network_of, objective, sources, trained
from fer_edge.train.models import architecture
from fer_edge.train.recipes.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

WEIGHTS, REPORT = "best.safetensors", "report.json"
TIMED = 32
"""Faces that the report's inference time is the median of."""


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
    wishes: Wishes | None = None,
    reduced: Path | None = None,
    augmented: Sequence[Path] = (),
) -> Result | None:
    """Run a recipe.

    Args:
        recipe: with all overrides applied.
        out: folder, made if absent; its ``best.safetensors``, snapshots, log and report are replaced.
        output: where progress goes.
        data: the folder of ``--data``.
        workers: processes that prepare faces; None: one a core.
        wishes: devices, first weights, teacher and the like; None: none of them.
        reduced: list of ambiguous faces to leave out of the training split.
        augmented: folders of generated faces to add to it.

    Returns:
        None in a process that helps another one, which writes.

    Raises:
        FerEdgeError: the data, the architecture or the choices do not fit together.
    """
    import lightning.pytorch as pl

    from fer_edge.train.checkpoint.snapshot_file import read_snapshot_file
    from fer_edge.train.loop.log import LOG, write_log
    from fer_edge.train.loop.snapshots import BEST
    from fer_edge.train.loop.trainer import Means, run
    from fer_edge.train.recipes import recipe as listed

    wishes = wishes or Wishes()
    recipe = sized(recipe)
    contract = contract_of(recipe)
    wishes.processes.check(recipe.batch_size)
    origins = sources(wishes)
    keep_apart(out, data)
    out.mkdir(parents=True, exist_ok=True)
    pl.seed_everything(recipe.seed, verbose=False)
    network = network_of(recipe)
    if wishes.init is not None:
        from fer_edge.train.checkpoint.network import initialize

        output.say(initialize(network, wishes.init, contract, wishes.weights_key))
    options = DataOptions(data, workers, reduced, tuple(augmented), wishes.cache)
    splits = _listing_faults(recipe, options, out, output)
    facts = {split: part.facts() for split, part in splits.items()}
    texts = provenance.texts(recipe, facts, origins, options.lists)
    begun = {
        "recipe": provenance.choices(recipe),
        "changed": summary.changed(recipe, sized(listed(recipe.name))),
        "lists": options.lists,
        "classes": {
            split: summary.frequencies(part.arrays.labels, recipe.classes) for split, part in splits.items()
        },
    }
    for line in summary.opening(recipe, begun):
        output.say(line)
    names = tuple(network.state_dict())
    history = run(
        trained(network, recipe, splits["train"], wishes, output),
        recipe,
        splits["train"].arrays,
        splits["validation"].arrays,
        out,
        output,
        objective(recipe, contract, splits["train"], wishes, output),
        Means(
            processes=wishes.processes,
            channels_last=wishes.channels_last and not wishes.qat,
            logger=wishes.logger,
            resume=wishes.resume,
            choices={"recipe": provenance.choices(recipe), "data": facts, **origins},
            names=names,
            texts={CONTRACT_KEY: contract.text, **texts},
            run=begun,
        ),
    )
    if rank():
        return None
    network = best(recipe, out, splits["train"], wishes)
    ending = summary.ending(history, read_snapshot_file(out / BEST)["epoch"], recipe)
    write_log(out / LOG, summary.log_lines(history, begun, ending))
    document = provenance.report(recipe, contract, facts, origins, history) | begun | ending
    result = _written(
        network, recipe, contract, splits, document | {"notes": options.notes}, texts, out, wishes
    )
    for note in result.report["notes"][len(options.notes) :]:
        output.warn(note)
    return result


def _listing_faults(recipe: Recipe, options: DataOptions, out: Path, output: Output) -> dict[str, Prepared]:
    """The splits; every fault of the data goes to a list in ``out``, since a message shows the first ones only."""
    (out / LISTING).unlink(missing_ok=True)
    try:
        splits = prepared(recipe, options, output)
    except FaultyData as error:
        _list_faults(out, [*options.left_out, *error.lines])
        raise DataError(f"{error}\n  All of them: {out / LISTING}") from error
    if options.left_out:
        _list_faults(out, options.left_out)
        output.say(f"what was left out: {out / LISTING}")
    return splits


def _list_faults(out: Path, lines: Sequence[str]) -> None:
    if not rank():
        write_bytes(out / LISTING, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))


def _written(
    best: nn.Module,
    recipe: Recipe,
    contract: Contract,
    splits: Mapping[str, Prepared],
    document: dict[str, Any],
    texts: Mapping[str, str],
    out: Path,
    wishes: Wishes,
) -> Result:
    """Weights, contract, ``report.json`` and the report for people."""
    from fer_edge.train.evaluation.accuracy import at_chance, figures, probabilities

    judged = "test" if "test" in splits else "validation"
    arrays = splits[judged].arrays
    guesses = probabilities(best, arrays, contract)
    document = {**document, "judged_on": judged, judged: figures(guesses, arrays, contract.labels)}
    chance = at_chance(document[judged]["all"], contract.labels, judged)
    document["notes"] = [*document["notes"], *([chance] if chance else [])]
    state = {
        name: tensor for name, tensor in best.state_dict().items() if not name.endswith("num_batches_tracked")
    }
    write_checkpoint(out / WEIGHTS, state, contract, texts)
    document["weights_sha256"] = hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest()
    write_bytes(out / f"{WEIGHTS}.contract.json", contract.text.encode())
    write_bytes(out / REPORT, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    page = None
    if wishes.report:
        from fer_edge.train.evaluation.evaluated_model import open_subject
        from fer_edge.train.evaluation.outcome import Outcome, write_report
        from fer_edge.train.evaluation.predictions import inference_time

        own = (recipe.arch,) if ":" in recipe.arch else ()
        seconds, timing = inference_time(open_subject(out / WEIGHTS, arch=own), arrays.crops[:TIMED, 0])
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
            seconds_a_face=seconds,
            timing=timing,
            size_bytes=(out / WEIGHTS).stat().st_size,
            notes=tuple(document["notes"]),
            training=document,
        )
        page = write_report(outcome, out)
    return Result(out / WEIGHTS, document, page)
