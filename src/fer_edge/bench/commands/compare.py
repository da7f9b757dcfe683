"""``fer-bench compare A B``: faster, slower or not distinguishable, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fer_edge.bench.commands.bench import THREADS, check_writable, write_reports
from fer_edge.bench.units import SHARE
from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import VariantName, Word
from fer_edge.console.output import Output
from fer_edge.runtime.errors import CheckFailed

if TYPE_CHECKING:
    from fer_edge.bench.comparing.compare import Comparison
    from fer_edge.bench.results.records import Result


@command(
    "fer-bench compare",
    example="fer-bench compare old/bundle new/bundle --variant tflite-int8 --fail-if-slower 5%",
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--variant", type=VariantName(), help="Which one of bundles or result files.")
@click.option("--engine", default="", metavar="NAME", help="As of fer-bench.")
@click.option("--threads", type=THREADS, help="That the engine may use.  [default: 1; result files: all]")
@click.option(
    "--stage",
    type=Word("stage", ("inference", "camera", "whole")),
    default="inference",
    help="What to compare.",
)
@click.option("--quick", is_flag=True, help="About 10 seconds instead of 30.")
@click.option(
    "--fail-if-slower", type=SHARE, metavar="5%", help="Exit 3 if B is clearly slower than A by more."
)
@click.option("--allow-noisy", is_flag=True, help="Exit 0 even if the comparison is marked untrusted.")
@click.option(
    "--out", multiple=True, metavar="FILE", help="Write what was measured live; by ending, repeat for more."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of the order of turns.  [default: 0]"
)
def compare_command(output: Output, first: str, second: str, **given: Any) -> None:
    """Tell whether B is slower than A.

    A and B are artifacts, bundles (one --variant), REVISION:PATH of either in git, or two result files. Artifacts
    run side by side in one run, together with a second copy of A that shows how far equal things differ here.
    """
    from fer_edge.bench.reports import need_for

    need_for(given["out"])
    comparisons, result = _compare(output, (first, second), given)
    fault = write_reports(result, given["out"]) if result is not None else None
    documents = [comparison.document() for comparison in comparisons]
    document: dict[str, Any] = (
        {"comparisons": documents, **documents[0]} if len(documents) == 1 else {"comparisons": documents}
    )
    for warning in dict.fromkeys(warning for comparison in comparisons for warning in comparison.warnings):
        output.warn(f"times are marked untrusted, the comparison is not: {warning}")
    lines = [comparison.text() for comparison in comparisons]
    if result is not None:
        document["complete"] = result.complete
        lines += [] if result.complete else ["The run was interrupted: this rests on the rounds before."]
    output.result(document, "\n".join(lines))
    if result is not None and not result.complete:
        raise KeyboardInterrupt
    if fault is not None:
        raise fault
    _end(comparisons, given["fail_if_slower"], given["allow_noisy"])


def _compare(
    output: Output, sources: tuple[str, str], given: dict[str, Any]
) -> tuple[Sequence[Comparison], Result | None]:
    from fer_edge.bench.comparing.compare import compare_files, compare_live, is_result, plan_for
    from fer_edge.bench.reports import find_report
    from fer_edge.bench.selection import Wanted
    from fer_edge.bench.targets import Request

    variants = (given["variant"].name,) if given["variant"] else ()
    threads = (given["threads"],) if given["threads"] else ()
    wanted = Wanted(variants, (given["engine"],) if given["engine"] else (), threads)
    files = [is_result(source) for source in sources]
    if any(files):
        if not all(files):
            usage_error(
                "compare two result files or two artifacts, not one of each; for a gate use fer-bench --against"
            )
        if given["out"]:
            usage_error("--out is for live comparisons; two result files are already written")
        if given["engine"]:
            usage_error(
                "--engine is for live comparisons; two result files hold what they were measured with"
            )
        return compare_files(sources, wanted, given["stage"], given["seed"]), None
    for path in given["out"]:
        find_report(path)
        check_writable(path)
    request = Request(subjects=(), seed=given["seed"], tell=output.say)
    wanted = replace(wanted, threads=threads or (1,))
    return compare_live(sources, wanted, given["stage"], plan_for(given["quick"]), request)


def _end(comparisons: Sequence[Comparison], limit: float | None, allow_noisy: bool) -> None:
    """Raise what gives exit code 3."""
    clear = [entry for entry in comparisons if limit is not None and entry.ratio.low > 1 + limit]
    if clear:
        raise CheckFailed(
            f"{clear[0].second} is clearly slower than {clear[0].first} by more than {100 * (limit or 0):g} %"
        )
    if any(comparison.reasons for comparison in comparisons) and not allow_noisy:
        raise CheckFailed(
            "the comparison is not to be trusted, for the reasons above; --allow-noisy accepts it"
        )
