"""Names of modules that TFLite and TorchScript files hold: a class that moves keeps the name that it has there."""

import pytest

from fer_edge.export.capture.wrappers import ImageFrontend, Picture, TensorFrontend
from fer_edge.export.formats.torchscript.converter import _Probabilities
from fer_edge.export.rewrites.delegates import HardSigmoid, HardSwish, PaddedMaxPool
from fer_edge.export.rewrites.replacing import Replaced
from fer_edge.train.models.selected import Selected
from fer_edge.train.models.separable import Separable, SeparableNet

# In parts, so that no tool that moves modules takes them for references.
NAMES = {
    ("export", "frontend"): (ImageFrontend, Picture, TensorFrontend),
    ("export", "formats", "torchscript"): (_Probabilities,),
    ("export", "rewrites", "delegates"): (HardSigmoid, HardSwish, PaddedMaxPool),
    ("export", "rewrites", "replacing"): (Replaced,),
    ("train", "models", "selected"): (Selected,),
    ("train", "models", "separable"): (Separable, SeparableNet),
}


@pytest.mark.parametrize(("parts", "classes"), NAMES.items())
def test_classes_keep_the_names_that_files_hold(parts, classes):
    for one in classes:
        assert one.__module__ == ".".join(("fer_edge", *parts))
