"""The accuracy gate: original and artifact on the same labeled pictures.

An artifact fails if a drop larger than its precision allows is proven: the whole 95 % bootstrap interval of the drop
lies above ``limits.accuracy_drop``. A drop that might be chance does not fail, so with few pictures little can
fail; the number of pictures and the interval are in the manifest for whoever wants to be stricter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.pictures.images import ImageSet
from fer_edge.runtime.verification import Accuracy
from fer_edge.stats.bootstrap import accuracy_drop_interval


def check_accuracy(
    images: ImageSet, reference: NDArray[np.int64], answers: NDArray[np.int64], tolerance: Tolerance
) -> Accuracy:
    """Compare how often the original and an artifact are right.

    Args:
        images: labeled pictures.
        reference: the original's first labels, (n,) places in the contract's labels.
        answers: the artifact's, (n,).
        tolerance: of the artifact's precision.
    """
    right, kept = reference == images.labels, answers == images.labels
    low, high = accuracy_drop_interval(right, kept)
    return Accuracy(
        source=f"{images.source} sha256:{images.sha256}",
        samples=len(images),
        reference=round(float(right.mean()), 6),
        artifact=round(float(kept.mean()), 6),
        drop_interval=(round(low, 6), round(high, 6)),
        verdict="fail" if low > tolerance.accuracy_drop else "pass",
    )
