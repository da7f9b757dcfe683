"""``fer-verify diagnose``: what went wrong on a device, from a dump that the app wrote."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.console.command import command
from fer_edge.console.output import Output
from fer_edge.console.shared_options import PATH


@command("diagnose", example="fer-verify diagnose ./bundle --dump phone.json")
@click.argument("bundle", type=PATH)
@click.option(
    "--dump",
    "dump_path",
    type=PATH,
    required=True,
    metavar="FILE",
    help="What the app wrote, fer-edge-dump/1: frame, tensor, answers, each of them if it can.",
)
def diagnose_command(output: Output, bundle: Path, dump_path: Path) -> None:
    """Say which mistake an app makes between camera and label.

    The dump is held against the bundle step by step: the contract, the tensor that the frame gives, the answers that the artifact
    gives. What differs is searched among the mistakes that apps make, alone and in pairs: strides, U and V, color matrix, rotation,
    mirror, box, margin, scaler, channel order, gray, normalization, quantization, layout, byte order, labels, softmax, stale files.

    Exit codes: 0 nothing wrong was found; 1 the bundle or the dump cannot be read; 2 usage; 3 something is wrong, with or without a name.
    """
    from fer_edge.export.run.plan import BASE, NEEDED
    from fer_edge.runtime.bundle import open_bundle
    from fer_edge.runtime.dump import LARGEST_DUMP, Dump
    from fer_edge.runtime.errors import CheckFailed
    from fer_edge.runtime.extras import need
    from fer_edge.runtime.paths import read_plain

    need(BASE, *NEEDED)
    from fer_edge.export.verify.diagnose.diagnose import diagnose
    from fer_edge.export.verify.diagnose.record import TITLES
    from fer_edge.export.verify.diagnose.report import document, text

    opened = open_bundle(bundle)
    opened.refuse_links()
    found = diagnose(opened, Dump.parse(read_plain(dump_path, LARGEST_DUMP)), output)
    output.result(document(str(bundle), str(dump_path), found), text(found, output.width))
    if found.exit_code:
        said = " and ".join(TITLES[name] for name in found.mistakes)
        raise CheckFailed(f"{dump_path}: {said or 'wrong, and no mistake of the list explains it'}")
