"""``fer-predict db``: what ``--db`` stored, as the prediction JSON again or as a table."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.output import Output
from fer_edge.console.shared_options import out_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fer_edge.predict.database.reading import StoredImage, StoredModel

HERE = "fer_edge.predict.commands.db"


@command(
    "db",
    example="fer-predict db export results.db > results.json",
    subcommands=(
        Subcommand("export", f"{HERE}:export_command", "print the prediction JSON of what is stored"),
        Subcommand("show", f"{HERE}:show_command", "print it as a table"),
    ),
)
@click.argument("words", nargs=-1, metavar="COMMAND FILE")
def db_command(output: Output, words: tuple[str, ...]) -> None:  # noqa: ARG001
    """Look into a file that fer-predict --db wrote."""
    usage_error("say what to do: export or show, such as: fer-predict db show results.db")


def _stored(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of both: which file, and which of several models."""
    for option in (
        click.option("--variant", help="Only the answers of this variant, such as tflite-int8."),
        click.option("--model", "model", metavar="NAME_OR_SHA256", help="Only those of this model: its name, or how its SHA-256 begins."),
        click.option("--db", "named", metavar="FILE", help="The same as FILE."),
        click.argument("file", required=False, metavar="FILE"),
    ):  # fmt: skip
        function = option(function)
    return function


@command("export", example="fer-predict db export results.db > results.json")
@_stored
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Name the emotions that are at least this probable; without it as in the run.",
)
@click.option(
    "--probabilities/--no-probabilities",
    default=None,
    help="Every emotion's probability; without it as in the run.",
)
@out_option("Write it to this file instead.")
def export_command(
    output: Output,
    file: str | None,
    named: str | None,
    model: str | None,
    variant: str | None,
    threshold: float | None,
    probabilities: bool | None,
    out: Path | None,
) -> None:  # fmt: skip
    """Print the prediction JSON of stored results: byte for byte what --json printed.

    The pictures come in the order of the last run. Where several models have answered, those of the last one are printed.
    """
    from fer_edge.console.output import dump_json
    from fer_edge.predict.database.reading import stored_document
    from fer_edge.runtime.atomic import write_text

    images = _read(output, file, named, model, variant)
    document = stored_document(images, threshold, probabilities)
    if out is None:
        output.json = True
        output.result(document, "")
    else:
        write_text(out, dump_json(document, "utf-8") + "\n")
        output.say(f"wrote {out}")


@command("show", example="fer-predict db show results.db")
@_stored
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Only so many pictures: the last ones.",
)
def show_command(
    output: Output,
    file: str | None,
    named: str | None,
    model: str | None,
    variant: str | None,
    limit: int,
) -> None:  # fmt: skip
    """Print stored results as a table."""
    from fer_edge.predict.database.reading import stored_document
    from fer_edge.predict.outputs.table import faces_table, picture_rows

    images = _read(output, file, named, model, variant, limit)
    rows = [row for image in images for row in picture_rows(image.result, image.threshold)]
    output.result(stored_document(images), faces_table(rows, width=output.width))


def _read(
    output: Output, file: str | None, named: str | None, name: str | None, variant: str | None, limit: int | None = None
) -> Sequence[StoredImage]:  # fmt: skip
    from fer_edge.predict.database.file import open_for_reading, told
    from fer_edge.predict.database.reading import read_images, read_models

    if (file is None) == (named is None):
        usage_error("name one database, such as: fer-predict db show results.db")
    path = Path(file or named or "")
    with closing(open_for_reading(path)) as connection, told(path):
        connection.execute("BEGIN")  # one moment, whoever writes meanwhile
        models = read_models(connection)
        chosen = _choose(path, models, name, variant)
        if chosen is None:
            return []
        newest = limit is not None
        images = list(read_images(connection, model=chosen.row, limit=limit, newest_first=newest))
    _tell_others(output, path, chosen, models, len(images))
    return images[::-1] if newest else images


def _choose(path: Path, models: Sequence[StoredModel], name: str | None, variant: str | None) -> StoredModel | None:  # fmt: skip
    """The model whose answers are wanted: the last one that fits; None where nothing is stored yet.

    Raises:
        FerEdgeError: none fits.
    """
    from fer_edge.runtime.errors import FerEdgeError

    fitting = [
        model
        for model in models
        if (variant is None or model.identity.variant == variant)
        and (name is None or name == model.identity.name or model.identity.sha256.startswith(name.lower()))
    ]
    if fitting or not models:
        return fitting[0] if fitting else None
    asked = " ".join(filter(None, (name, variant)))
    raise FerEdgeError(f"{path} has no answers of {asked}; there are: {', '.join(map(_called, models))}")


def _tell_others(output: Output, path: Path, chosen: StoredModel, models: Sequence[StoredModel], shown: int) -> None:  # fmt: skip
    output.say(f"{path}: {shown} of {chosen.images} pictures, answered by {_called(chosen)}")
    others = [model for model in models if model is not chosen and model.images]
    if others:
        words = ", ".join(f"{_called(model)} ({model.images})" for model in others)
        output.say(f"also there, with --variant or --model: {words}")


def _called(model: StoredModel) -> str:
    identity = model.identity
    return f"{identity.name} {identity.variant} {identity.sha256[:8]}"
