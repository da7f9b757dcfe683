"""``fer-bench advise BUNDLE``: the variant, engine and number of threads to ship."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fer_edge.bench.commands.common import Ending, seed_option
from fer_edge.bench.units import BYTES, SECONDS
from fer_edge.console.command import command
from fer_edge.console.option_types import VariantName, Word, list_option
from fer_edge.console.output import Output
from fer_edge.console.shared_options import THREADS

if TYPE_CHECKING:
    from fer_edge.bench.measure.subject import Subject
    from fer_edge.runtime.manifest import Artifact

MOST_THREADS = 4
"""Tried without ``--threads``: powers of two up to this and to the number of CPUs."""
DOUBT = "the figures are not to be relied on, for the reasons above; --allow-noisy accepts them"


@command(
    "fer-bench advise",
    example="fer-bench advise demo/bundle --max-latency 15ms --max-size 5MB",
)
@click.argument("bundle", default="bundle")
@click.option("--max-latency", type=SECONDS, metavar="15ms", help="Camera bytes to probabilities, median.")
@click.option("--max-size", type=BYTES, metavar="5MB", help="Of the artifact: MB is a million bytes.")
@click.option("--max-memory", type=BYTES, metavar="50MB", help="That engine and model add to a process.")
@click.option(
    "--prefer",
    type=Word("preference", ("latency", "size", "accuracy")),
    default="latency",
    help="What is best among those that fit.  [default: latency]",
)
@list_option("--variant", element=VariantName(), help="Consider only these; default: all.")
@list_option(
    "--engine", metavar="NAME,...", help="Consider these; default: each format's first installed one."
)
@list_option(
    "--threads",
    element=THREADS,
    metavar="N,...",
    help="Numbers of threads; default: 1, 2, 4 as CPUs allow.",
)
@click.option("--allow-noisy", is_flag=True, help="Exit 0 even if the figures are marked untrusted.")
@seed_option
def advise_command(output: Output, bundle: str, **given: Any) -> None:
    """Name the variant, engine and number of threads to ship, with the accuracy that the manifest proves.

    A short pass measures everything that is small enough, longer ones the contenders. Exit code 3 if nothing fits the
    limits (the closest is named), or if the machine spoiled the figures.
    """
    from fer_edge.bench.advice.advise import Goal, advise
    from fer_edge.bench.advice.document import advice_document
    from fer_edge.bench.advice.passes import Measuring
    from fer_edge.bench.advice.text import explain, headline, proof, text
    from fer_edge.bench.reports import check_libraries

    check_libraries(())
    goal = Goal(given["max_latency"], given["max_size"], given["max_memory"], given["prefer"])
    with ExitStack() as stack:
        subjects, skipped = _subjects(bundle, given, stack)
        measuring = Measuring(output.say, given["seed"])
        advice = advise(subjects, goal, measuring)
        explain(advice, measuring.failed)
        named = advice.choice or advice.closest
        proven = proof(_artifact(named.subject)) if named else ""
    lines = [text(advice, proven, output.width)]
    notes = [f"{variant}: not measured ({reason})" for variant, reason in skipped.items()]
    notes += [f"UNTRUSTED: {reason}" for reason in (named.last.reasons if named and named.last else ())]
    lines += ["", *notes] if notes else []
    output.result(advice_document(advice, proven, skipped, measuring.environment), "\n".join(lines))
    ending = Ending(given["allow_noisy"])
    if advice.choice is None:
        ending.failures = [headline(advice)]
    elif advice.choice.last is not None and not advice.choice.last.trusted:
        ending.doubt = DOUBT
    ending.finish()


def _subjects(
    bundle: str, given: Mapping[str, Any], stack: ExitStack
) -> tuple[list[Subject], dict[str, str]]:
    """Every variant in every engine with every number of threads, each with a label of its own."""
    from fer_edge.bench.selection import Filter, select

    variants = tuple(variant.name for variant in given["variant"])
    selection = select(
        [bundle], Filter(variants, given["engine"], given["threads"] or default_threads()), stack
    )
    labeled = [
        replace(subject, label=f"{subject.variant} {subject.engine or 'engine'} x{subject.threads}")
        for subject in selection.subjects
    ]
    return labeled, selection.skipped


def default_threads() -> tuple[int, ...]:
    """1, 2, 4 as far as this process has CPUs."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tuple(count for count in (1, 2, MOST_THREADS) if count <= max(1, cpus))


def _artifact(subject: Subject) -> Artifact | None:
    from fer_edge.runtime.bundle import open_bundle

    return None if subject.bundle is None else open_bundle(subject.bundle).artifact(subject.variant)
