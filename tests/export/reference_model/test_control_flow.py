"""A network whose Python decides by values is refused before any conversion, with the line."""

import inspect

import pytest
import torch
from torch import nn

from fer_edge.export.reference_model.control_flow import refuse_decisions
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import ExportError

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 16, 16, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip


def by_mean(net, x):
    return -x if x.mean() > 0 else x


def never_on_these_pictures(net, x):
    return -x if bool((x.abs() > 1e6).any()) else x


def by_item(net, x):
    return x / x.abs().max().item()


def by_float(net, x):
    return x * float(x.std())


def by_list(net, x):
    return x if max(x.mean((2, 3))[0].tolist()) > 0.5 else -x


def by_loop(net, x):
    for _ in range(int(x.mean() > 0) + 1):
        x = x * 0.5
    return x


def by_part_of_a_buffer(net, x):
    out = torch.zeros(4)
    out[1:3] = x.mean((2, 3))[0, :2]
    return -x if max(out.tolist()) > 0.5 else x


def by_size(net, x):
    return x if x.shape[-1] % 2 == 0 and len(x) == 1 and x.numel() else -x


def by_weights(net, x):
    return x if net.a.weight.sum() > 0 or float(net.steps) > 3 else -x


def by_mode(net, x):
    return -x if net.training or torch.jit.is_tracing() else x


def in_the_graph(net, x):
    return torch.where(x.mean() > 0, -x, x)


def asserted(net, x):
    assert not torch.isnan(x).any(), "no number"
    assert x.min() > -1e9, "too small"
    return x


def raised(net, x):
    if x.abs().max() > 1e9:
        raise ValueError("too large")
    return x


def raised_or_not(net, x):
    if x.abs().max() > 1e9:
        raise ValueError("too large")
    if x.mean() > 0:
        return -x
    return x


class Network(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3)
        self.register_buffer("steps", torch.tensor(5))
        self.way = way

    def forward(self, x):
        return self.fc(torch.relu(self.a(self.way(self, x))).mean((2, 3)))


def judge(way):
    refuse_decisions(Network(way).eval().requires_grad_(False), CONTRACT)


@pytest.mark.parametrize(
    ("way", "line"),
    [
        (by_mean, 1), (never_on_these_pictures, 1), (by_item, 1), (by_float, 1), (by_list, 1), (by_loop, 1), (raised_or_not, 3),
        (by_part_of_a_buffer, 3),
    ],
)  # fmt: skip
def test_names_the_line_that_decides(way, line):
    source, first = inspect.getsourcelines(way)
    text = source[line].strip()
    with pytest.raises(ExportError) as refused:
        judge(way)
    assert f"test_control_flow.py:{first + line} ({text})" in str(refused.value)
    assert "torch.where" in str(refused.value)


@pytest.mark.parametrize("way", [by_size, by_weights, by_mode, in_the_graph, asserted, raised])
def test_leaves_alone_what_is_the_same_for_every_picture(way):
    judge(way)


def test_leaves_a_module_that_raises_to_who_asks_for_answers():
    def broken(net, x):
        raise RuntimeError("no")

    judge(broken)


def test_it_is_refused_at_once_whatever_the_formats(foreign_decision, run_command):
    folder, options = foreign_decision
    formats = "torchscript,onnx,tflite,coreml"
    made = run_command(
        "fer_edge.export.cli", *options, "--format", formats, "--out", folder / "out", cwd=folder
    )
    assert made.returncode == 1
    assert "deciding.py:9 (return self.head((-x if x.mean() > 0 else x).flatten(1)))" in made.stderr
    assert not (folder / "out").exists()


@pytest.fixture
def foreign_decision(tmp_path):
    (tmp_path / "deciding.py").write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.head = nn.Linear(256, 3)\n"
        "    def forward(self, x):\n        return self.head((-x if x.mean() > 0 else x).flatten(1))\n"
    )
    torch.save(nn.ModuleDict({"head": nn.Linear(256, 3)}).state_dict(), tmp_path / "w.pth")
    given = [
        "w.pth",
        "--arch",
        "deciding:Net",
        "--labels",
        "happy,sad,neutral",
        "--input",
        "16x16x1",
        "--mean",
        "0.5",
        "--std",
        "0.5",
    ]
    return tmp_path, given
