"""``fer-export``: options in, exit code out; the work is in ``run.export``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.option_types import Word, list_option, names_in, offer
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH, out_option
from fer_edge.export.option_types import Finite, InputSize, KeyValue, Share
from fer_edge.export.pictures.options import (
    METAVAR,
    check_picture_options,
    make_picture_options,
    picture_options,
)
from fer_edge.export.pictures.parity_inputs import LEAST
from fer_edge.export.run.plan import Leniency, VariantRequest
from fer_edge.export.worker.surroundings import start_over
from fer_edge.runtime.errors import CheckFailed, ExportError, VariantError
from fer_edge.runtime.formats import FORMATS, INTERFACES, PRECISIONS

if TYPE_CHECKING:
    from fer_edge.export.formats.mixed import Limits
    from fer_edge.export.run.export import ExportOutcome, ExportRequest

Record = TypeVar("Record")


FORMAT_WORDS = [spec.name for spec in FORMATS]


@command(
    "fer-export",
    example="fer-export best.safetensors --format tflite,onnx --precision fp32,fp16 --out bundle",
    subcommands=[
        Subcommand(
            "doctor", "fer_edge.export.doctor:main", "What can be exported and run here, and what is missing."
        )
    ],
    before=start_over,
)
@click.argument("checkpoint", required=False, type=PATH)
@list_option(
    "--format", "formats", element=Word("format", FORMAT_WORDS), help="Formats to write; alone: fp32."
)
@list_option(
    "--precision",
    "precisions",
    element=Word("precision", PRECISIONS),
    help="Alone: every format where legal.",
)
@list_option(
    "--interface",
    "interfaces",
    element=Word("interface", INTERFACES),
    help="tensor (default): the normalized tensor goes in; image: an RGB picture.",
)
@click.option("--quantized-io", is_flag=True, help="TFLite int8 with integer input and output.")
@click.option("--all-variants", is_flag=True, help="Both interfaces, with and without --quantized-io.")
@out_option("The bundle's folder.", default="bundle")
@click.option(
    "--android",
    metavar="DIR",
    type=PATH,
    help="An Android app's module, such as android_demo/app: put the bundle into its assets, and Kotlin beside.",
)
@click.option(
    "--web",
    metavar="DIR",
    type=PATH,
    help="A folder for any web server: the page that runs the model in the browser, and the bundle in it.",
)
@click.option("--name", "model", help="The model's name; begins every file's name.")
@click.option(
    "--arch",
    shell_complete=offer(names_in("fer_edge.train.models:ARCHITECTURES")),
    help="Built-in architecture or package.module:callable.",
)
@click.option("--arch-arg", "arch_args", type=KeyValue(), multiple=True, help="Further argument of --arch.")
@list_option("--labels", unique=False, help="Of the outputs, in their order.")
@click.option("--input", type=InputSize(), help="Of the network, such as 48x48x1.")
@list_option("--mean", element=click.FLOAT, unique=False, help="Applied to v/255; one, or one a channel.")
@list_option("--std", element=click.FLOAT, unique=False, help="The same.")
@click.option(
    "--preprocess",
    type=Word("preset", names_in("fer_edge.export.reference_model.preprocessing:PRESETS")),
    help="Usual mean and std: torch (ImageNet), keras and minus-one-one (-1..1), zero-one, caffe (and --bgr).",
)
@click.option("--bgr", is_flag=True, help="The network wants blue first; so do --mean and --std.")
@click.option(
    "--output", "kind", type=Word("output", ("logits", "probabilities")), help="What the module returns."
)
@click.option(
    "--weights-key",
    metavar="KEY",
    help="Which weights, where the checkpoint holds several, such as state_dict_ema.",
)
@click.option(
    "--output-index", type=click.IntRange(min=0), help="Which, if the module returns a tuple or list; from 0."
)
@click.option("--output-key", help="Which, if it returns a dict, dataclass or named tuple.")
@click.option("--crop-margin", type=Finite(0, 10), help="Share by which a detected face box grows.")
@click.option("--calibration", metavar=METAVAR, help="Images that measure int8 ranges, and judge.")
@click.option("--accuracy", metavar=METAVAR, help="Labeled images for the accuracy gate.")
@picture_options
@click.option("--accuracy-samples", type=click.IntRange(min=1), help="At most that many; drawn faces: 2000.")
@click.option(
    "--parity-inputs", type=click.IntRange(min=LEAST), help="Default 256; 64 for networks above 1 GMAC."
)
@click.option(
    "--max-abs",
    type=Share(),
    help="Largest difference of any probability that parity allows; default by precision.",
)
@click.option(
    "--min-agreement", type=Share(), help="Least share of equal first labels; default by precision."
)
@click.option(
    "--max-accuracy-drop",
    type=Share(),
    help="Largest drop that --accuracy allows, such as 0.01; default by precision.",
)
@click.option(
    "--max-drop",
    type=Finite(0, 100),
    default=0.5,
    show_default=True,
    help="For --precision auto, in percentage points: how many first labels of held-out calibration pictures may change.",
)
@click.option(
    "--max-size",
    type=Finite(0, min_open=True),
    help="For --precision auto: kB (1000 bytes) of a file.",
)
@click.option(
    "--max-latency",
    type=Finite(0, min_open=True),
    help="For --precision auto: milliseconds an inference on this machine, one thread.",
)
@click.option(
    "--allow-insensitive", is_flag=True, help="Keep files whose original does not react to its input."
)
@click.option("--keep-failed", is_flag=True, help="Keep files that a check refused (still exit 3).")
def main(output: Output, **options: Any) -> None:
    """Turn a trained PyTorch classifier into verified files for the phone.

    Without CHECKPOINT the built-in model is exported. Weights of fer-train need no further option; others need
    --arch, --labels, --input, --mean and --std.

    Exit codes: 0 done; 1 an input is at fault or a converter failed; 2 usage; 3 a check said no.
    """
    check_picture_options(options)
    _refuse_without_auto(options)
    if options["checkpoint"] is None:
        _refuse_without_checkpoint(options)
    if options["android"]:
        _settle_android(options)
    if options["web"]:
        _settle_web(options)
    run(output, options)


def run(output: Output, options: dict[str, Any]) -> None:
    """Do it and tell it.

    Raises:
        CheckFailed: a check said no (after the table was written).
        ExportError: a converter failed (likewise).
    """
    from fer_edge.export.run import report

    request = _request(options)
    exported = _export(request, output, shown_in_browsers=options["web"] is not None)
    output.result(report.document(exported, request.out), report.text(exported, request.out, output.width))
    if options["android"] and exported.bundle:
        from fer_edge.export.bundle.android import embed

        written = embed(exported.bundle, options["android"])
        output.say(f"For Android: {' and '.join(map(str, written))}")
    if options["web"] and exported.bundle:
        _write_site(exported, options["web"], output)
    _refuse(exported)


def _export(request: ExportRequest, output: Output, *, shown_in_browsers: bool) -> ExportOutcome:
    from fer_edge.export.reference_model.model import IncompleteOptions
    from fer_edge.export.run.export import export, plan_variants

    try:
        plan = plan_variants(request)
        if shown_in_browsers:
            from fer_edge.export.bundle.web import refuse_without_browser_variant

            refuse_without_browser_variant(plan.variants)
        if request.model.checkpoint is None:
            output.say("No checkpoint was given: exporting the built-in model.")
        return export(request, plan, output)
    except (VariantError, IncompleteOptions) as error:
        usage_error(str(error))


def _write_site(exported: ExportOutcome, out: Path, output: Output) -> None:
    from fer_edge.export.bundle.web import write_site

    assert exported.bundle is not None
    try:
        site = write_site(exported.bundle, out)
    except ExportError:
        _refuse(exported)  # a check that said no is why nothing is left to show
        raise
    output.say(
        f"For browsers: {site}; look at it: python -m http.server --directory {shlex.quote(str(site))}"
    )


def _refuse(exported: ExportOutcome) -> None:
    """Raise what the worst of the results makes of the run."""
    from fer_edge.export.run.report import faults
    from fer_edge.export.run.results import exit_code

    code = exit_code(exported.results)
    if code:
        raise (CheckFailed if code == CheckFailed.exit_code else ExportError)(faults(exported.results))


def _refuse_without_checkpoint(options: dict[str, Any]) -> None:
    foreign = {"arch": "--arch", "arch_args": "--arch-arg", "labels": "--labels", "input": "--input"}
    foreign |= {"mean": "--mean", "std": "--std", "kind": "--output", "weights_key": "--weights-key"}
    foreign |= {"output_index": "--output-index", "output_key": "--output-key"}
    foreign |= {"preprocess": "--preprocess", "bgr": "--bgr"}
    given = [option for name, option in foreign.items() if options[name] not in (None, (), [], False)]
    if given:
        usage_error(
            f"{', '.join(given)} describe a checkpoint, but none was given: fer-export CHECKPOINT ..."
        )


def _refuse_without_auto(options: dict[str, Any]) -> None:
    given = [option for option in ("--max-size", "--max-latency") if options[option[2:].replace("-", "_")]]
    if given and "auto" not in options["precisions"]:
        verb = "bounds" if len(given) == 1 else "bound"
        usage_error(f"{' and '.join(given)} {verb} the precision auto, which was not named: --precision auto")


def _settle_android(options: dict[str, Any]) -> None:
    """TFLite alone, fp32 if nothing else was asked for; and a place to put it."""
    from fer_edge.export.bundle.android import FORMAT, check_module

    if set(options["formats"]) - {FORMAT}:
        usage_error(
            f"--android embeds {FORMAT}; leave --format out, and export other formats without --android"
        )
    options["formats"] = options["formats"] or [FORMAT]
    check_module(options["android"])


def _settle_web(options: dict[str, Any]) -> None:
    """TFLite fp32 if nothing was asked for; a page to write, a place for it, and a variant that browsers run."""
    from fer_edge.export.bundle.web import FORMATS as SHOWN
    from fer_edge.export.bundle.web import check_site

    asked = options["formats"]
    if asked and not set(asked) & set(SHOWN):
        usage_error(
            f"--web shows {' or '.join(SHOWN)}, and browsers run no {', '.join(asked)}; add --format tflite"
        )
    if not asked and not options["all_variants"]:
        options["formats"] = [SHOWN[0]]
    check_site(options["web"])


def _request(options: dict[str, Any]) -> ExportRequest:
    from fer_edge.export.parity.tolerances import Tolerances
    from fer_edge.export.reference_model.model import ModelSpec
    from fer_edge.export.run.export import ExportRequest

    model = {"arch_args": dict(options["arch_args"]), "output": options["kind"]}
    return ExportRequest(
        _pick(VariantRequest, options),
        _pick(ModelSpec, options | model),
        make_picture_options(options),
        _pick(Leniency, options),
        _pick(Tolerances, options),
        _limits(options),
        options["out"],
    )


def _limits(options: dict[str, Any]) -> Limits:
    """From the units that are typed (percentage points, kB, milliseconds) to shares, bytes and seconds."""
    from fer_edge.export.formats.mixed import Limits

    size, latency = options["max_size"], options["max_latency"]
    return Limits(
        options["max_drop"] / 100,
        None if size is None else int(1000 * size),
        None if latency is None else latency / 1000,
    )


def _pick(record: type[Record], options: Mapping[str, Any]) -> Record:
    """A record of the options that are called as its fields."""
    return record(**{one.name: options[one.name] for one in fields(record)})  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
