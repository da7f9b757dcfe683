"""``fer-bench advise BUNDLE``: the variant, engine and number of threads to ship."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fer_edge.bench.units import BYTES, SECONDS
from fer_edge.console.command import command
from fer_edge.console.option_types import VariantName, Word, list_option
from fer_edge.console.output import Output
from fer_edge.runtime.errors import CheckFailed

if TYPE_CHECKING:
    from fer_edge.bench.advice.advise import Advice, Effort, Measured
    from fer_edge.bench.results.records import Record, Result
    from fer_edge.bench.targets import Subject
    from fer_edge.runtime.manifest import Artifact

MOST_THREADS = 4
"""Tried without ``--threads``: powers of two up to this and to the number of CPUs."""


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
    element=click.IntRange(1, 1024),
    metavar="N,...",
    help="Numbers of threads; default: 1, 2, 4 as CPUs allow.",
)
@click.option("--allow-noisy", is_flag=True, help="Exit 0 even if the figures are marked untrusted.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of the order of turns.  [default: 0]"
)
def advise_command(output: Output, bundle: str, **given: Any) -> None:
    """Name the variant, engine and number of threads to ship, with the accuracy that the manifest proves.

    A short pass measures everything that is small enough, longer ones the contenders. Exit code 3 if nothing fits the
    limits (the closest is named), or if the machine spoiled the figures.
    """
    from fer_edge.bench.advice.advise import Limits, advise
    from fer_edge.bench.advice.text import document, explain, headline, proof, text
    from fer_edge.bench.reports import need_for

    need_for(())
    limits = Limits(given["max_latency"], given["max_size"], given["max_memory"])
    prefer = given["prefer"]
    with ExitStack() as stack:
        subjects, skipped = _subjects(bundle, given, stack)
        measuring = Measuring(output, given["seed"])
        found = advise(subjects, limits, prefer, measuring)
        explain(found, limits, prefer, measuring.failed)
        named = found.choice or found.closest
        proven = proof(_artifact(named.subject)) if named else ""
    shown = text(found, limits, prefer, proven, output.width)
    notes = [f"{variant}: not measured ({reason})" for variant, reason in skipped.items()]
    reasons = named.last.reasons if named and named.last else ()
    notes += [f"UNTRUSTED: {reason}" for reason in reasons]
    output.result(
        {**document(found, limits, prefer, proven), "skipped": skipped, "environment": measuring.environment},
        "\n".join([shown, *([""] if notes else []), *notes]),
    )
    _end(found, headline(found, limits, prefer), given["allow_noisy"])


def _subjects(
    bundle: str, given: Mapping[str, Any], stack: ExitStack
) -> tuple[list[Subject], dict[str, str]]:
    """Every variant in every engine with every number of threads, each with a label of its own."""
    from fer_edge.bench.selection import Wanted, choose

    threads = given["threads"] or default_threads()
    wanted = Wanted(tuple(variant.name for variant in given["variant"]), given["engine"], threads)
    chosen = choose([bundle], wanted, stack)
    labelled = [
        replace(subject, label=f"{subject.variant} {subject.engine or 'engine'} x{subject.threads}")
        for subject in chosen.subjects
    ]
    return labelled, chosen.skipped


def default_threads() -> tuple[int, ...]:
    """1, 2, 4 as far as this process has CPUs."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tuple(count for count in (1, 2, MOST_THREADS) if count <= max(1, cpus))


class Measuring:
    """One pass on this machine, for :func:`fer_edge.bench.advice.advise.advise`.

    Attributes:
        failed: why a subject could not be measured, by its name.
        environment: of the last pass.
    """

    def __init__(self, output: Output, seed: int) -> None:
        self.failed: dict[str, str] = {}
        self.environment: dict[str, Any] = {}
        self._output = output
        self._seed = seed

    def __call__(self, subjects: Sequence[Subject], effort: Effort) -> dict[str, Measured]:
        """Measure them side by side; the last pass also doubles one of them, to see how far equal things differ."""
        from fer_edge.bench.measure.plans import Plan
        from fer_edge.bench.targets import Request
        from fer_edge.bench.targets.host import measure

        last = not effort.keep
        stages = ("whole", "inference") if last else ("whole",)
        plan = Plan("advise", effort.seconds * len(subjects), effort.generations, stages, twin=last)
        self._output.say(f"{effort.name}: {len(subjects)} of variant, engine and threads")
        result = measure(plan, Request(tuple(subjects), "advise", seed=self._seed))
        if not result.complete:
            raise KeyboardInterrupt
        self.failed.update(result.extra.get("failed", {}))
        self.environment = dict(result.environment)
        records = result.stage("whole")
        return {record.name: _measured(record, records[0], result) for record in records}


def _measured(record: Record, first: Record, result: Result) -> Measured:
    from fer_edge.bench.advice.advise import Measured
    from fer_edge.bench.comparing.ratios import paired
    from fer_edge.stats.quantiles import quantile_interval

    sizes = [block.count for block in record.blocks]
    middle = quantile_interval(record.samples, 0.5, blocks=sizes)
    seconds = sorted(record.samples)[len(record.samples) // 2] if middle.value is None else middle.value
    facts = result.artifact(record)
    added = [steady - base for steady, base in _pairs(facts)] if facts else []
    return Measured(
        seconds=seconds,
        relative=paired(first, record).value,
        low=middle.low or min(record.samples),
        high=middle.high or max(record.samples),
        engine=record.engine,
        memory=max(added, default=None),
        trusted=record.trusted,
        reasons=record.reasons,
    )


def _pairs(facts: Any) -> list[tuple[int, int]]:
    return list(zip(facts.steady_memory_bytes, facts.base_memory_bytes, strict=False))


def _artifact(subject: Subject) -> Artifact | None:
    from fer_edge.runtime.bundle import open_bundle

    if subject.bundle is None:
        return None
    return open_bundle(subject.bundle).artifact(subject.variant)


def _end(advice: Advice, headline: str, allow_noisy: bool) -> None:
    """Raise what gives exit code 3."""
    if advice.choice is None:
        raise CheckFailed(headline)
    last = advice.choice.last
    if last is not None and not last.trusted and not allow_noisy:
        raise CheckFailed(
            "the figures are not to be relied on, for the reasons above; --allow-noisy accepts them"
        )
