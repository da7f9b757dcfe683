"""Options of a run beside its recipe: data, first weights, a teacher, int8 rounding, compiling, devices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.train.loop.processes import Processes


@dataclass(frozen=True)
class RunOptions:
    """Options of a training beside its recipe.

    Attributes:
        data: the folder of ``--data``.
        workers: processes that prepare faces; None: one a core.
        reduced: list of ambiguous faces to leave out of the training split.
        augmented: folders of generated faces to add to it.
        cache: folder for prepared faces that the next run takes again; None: the user's own, for what exceeds memory.
        init: weights to start from.
        weights_key: which of them, where the file holds several sets.
        teacher: checkpoint to learn from.
        qat: train with int8 rounding in the network.
        resume: go on from the last snapshot.
        processes: that train together.
        compile: use ``torch.compile`` where it works.
        channels_last: memory layout of pictures.
        logger: ``csv``, ``tensorboard`` or ``none``.
        report: write ``report.html`` and its pictures at the end.
    """

    data: Path | None = None
    workers: int | None = None
    reduced: Path | None = None
    augmented: tuple[Path, ...] = ()
    cache: Path | None = None
    init: Path | None = None
    weights_key: str | None = None
    teacher: Path | None = None
    qat: bool = False
    resume: bool = False
    processes: Processes = Processes()  # noqa: RUF009 - frozen
    compile: bool = False
    channels_last: bool = True
    logger: str = "none"
    report: bool = True

    def sources(self) -> dict[str, Any]:
        """Hashes of other people's weights that shape the result, and whether it is ``qat``; empty where there are none."""
        files = {"init_sha256": self.init, "teacher_sha256": self.teacher}
        found: dict[str, Any] = {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if path
        }
        return found | ({"qat": True} if self.qat else {})
