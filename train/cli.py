"""``fer-train``: from a recipe to weights that ``fer-export`` takes as they are."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.lists import Word, list_option
from fer_edge.console.output import Output
from fer_edge.console.table import table
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import EMOTIONS, canonical

if TYPE_CHECKING:
    from fer_edge.train.pipeline import Result
    from fer_edge.train.recipes import Recipe

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true")
EXAMPLE = "fer-train synthetic --out runs/mini && fer-export runs/mini/best.safetensors"


@command("fer-train", example=EXAMPLE)
@click.argument("recipe_name", metavar="RECIPE", required=False)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the data set, where the recipe needs one."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for best.safetensors, snapshots, log and report."
)
@click.option("--list", "listing", is_flag=True, help="List the recipes and the architectures.")
@click.option("--arch", help="Architecture by name, or package.module:callable.")
@click.option(
    "--arch-arg", "arch_args", multiple=True, metavar="KEY=VALUE", help="Argument of the architecture."
)
@click.option("--size", help="Input size: N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS.")
@list_option("--classes", help="Labels in output order, out of the eight emotions.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training faces.")
@click.option("--batch-size", type=click.IntRange(2), help="Faces a step.")
@click.option("--lr", "learning_rate", type=click.FloatRange(0, min_open=True), help="Peak learning rate.")
@click.option(
    "--precision", type=Word("precision", PRECISIONS), help="Of the arithmetic; best.safetensors is float32."
)
@click.option("--seed", type=click.IntRange(0), help="Of everything.")
@click.option("--limit", type=click.IntRange(2), help="At most so many faces of each split.")
@click.option("--views", type=click.IntRange(1), help="Crops kept of each training face.")
@click.option("--workers", type=click.IntRange(1), help="Processes that prepare faces; default: one a core.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the network; the last bits depend on it.")
def main(output: Output, recipe_name: str | None, listing: bool, **options: Any) -> None:
    """Train a RECIPE; leaves DIR/best.safetensors, ready for fer-export, beside snapshots, log and report."""
    if listing:
        _list(output)
        return
    if recipe_name is None:
        usage_error("Missing argument 'RECIPE'; fer-train --list shows what there is.")
    if options["out"] is None:
        usage_error("Missing option '--out'.")
    # A thread that waits must not spin: with other work on the machine, two spinning threads were 15 times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from fer_edge.runtime.extras import require

    require("lightning", "train")
    from fer_edge.train.pipeline import train
    from fer_edge.train.recipes import recipe

    chosen = overridden(recipe(recipe_name), options)
    if chosen.needs_data and options["data"] is None:
        raise FerEdgeError(f"recipe {chosen.name!r} needs --data: {chosen.summary}")
    _threads(options["threads"])
    result = train(chosen, options["out"], output, data=options["data"], workers=options["workers"])
    _show(output, result)


def overridden(recipe: Recipe, options: dict[str, Any]) -> Recipe:
    """The recipe with the command line's choices in place of its own.

    Raises:
        click.UsageError: a size, class or argument that cannot be read.
    """
    from fer_edge.train.models.foreign import parse_arguments

    names = ("epochs", "batch_size", "learning_rate", "precision", "seed", "views")
    changes: dict[str, Any] = {name: options[name] for name in names if options.get(name) is not None}
    if options.get("arch"):
        word = options["arch"].rpartition(":")[2]
        changes |= {"arch": options["arch"], "model": re.sub(r"[^A-Za-z0-9]+", "-", word).strip("-")}
        changes |= {"width": 0, "height": 0, "channels": 0, "arch_args": {}}
    if options.get("arch_args"):
        changes["arch_args"] = parse_arguments(_pairs(options["arch_args"]))
    if options.get("size"):
        changes |= _size(options["size"])
    if options.get("classes"):
        changes["classes"] = _classes(options["classes"])
    if options.get("limit"):
        changes["faces"] = {split: min(count, options["limit"]) for split, count in recipe.faces.items()}
    return replace(recipe, **changes)


def _size(text: str) -> dict[str, int]:
    found = re.fullmatch(r"(\d+)(?:x(\d+)(?:x([13]))?)?", text)
    if not found or not int(found[1]) or (found[2] and not int(found[2])):
        usage_error(f"--size {text!r} cannot be read; write 64, 64x48 or 64x48x3 (channels 1 or 3).")
    size = {"width": int(found[1]), "height": int(found[2] or found[1])}
    return size | ({"channels": int(found[3])} if found[3] else {})


def _classes(words: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(canonical(word) for word in words))
    for name in names:
        if name not in EMOTIONS:
            usage_error(unknown("class", name, EMOTIONS))
    if len(names) < 2:
        usage_error("--classes needs two or more.")
    return names


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            usage_error(f"--arch-arg {text!r} is not KEY=VALUE.")
    return dict(text.split("=", 1) for text in texts)


def _threads(count: int | None) -> None:
    import torch

    from fer_edge.train.data.arrays import cores

    torch.set_num_threads(count or cores())


def _list(output: Output) -> None:
    from fer_edge.train.models import ARCHITECTURES
    from fer_edge.train.recipes import RECIPES

    recipes = [{"name": entry.name, "summary": entry.summary, "arch": entry.arch} for entry in RECIPES]
    networks = [
        {
            "name": entry.name,
            "width": entry.width,
            "height": entry.height,
            "channels": entry.channels,
            "source": entry.source,
        }
        for entry in ARCHITECTURES
    ]
    text = table(("recipe", "architecture", "what"), [(r["name"], r["arch"], r["summary"]) for r in recipes])
    text += "\n\n" + table(
        ("architecture", "input", "source"),
        [
            (entry.name, f"{entry.width}x{entry.height}x{entry.channels}", entry.source)
            for entry in ARCHITECTURES
        ],
    )
    output.result({"recipes": recipes, "architectures": networks}, text)


def _show(output: Output, result: Result) -> None:
    test = result.report["test"]
    rows = [
        (name, *(_percent(test[part].get("per_class", {}).get(name)) for part in ("clear", "all")))
        for name in result.report["recipe"]["classes"]
    ]
    rows.append(("together", *(_percent(test[part].get("top1")) for part in ("clear", "all"))))
    text = table(("held-out faces", "clear", "all"), rows, right=("clear", "all"))
    text += f"\n\nNext: fer-export {result.weights}"
    output.result({"weights": str(result.weights), "test": test}, text)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
