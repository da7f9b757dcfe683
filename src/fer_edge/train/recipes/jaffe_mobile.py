"""JAFFE by a network that fits a phone: as the recipe ``jaffe``, for TorchScript."""

from __future__ import annotations

from dataclasses import replace

from fer_edge.train.recipes.jaffe import JAFFE
from fer_edge.train.recipes.recipe import Recipe

JAFFE_MOBILE: Recipe = replace(
    JAFFE,
    name="jaffe-mobile",
    summary="JAFFE as above by ResNet-18, for TorchScript on a phone",
    model="jaffe-mobile",
    arch="resnet18",
    published="",
)
