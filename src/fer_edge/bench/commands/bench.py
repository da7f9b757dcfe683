"""``fer-bench``: latency, memory and size of a bundle's artifacts, with how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fer_edge.bench.commands.common import Ending, seed_option
from fer_edge.bench.targets import TARGETS
from fer_edge.bench.targets.device_options import device_options
from fer_edge.bench.units import SECONDS, SHARE
from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.option_types import VariantName, list_option
from fer_edge.console.output import Output
from fer_edge.console.shared_options import THREADS, settings_option

if TYPE_CHECKING:
    from fer_edge.bench.comparing.gate import Gate
    from fer_edge.bench.results.records import Result
    from fer_edge.bench.selection import SubjectSelection
    from fer_edge.bench.targets import MeasurementRequest

LIMIT = 0.05
"""Of the gate, without ``--fail-if-slower``."""
DOUBT = (
    "the figures marked UNTRUSTED are not to be relied on, for the reasons above; --allow-noisy accepts them"
)
COMMANDS = "fer_edge.bench.commands"
SUBCOMMANDS = (
    Subcommand("compare", f"{COMMANDS}.compare:compare_command", "two artifacts, result files or revisions"),
    Subcommand("advise", f"{COMMANDS}.advise:advise_command", "which variant, engine, threads to ship"),
)


@command(
    "fer-bench",
    example="fer-bench demo/bundle --variant tflite-fp32,tflite-int8 --threads 1,2 --out results.json",
    subcommands=SUBCOMMANDS,
)
@click.argument("sources", nargs=-1, metavar="[BUNDLE_OR_ARTIFACT]...")
@click.option("--target", default="host", show_default=True, help=f"{', '.join(TARGETS)}.")
@device_options
@settings_option("Another setting of a device; repeat for more.")
@list_option("--variant", element=VariantName(), help="Which of a bundle; default: all with an engine here.")
@list_option(
    "--engine", metavar="NAME,...", help="litert, litert:builtin (no XNNPACK), onnxruntime, torchscript ..."
)
@list_option(
    "--threads", element=THREADS, metavar="N,...", help="Numbers of threads, each measured.  [default: 1]"
)
@click.option(
    "--quick", is_flag=True, help="About 10 seconds for a pair, a second more for each further variant."
)
@click.option("--sustained", type=SECONDS, metavar="10m", help="Run each so long; first against last minute.")
@click.option(
    "--mlperf", is_flag=True, help="Single stream: 1,024 queries and 60 s, five times, 90th percentile."
)
@click.option(
    "--against", metavar="FILE", help="A result file; exit 3 if anything is clearly slower than in it."
)
@click.option(
    "--fail-if-slower",
    type=SHARE,
    metavar="5%",
    help="What counts as slower there.  [default: 5%]",
)
@click.option("--allow-noisy", is_flag=True, help="Exit 0 even if figures are marked untrusted.")
@click.option("--out", multiple=True, metavar="FILE", help="Write a report by its ending; repeat for more.")
@seed_option
def main(output: Output, sources: tuple[str, ...], **given: Any) -> None:
    """Measure exported models: load, first and steady inference, camera path, whole path, memory.

    BUNDLE_OR_ARTIFACT is a folder written by fer-export, one artifact, or REVISION:PATH of either in git; default
    ./bundle. Every variant runs in processes of its own, in turns of milliseconds in random order. Figures that the
    machine spoiled are marked untrusted, with the reasons, and the exit code is 3.
    """
    from fer_edge.bench.comparing.gate import Gate
    from fer_edge.bench.reports import check_libraries, check_outputs
    from fer_edge.bench.targets import MeasurementRequest, find_target

    mode = _mode(given)
    _check_usage(given)
    request = MeasurementRequest(
        (), mode, given["sustained"], given["seed"], None, output.say, tuple(map(_setting, given["settings"]))
    )
    check_libraries(given["out"])
    target, address = find_target(given["target"])
    check_outputs(given["out"])
    limit = LIMIT if given["fail_if_slower"] is None else given["fail_if_slower"]
    gate = None if given["against"] is None else Gate.read(given["against"], limit)
    with ExitStack() as stack:
        selection = _select(sources or ("bundle",), given, target.name == "host", gate, stack)
        request = replace(request, subjects=tuple(selection.subjects), bundle_sha256=selection.bundle_sha256)
        result = _add_roofline(target.measure(address, request), request)
    _report(output, result, selection.skipped, gate, given)


def _mode(given: Mapping[str, Any]) -> str:
    modes = {"quick": given["quick"], "sustained": given["sustained"] is not None, "mlperf": given["mlperf"]}
    chosen = [name for name, is_on in modes.items() if is_on]
    if len(chosen) > 1:
        usage_error(f"--{' and --'.join(chosen)} do not go together; take one")
    return chosen[0] if chosen else "default"


def _check_usage(given: Mapping[str, Any]) -> None:
    if given["settings"] and given["target"] == "host":
        name = given["settings"][0].partition("=")[0]
        usage_error(f"--{name} is for devices; add --target adb or --target ssh:HOST")
    if given["fail_if_slower"] is not None and given["against"] is None:
        usage_error(
            "--fail-if-slower needs what to hold the figures against: add --against FILE, or use compare"
        )


def _setting(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not (key and sign):
        usage_error(f"--set {text}: allowed: KEY=VALUE")
    return key, value


def _select(
    sources: Sequence[str], given: Mapping[str, Any], is_host: bool, gate: Gate | None, stack: ExitStack
) -> SubjectSelection:
    """The subjects to measure; a gate that has nothing of it says so before a minute is spent."""
    from fer_edge.bench.selection import Filter, select

    variants = tuple(variant.name for variant in given["variant"])
    wanted = Filter(variants, given["engine"], given["threads"] or (1,), elsewhere=not is_host)
    selection = select(sources, wanted, stack)
    if gate is not None and is_host:  # elsewhere a device's name may be part of a record's
        gate.check({(subject.name, subject.threads) for subject in selection.subjects})
    return selection


def _add_roofline(result: Result, request: MeasurementRequest) -> Result:
    """The rooflines of a run in the default mode on this machine; what was measured is not lost with Ctrl-C."""
    from fer_edge.bench.roofline.analysis import add_rooflines

    if result.target != "host" or request.mode != "default" or not result.complete:
        return result
    try:
        return add_rooflines(result, request.subjects, request.tell)
    except KeyboardInterrupt:
        return replace(result, complete=False)


def _report(
    output: Output, result: Result, skipped: Mapping[str, str], gate: Gate | None, given: Mapping[str, Any]
) -> None:
    """Write and print everything, then end with the right exit code."""
    from fer_edge.bench.reports import write_report
    from fer_edge.bench.reports.terminal import render_terminal
    from fer_edge.bench.results.summary import add_summary

    result = add_summary(result)
    text = render_terminal(result, skipped, output.width)
    ending = Ending(given["allow_noisy"], result.complete, failed=result.extra.get("failed", {}))
    ending.doubt = "" if result.trusted else DOUBT
    with ending.postpone():
        if gate is not None:
            verdict = gate.judge(result)
            ending.failures = verdict.failures
            result = replace(result, extra={**result.extra, "against": verdict.document()})
            text += f"\n\n{verdict.text()}"
    for path in given["out"]:
        with ending.postpone():
            write_report(path, result)
    output.result(result.document(), text)
    ending.finish()


if __name__ == "__main__":
    main()
