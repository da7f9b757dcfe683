"""A network, a recipe and arrays through Lightning's trainer."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn

from fer_edge.console.frame import Terminated
from fer_edge.console.output import Output
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.arrays import Arrays
from fer_edge.train.data.batches import Share, loader
from fer_edge.train.loop.choices import MONITORS
from fer_edge.train.loop.log import LOG, EpochLog, Pace
from fer_edge.train.loop.module import Objective, RecipeLoss, Training
from fer_edge.train.loop.processes import Processes, rank
from fer_edge.train.loop.random_state import RandomState
from fer_edge.train.loop.snapshots import (
    HALF,
    LAST,
    RESULTS,
    AtomicFiles,
    Keeping,
    Snapshot,
    Snapshots,
    check_same,
    clear,
)
from fer_edge.train.recipes.recipe import Recipe

VALIDATION_BATCH = 256
HARMLESS = (
    ".*does not have many workers.*",  # the arrays are in memory: workers would only copy them
    ".*The number of training batches .* is smaller than the logging interval.*",
    ".*was created with .*LeafSpec.*",
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
    ".*Found [0-9]+ module\\(s\\) in eval mode at the start of training.*",  # a frozen part, on purpose
    ".*No device id is provided via `init_process_group` or `barrier`.*",
)


@dataclass(frozen=True)
class Means:
    """How a training runs, as opposed to what it trains; nothing of it is a choice of the recipe.

    Attributes:
        processes: that train together.
        channels_last: memory layout of pictures.
        logger: ``csv``, ``tensorboard`` or ``none``.
        resume: go on from ``last.ckpt`` in the folder.
        choices: what a resumed run must have in common with the one that began, as JSON can hold it.
        names: of the network's tensors, which snapshots for people hold; empty: whatever is trained.
        texts: what stands in those snapshots beside the weights.
        run: what the log says of the run in its first line.
    """

    processes: Processes = field(default_factory=Processes)
    channels_last: bool = True
    logger: str = "none"
    resume: bool = False
    choices: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)


def run(
    network: nn.Module,
    recipe: Recipe,
    train: Arrays,
    validation: Arrays,
    out: Path,
    output: Output,
    objective: Objective | None = None,
    means: Means = Means(),
) -> list[dict[str, Any]]:
    """Train; leaves ``best.ckpt``, ``last.ckpt`` and ``log.jsonl`` in ``out``.

    Args:
        network: changed in place.
        recipe: the choices.
        train: crops to learn from.
        validation: crops that choose the best epoch.
        out: an existing folder.
        output: gets a line an epoch, or a bar.
        objective: what to minimize; None: the recipe's loss.
        means: devices, layout, loggers, resuming.

    Returns:
        The lines of the log.

    Raises:
        FerEdgeError: a resumed run has other choices, the loss is not finite, or the means do not fit the machine.
    """
    _check_precision(recipe.precision)
    past = _past(out, means, output)
    if past is not None and (past.finished or len(past.history) >= recipe.epochs):
        return past.history
    history: list[dict[str, Any]] = []
    state = RandomState()
    state.note()  # with several processes Lightning starts the generators anew
    share = Share(rank(), means.processes.count)
    batches = loader(train, recipe.batch_size, training=True, share=share, begin=state.begin)
    objective = objective or RecipeLoss(recipe, torch.from_numpy(train.labels))
    training = Training(network, recipe, objective, channels_last=means.channels_last)
    with _calm(), output.progress("Training", recipe.epochs * len(batches)) as bar:
        callbacks = [
            *_averages(recipe),
            EpochLog(out / LOG, history, means.run),
            Pace(output, bar, recipe.epochs, min(recipe.batch_size, len(train)), recipe.monitor, history),
            *_stopping(recipe),
            Snapshots(
                out,
                Keeping(recipe.monitor, recipe.keep_snapshots, means.names, means.texts),
                choices=means.choices,
                history=history,
                state=state,
            ),
            _OwnSigterm(),
        ]
        with _stoppable():
            _trainer(recipe, out, callbacks, means).fit(
                training,
                batches,
                loader(
                    validation, VALIDATION_BATCH, training=False, share=_validation_share(share, validation)
                ),
                ckpt_path=out / LAST if past is not None else None,
                weights_only=True if past is not None else None,
            )
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        # The leading process goes on alone: nothing that it computes may wait for the others.
        torch.distributed.destroy_process_group()
    return history


def _past(out: Path, means: Means, output: Output) -> Snapshot | None:
    """The snapshot to go on from, if that is asked for and there is one; else the folder is cleared."""
    if means.resume and (out / LAST).is_file():
        past = Snapshot.read(out / LAST)
        check_same(means.choices, past.choices, out / LAST)
        more = _lengthened(means.choices, past, output)
        if rank() == 0:
            clear(out, (HALF, *(RESULTS if more else ())))
        return past
    if means.resume:
        output.say(f"{out} holds no snapshot yet: starting from the beginning")
    if rank() == 0:
        clear(out)
    return None


def _lengthened(choices: Mapping[str, Any], past: Snapshot, output: Output) -> bool:
    """Whether the run gets more epochs than it began with; says what that means."""
    epochs = (choices.get("recipe") or {}).get("epochs")
    before = (past.choices.get("recipe") or {}).get("epochs")
    if epochs == before:
        return False
    if past.finished:
        output.warn(
            f"early stopping ended this run after {len(past.history)} epochs; more epochs change nothing"
        )
        return False
    output.say(
        f"the run of {before} epochs goes on to {epochs}: the schedule continues where one of {epochs} would be after "
        f"{len(past.history)}, so that the result is not that of a run of {epochs} from the start"
    )
    return True


def _check_precision(precision: str) -> None:
    if precision == "16-mixed" and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        raise FerEdgeError("--precision 16-mixed needs a GPU; on a CPU take bf16-mixed or 32-true")


def _validation_share(share: Share, validation: Arrays) -> Share:
    # With fewer faces than processes a share would be empty: then each process looks at all of them.
    return share if len(validation) >= share.count else Share()


def _averages(recipe: Recipe) -> list[Callback]:
    return [EMAWeightAveraging(decay=recipe.ema_decay)] if recipe.ema_decay else []


def _stopping(recipe: Recipe) -> list[Callback]:
    if not recipe.early_stopping:
        return []
    figure, sign = MONITORS[recipe.monitor]
    mode = "max" if sign > 0 else "min"
    return [
        EarlyStopping(
            figure, patience=recipe.early_stopping, mode=mode, check_on_train_epoch_end=True, verbose=False
        )
    ]


def _trainer(recipe: Recipe, out: Path, callbacks: list[Callback], means: Means) -> pl.Trainer:
    many, on_gpu = means.processes.count > 1, torch.cuda.is_available()
    return pl.Trainer(
        accelerator="auto",
        devices=means.processes.devices,
        num_nodes=means.processes.nodes,
        strategy=DDPStrategy(process_group_backend="nccl" if on_gpu else "gloo") if many else "auto",
        sync_batchnorm=many and on_gpu,
        use_distributed_sampler=False,
        precision=recipe.precision,  # type: ignore[arg-type]
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        plugins=[AtomicFiles()],
        logger=_logger(means.logger, out),
        # On a GPU some layers (adaptive pooling) have no deterministic gradient at all.
        deterministic="warn" if on_gpu else True,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _logger(name: str, out: Path) -> Any:
    if name == "none":
        return False
    if name == "tensorboard":
        from fer_edge.runtime.extras import require

        require("tensorboard", "train")
        from lightning.pytorch.loggers import TensorBoardLogger

        return TensorBoardLogger(out, name="tensorboard")
    from lightning.pytorch.loggers import CSVLogger

    return CSVLogger(out, name="csv")


class _OwnSigterm(Callback):
    """Leaves SIGTERM as it was: Lightning tells the other processes of it by a collective, which can wait for ever."""

    def __init__(self) -> None:
        self.handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Lightning has put its own in by now."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.handler)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM as every command knows them.

    Lightning ends the process with 1 after the one and turns a deaf ear to further ones; after the other it waits for the end
    of the step and then ends the process with 0.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if isinstance(error, SIGTERMException):
            raise Terminated from None
        if isinstance(error.__context__, KeyboardInterrupt):
            raise type(error.__context__) from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _calm() -> Iterator[None]:
    """Lightning's advertisements and the warnings that say nothing about a user's input stay out."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in HARMLESS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
