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
from fer_edge.runtime.errors import DataError
from fer_edge.train.checkpoint.checkpoint import write_checkpoint
from fer_edge.train.checkpoint.snapshot_file import read_snapshot_file
from fer_edge.train.datasets.common import keep_apart
from fer_edge.train.datasets.faults import LISTING, FaultyData
from fer_edge.train.evaluation.figures import at_chance, of_split
from fer_edge.train.evaluation.predictions import Predictions, inference_time, probabilities
from fer_edge.train.loop.network import best_network, network_of, objective_of, prepare_network
from fer_edge.train.loop.processes import rank
from fer_edge.train.loop.record import Record, count_classes, summarize_end
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.loop.splits import DataOptions, PreparedSplit, prepare_splits
from fer_edge.train.recipes.input_size import with_size
from fer_edge.train.recipes.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

    from fer_edge.train.loop.log import History
    from fer_edge.train.loop.trainer import Run

WEIGHTS, REPORT = "best.safetensors", "report.json"
TIMED = 32
"""Faces that the report's inference time is the median of."""


@dataclass(frozen=True)
class Result:
    """The files of a training.

    Attributes:
        weights: path of ``best.safetensors``.
        report: the content of ``report.json``.
        page: path of ``report.html``; None where none was asked for.
    """

    weights: Path
    report: dict[str, Any]
    page: Path | None = None


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


def train(recipe: Recipe, out: Path, output: Output, options: RunOptions | None = None) -> Result | None:
    """Run a recipe.

    Args:
        recipe: with all overrides applied.
        out: folder, made if absent; its ``best.safetensors``, snapshots, log and report are replaced.
        output: where progress goes.
        options: data, devices, first weights, teacher and the like; None: none of them.

    Returns:
        None in a process that helps another one, which writes.

    Raises:
        FerEdgeError: the data, the architecture or the choices do not fit together.
    """
    import lightning.pytorch as pl

    from fer_edge.train.loop.trainer import Run

    recipe, options = with_size(recipe), options or RunOptions()
    contract = contract_of(recipe)
    options.processes.check(recipe.batch_size)
    sources = options.sources()
    keep_apart(out, options.data)
    out.mkdir(parents=True, exist_ok=True)
    pl.seed_everything(recipe.seed, verbose=False)
    network = network_of(recipe)
    if options.init is not None:
        from fer_edge.train.checkpoint.network import initialize

        output.say(initialize(network, options.init, contract, options.weights_key))
    data = DataOptions(options.data, options.workers, options.reduced, options.augmented, options.cache)
    splits = _open_splits(recipe, data, out, output)
    record = _record(recipe, contract, splits, sources, data.lists)
    for line in record.describe_start():
        output.say(line)
    run = Run(record, options, out, output, tuple(network.state_dict()))
    network = prepare_network(network, recipe, splits["train"], options, output)
    objective = objective_of(recipe, contract, splits["train"], options.teacher, output)
    history = run.train(network, objective, splits["train"].arrays, splits["validation"].arrays)
    return None if rank() else _finish(run, splits, history, data.notes)


def _record(
    recipe: Recipe,
    contract: Contract,
    splits: Mapping[str, PreparedSplit],
    sources: Mapping[str, Any],
    lists: Sequence[Mapping[str, Any]],
) -> Record:
    from fer_edge.train.recipes import recipe as listed

    return Record(
        recipe,
        with_size(listed(recipe.name)),
        contract,
        {split: part.facts() for split, part in splits.items()},
        {split: count_classes(part.arrays.labels, recipe.classes) for split, part in splits.items()},
        sources,
        lists,
    )


def _open_splits(recipe: Recipe, options: DataOptions, out: Path, output: Output) -> dict[str, PreparedSplit]:
    """The splits; every fault of the data goes to a list in ``out``, since a message shows the first ones only."""
    (out / LISTING).unlink(missing_ok=True)
    try:
        splits = prepare_splits(recipe, options, output)
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


def _finish(run: Run, splits: Mapping[str, PreparedSplit], history: History, notes: Sequence[str]) -> Result:
    """The best epoch's network: its weights, contract, figures and report."""
    from fer_edge.train.loop.log import LOG, log_lines, write_log
    from fer_edge.train.loop.snapshots import BEST

    record, out = run.record, run.out
    network = best_network(record.recipe, out / BEST, splits["train"], qat=run.options.qat)
    end = summarize_end(history, read_snapshot_file(out / BEST)["epoch"], record.recipe)
    write_log(out / LOG, log_lines(history, record.start(), end))
    judged = "test" if "test" in splits else "validation"
    predictions = _predictions(network, record, judged, splits[judged], history)
    figures = of_split(predictions, splits[judged].arrays.clear)
    chance = at_chance(figures["all"], predictions.classes, judged)
    if chance:
        run.output.warn(chance)
    _write_weights(network, record, out)
    document = record.report(history, end) | {
        "notes": [*notes, *([chance] if chance else [])],
        "judged_on": judged,
        judged: figures,
        "weights_sha256": hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest(),
    }
    write_bytes(out / REPORT, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())
    page = _write_page(predictions, document, record.recipe, out) if run.options.report else None
    return Result(out / WEIGHTS, document, page)


def _predictions(
    network: nn.Module, record: Record, judged: str, split: PreparedSplit, history: History
) -> Predictions:
    crops = split.arrays.crops[:, 0]
    return Predictions(
        model=record.recipe.model,
        classes=record.contract.labels,
        probabilities=probabilities(network, crops, record.contract),
        labels=split.arrays.labels,
        names=split.names(),
        crops=crops,
        history=history,
        source=f"{record.recipe.name} {judged}",
        data_sha256=split.sha256,
    )


def _write_weights(network: nn.Module, record: Record, out: Path) -> None:
    state = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    write_checkpoint(out / WEIGHTS, state, record.contract, record.texts())
    write_bytes(out / f"{WEIGHTS}.contract.json", record.contract.text.encode())


def _write_page(predictions: Predictions, document: dict[str, Any], recipe: Recipe, out: Path) -> Path:
    """The report for people, with the time that the written weights take for a face."""
    from fer_edge.train.evaluation.evaluated_model import open_model
    from fer_edge.train.evaluation.report_page import write_report

    own = (recipe.arch,) if ":" in recipe.arch else ()
    seconds, timing = inference_time(open_model(out / WEIGHTS, arch=own), predictions.crops[:TIMED])
    timed = replace(
        predictions,
        seconds_a_face=seconds,
        timing=timing,
        size_bytes=(out / WEIGHTS).stat().st_size,
        notes=tuple(document["notes"]),
        training=document,
    )
    return write_report(timed, out)
