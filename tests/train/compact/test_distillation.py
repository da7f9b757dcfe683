"""The distillation objective against arithmetic by hand, and which teachers are refused."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.checkpoint.checkpoint import ARCH_KEY, write_checkpoint
from fer_edge.train.compact.distillation import Distillation, misfits, read_teacher, softened_divergence
from fer_edge.train.models import build


class Fixed(nn.Module):
    """Answers with the same logits whatever it sees."""

    def __init__(self, rows):
        super().__init__()
        self.rows = nn.Parameter(torch.tensor(rows))

    def forward(self, images):
        return self.rows + 0 * images.sum()


def contract(labels=("happiness", "sadness"), size=32, channels=1, mean=0.5, std=0.5, margin=0.1):
    return Contract.build(
        model="m",
        labels=labels,
        input=InputSpec("image", "tensor", size, size, channels, "NCHW", "float32"),
        camera=CameraSpec(spec=1, crop_margin=margin, mirror=False),
        normalization=Normalization((mean,) * channels, (std,) * channels),
        output=OutputSpec("logits", "logits"),
    )


def test_loss_by_hand():
    # Two classes, T = 2. Teacher (2, 0): softened (1, 0) -> p = e/(e+1). Student (0, 4): softened (0, 2).
    p = math.e / (math.e + 1)
    q = 1 / (1 + math.e**2)
    divergence = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    # Label (0.75, 0.25) on logits (0, 4): logsumexp = log(1 + e^4).
    total = math.log(1 + math.e**4)
    entropy = 0.75 * total + 0.25 * (total - 4)
    objective = Distillation(Fixed([[2.0, 0.0]]), temperature=2.0, weight=0.7)
    loss, logits = objective(Fixed([[0.0, 4.0]]), torch.zeros(1, 1, 2, 2), torch.tensor([[0.75, 0.25]]))
    assert loss.item() == pytest.approx(0.3 * entropy + 0.7 * 4 * divergence, rel=1e-6)
    assert logits.tolist() == [[0.0, 4.0]]


def test_mean_over_the_batch_and_zero_for_equal_answers():
    answers = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
    assert softened_divergence(answers, answers + 7, 3.0).item() == pytest.approx(0, abs=1e-6)
    other = answers.flip(0)
    single = [softened_divergence(answers[i : i + 1], other[i : i + 1], 3.0) for i in range(2)]
    assert softened_divergence(answers, other, 3.0).item() == pytest.approx(sum(single).item() / 2, rel=1e-6)


def test_gradient_of_a_hot_teacher_is_that_of_the_logits_difference():
    # Hinton et al. 2015, section 2.1: for T large and centered logits, T^2 KL has the gradient (z - v) / N a row.
    student = torch.tensor([[0.3, -0.1, -0.2]], requires_grad=True)
    teacher = torch.tensor([[-0.5, 0.2, 0.3]])
    softened_divergence(student, teacher, 1000.0).backward()
    torch.testing.assert_close(student.grad, (student.detach() - teacher) / 3, atol=2e-3, rtol=2e-2)


def test_the_teacher_learns_nothing_and_keeps_its_statistics():
    teacher = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    objective = Distillation(teacher)
    student = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    before = {name: value.clone() for name, value in objective.teacher.state_dict().items()}
    loss, _ = objective(student, torch.randn(6, 1, 2, 2), torch.full((6, 2), 0.5))
    loss.backward()
    assert all(torch.equal(value, before[name]) for name, value in objective.teacher.state_dict().items())
    assert all(weight.grad is None for weight in objective.teacher.parameters())
    assert all(weight.grad is not None for weight in student.parameters())
    assert teacher[1].weight.requires_grad  # the caller's own network is left as it was


@pytest.mark.parametrize(
    ("choice", "said"), [({"temperature": 0.0}, "temperature"), ({"weight": 1.5}, "weight is 1.5")]
)
def test_choices_out_of_range(choice, said):
    with pytest.raises(FerEdgeError, match=said):
        Distillation(Fixed([[0.0]]), **choice)


def test_a_color_teacher_sees_gray_repeated_and_normalized_its_own_way(tmp_path):
    torch.manual_seed(0)
    network = build("mobilenet_v2", num_classes=2, channels=3).eval()
    own, student = contract(channels=3, mean=0.4, std=0.2, margin=0.2), contract()
    write_checkpoint(tmp_path / "t.safetensors", network.state_dict(), own, {ARCH_KEY: "mobilenet_v2"})
    said: list[str] = []
    teacher = read_teacher(tmp_path / "t.safetensors", student, said.append).eval()
    values = torch.rand(2, 1, 32, 32)
    expected = network(((values - 0.4) / 0.2).repeat(1, 3, 1, 1))
    torch.testing.assert_close(teacher((values - 0.5) / 0.5), expected, rtol=1e-3, atol=1e-6)
    assert "RGB" in said[0]
    assert "crop margin 0.2" in said[1]


@pytest.mark.parametrize(
    ("teacher", "part"),
    [
        (contract(labels=("sadness", "happiness")), "its labels are sadness, happiness"),
        (contract(size=48), "it takes 48x48, the student 32x32"),
    ],
)
def test_teachers_that_do_not_fit(teacher, part, tmp_path):
    network = build("fer_mini", num_classes=2, channels=1)
    write_checkpoint(tmp_path / "t.safetensors", network.state_dict(), teacher, {ARCH_KEY: "fer_mini"})
    with pytest.raises(CheckpointError, match=part):
        read_teacher(tmp_path / "t.safetensors", contract())


def test_a_gray_teacher_of_a_color_student_and_all_faults_at_once():
    faults = misfits(contract(size=48), contract(channels=3))
    assert len(faults) == 2
    assert "it takes gray" in faults[1]


def test_weights_without_a_contract(tmp_path):
    write_checkpoint(tmp_path / "t.safetensors", build("fer_mini", num_classes=2).state_dict())
    with pytest.raises(CheckpointError, match="does not say its contract"):
        read_teacher(tmp_path / "t.safetensors", contract())


def test_nothing_is_imported_on_a_files_word(tmp_path):
    network = build("fer_mini", num_classes=2)
    write_checkpoint(tmp_path / "t.safetensors", network.state_dict(), contract(), {ARCH_KEY: "os:system"})
    with pytest.raises(CheckpointError, match="its code is not run from a file"):
        read_teacher(tmp_path / "t.safetensors", contract())
