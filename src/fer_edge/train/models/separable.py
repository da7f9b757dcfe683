"""Depthwise-separable blocks of which ``fer_mini`` is made.

Made for phone delegates: convolution, depthwise convolution, ReLU6, addition, mean over height and width, dense.
Reductions are unpadded (3x3, stride 2): padding one pixel on each side of an even size is not TFLite's ``SAME`` and would
become a PAD of its own. Sums go through ReLU6, so every activation lies in 0..6 and int8 knows its range.
"""

from __future__ import annotations

from torch import Tensor, nn

_NAMED = "fer_edge.train.models.separable"
"""Stays when this file moves: converters write the module of a class into their files."""


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution without bias and batch normalization; padded to the same size at stride 1, else unpadded."""
    padding = kernel // 2 if stride == 1 else 0
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


class Separable(nn.Module):
    """Depthwise 3x3, ReLU6, pointwise; (N, inputs, H, W) -> (N, outputs, H', W').

    At stride 1 with as many outputs as inputs the input is added before the last ReLU6; H' = (H - 3) // 2 + 1 at
    stride 2.
    """

    __module__ = _NAMED

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = convolution(inputs, inputs, 3, stride, groups=inputs)
        self.between = nn.ReLU6(inplace=True)
        self.pointwise = convolution(inputs, outputs, 1)
        self.after = nn.ReLU6(inplace=True)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Apply the block."""
        changed = self.pointwise(self.between(self.depthwise(features)))
        return self.after(features + changed) if self.residual else self.after(changed)  # type: ignore[no-any-return]


class SeparableNet(nn.Module):
    """A stem convolution, blocks, mean over height and width, one dense layer; (N, C, H, W) -> (N, classes) logits.

    Args:
        channels: input planes.
        stem: filters of the 3x3 stem at stride 2.
        blocks: (outputs, stride) of each block.
        num_classes: width of the answer.
        dropout: probability before the dense layer, in training only.
    """

    __module__ = _NAMED

    def __init__(
        self, channels: int, stem: int, blocks: tuple[tuple[int, int], ...], num_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(*convolution(channels, stem, 3, stride=2), nn.ReLU6(inplace=True))
        body: list[nn.Module] = []
        width = stem
        for outputs, stride in blocks:
            body.append(Separable(width, outputs, stride))
            width = outputs
        self.body = nn.Sequential(*body)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, num_classes)
        self._initialize()

    def _initialize(self) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of normalized images."""
        features = self.pool(self.body(self.stem(image))).flatten(1)
        return self.classifier(self.dropout(features))  # type: ignore[no-any-return]
