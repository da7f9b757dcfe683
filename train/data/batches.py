"""Batches out of arrays in memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from fer_edge.train.data.arrays import Arrays


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """Indexed by a list of faces: crops (n, C, H, W) uint8 and labels (n, classes) float32.

    Args:
        arrays: the split.
        training: a random crop of each face, drawn from torch's generator; else the unjittered one.
    """

    def __init__(self, arrays: Arrays, *, training: bool) -> None:
        self.crops = torch.from_numpy(arrays.crops)
        self.labels = torch.from_numpy(arrays.labels)
        self.training = training

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: list[int]) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        faces = torch.tensor(indices)
        views = (
            torch.randint(self.crops.shape[1], (len(faces),)) if self.training else torch.zeros_like(faces)
        )
        return self.crops[faces, views], self.labels[faces]


def loader(arrays: Arrays, batch_size: int, *, training: bool) -> DataLoader[tuple[Tensor, Tensor]]:
    """A loader that takes whole batches out of the arrays at once; shuffled and without a short last batch in training."""
    dataset = Batches(arrays, training=training)
    order = RandomSampler(dataset) if training else SequentialSampler(dataset)
    # A batch of one would leave batch normalization without a variance.
    batches = BatchSampler(order, min(batch_size, len(dataset)), drop_last=training)
    return DataLoader(dataset, sampler=batches, batch_size=None)
