"""``fer-train``: from a recipe to weights that ``fer-export`` takes as they are."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.option_types import Word, list_option, names_in, offer
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, map_option, out_option, settings_option
from fer_edge.console.table import table
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.evaluation.texts import describe_end, describe_second_guess, percent
from fer_edge.train.loop.processes import Processes, let_threads_sleep, rank, set_torch_threads
from fer_edge.train.recipes.overrides import PRECISIONS, check_recipe, choose_recipe

if TYPE_CHECKING:
    from fer_edge.train.loop.pipeline import Result
    from fer_edge.train.recipes.recipe import Recipe

REPORTING = ("torch", "cv2", "PIL", "safetensors", "scipy", "torchmetrics", "matplotlib")
"""Packages that a training and the report at its end need."""
LOGGERS = ("none", "csv", "tensorboard")
EXAMPLE = "fer-train synthetic --out runs/mini && fer-export runs/mini/best.safetensors"
SUBCOMMANDS = (
    Subcommand(
        "fetch",
        "fer_edge.train.zoo.fetch_command:fetch_command",
        "bring a trained network of the list, ready for export",
    ),
    Subcommand(
        "look", "fer_edge.train.look.look_command:look_command", "see what a data set holds, as a page"
    ),
    Subcommand(
        "split",
        "fer_edge.train.datasets.split_command:split_command",
        "write a data set's splits as separate files",
    ),
    Subcommand(
        "cyclegan",
        "fer_edge.train.cyclegan.commands:cyclegan_command",
        "learn to turn one emotion into another",
    ),
    Subcommand(
        "ambiguous",
        "fer_edge.train.cyclegan.commands:ambiguous_command",
        "list the faces whose label is in doubt",
    ),
    Subcommand("generate", "fer_edge.train.cyclegan.commands:generate_command", "write labeled new faces"),
    Subcommand(
        "evaluate",
        "fer_edge.train.evaluation.evaluate_command:evaluate_command",
        "report on a checkpoint or bundle",
    ),
    Subcommand(
        "compare", "fer_edge.train.evaluation.compare_command:compare_command", "models on the same faces"
    ),
)


def _settings(words: Sequence[str], formatter: click.HelpFormatter) -> None:
    """``fer-train ferplus --help``: every key of ``--set`` for that recipe, with its value."""
    from fer_edge.train.recipes import RECIPES
    from fer_edge.train.recipes.values import settings_of

    known = {entry.name: entry for entry in RECIPES}
    chosen = next((known[word] for word in words if word in known), None)
    if chosen is None:
        with formatter.section("Values of --set"):
            formatter.write_text("fer-train RECIPE --help lists them with what the recipe says.")
        return
    with formatter.section(f"Values of --set for {chosen.name}, and what the recipe says"):
        formatter.write_dl(settings_of(chosen))


@command("fer-train", example=EXAMPLE, subcommands=SUBCOMMANDS, more_help=_settings)
@click.argument(
    "recipe_name",
    metavar="RECIPE",
    required=False,
    shell_complete=offer(names_in("fer_edge.train.recipes:RECIPES")),
)
@click.option("--data", type=PATH, help="Folder of the data set, where the recipe needs one.")
@out_option("Folder for best.safetensors, snapshots, log and report.")
@click.option("--list", "listing", is_flag=True, help="List the recipes and the architectures.")
@click.option(
    "--arch",
    shell_complete=offer(names_in("fer_edge.train.models:ARCHITECTURES")),
    help="Architecture by name, or package.module:callable.",
)
@click.option(
    "--arch-arg", "arch_args", multiple=True, metavar="KEY=VALUE", help="Argument of the architecture."
)
@click.option("--size", help="Input size: N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS.")
@list_option("--classes", help="Labels in output order: emotions; any names with the recipe folder.")
@map_option("What folders of other names hold, with the recipe folder.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training faces.")
@click.option("--batch-size", type=click.IntRange(2), help="Faces a step, over all devices together.")
@click.option("--lr", "learning_rate", type=click.FloatRange(0, min_open=True), help="Peak learning rate.")
@click.option(
    "--precision", type=Word("precision", PRECISIONS), help="Of the arithmetic; best.safetensors is float32."
)
@click.option("--seed", type=click.IntRange(0), help="Of everything.")
@click.option("--limit", type=click.IntRange(2), help="At most so many faces of each split.")
@click.option("--views", type=click.IntRange(1), help="Crops kept of each training face.")
@settings_option("Any other value of the recipe or its data set.")
@click.option("--reduced", type=PATH, help="Leave out the faces of this list (fer-train ambiguous).")
@click.option("--init", type=PATH, help="Start from these weights, of fer-train or of anybody.")
@click.option(
    "--weights-key", metavar="KEY", help="Which weights of --init, where the file holds several, such as ema."
)
@click.option(
    "--augmented",
    type=PATH,
    multiple=True,
    help="Add the faces of this folder (fer-train generate); repeatable.",
)
@click.option(
    "--cache",
    type=PATH,
    help="Folder that keeps prepared faces for the next run; default: only those above 2 GiB, in ~/.cache.",
)
@click.option("--teacher", type=PATH, help="Learn from this checkpoint of fer-train as well (distillation).")
@click.option("--qat", is_flag=True, help="Train with int8 rounding in the network.")
@click.option(
    "--keep-snapshots",
    metavar="all|N|best",
    help="epoch-NNN.ckpt of all epochs, of the N best, or none beside best.ckpt.",
)
@click.option("--resume", is_flag=True, help="Go on from the last snapshot in --out.")
@click.option(
    "--devices", type=click.IntRange(1), help="Processes on each machine, one a GPU; also under torchrun."
)
@click.option("--nodes", type=click.IntRange(1), help="Machines; more than one needs torchrun on each.")
@click.option("--compile", "compiling", is_flag=True, help="Use torch.compile where it works.")
@click.option("--channels-last/--channels-first", default=True, help="Memory layout; default: channels last.")
@click.option("--logger", type=Word("logger", LOGGERS), default="none", help="Further logs beside log.jsonl.")
@click.option("--workers", type=click.IntRange(1), help="Processes that prepare faces; default: one a core.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the network; the last bits depend on it.")
def main(output: Output, recipe_name: str | None, listing: bool, **options: Any) -> None:
    """Train a RECIPE; leaves DIR/best.safetensors, ready for fer-export, beside snapshots, log and report."""
    if listing:
        _list(output)
        return
    if recipe_name is None:
        usage_error("Missing argument 'RECIPE'; fer-train --list shows what there is.")
    check_recipe(recipe_name)
    if options["out"] is None:
        usage_error("Missing option '--out'.")
    if options["weights_key"] and options["init"] is None:
        usage_error("--weights-key chooses from the file of --init; give that too.")
    let_threads_sleep()
    from fer_edge.runtime.extras import need

    need("train", "lightning", *REPORTING)
    need(
        "train",
        *(["tensorboard"] if options["logger"] == "tensorboard" else []),
        *(["torchao"] if options["qat"] else []),
    )
    output.quiet = output.quiet or rank() > 0
    chosen = choose_recipe(recipe_name, options)
    if chosen.needs_data and options["data"] is None:
        raise FerEdgeError(f"recipe {chosen.name!r} needs --data: {chosen.summary}")
    result = _run(output, chosen, options)
    if result is not None:
        _show(output, result)


def _run(output: Output, chosen: Recipe, options: dict[str, Any]) -> Result | None:
    from fer_edge.train.data.arrays import cores
    from fer_edge.train.loop.pipeline import train
    from fer_edge.train.loop.run_options import RunOptions

    processes = Processes.asked_for(options["devices"], options["nodes"])
    share = max(1, cores() // processes.devices)
    set_torch_threads(options["threads"] or share)
    given = {**options, "workers": options["workers"] or share, "processes": processes}
    given["compile"] = options["compiling"]
    names = [field.name for field in fields(RunOptions) if field.name in given]
    run_options = RunOptions(**{name: given[name] for name in names})
    return train(chosen, options["out"], output, run_options)


def _list(output: Output) -> None:
    from fer_edge.train.models import ARCHITECTURES
    from fer_edge.train.recipes import RECIPES

    recipes, networks = (
        [{name: getattr(entry, name) for name in names} for entry in entries]
        for entries, names in (
            (RECIPES, ("name", "summary", "arch", "published")),
            (ARCHITECTURES, ("name", "width", "height", "channels", "source")),
        )
    )
    text = table(
        ("recipe", "architecture", "published", "what"),
        [(r["name"], r["arch"], r["published"] or "-", r["summary"]) for r in recipes],
        optional=("published",),
        width=output.width,
    )
    text += "\n\n" + table(
        ("architecture", "input", "source"),
        [
            (entry.name, f"{entry.width}x{entry.height}x{entry.channels}", entry.source)
            for entry in ARCHITECTURES
        ],
        width=output.width,
    )
    output.result({"recipes": recipes, "architectures": networks}, text)


def _show(output: Output, result: Result) -> None:
    judged = result.report["judged_on"]
    figures = result.report[judged]
    rows = [
        (name, *(percent(figures[part].get("per_class", {}).get(name)) for part in ("clear", "all")))
        for name in result.report["recipe"]["classes"]
    ]
    rows.append(("together", *(percent(figures[part].get("top1")) for part in ("clear", "all"))))
    title = "held-out faces" if judged == "test" else "validation faces (no test split)"
    text = table((title, "clear", "all"), rows, right=("clear", "all"), width=output.width)
    told = [*describe_end(result.report), describe_second_guess(figures["all"])]
    text = "\n".join([text, "", *filter(None, told), "", f"Report: {result.page}", f"Next: {_next(result)}"])
    document = {"weights": str(result.weights), "report": str(result.page), "judged_on": judged}
    document |= {name: result.report[name] for name in ("chosen", "ended")}
    output.result({**document, "test": result.report.get("test"), judged: figures}, text)


def _next(result: Result) -> str:
    """The command that exports the weights; a network that is not built in has to be named again, since no file may choose code."""
    arch = result.report["recipe"]["arch"]
    return shlex.join(["fer-export", str(result.weights), *(["--arch", arch] if ":" in arch else [])])


if __name__ == "__main__":
    main()
