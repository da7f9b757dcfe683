"""The processes of a training, started by ``torchrun``, by Lightning, or alone, this one among them, and its threads."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fer_edge.runtime.errors import FerEdgeError


def rank() -> int:
    """Number of this process among all; 0 leads, writes and speaks.

    ``torchrun`` sets ``RANK``; Lightning's own launcher, which stays on one machine, sets ``LOCAL_RANK``.
    """
    return int(os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or 0)


def under_torchrun() -> bool:
    """True if ``torchrun`` started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def let_threads_sleep() -> None:
    """Forbid waiting threads to spin, before torch is imported: beside other work, two spinning ones were 15 times slower."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def set_torch_threads(count: int) -> None:
    """Threads of one process; the last bits of what it computes depend on them."""
    import torch

    torch.set_num_threads(count)


@dataclass(frozen=True)
class Processes:
    """Processes that train together.

    Attributes:
        devices: on each machine.
        nodes: machines.
    """

    devices: int = 1
    nodes: int = 1

    @property
    def count(self) -> int:
        """All of them."""
        return self.devices * self.nodes

    @classmethod
    def asked_for(cls, devices: int | None, nodes: int | None) -> Processes:
        """Those of the command line, or else those that ``torchrun`` started.

        Raises:
            FerEdgeError: the two disagree, or several machines without ``torchrun``.
        """
        if not under_torchrun():
            if (nodes or 1) > 1:
                raise FerEdgeError(
                    f"--nodes {nodes} needs torchrun on every machine: torchrun --nnodes {nodes} --nproc-per-node "
                    f"{devices or 1} --rdzv-endpoint HOST:PORT -m fer_edge.train.cli ..."
                )
            return cls(devices or 1, 1)
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        started = cls(local, int(os.environ["WORLD_SIZE"]) // local)
        if (devices or local) != local or (nodes or started.nodes) != started.nodes:
            raise FerEdgeError(
                f"torchrun started {started.nodes} x {local} processes, but --devices {devices or local} --nodes "
                f"{nodes or started.nodes} was asked for; give both the same numbers"
            )
        return started

    def check(self, batch_size: int) -> None:
        """Refuse a batch that cannot be shared equally, more devices than there are, and a number left in the environment.

        Raises:
            FerEdgeError: one of these.
        """
        if rank() >= self.count:
            raise FerEdgeError(
                f"the environment's RANK or LOCAL_RANK says that this is process {rank()}, but {self.count} train together;"
                " unset it, or start with torchrun"
            )
        if batch_size % self.count:
            below = max(self.count, batch_size // self.count * self.count)
            raise FerEdgeError(
                f"a batch of {batch_size} cannot be shared equally by {self.count} processes; --batch-size {below} can"
            )
        import torch

        found = torch.cuda.device_count()
        if found and self.devices > found:
            raise FerEdgeError(f"--devices {self.devices}: this machine has {found} GPU(s)")
