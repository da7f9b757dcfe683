"""``fer-train look``: a data set as a page, before anything is learned from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import list_option
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, map_option, out_option, settings_option
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import need

OVERRIDING = ("settings", "classes", "map", "seed", "size")
"""Options that change the recipe, as they do for a training."""


@command("fer-train look", example="fer-train look FER/ --out look")
@click.argument("data", type=PATH, required=False)
@click.option(
    "--recipe", "recipe_name", help="That reads DATA; default: by what lies there. synthetic needs no DATA."
)
@settings_option("Value of the recipe or its data set, as for a training.")
@list_option(
    "--classes", help="Only these; default: the recipe's, with the recipe folder those that are there."
)
@map_option("What folders of other names hold, with the recipe folder.")
@click.option("--size", help="Input size: N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS.")
@click.option(
    "--seed", type=click.IntRange(0), help="Of the examples and the alterations, and of drawn faces."
)
@click.option(
    "--examples", type=click.IntRange(1, 64), default=8, show_default=True, help="Faces of each class."
)
@out_option("Folder for look.html and its pictures.", default="look")
def look_command(
    output: Output, data: Path | None, recipe_name: str | None, out: Path, examples: int, **options: Any
) -> None:
    """Show what a data set holds, before a training: a page, its pictures, and lists of what is faulty or repeated.

    How often each class is there, faces of each, one face as training alters it, and FER2013's labels beside those of FER+. Faults
    are shown, not refused.
    """
    need("train", "torch", "torchvision", "cv2", "PIL", "matplotlib")
    from fer_edge.train.datasets.common import keep_apart
    from fer_edge.train.look.document import document, text
    from fer_edge.train.look.findings import find
    from fer_edge.train.look.page import write

    if data is None and recipe_name is None:
        usage_error("Missing argument 'DATA', the folder of a data set; or give --recipe synthetic.")
    if data is not None and not data.exists():
        raise FerEdgeError(f"{data} is not there; fer-train look takes the folder of a data set or its table")
    keep_apart(out, data)
    chosen = {name: options[name] for name in OVERRIDING}
    found = find(data, recipe_name, chosen, output.say)
    for note in found.looked.notes:
        output.warn(note)
    page = write(found, out, examples)
    output.result({"page": str(page), **document(found)}, text(found, str(page), width=output.width))
