"""The parts that the subcommands share: options, and the one place that decides the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from fer_edge.runtime.errors import CheckFailed, EngineError, FerEdgeError

seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of the order of turns.  [default: 0]"
)


@dataclass(slots=True)
class Ending:
    """Everything that keeps a command from ending with 0: noted where it is found, raised once all is printed.

    Attributes:
        allow_noisy: figures that are not to be relied on are accepted.
        complete: False after Ctrl-C.
        fault: the first error after the measurement.
        failures: checks that failed, a sentence each.
        doubt: the sentence about figures that are not to be relied on; empty if they are.
        failed: subject -> why it could not be measured.
    """

    allow_noisy: bool
    complete: bool = True
    fault: FerEdgeError | None = None
    failures: Sequence[str] = ()
    doubt: str = ""
    failed: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def postpone(self) -> Iterator[None]:
        """Keep an error of the block for the end: what was measured is written and printed all the same."""
        try:
            yield
        except FerEdgeError as error:
            self.fault = self.fault or error

    def finish(self) -> None:
        """Raise what gives the exit code, if anything does.

        Raises:
            KeyboardInterrupt: the run was interrupted (130).
            FerEdgeError: the fault (1).
            CheckFailed: a check failed, or figures are not to be relied on (3).
            EngineError: a subject could not be measured (1).
        """
        if not self.complete:
            raise KeyboardInterrupt
        if self.fault is not None:
            raise self.fault
        if self.failures:
            raise CheckFailed("; ".join(self.failures))
        if self.doubt and not self.allow_noisy:
            raise CheckFailed(self.doubt)
        if self.failed:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.failed.items())
            raise EngineError(f"not measured: {reasons}")
