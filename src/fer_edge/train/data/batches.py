"""Batches out of arrays in memory, alone or shared by several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from fer_edge.train.data.arrays import Arrays


@dataclass(frozen=True)
class Share:
    """A process's part of every batch.

    Attributes:
        rank: its number.
        count: of all processes.
    """

    rank: int = 0
    count: int = 1

    def of(self, indices: Tensor) -> Tensor:
        """A contiguous slice; equal ones if the length divides, else the first processes get one more."""
        return indices.tensor_split(self.count)[self.rank]


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """Indexed by a list of faces: crops (n, C, H, W) uint8 and labels (n, classes) float32.

    Args:
        arrays: the split.
        training: a random crop of each face, drawn from torch's generator; else the unjittered one.
        share: the part of each batch that is given; crops are drawn for the whole batch, so that processes with equal
            generators keep them equal.
    """

    def __init__(self, arrays: Arrays, *, training: bool, share: Share = Share()) -> None:
        self.crops = torch.from_numpy(arrays.crops)
        self.labels = torch.from_numpy(arrays.labels)
        self.training = training
        self.share = share

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        faces = torch.tensor(indices)
        views = (
            torch.randint(self.crops.shape[1], (len(faces),)) if self.training else torch.zeros_like(faces)
        )
        faces, views = self.share.of(faces), self.share.of(views)
        return self.crops[faces, views], self.labels[faces]


class _Order(BatchSampler):
    """Batches of face numbers; ``begin`` is called before the first one of each epoch is drawn."""

    begin: Callable[[], None] = staticmethod(lambda: None)

    def __iter__(self) -> Iterator[list[int]]:
        self.begin()
        yield from super().__iter__()


def loader(
    arrays: Arrays,
    batch_size: int,
    *,
    training: bool,
    share: Share = Share(),
    begin: Callable[[], None] | None = None,
) -> DataLoader[tuple[Tensor, Tensor]]:
    """A loader that takes whole batches out of the arrays at once.

    Args:
        arrays: the split.
        batch_size: of all processes together; fewer where there are fewer faces.
        training: shuffled and without a short last batch, a random crop of each face; else in order.
        share: this process's part of each batch.
        begin: called at the start of each pass, before anything of it is drawn.
    """
    dataset = Batches(arrays, training=training, share=share)
    order = RandomSampler(dataset) if training else SequentialSampler(dataset)
    size = min(batch_size, len(dataset))
    if training:
        size = max(share.count, size // share.count * share.count)
    # A batch of one would leave batch normalization without a variance.
    batches = _Order(order, size, drop_last=training)
    if begin is not None:
        batches.begin = begin
    return DataLoader(dataset, sampler=batches, batch_size=None)
