"""``fer-bench``: latency, memory and size of a bundle's artifacts, with how sure they are."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.bench.targets.device_options import device_options
from fer_edge.bench.units import SECONDS, SHARE
from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.option_types import VariantName, list_option
from fer_edge.console.output import Output
from fer_edge.runtime.errors import CheckFailed, EngineError, FerEdgeError

if TYPE_CHECKING:
    from fer_edge.bench.comparing.gate import Gate, Verdict
    from fer_edge.bench.results.records import Result
    from fer_edge.bench.selection import Chosen

LIMIT = 0.05
"""Of the gate, without ``--fail-if-slower``."""
THREADS = click.IntRange(1, 1024)
SUBCOMMANDS = (
    Subcommand(
        "compare",
        "fer_edge.bench.commands.compare:compare_command",
        "two artifacts, result files or revisions",
    ),
    Subcommand(
        "advise", "fer_edge.bench.commands.advise:advise_command", "which variant, engine, threads to ship"
    ),
)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run, as typed."""

    target: str
    settings: tuple[str, ...]
    variant: tuple[Any, ...]
    engine: tuple[str, ...]
    threads: tuple[int, ...]
    mode: str
    seconds: float | None
    against: str | None
    fail_if_slower: float | None
    allow_noisy: bool
    out: tuple[str, ...]
    seed: int


@command(
    "fer-bench",
    example="fer-bench demo/bundle --variant tflite-fp32,tflite-int8 --threads 1,2 --out results.json",
    subcommands=SUBCOMMANDS,
)
@click.argument("sources", nargs=-1, metavar="[BUNDLE_OR_ARTIFACT]...")
@click.option("--target", default="host", show_default=True, help="host, adb[:SERIAL] or ssh:HOST.")
@device_options
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another setting of a device; repeat for more.",
)
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
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of the order of turns.  [default: 0]"
)
def main(output: Output, sources: tuple[str, ...], **given: Any) -> None:
    """Measure exported models: load, first and steady inference, camera path, whole path, memory.

    BUNDLE_OR_ARTIFACT is a folder written by fer-export, one artifact, or REVISION:PATH of either in git; default
    ./bundle. Every variant runs in processes of its own, in turns of milliseconds in random order. Figures that the
    machine spoiled are marked untrusted, with the reasons, and the exit code is 3.
    """
    mode = _mode(given.pop("quick"), given["sustained"] is not None, given.pop("mlperf"))
    settings = given["settings"]
    if settings and given["target"] == "host":
        usage_error(
            f"--{settings[0].partition('=')[0]} is for devices; add --target adb or --target ssh:HOST"
        )
    if given["fail_if_slower"] is not None and given["against"] is None:
        usage_error(
            "--fail-if-slower needs what to hold the figures against: add --against FILE, or use compare"
        )
    options = Options(mode=mode, seconds=given.pop("sustained"), **given)
    run(output, sources or ("bundle",), options)


def run(output: Output, sources: tuple[str, ...], options: Options) -> None:
    """Check everything that can be checked beforehand, measure, write, print, and end with the right exit code."""
    from fer_edge.bench.reports import find_report, need_for
    from fer_edge.bench.results.digest import with_digest
    from fer_edge.bench.selection import Wanted, choose
    from fer_edge.bench.targets import find_target

    need_for(options.out)
    target, address = find_target(options.target)
    for path in options.out:
        find_report(path)
        check_writable(path)
    gate = _gate(options)
    wanted = Wanted(
        variants=tuple(variant.name for variant in options.variant),
        engines=options.engine,
        threads=options.threads or (1,),
        elsewhere=target.name != "host",
    )
    with ExitStack() as stack:
        chosen = choose(sources, wanted, stack)
        if gate is not None and target.name == "host":  # elsewhere a device's name may be part of a record's
            gate.check({(subject.name, subject.threads) for subject in chosen.subjects})
        result = target.measure(address, _request(output, chosen, options))
        if target.name == "host" and options.mode == "default" and result.complete:
            result = _with_roofline(output, result, chosen)
    result = with_digest(result)
    _finish(output, result, chosen, options, gate)


def _gate(options: Options) -> Gate | None:
    if options.against is None:
        return None
    from fer_edge.bench.comparing.gate import Gate

    limit = LIMIT if options.fail_if_slower is None else options.fail_if_slower
    return Gate.of(options.against, limit)


def _request(output: Output, chosen: Chosen, options: Options) -> Any:
    from fer_edge.bench.targets import Request

    return Request(
        subjects=tuple(chosen.subjects),
        mode=options.mode,
        seconds=options.seconds,
        seed=options.seed,
        bundle_sha256=chosen.bundle_sha256,
        tell=output.say,
        options=tuple(_setting(text) for text in options.settings),
    )


def _setting(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not (key and sign):
        usage_error(f"--set {text}: allowed: KEY=VALUE")
    return key, value


def _with_roofline(output: Output, result: Result, chosen: Chosen) -> Result:
    from fer_edge.bench.roofline.analysis import rooflined

    try:
        return rooflined(result, chosen.subjects, output.say)
    except KeyboardInterrupt:  # what was measured is not lost with it
        return replace(result, complete=False)


def _finish(output: Output, result: Result, chosen: Chosen, options: Options, gate: Gate | None) -> None:
    from fer_edge.bench.reports.terminal import terminal

    verdict, why_not = _judged(gate, result)
    text = terminal(result, chosen.skipped, output.width)
    if verdict is not None:
        result = replace(result, extra={**result.extra, "against": verdict.document()})
        text += f"\n\n{verdict.text()}"
    why_not = write_reports(result, options.out) or why_not
    output.result(result.document(), text)
    if why_not is not None and result.complete:
        raise why_not
    end(result, options.allow_noisy, verdict.failures if verdict is not None else ())


def _judged(gate: Gate | None, result: Result) -> tuple[Verdict | None, FerEdgeError | None]:
    """The gate's verdict, or why it has none: what was measured is written and printed all the same."""
    try:
        return (gate.judge(result) if gate is not None else None), None
    except FerEdgeError as error:
        return None, error


def end(result: Result, allow_noisy: bool, slower: tuple[str, ...] = ()) -> None:
    """Raise what gives the exit code.

    Raises:
        KeyboardInterrupt: the run was interrupted (130).
        CheckFailed: a regression, or figures that are not to be trusted (3).
        EngineError: a variant could not be measured (1).
    """
    if not result.complete:
        raise KeyboardInterrupt
    if slower:
        raise CheckFailed("; ".join(slower))
    if not result.trusted and not allow_noisy:
        raise CheckFailed(
            "the figures marked UNTRUSTED are not to be relied on, for the reasons above; --allow-noisy accepts them"
        )
    failed = result.extra.get("failed", {})
    if failed:
        raise EngineError(
            "not measured: " + "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        )


def write_reports(result: Result, paths: tuple[str, ...]) -> FerEdgeError | None:
    """Write every ``--out``, each in one step; what went wrong is returned, so that the table is printed all the same."""
    from fer_edge.bench.reports import find_report
    from fer_edge.runtime.atomic import write_bytes

    fault: FerEdgeError | None = None
    for path in paths:
        try:
            content = find_report(path).render(result)
            write_bytes(path, content.encode("utf-8") if isinstance(content, str) else content)
        except FerEdgeError as error:
            fault = fault or error
    return fault


def check_writable(path: str) -> None:
    """Before a minute is spent: can the file be written at all?

    Raises:
        FerEdgeError: its folder is missing or not writable, or it is itself a folder.
    """
    place = Path(path)
    if place.is_dir():
        raise FerEdgeError(
            f"cannot write {place}: it is a folder; name a file in it, such as {place / 'results.json'}"
        )
    try:
        descriptor, probe = tempfile.mkstemp(prefix=".fer-bench-", dir=place.parent)
    except OSError as error:
        raise FerEdgeError(f"cannot write {place}: {error.strerror or error}") from None
    os.close(descriptor)
    Path(probe).unlink()


def _mode(quick: bool, sustained: bool, mlperf: bool) -> str:
    chosen = [name for name, on in (("quick", quick), ("sustained", sustained), ("mlperf", mlperf)) if on]
    if len(chosen) > 1:
        usage_error(f"--{' and --'.join(chosen)} do not go together; take one")
    return chosen[0] if chosen else "default"


if __name__ == "__main__":
    main()
