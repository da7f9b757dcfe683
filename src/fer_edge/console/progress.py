"""Progress on long work: a bar for a person at a terminal, nothing for a file or a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


class Progress:
    """Counts the steps of one piece of work.

    Args:
        description: what goes on.
        total: number of steps; None when unknown.
        bars: where they are shown; None: nowhere.
    """

    def __init__(self, description: str = "", total: int | None = None, bars: Bars | None = None) -> None:
        self._description, self._bars = description, bars
        self._task = None if bars is None else bars.add_task(description, total=total)

    def advance(self, steps: int = 1, note: str | None = None) -> None:
        """Count ``steps`` more as done; ``note`` says what is being worked on."""
        if self._bars is not None and self._task is not None:
            text = self._description if note is None else f"{self._description}: {note}"
            self._bars.update(self._task, advance=steps, description=text)

    def show(self, note: str) -> None:
        """Say what is being worked on."""
        self.advance(0, note)


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
        return
    with _bars() as bars:
        yield Progress(description, total, bars)


def _bars() -> Bars:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left:"),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
