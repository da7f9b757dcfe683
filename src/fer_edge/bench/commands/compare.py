"""``fer-bench compare A B``: faster, slower or not distinguishable, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fer_edge.bench.commands.common import Ending, seed_option
from fer_edge.bench.units import SHARE
from fer_edge.console.command import command, usage_error
from fer_edge.console.option_types import VariantName, Word
from fer_edge.console.output import Output
from fer_edge.console.shared_options import THREADS

if TYPE_CHECKING:
    from fer_edge.bench.comparing.compare import Comparison
    from fer_edge.bench.results.records import Result
    from fer_edge.bench.selection import Filter

DOUBT = "the comparison is not to be trusted, for the reasons above; --allow-noisy accepts it"


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
@seed_option
def compare_command(output: Output, first: str, second: str, **given: Any) -> None:
    """Tell whether B is slower than A.

    A and B are artifacts, bundles (one --variant), REVISION:PATH of either in git, or two result files. Artifacts
    run side by side in one run, together with a second copy of A that shows how far equal things differ here.
    """
    from fer_edge.bench.comparing.compare import is_result
    from fer_edge.bench.reports import check_libraries

    check_libraries(given["out"])
    files = [is_result(source) for source in (first, second)]
    if any(files):
        _check_files_usage(all(files), given)
        comparisons, result = _compare_files((first, second), given), None
    else:
        comparisons, result = _compare_live(output, (first, second), given)
    _report(output, comparisons, result, given)


def _check_files_usage(both: bool, given: Mapping[str, Any]) -> None:
    if not both:
        usage_error(
            "compare two result files or two artifacts, not one of each; for a gate use fer-bench --against"
        )
    if given["out"]:
        usage_error("--out is for live comparisons; two result files are already written")
    if given["engine"]:
        usage_error("--engine is for live comparisons; two result files hold what they were measured with")


def _filter(given: Mapping[str, Any], threads: tuple[int, ...]) -> Filter:
    from fer_edge.bench.selection import Filter

    variants = (given["variant"].name,) if given["variant"] else ()
    return Filter(variants, (given["engine"],) if given["engine"] else (), threads)


def _compare_files(sources: tuple[str, str], given: Mapping[str, Any]) -> list[Comparison]:
    from fer_edge.bench.comparing.compare import compare_files

    threads = (given["threads"],) if given["threads"] else ()
    return compare_files(sources, _filter(given, threads), given["stage"], given["seed"])


def _compare_live(
    output: Output, sources: tuple[str, str], given: Mapping[str, Any]
) -> tuple[list[Comparison], Result]:
    from fer_edge.bench.comparing.compare import compare_live
    from fer_edge.bench.measure import plans
    from fer_edge.bench.reports import check_outputs
    from fer_edge.bench.targets import MeasurementRequest

    check_outputs(given["out"])
    plan = replace(plans.COMPARE_QUICK if given["quick"] else plans.COMPARE, stages=(given["stage"],))
    request = MeasurementRequest(subjects=(), seed=given["seed"], tell=output.say)
    return compare_live(sources, _filter(given, (given["threads"] or 1,)), plan, request)


def _report(
    output: Output, comparisons: Sequence[Comparison], result: Result | None, given: Mapping[str, Any]
) -> None:
    """Write and print everything, then end with the right exit code."""
    from fer_edge.bench.reports import write_report

    ending = Ending(given["allow_noisy"])
    documents = [comparison.document() for comparison in comparisons]
    document: dict[str, Any] = {"comparisons": documents, **(documents[0] if len(documents) == 1 else {})}
    lines = [comparison.text() for comparison in comparisons]
    if result is not None:
        for path in given["out"]:
            with ending.postpone():
                write_report(path, result)
        document["complete"] = ending.complete = result.complete
        lines += [] if result.complete else ["The run was interrupted: this rests on the rounds before."]
    for warning in dict.fromkeys(warning for comparison in comparisons for warning in comparison.warnings):
        output.warn(f"times are marked untrusted, the comparison is not: {warning}")
    output.result(document, "\n".join(lines))
    ending.failures = _regressions(comparisons, given["fail_if_slower"])[:1]
    ending.doubt = DOUBT if any(comparison.reasons for comparison in comparisons) else ""
    ending.finish()


def _regressions(comparisons: Sequence[Comparison], limit: float | None) -> list[str]:
    return [
        f"{entry.second} is clearly slower than {entry.first} by more than {100 * limit:g} %"
        for entry in comparisons
        if limit is not None and entry.ratio.low > 1 + limit
    ]
