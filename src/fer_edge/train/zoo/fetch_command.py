"""``fer-train fetch``: a trained network of the list, ready for ``fer-export``."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import Word, names_in
from fer_edge.console.output import Output
from fer_edge.console.shared_options import out_option
from fer_edge.runtime.extras import need

PHOTOGRAPHS = "photographs"


def _names() -> tuple[str, ...]:
    return (*names_in("fer_edge.train.zoo.networks:NETWORKS")(), PHOTOGRAPHS)


@command("fer-train fetch", example="fer-train fetch mini-xception --out net.safetensors")
@click.argument("name", type=Word("network", _names))
@out_option("The safetensors file to write; of photographs, the folder.")
def fetch_command(output: Output, name: str, out: Path | None) -> None:
    """Bring the trained network NAME (mini-xception, pyemotion) from the package that carries it, through pip.

    NAME may be photographs too: the pictures of people that the recipe people trains on, through pip and npm.
    """
    from fer_edge.train.zoo.networks import NETWORKS

    if out is None:
        usage_error("Missing option '--out'.")
    if name == PHOTOGRAPHS:
        from fer_edge.train.zoo.fetch_photographs import fetch_photographs

        need("train", "torch", "PIL")
        count = fetch_photographs(out, output.say)
        output.result(
            {"out": str(out), "pictures": count},
            f"{out}: {count} pictures, which stay their owners'\n"
            f"Next: fer-train people --data {shlex.quote(str(out))} --init DRAWN.safetensors --out people",
        )
        return
    need("export-base", "torch", "safetensors")
    from fer_edge.train.zoo.fetch import fetch

    network = next(one for one in NETWORKS if one.name == name)
    contract, worst = fetch(network, out)
    origin = {key: value for key, value in asdict(network).items() if key not in ("steps", "answers")}
    output.result(
        {"out": str(out), "network": origin, "labels": list(contract.labels), "max_abs": worst},
        f"{out}: {network.summary} ({network.license}, {network.package} {network.version}); published: {network.published}\n"
        f"It answers as {network.runtime} does, within {worst:.0e} on {len(network.answers)} pictures.\n"
        f"Next: {shlex.join(['fer-export', str(out)])}",
    )
