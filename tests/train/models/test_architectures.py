"""Built-in networks against published figures, and networks of somebody else."""

import sys

import pytest
import torch
from torch import nn

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.models import ARCHITECTURES, architecture, build, by_name, resolve
from fer_edge.train.models.architecture import Architecture
from support.processes import environment, python

PUBLISHED = {
    # torchvision's documentation, "Table of all available classification weights", 1000 classes, RGB.
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "resnet152": 60_192_808,
    "alexnet": 61_100_840,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_small": 2_542_856,
    "mobilenet_v3_large": 5_483_032,
    "efficientnet_b0": 5_288_548,
    "vgg11": 132_863_336,
}


def parameters(module):
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_counts_are_the_published_ones(name):
    with torch.device("meta"):
        assert parameters(build(name, num_classes=1000, channels=3)) == PUBLISHED[name]


def test_ferplus_vgg13_has_the_layers_of_its_paper():
    # 3x3 kernels and a bias each: in*out*9 + out, then dense in*out + out (64 pixels, four poolings: 4x4x256).
    convolutions = [(1, 64), (64, 64), (64, 128), (128, 128)]
    convolutions += [(128, 256), (256, 256), (256, 256), (256, 256), (256, 256), (256, 256)]
    dense = [(4096, 1024), (1024, 1024), (1024, 8)]
    expected = sum(9 * a * b + b for a, b in convolutions) + sum(a * b + b for a, b in dense)
    module = build("ferplus_vgg13", num_classes=8)
    assert parameters(module) == expected
    drops = [layer.p for layer in module if isinstance(layer, nn.Dropout)]
    assert drops == [0.25, 0.25, 0.25, 0.25, 0.5, 0.5]


def test_fer2013_cnn_has_the_parameters_of_its_source():
    # Keras prints "Total params: 2,345,607" for this list with 7 classes.
    assert parameters(build("fer2013_cnn", num_classes=7)) == 2_345_607


def test_fer_mini_is_small_and_made_of_what_delegates_take():
    module = build("fer_mini", num_classes=8)
    assert parameters(module) <= 400_000
    kinds = {type(layer) for layer in module.modules() if not list(layer.children())}
    assert kinds == {nn.Conv2d, nn.BatchNorm2d, nn.ReLU6, nn.AdaptiveAvgPool2d, nn.Dropout, nn.Linear}
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.stride == (1, 1) or layer.padding == (0, 0)  # a padded stride would become a PAD


@pytest.mark.parametrize("entry", ARCHITECTURES, ids=lambda entry: entry.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_architecture_answers_in_its_own_size(entry, channels):
    with torch.device("meta"):
        module = build(entry.name, num_classes=5, channels=channels).eval()
        assert module(torch.empty(2, channels, entry.height, entry.width)).shape == (2, 5)


def test_native_channels_are_the_default():
    with torch.device("meta"):
        for entry in ARCHITECTURES:
            first = next(m for m in build(entry.name, num_classes=2).modules() if isinstance(m, nn.Conv2d))
            assert first.in_channels == entry.channels


def test_names_are_unique_and_duplicates_are_refused():
    assert len({entry.name for entry in ARCHITECTURES}) == len(ARCHITECTURES)
    twice = Architecture("resnet18", lambda: None, 1, 1, 1, "")
    with pytest.raises(ValueError, match="two architectures are called 'resnet18'"):
        by_name([*ARCHITECTURES, twice])


def test_an_unknown_name_gets_the_closest_one():
    with pytest.raises(CheckpointError, match="Did you mean 'resnet18'"):
        architecture("resnet-18")


def test_an_argument_that_is_not_known_is_a_sentence():
    with pytest.raises(CheckpointError, match=r"'fer_mini' refused its arguments.*'depth'"):
        resolve("fer_mini", num_classes=8, arch_args={"depth": "3"})


def test_the_list_loads_without_torch():
    script = "import sys, fer_edge.train.models, fer_edge.train.checkpoint.checkpoint; print('torch' in sys.modules, 'cv2' in sys.modules)"
    done = python("-c", script, env=environment({}), check=True)
    assert done.stdout.split() == ["False", "False"]


MODULE = """
from torch import nn

def plain(width=3):
    return nn.Linear(width, 2)

def counted(num_classes, width=3, name=""):
    module = nn.Linear(width, num_classes)
    module.given = (width, name)
    return module

class Net(nn.Module):
    def __init__(self, num_classes, **rest):
        super().__init__()
        self.rest, self.num_classes = rest, num_classes

def no_module():
    return 3

def broken():
    raise KeyError("oops")

number = 3
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A package in the current folder."""
    (tmp_path / "foreign_nets").mkdir()
    (tmp_path / "foreign_nets" / "nets.py").write_text(MODULE)
    (tmp_path / "foreign_nets" / "hurt.py").write_text("1 / 0")
    (tmp_path / "foreign_nets" / "lacking.py").write_text("import surely_not_installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "foreign_nets.nets"
    for name in [name for name in sys.modules if name.startswith("foreign_nets")]:
        del sys.modules[name]


def test_num_classes_goes_only_where_the_signature_takes_it(foreign):
    assert resolve(f"{foreign}:plain", num_classes=7).out_features == 2
    assert resolve(f"{foreign}:counted", num_classes=7).out_features == 7
    assert resolve(f"{foreign}:Net", num_classes=7).num_classes == 7


def test_arguments_are_json_where_they_parse(foreign):
    module = resolve(f"{foreign}:counted", num_classes=7, arch_args={"width": "12", "name": "a b"})
    assert module.given == (12, "a b")
    rest = resolve(f"{foreign}:Net", num_classes=7, arch_args={"deep": "true", "sizes": "[1, 2]"}).rest
    assert rest == {"deep": True, "sizes": [1, 2]}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("foreign_nets.nets:countd", "Did you mean 'counted'"),
        ("foreign_nets.nets:no_module", "returned int"),
        ("foreign_nets.nets:broken", "raised KeyError"),
        ("foreign_nets.nets:number", "not callable"),
        ("foreign_nets.nope:x", "no module 'foreign_nets.nope'"),
        ("foreign_nets.hurt:x", "raised ZeroDivisionError"),
        ("foreign_nets.lacking:x", "needs 'surely_not_installed'"),
        (":x", "package.module:callable"),
        ("foreign_nets.nets:", "package.module:callable"),
    ],
)
def test_faults_of_a_foreign_network_are_one_sentence(foreign, name, sentence):
    with pytest.raises(CheckpointError, match=sentence) as caught:
        resolve(name, num_classes=7)
    assert "\n" not in str(caught.value)


def test_torchvision_by_name_takes_the_number_of_labels():
    with torch.device("meta"):
        module = resolve("torchvision.models:shufflenet_v2_x1_0", num_classes=5).eval()
        assert module(torch.empty(1, 3, 96, 96)).shape == (1, 5)


@pytest.mark.parametrize("argument", ["num_classes", "channels"])
def test_what_labels_and_input_settle_is_no_argument_of_a_builtin_network(argument):
    with pytest.raises(CheckpointError, match=rf"'fer_mini' gets {argument} from the labels"):
        resolve("fer_mini", num_classes=2, arch_args={argument: "3"})
