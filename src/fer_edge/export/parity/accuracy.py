"""The accuracy gate: original and artifact on the same labeled pictures.

An artifact fails if a drop larger than its precision allows is proven: the whole 95 % bootstrap interval of the drop
lies above ``limits.accuracy_drop``. A drop that might be chance does not fail, so with few pictures little can
fail; the number of pictures and the interval are in the manifest for whoever wants to be stricter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_data.images import ImageSet
from fer_edge.stats.bootstrap import accuracy_drop_interval

SAMPLES = 2000
"""Drawn faces by default: a drop of one point in a hundred is then seen, its interval is about +-0.5 points."""


def gate(
    images: ImageSet, reference: NDArray[np.int64], answers: NDArray[np.int64], limit: Tolerance
) -> dict[str, Any]:
    """The manifest's ``accuracy`` of an artifact.

    Args:
        images: labeled pictures.
        reference: the original's first labels, (n,) places in the contract's labels.
        answers: the artifact's, (n,).
        limit: of the artifact's precision.
    """
    right, kept = reference == images.labels, answers == images.labels
    low, high = accuracy_drop_interval(right, kept)
    fails = low > limit.accuracy_drop
    return {
        "source": f"{images.source} sha256:{images.sha256}",
        "samples": len(images),
        "reference": round(float(right.mean()), 6),
        "artifact": round(float(kept.mean()), 6),
        "drop_interval": [round(low, 6), round(high, 6)],
        "verdict": "fail" if fails else "pass",
    }
