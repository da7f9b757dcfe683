"""Lightning's trainer: around a network, a recipe and arrays, or around any module of ours."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn
from torch.utils.data import DataLoader

from fer_edge.console.frame import Terminated
from fer_edge.console.output import Output
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.arrays import Arrays
from fer_edge.train.data.batches import Share, loader
from fer_edge.train.loop.log import LOG, AccuracyPace, EpochLog, History
from fer_edge.train.loop.module import Objective, Training
from fer_edge.train.loop.processes import rank
from fer_edge.train.loop.random_state import RandomState
from fer_edge.train.loop.record import Record
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.loop.snapshots import LAST, AtomicFiles, BestSnapshots, Keeping, past_run
from fer_edge.train.optimization.monitors import MONITORS

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
class Run:
    """One training of a recipe.

    Attributes:
        record: its recipe, data and tools.
        options: devices, layout, loggers, resuming.
        out: an existing folder.
        output: gets a line an epoch, or a bar.
        names: of the network's tensors, which snapshots for people hold; empty: whatever is trained.
    """

    record: Record
    options: RunOptions
    out: Path
    output: Output
    names: tuple[str, ...] = ()

    def train(self, network: nn.Module, objective: Objective, train: Arrays, validation: Arrays) -> History:
        """Leave ``best.ckpt``, ``last.ckpt`` and ``log.jsonl`` in the folder.

        Args:
            network: changed in place.
            objective: what to minimize.
            train: crops to learn from.
            validation: crops that choose the best epoch.

        Returns:
            The lines of the log.

        Raises:
            FerEdgeError: a resumed run has other choices, the loss is not finite, or the options do not fit the machine.
        """
        recipe, options = self.record.recipe, self.options
        _check_precision(recipe.precision)
        past = past_run(self.out, self.record.identity(), self.output, resume=options.resume)
        if past is not None and (past.finished or len(past.history) >= recipe.epochs):
            return past.history
        history: History = []
        state = RandomState()
        state.note()  # with several processes Lightning starts the generators anew
        share = Share(rank(), options.processes.count)
        batches = loader(train, recipe.batch_size, training=True, share=share, begin=state.begin)
        # With fewer faces than processes a share would be empty: then each process looks at all of them.
        whole = Share() if len(validation) < share.count else share
        with self.output.progress("Training", recipe.epochs * len(batches)) as bar:
            pace = AccuracyPace(
                MONITORS[recipe.monitor], self.output, bar, epochs=recipe.epochs, steps=len(batches),
                batch_size=min(recipe.batch_size, len(train)), history=history,
            )  # fmt: skip
            fit(
                Training(network, recipe, objective, channels_last=options.channels_last and not options.qat),
                batches,
                loader(validation, VALIDATION_BATCH, training=False, share=whole),
                self._callbacks(pace, history, state),
                self.out,
                epochs=recipe.epochs,
                resume=past is not None,
                settings=self._settings(),
            )
        return history

    def _settings(self) -> dict[str, Any]:
        processes, on_gpu = self.options.processes, torch.cuda.is_available()
        many = processes.count > 1
        return {
            "devices": processes.devices,
            "num_nodes": processes.nodes,
            "strategy": DDPStrategy(process_group_backend="nccl" if on_gpu else "gloo") if many else "auto",
            "sync_batchnorm": many and on_gpu,
            "use_distributed_sampler": False,
            "precision": self.record.recipe.precision,
            "logger": _logger(self.options.logger, self.out),
        }

    def _callbacks(self, pace: Callback, history: History, state: RandomState) -> list[Callback]:
        recipe = self.record.recipe
        monitor = MONITORS[recipe.monitor]
        keeping = Keeping(monitor, recipe.keep_snapshots, self.names, self.record.snapshot_texts())
        averages = [EMAWeightAveraging(decay=recipe.ema_decay)] if recipe.ema_decay else []
        stopping = EarlyStopping(
            monitor.figure,
            patience=recipe.early_stopping,
            mode="max" if monitor.sign > 0 else "min",
            check_on_train_epoch_end=True,
            verbose=False,
        )
        return [
            *averages,
            EpochLog(self.out / LOG, history, self.record.start()),
            pace,
            *([stopping] if recipe.early_stopping else []),
            BestSnapshots(keeping, self.out, self.record.identity(), history, state),
        ]


def _check_precision(precision: str) -> None:
    if precision == "16-mixed" and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        raise FerEdgeError("--precision 16-mixed needs a GPU; on a CPU take bf16-mixed or 32-true")


def fit(
    module: pl.LightningModule,
    train: DataLoader[Any],
    validation: DataLoader[Any] | None,
    callbacks: Sequence[Callback],
    out: Path,
    *,
    epochs: int,
    resume: bool,
    settings: Mapping[str, Any],
) -> None:
    """Train a module, with Ctrl-C, SIGTERM, warnings and files as every command has them.

    Args:
        module: changed in place.
        train: batches of the training.
        validation: batches of the validation; None: there is none.
        callbacks: log, pace, snapshots.
        out: the folder of the run.
        epochs: of the whole run.
        resume: go on from ``last.ckpt`` in the folder.
        settings: what else Lightning's trainer is told: devices, precision, logger.
    """
    with _calm(), _stoppable(), _own_switches():
        trainer = pl.Trainer(
            accelerator="auto",
            max_epochs=epochs,
            callbacks=[*callbacks, _OwnSigterm()],
            plugins=[AtomicFiles()],
            # On a GPU some layers (adaptive pooling) have no deterministic gradient at all.
            deterministic="warn" if torch.cuda.is_available() else True,
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
            **settings,
        )
        trainer.fit(
            module,
            train,
            validation,
            ckpt_path=out / LAST if resume else None,
            weights_only=True if resume else None,
        )
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        # The leading process goes on alone: nothing that it computes may wait for the others.
        torch.distributed.destroy_process_group()


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

    Lightning ends the process with 1 after the one and ignores further ones; after the other it waits for the end
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
def _own_switches() -> Iterator[None]:
    """The process's switches come back: Lightning leaves them as the training had them, for whatever is run next."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark


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
