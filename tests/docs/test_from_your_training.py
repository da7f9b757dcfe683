"""docs/from-your-training.md: each command is run on a file that was saved as the page says, with small or untrained networks."""

import argparse
import importlib.util
import os
import re
import shlex
import sys

import pytest

from fer_edge.export.cli import main as export_main
from support.paths import ROOT
from support.processes import python

torch = pytest.importorskip("torch")

PAGE = ROOT / "docs" / "from-your-training.md"
COMMANDS = {
    shlex.split(line)[1]: shlex.split(line)
    for line in re.findall(r"^fer-export .*$", PAGE.read_text("utf-8"), re.MULTILINE)
}
QUICK = ("--format", "torchscript", "--precision", "fp32", "--parity-inputs", "16")
VGG = '''
"""As the repositories have it, with fewer channels."""
from torch import nn

class VGG(nn.Module):
    def __init__(self, name):
        super().__init__()
        layers, channels = [], 3
        for width in (8, "M", 16, "M"):
            if width == "M":
                layers += [nn.MaxPool2d(2, 2)]
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers, nn.AvgPool2d(11))
        self.classifier = nn.Linear(16, 7)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))

def build():
    return VGG("VGG19")
'''
DAN = '''
"""Heads beside each other, and three answers."""
import torch
from torch import nn

class DAN(nn.Module):
    def __init__(self, num_class=7, num_head=2):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for i in range(num_head):
            setattr(self, "cat_head%d" % i, nn.Linear(8, 8))
        self.fc, self.bn = nn.Linear(8, num_class), nn.BatchNorm1d(num_class)

    def forward(self, x):
        x = self.features(x)
        heads = [self.cat_head0(x), self.cat_head1(x)]
        return self.bn(self.fc(sum(heads))), x, heads
'''


def spread(network, size, channels=3):
    """Stand in for a training: answers to noise differ by about 1."""
    network.eval()
    head = [part for part in network.modules() if isinstance(part, torch.nn.Linear)][-1]
    with torch.no_grad():
        answers = network(torch.rand(16, channels, size, size) * 4 - 2)
        answers = answers[0] if isinstance(answers, tuple) else answers
        head.weight.mul_(3 / answers.std(0).mean())
    return network


def torchvision_network(path):
    import torchvision

    torch.save(spread(torchvision.models.mobilenet_v3_small(num_classes=7), 64).state_dict(), path)


def timm_with_average(path):
    timm = pytest.importorskip("timm")
    network = spread(timm.create_model("mobilenetv3_small_050", num_classes=7), 64)
    state = network.state_dict()
    raw = {name: tensor + 0.01 if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    arguments = argparse.Namespace(model="mobilenetv3_small_050", lr=0.1)
    optimizer = torch.optim.SGD(network.parameters(), 0.1).state_dict()
    saved = {
        "epoch": 3,
        "arch": "mobilenetv3_small_050",
        "state_dict": raw,
        "optimizer": optimizer,
        "version": 2,
        "args": arguments,
    }
    torch.save({**saved, "state_dict_ema": state, "metric": 71.5}, path)


def lightning_module(path):
    lightning = pytest.importorskip("lightning.pytorch")
    import torchvision

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.save_hyperparameters({"lr": 0.1})
            self.model = spread(torchvision.models.shufflenet_v2_x0_5(num_classes=7), 64)
            self.criterion = torch.nn.CrossEntropyLoss(weight=torch.ones(7))

    trainer = lightning.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.strategy.connect(Module())
    trainer.save_checkpoint(path)


def keras_tutorial(path):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed")
    script = """
import sys, warnings, keras, numpy
from keras import layers
warnings.simplefilter("ignore")
keras.utils.set_random_seed(1)
model = keras.Sequential([layers.Input((48, 48, 1)),
    layers.Conv2D(8, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2)), layers.Dropout(0.25),
    layers.Conv2D(16, (3, 3), padding="same", activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D((2, 2)),
    layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dropout(0.5), layers.Dense(7, activation="softmax")])
kernel, bias = model.layers[-1].get_weights()
model.layers[-1].set_weights([kernel * 8, bias])
model.save(sys.argv[1])
"""
    done = python("-W", "ignore", "-c", script, path, env={**os.environ, "KERAS_BACKEND": "torch"})
    assert path.is_file(), done.stderr


def onnx_file(path):
    pytest.importorskip("onnx")
    from torch import nn

    torch.manual_seed(2)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 225, 8)
    ).eval()  # fmt: skip
    with torch.no_grad():
        network[0].weight.mul_(1 / 100)
        network[-1].weight.mul_(8)
    names = {"input_names": ["Input3"], "output_names": ["Plus692_Output_0"]}
    torch.onnx.export(
        network, (torch.rand(1, 1, 64, 64),), str(path), dynamo=False, opset_version=13, **names
    )


def beside(path, name, text, *, size):
    (path.parent / name).write_text(text)
    space = {}
    exec(compile(text, name, "exec"), space)
    return spread(space["build"]() if "build" in space else space["DAN"](), size)


def published_net(path):
    state = beside(path, "vgg.py", VGG, size=44).state_dict()
    torch.save(
        {
            "net": state,
            "best_PublicTest_acc": torch.tensor(71.4),
            "best_PrivateTest_acc": 73.1,
            "best_PublicTest_acc_epoch": 9,
        },
        path,
    )


def published_dan(path):
    network = torch.nn.DataParallel(beside(path, "dan.py", DAN, size=64))
    optimizer = torch.optim.Adam(network.parameters()).state_dict()
    torch.save({"iter": 6, "model_state_dict": network.state_dict(), "optimizer_state_dict": optimizer}, path)


MAKERS = {
    "finetuned.pth": torchvision_network,
    "model_best.pth.tar": timm_with_average,
    "epoch=9.ckpt": lightning_module,
    "model.h5": keras_tutorial,
    "model.onnx": onnx_file,
    "PrivateTest_model.t7": published_net,
    "affecnet7.pth": published_dan,
}


def test_each_command_has_its_file():
    assert set(COMMANDS) == set(MAKERS)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", MAKERS)
def test_the_command_makes_a_bundle(name, tmp_path, monkeypatch, capfd):
    torch.manual_seed(0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    MAKERS[name](tmp_path / name)
    with pytest.raises(SystemExit) as ended:
        export_main([*COMMANDS[name][1:], *QUICK])
    said = capfd.readouterr()
    assert ended.value.code == 0, said.err
    assert (tmp_path / "bundle" / "manifest.json").is_file()
    if name in ("model.h5", "model.onnx"):
        assert re.search(r"import of (keras|onnx) .* pass", said.out), said.out
