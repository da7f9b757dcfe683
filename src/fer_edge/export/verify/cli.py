"""``fer-verify``: options in, exit code out; the work is in ``verify``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH
from fer_edge.console.table import table
from fer_edge.export.option_types import KeyValue
from fer_edge.export.parity.records import members
from fer_edge.export.pictures.options import (
    METAVAR,
    SYNTHETIC,
    check_picture_options,
    make_picture_options,
    picture_options,
)
from fer_edge.export.pictures.parity_inputs import LEAST
from fer_edge.export.verify.layers import ENDINGS, describe, draw, lay_out
from fer_edge.export.verify.original import VerifyRequest
from fer_edge.export.verify.report import ArtifactReport, BundleReport
from fer_edge.export.verify.verify import verify
from fer_edge.export.worker.surroundings import start_over
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import CheckFailed, ExportError
from fer_edge.runtime.variants import Variant

SUBCOMMANDS: tuple[Subcommand, ...] = (
    Subcommand(
        "diagnose",
        "fer_edge.export.verify.commands.diagnose:diagnose_command",
        "say what went wrong on a device, from a dump of its app",
    ),
)
"""Every subcommand; adding one is a file in ``commands`` and a line here."""


@command("fer-verify", example="fer-verify ./bundle", subcommands=SUBCOMMANDS, before=start_over)
@click.argument("bundle", type=PATH)
@click.option("--arch", help="Repeat it where the bundle's architecture is not a built-in one.")
@click.option("--arch-arg", "arch_args", type=KeyValue(), multiple=True, help="Further argument of --arch.")
@click.option(
    "--accuracy",
    metavar=METAVAR,
    help="Measure accuracy again on labeled crops; the exporter's own are not in a bundle.",
)
@click.option(
    "--calibration",
    metavar=METAVAR,
    help="The crops that measured ranges: each range is held against them, not loosely against drawn faces.",
)
@picture_options
@click.option("--accuracy-samples", type=click.IntRange(min=1), help="At most that many.")
@click.option(
    "--second-opinion",
    is_flag=True,
    help="Run each artifact in a second, unrelated engine too (onnx.reference; Android's TFLite, tflite-runtime or TensorFlow); "
    "no verdict depends on it. FER_EDGE_ANDROID_TFLITE names the program that `make android` builds of Android's library.",
)
@click.option(
    "--second-python",
    "second_pythons",
    type=PATH,
    multiple=True,
    help="An interpreter whose environment has the second engine; also FER_EDGE_SECOND_PYTHON.",
)
@click.option(
    "--parity-inputs", type=click.IntRange(min=LEAST), help="Default: as many as the manifest says."
)
@click.option(
    "--source",
    type=PATH,
    help="The ONNX or Keras file that the network came from: ask its own runtime again.",
)
@click.option("--layers", help="Show every layer of one variant, such as tflite-int8.")
@click.option(
    "--layers-out", type=PATH, help="With --layers: a picture of them, .png or .svg.", metavar="FILE"
)
def main(
    output: Output,
    bundle: Path,
    arch: str | None,
    arch_args: tuple[tuple[str, str], ...],
    **options: Any,
) -> None:
    """Prove a bundle again from its files: hashes, contracts, golden vectors, parity with the reference weights.

    Two verdicts a file: faithful (its numbers are what its quantization of this network makes of them) and good (it answers as the
    original). docs/verification.md says what each proves.

    Exit codes: 0 all is well; 1 the manifest cannot be read; 2 usage; 3 something is not as the manifest says.
    """
    if arch is not None:
        named = open_bundle(bundle).manifest.source.arch
        if arch != named:
            usage_error(f"--arch {arch} is not the bundle's architecture; repeat --arch {named}")
    elif arch_args:
        usage_error("--arch-arg goes with --arch")
    if options["second_pythons"] and not options["second_opinion"]:
        usage_error("--second-python goes with --second-opinion")
    check_picture_options(options)
    if options["calibration"] == SYNTHETIC:
        options["calibration"] = None  # drawn faces are drawn again wherever they measured ranges
    layers: str | None = options["layers"]
    layers_out: Path | None = options["layers_out"]
    _check_layers_out(layers, layers_out)
    only = _find_variant(bundle, layers) if layers else None
    request = VerifyRequest(
        bundle,
        arch,
        dict(arch_args),
        pictures=make_picture_options(options),
        only=only,
        **{name: options[name] for name in ("second_opinion", "second_pythons", "source")},
    )
    verified = verify(request, output)
    if only is not None:
        _show_layers(verified, only, layers_out, output)
        return
    output.result(_document(verified), _text(verified, output.width))
    faults = verified.faults()
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise CheckFailed(f"{bundle}: {count}: {'; '.join(faults[:10])}")


def _check_layers_out(layers: str | None, out: Path | None) -> None:
    if out is None:
        return
    if layers is None:
        usage_error("--layers-out goes with --layers")
    if out.suffix not in ENDINGS:
        usage_error(f"--layers-out {out.name}: allowed endings are {', '.join(ENDINGS)}")
    if not out.absolute().parent.is_dir():
        raise ExportError(f"--layers-out {out}: {out.parent} is no folder")


def _find_variant(bundle: Path, name: str) -> Variant:
    names = [artifact.variant for artifact in open_bundle(bundle).manifest.artifacts]
    if name not in names:
        usage_error(f"--layers: {unknown('variant', name, names)}")
    return Variant.parse(name)


def _show_layers(verified: BundleReport, only: Variant, picture: Path | None, output: Output) -> None:
    one = next(one for one in verified.artifacts if one.artifact.variant == only.name)
    output.result(describe(one), lay_out(one, output.width))
    if picture is not None:
        draw(one, picture)
    if one.faults:
        raise CheckFailed(f"{only.name}: {len(one.faults)} faults: {'; '.join(one.faults[:10])}")


def _document(verified: BundleReport) -> dict[str, Any]:
    return {
        "bundle": str(verified.bundle),
        "manifest_sha256": verified.sha256,
        "exit_code": verified.exit_code,
        "checks": [
            {"name": check.name, "verdict": check.verdict, "faults": check.faults, "reason": check.not_run}
            for check in verified.checks
        ],
        "artifacts": [
            {
                "variant": one.artifact.variant,
                "verdict": one.verdict,
                "parity": members(one.parity),
                "faithful": members(one.faithful),
                "accuracy": members(one.accuracy),
                "golden": members(one.golden),
                "weight_audit": members(one.weight_audit),
                "second_opinion": asdict(one.second_opinion) if one.second_opinion else None,
                "faults": one.faults,
                "reason": one.reason,
            }
            for one in verified.artifacts
        ],
        "not_checked": verified.not_checked,
    }


def _text(verified: BundleReport, width: int | None) -> str:
    checks = [
        [check.name, check.verdict, "; ".join(check.faults) or check.not_run or ""]
        for check in verified.checks
    ]
    rows = [_cells(one) for one in verified.artifacts]
    headers = ("variant", "verdict", "faithful", "good", "max abs", "top-1", "accuracy", "weights", "note")
    return "\n".join(
        [
            table(("check", "verdict", "note"), checks, width=width),
            "",
            table(
                headers,
                rows,
                right=("max abs", "top-1"),
                optional=("weights", "accuracy", "top-1", "max abs"),
                width=width,
            ),
            "",
            *_second_opinions(verified, width),
            *(f"Not checked: {text}" for text in verified.not_checked),
            f"{verified.bundle}: manifest SHA-256 {verified.sha256}",
        ]
    )


def _second_opinions(verified: BundleReport, width: int | None) -> list[str]:
    """A table of their own: none of it is a verdict on a file."""
    rows = [
        [
            one.artifact.variant,
            found.verdict,
            found.engine or "-",
            "-" if found.inputs is None else str(found.inputs),
            "-" if found.max_abs is None else f"{found.max_abs:.1e}",
            "-" if found.top1_agreement is None else f"{found.top1_agreement:.0%}",
            found.reason or "",
        ]
        for one in verified.artifacts
        if (found := one.second_opinion)
    ]
    if not rows:
        return []
    headers = ("variant", "opinion", "second engine", "inputs", "apart", "top-1", "note")
    return [table(headers, rows, right=headers[3:6], optional=("inputs", "top-1"), width=width), ""]


def _say_accuracy(one: ArtifactReport) -> str:
    if one.accuracy is None:
        return "-"
    verdict = "undecided" if one.accuracy.verdict == "not-run" else one.accuracy.verdict
    return f"{one.accuracy.artifact:.2%} ({verdict})"


def _count_sure(one: ArtifactReport) -> str:
    figures = one.parity.figures if one.parity else None
    return f" of {figures.sure}" if figures else ""


def _cells(one: ArtifactReport) -> list[str]:
    worst, agreement = (one.parity.max_abs, one.parity.top1_agreement) if one.parity else (None, None)
    return [
        one.artifact.variant,
        one.verdict,
        one.faithful.verdict if one.faithful else "not-run",
        one.parity.verdict if one.parity else "not-run",
        "-" if worst is None else f"{worst:.1e}",
        "-" if agreement is None else f"{agreement:.2%}{_count_sure(one)}",
        _say_accuracy(one),
        one.weight_audit.verdict if one.weight_audit else "-",
        "; ".join(one.faults) or one.reason or "",
    ]


if __name__ == "__main__":
    main()
