"""``fer-train evaluate``: the report of a training for any checkpoint, bundle or artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_edge.console.command import command
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, out_option, threads_option
from fer_edge.console.table import table
from fer_edge.runtime.extras import need
from fer_edge.train.evaluation.labeled_faces import face_options, open_faces
from fer_edge.train.evaluation.texts import bytes_text, milliseconds, percent

EXAMPLE = "fer-train evaluate bundle --data test/ --variant tflite-int8 --out evaluation"


@command("evaluate", example=EXAMPLE)
@click.argument("path", metavar="CHECKPOINT|BUNDLE|ARTIFACT", type=PATH)
@face_options
@click.option("--variant", help="Of a bundle, such as tflite-int8.")
@click.option("--engine", help="That runs it: litert, onnxruntime, torchscript or coreml.")
@click.option(
    "--arch",
    multiple=True,
    help="Of a checkpoint whose architecture is not built in: package.module:callable.",
)
@threads_option("Of the model.")
@click.option(
    "--no-timing", is_flag=True, help="Leave the inference time out: equal inputs then give equal bytes."
)
@out_option("Folder for the report.", default="evaluation")
def evaluate_command(output: Output, path: Path, out: Path, no_timing: bool, **options: Any) -> None:
    """Ask a model about labeled faces; leaves report.html, its pictures and evaluation.json in --out.

    Labels are matched by name (happy is happiness). Every face goes through the camera path in the model's own size.
    """
    from fer_edge.train.datasets.common import keep_apart
    from fer_edge.train.evaluation.document import document
    from fer_edge.train.evaluation.evaluated_model import open_model
    from fer_edge.train.evaluation.predictions import predict
    from fer_edge.train.evaluation.report_page import write_report

    need("train", "scipy", "torchmetrics", "matplotlib", "PIL")
    keep_apart(out, options["data"])
    names = ("variant", "engine", "threads", "arch")
    model = open_model(path, **{name: options[name] for name in names})
    faces = open_faces(options, model.contract.labels)
    for note in faces.notes:
        output.warn(note)
    output.say(f"{model.title}, {model.engine}, on {len(faces)} faces of {faces.source}")
    with output.progress("Faces", len(faces)) as bar:
        predictions = predict([model], faces, timed=not no_timing, advance=bar.advance)[0]
    page = write_report(predictions, out)
    found = {key: value for key, value in document(predictions).items() if key not in {"answers", "epochs"}}
    output.result({"report": str(page), **found}, _text(found, page))


def _text(found: dict[str, Any], page: Path) -> str:
    figures, inference = found["figures"], found["inference"] or {}
    low, high = figures["top1_interval"]
    rows = [
        ("accuracy", f"{percent(figures['top1'])} ({100 * low:.1f} to {100 * high:.1f})"),
        ("top-2", percent(figures["top2"])),
        ("second guess, first wrong", percent(figures["second_when_wrong"])),
        ("macro F1", percent(figures["macro_f1"])),
        ("ECE", percent(figures["ece"])),
        ("inference", milliseconds(inference.get("seconds_a_face"))),
        ("size", bytes_text(found["size_bytes"])),
    ]
    classes = [
        (name, str(entry["faces"]), percent(entry["accuracy"]))
        for name, entry in figures["per_class"].items()
    ]
    head = table((f"{figures['faces']} faces", found["title"]), rows)
    return (
        f"{head}\n\n{table(('class', 'faces', 'right'), classes, right=('faces', 'right'))}\n\nReport: {page}"
    )
