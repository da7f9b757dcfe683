"""Progress on long work: a bar for a person at a terminal, nothing for a file or a pipe."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Progress:
    """Counts steps and shows nothing."""

    def advance(self, steps: int = 1, note: str | None = None) -> None:
        """Count ``steps`` more as done; ``note`` says what is being worked on."""

    def show(self, note: str) -> None:
        """Say what is being worked on."""
        self.advance(0, note)


class _PlainProgress(Progress):
    """A terminal without rich: one line a note."""

    def __init__(self, description: str, total: int | None) -> None:
        self._description, self._total, self._done = description, total, 0
        self._begun, self._shown = time.monotonic(), ""

    def advance(self, steps: int = 1, note: str | None = None) -> None:
        self._done += steps
        if note and note != self._shown:
            self._shown = note
            of = f"/{self._total}" if self._total is not None else ""
            sys.stderr.write(f"{self._description} {self._done}{of}: {note}{self._left()}\n")

    def _left(self) -> str:
        """How long the rest takes if it goes on as so far."""
        seconds = time.monotonic() - self._begun
        if not self._total or not 0 < self._done < self._total or seconds < 1:
            return ""
        return f" (about {seconds / self._done * (self._total - self._done):.0f} s left)"


class _RichProgress(Progress):
    def __init__(self, bars: RichProgress, task: TaskID, description: str) -> None:
        self._bars, self._task, self._description = bars, task, description

    def advance(self, steps: int = 1, note: str | None = None) -> None:
        description = self._description if note is None else f"{self._description}: {note}"
        self._bars.update(self._task, advance=steps, description=description)


@contextmanager
def progress_bar(description: str, total: int | None, *, shown: bool) -> Iterator[Progress]:
    """The progress of one piece of work, on standard error.

    Args:
        description: what goes on.
        total: number of steps; None when unknown.
        shown: whether a person watches; otherwise nothing is written.
    """
    if not shown:
        yield Progress()
    elif importlib.util.find_spec("rich") is None:
        yield _PlainProgress(description, total)
    else:
        with _rich_bars() as bars:
            yield _RichProgress(bars, bars.add_task(description, total=total), description)


def _rich_bars() -> RichProgress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
