"""Losses on soft labels by name: one function each.

Every one takes logits and a distribution a face and weighs the classes' terms by ``weights``. None divides by the sum
of the weights: the loss of a batch is the mean of its faces' losses, so that equal parts of a batch on several devices
average to the loss of the whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.errors import FerEdgeError

FOCUS = 2.0
"""Exponent of the focal loss; the value of Lin et al. 2017, section 3.2."""


LossFunction = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""``function(logits, labels, weights)``: logits (n, classes); labels (n, classes), rows not negative, sum 1; weights
(classes,) or None for ones; gives a scalar."""


def cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """``-sum(w * t * log p)``, mean over the faces."""
    return functional.cross_entropy(logits, labels, weight=weights)


def mse(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """``w * (p - t)**2``, mean over faces and classes: as Keras and PyTorch mean it."""
    squares = (torch.softmax(logits, 1) - labels) ** 2
    return (squares if weights is None else squares * weights).mean()


def kl(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """``sum(w * t * (log t - log p))``, mean over the faces; cross entropy less what the label itself leaves open."""
    terms = torch.xlogy(labels, labels) - labels * torch.log_softmax(logits, 1)
    return (terms if weights is None else terms * weights).sum(1).mean()


def focal(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """``-sum(w * t * (1 - p)**2 * log p)``, mean over the faces.

    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 4, term by term for soft labels.
    """
    log_p = torch.log_softmax(logits, 1)
    terms = -labels * (1 - log_p.exp()) ** FOCUS * log_p
    return (terms if weights is None else terms * weights).sum(1).mean()


LOSSES: Mapping[str, LossFunction] = {"cross-entropy": cross_entropy, "mse": mse, "kl": kl, "focal": focal}
"""By the name that ``--set loss=`` takes."""


def smooth(labels: Tensor, share: float) -> Tensor:
    """Label smoothing: ``share`` of the uniform distribution mixed into each row (Szegedy et al. 2016, section 7)."""
    return labels * (1 - share) + share / labels.shape[1]


def balanced_weights(labels: Tensor, classes: Sequence[str]) -> Tensor:
    """Weights by inverse frequency: (n, classes) distributions -> (classes,), 1 on average over the labels.

    Raises:
        FerEdgeError: a class that no label has any of.
    """
    mass = labels.sum(0)
    empty = [name for name, faces in zip(classes, mass.tolist(), strict=True) if not faces]
    if empty:
        raise FerEdgeError(
            f"class_weights=balanced: none of the {len(labels)} training faces shows {', '.join(empty)}; "
            "raise --limit, choose other --classes, or add --set class_weights=none"
        )
    return labels.sum() / (len(mass) * mass)
