"""The layer table: every Keras layer that has a translation, by its class name.

To add one: a function from ``KerasLayer`` to the tensor that it gives, and a line here; a test compares it with numbers worked
out by hand. A ``Lambda`` is code, and never gets a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fer_edge.train.checkpoint.sources.keras import plain, weighted
from fer_edge.train.checkpoint.sources.keras.layer import KerasLayer
from fer_edge.train.checkpoint.sources.translation import Value

IDLE = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity",
    "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom",
    "SpatialDropout2D",
)  # fmt: skip
"""Layers that do nothing while a network answers."""

LAYERS: Mapping[str, Callable[[KerasLayer], Value]] = {
    **dict.fromkeys(IDLE, plain.same),
    "Activation": plain.activation,
    "Add": plain.merge("add"),
    "Average": plain.average,
    "AveragePooling2D": plain.average_pooling,
    "BatchNormalization": weighted.batch_norm,
    "BatchNormalizationV1": weighted.batch_norm,
    "Concatenate": plain.concatenate,
    "Conv2D": weighted.conv,
    "Cropping2D": plain.cropping,
    "Dense": weighted.dense,
    "DepthwiseConv2D": weighted.depthwise,
    "ELU": plain.elu,
    "Flatten": plain.flatten,
    "GlobalAveragePooling2D": plain.global_pool("mean"),
    "GlobalMaxPooling2D": plain.global_pool("max"),
    "LayerNormalization": weighted.layer_norm,
    "LeakyReLU": plain.leaky_relu,
    "MaxPooling2D": plain.max_pooling,
    "Maximum": plain.merge("maximum"),
    "Minimum": plain.merge("minimum"),
    "Multiply": plain.merge("multiply"),
    "Normalization": weighted.normalization,
    "PReLU": weighted.prelu,
    "ReLU": plain.relu,
    "Rescaling": weighted.rescaling,
    "Reshape": plain.reshape,
    "Resizing": plain.resizing,
    "SeparableConv2D": weighted.separable,
    "Softmax": plain.soft,
    "Subtract": plain.merge("subtract"),
    "UpSampling2D": plain.upsampling,
    "ZeroPadding2D": plain.zero_padding,
}
