"""``fer-train cyclegan``, ``fer-train ambiguous`` and ``fer-train generate``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import list_option
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, out_option
from fer_edge.console.table import table
from fer_edge.runtime.extras import need
from fer_edge.train.cyclegan.choices import EPOCHS, THRESHOLD, Choices
from fer_edge.train.cyclegan.data_options import (
    Emotion,
    data_options,
    origin_for,
    origin_of,
    set_threads,
)
from fer_edge.train.datasets.common import keep_apart
from fer_edge.train.recipes.input_size import parse_size, with_size

if TYPE_CHECKING:
    from fer_edge.train.cyclegan.choices import Origin
    from fer_edge.train.cyclegan.model import Model
    from fer_edge.train.data.faces import Faces

FOLDER_SIZE, FOLDER_CHANNELS, FOLDER_MARGIN = 128, 3, 0.1
MANY = 0.5
"""A list of more than this share of the faces says something about the CycleGAN rather than about the labels."""


@command(
    "cyclegan", example="fer-train cyclegan --from happiness --to sadness --data faces --out runs/cyclegan"
)
@list_option(
    "--from",
    "sources",
    element=Emotion(),
    required=True,
    unique=False,
    help="One class; several make several pairs, trained one after the other.",
)
@list_option(
    "--to",
    "targets",
    element=Emotion(),
    required=True,
    unique=False,
    help="The other class of each pair, or one for all; both directions are trained.",
)
@out_option("Folder for the model, snapshot and samples.", required=True)
@data_options
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=EPOCHS,
    show_default=True,
    help="Half constant, half decaying.",
)
@click.option(
    "--size", help="Edge of the pictures: N, NxN or NxNxCHANNELS; default: the recipe's, or 128x128x3."
)
@click.option(
    "--width", type=click.IntRange(1), default=64, show_default=True, help="Filters of the first layers."
)
@click.option(
    "--blocks", type=click.IntRange(1), help="Residual blocks; default: 9 from size 256 on, 6 below."
)
@click.option(
    "--layers",
    type=click.IntRange(1, 5),
    default=3,
    show_default=True,
    help="Of the discriminators at stride 2.",
)
@click.option(
    "--batch-size", type=click.IntRange(1), default=1, show_default=True, help="Faces of each class a step."
)
@click.option("--seed", type=click.IntRange(0), help="Of everything; default: the recipe's, or 0.")
@click.option(
    "--sample-every", type=click.IntRange(1), default=1, show_default=True, help="Epochs from grid to grid."
)
@click.option("--resume", is_flag=True, help="Go on from the folder's snapshot.")
def cyclegan_command(output: Output, **options: Any) -> None:
    """Train a CycleGAN between two emotions; leaves DIR/cyclegan.safetensors and sample grids.

    Of several pairs each gets a folder DIR/FROM-TO of its own.
    """
    wanted = pairs_of(options["sources"], options["targets"])
    origin = origin_of(options)
    keep_apart(options["out"], options["data"])
    every = [choices_of(origin, {**options, "source": source, "target": target}) for source, target in wanted]
    need("train", "lightning", "torch", "torchvision", "PIL", "matplotlib", "safetensors")
    set_threads(options["threads"])
    from fer_edge.train.cyclegan.run import train

    results = []
    for choices in every:
        out = options["out"] if len(every) == 1 else options["out"] / f"{choices.source}-{choices.target}"
        if len(every) > 1:
            output.say(f"{choices.source} and {choices.target}: {out}")
        result = train(choices, origin, options["data"], out, output, resume=options["resume"],
                       sample_every=options["sample_every"], workers=options["workers"])  # fmt: skip
        results.append({"from": choices.source, "to": choices.target, **result})
    lines = [line for result in results for line in (result["model"], f"Next: {_ambiguous(result, options)}")]
    document = {"pairs": results, **(results[0] if len(results) == 1 else {})}
    output.result(document, "\n".join(lines))


def pairs_of(sources: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs that ``--from`` and ``--to`` name together: place by place, a single one for all of the others.

    Raises:
        click.UsageError: their numbers do not fit, a class stands on both sides, or a pair is named twice.
    """
    count = max(len(sources), len(targets))
    if {len(sources), len(targets)} - {1, count}:
        usage_error(
            f"--from names {len(sources)} classes and --to {len(targets)}; name as many, or one for all."
        )
    pairs = list(
        zip(list(sources) * (count // len(sources)), list(targets) * (count // len(targets)), strict=True)
    )
    for source, target in pairs:
        if source == target:
            usage_error(f"--from and --to are both {source}; name two classes.")
    twice = next((pair for at, pair in enumerate(pairs) if set(pair) in map(set, pairs[:at])), None)
    if twice:
        usage_error(f"{' and '.join(twice)} are named twice; a CycleGAN learns both directions of a pair.")
    return pairs


def _ambiguous(result: dict[str, Any], options: dict[str, Any]) -> str:
    """The command that lists the doubtful faces of what a model was trained on."""
    folder = Path(result["model"]).parent
    data = ["--data", str(options["data"])] if options["data"] is not None else []
    pair = f"{result['from']}-{result['to']}" if folder != options["out"] else "ambiguous"
    return shlex.join(["fer-train", "ambiguous", "--model", str(folder), *data, "--out", f"{pair}.csv"])


@command("ambiguous", example="fer-train ambiguous --model runs/cyclegan --data faces --out ambiguous.csv")
@click.option("--model", type=PATH, required=True, help="Folder of fer-train cyclegan.")
@out_option("The list; histogram and summary lie beside it.", required=True)
@data_options
@click.option("--threshold", type=click.FloatRange(-1, 1), default=THRESHOLD, show_default=True, help="Similarity from which on a label is ambiguous.")  # fmt: skip
@click.option("--only", type=Emotion(), help="One of the two classes; default: both.")
@click.option("--seed", type=click.IntRange(0), help="Of the faces; default: the training's.")
def ambiguous_command(output: Output, **options: Any) -> None:
    """List the faces that a translation into the other class leaves as they are: their label is in doubt."""
    need("train", "torch", "skimage", "matplotlib", "PIL")
    set_threads(options["threads"])
    from fer_edge.train.cyclegan.ambiguous import find_ambiguous

    if options["out"].suffix.lower() != ".csv":
        usage_error(f"--out {options['out']} does not end in .csv.")
    keep_apart(options["out"], options["data"])
    model = _model(options)
    faces = _faces(model, options)
    found = find_ambiguous(
        model, faces, output, threshold=options["threshold"], only=options["only"], workers=options["workers"]
    )
    result = found.summary | found.write(options["out"])
    rows = [
        (name, str(found["faces"]), str(found["listed"]), f"{found['median_ssim']:.3f}")
        for name, found in result["classes"].items()
    ]
    if result["listed"] > MANY * result["faces"]:
        output.warn(
            f"{result['listed']} of {result['faces']} faces are listed: this CycleGAN changes little, so that similarity says "
            "little about labels; train it longer, look at its samples, or raise --threshold"
        )
    text = table(
        ("class", "faces", "listed", "median similarity"), rows, right=("faces", "listed"), width=output.width
    )
    text += (
        f"\n\nThe listed faces: {result['page']}\n{_training('--reduced', options['out'], model, options)}"
    )
    output.result(result, text)


@command("generate", example="fer-train generate --model runs/cyclegan --data faces --out generated")
@click.option("--model", type=PATH, required=True, help="Folder of fer-train cyclegan.")
@out_option("New folder for <class>/*.png and provenance.json.", required=True)
@data_options
@click.option("--only", type=Emotion(), help="Make faces of one of the two classes; default: of both.")
@click.option(
    "--count", type=click.IntRange(1), help="At most so many new faces a class; default: one of each face."
)
@click.option("--without", type=PATH, help="List of fer-train ambiguous; its faces are left out.")
@click.option("--seed", type=click.IntRange(0), help="Of the choice under --count; default: the training's.")
def generate_command(output: Output, **options: Any) -> None:
    """Write new labeled faces: those of one class, translated into the other."""
    need("train", "torch", "torchvision", "PIL", "matplotlib", "safetensors")
    set_threads(options["threads"])
    from fer_edge.train.cyclegan.generate import make_faces

    keep_apart(options["out"], options["data"])
    model = _model(options)
    faces = _faces(model, options)
    if options["without"] is not None:
        from fer_edge.train.datasets.curated import reduce

        faces = reduce(faces, options["without"])
    seed = model.choices.seed if options["seed"] is None else options["seed"]
    result = make_faces(model, faces, options["out"], output, only=options["only"], count=options["count"], seed=seed,
                        workers=options["workers"])  # fmt: skip
    rows = [(name, str(count)) for name, count in result["made"].items()]
    text = table(("class", "new faces"), rows, right=("new faces",), width=output.width)
    output.result(result, f"{text}\n\n{_training('--augmented', options['out'], model, options)}")


def _training(option: str, made: Path, model: Model, options: dict[str, Any]) -> str:
    """The training that uses what was made, on the split that it was made from."""
    origin = origin_for(model.origin, options)
    if not origin.recipe:
        # The names of a folder's faces are those of no recipe's training split.
        return f"For a training with {option}, make it with --recipe NAME, the one that is to be trained."
    words = ["fer-train", origin.recipe]
    words += ["--data", str(options["data"])] if options["data"] is not None else []
    words += ["--classes", ",".join(origin.classes)] if origin.classes else []
    for name, value in (("--limit", origin.limit), ("--seed", origin.seed)):
        words += [name, str(value)] if value is not None else []
    for setting in origin.settings:
        words += ["--set", setting]
    return f"Next: {shlex.join([*words, option, str(made), '--out', f'runs/{option[2:]}'])}"


def choices_of(origin: Origin, options: dict[str, Any]) -> Choices:
    """The options about the networks; the recipe's input size where they say nothing.

    Raises:
        click.UsageError: a size that cannot be read.
        FerEdgeError: a size that the networks cannot have.
    """
    size, channels, margin, seed = FOLDER_SIZE, FOLDER_CHANNELS, FOLDER_MARGIN, 0
    chosen = origin.chosen()
    if chosen is not None:
        chosen = with_size(chosen)
        size, channels, margin, seed = chosen.width, chosen.channels, chosen.crop_margin, chosen.seed
    if options["size"]:
        size, _, wanted = parse_size(options["size"], square=True)
        channels = wanted or channels
    return Choices(
        source=options["source"],
        target=options["target"],
        size=size,
        channels=channels,
        margin=margin,
        width=options["width"],
        blocks=options["blocks"] or Choices.blocks_for(size),
        layers=options["layers"],
        epochs=options["epochs"],
        batch_size=options["batch_size"],
        seed=seed if options["seed"] is None else options["seed"],
    )


def _model(options: dict[str, Any]) -> Model:
    from fer_edge.train.cyclegan.model import read_model

    model = read_model(options["model"])
    if options["only"] not in (None, model.choices.source, model.choices.target):
        usage_error(f"--only {options['only']} is none of {model.choices.source} and {model.choices.target}.")
    return model


def _faces(model: Model, options: dict[str, Any]) -> Faces:
    from fer_edge.train.cyclegan.data import open_faces

    origin = origin_for(model.origin, options)
    return open_faces(origin, options["data"], (model.choices.source, model.choices.target))
