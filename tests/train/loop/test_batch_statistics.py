"""Running averages after a short training, against the averages worked out directly."""

import pytest
import torch
from torch import nn

from fer_edge.train.checkpoint.snapshot_file import write_snapshot_file
from fer_edge.train.loop.batch_statistics import FEW, settle
from fer_edge.train.models import build


def snapshot(path, network, steps):
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    write_snapshot_file(path, {"global_step": steps, "state_dict": state, "more": [1]})


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.randn(20, 1, 24, 24) * 3 + 2


def test_the_averages_are_those_of_the_data(tmp_path, images):
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    features = network[0](images).detach().transpose(0, 1).reshape(4, -1)
    snapshot(tmp_path / "best.ckpt", network, 2)
    assert settle(network, tmp_path / "best.ckpt", images)
    torch.testing.assert_close(network[1].running_mean, features.mean(1))
    torch.testing.assert_close(network[1].running_var, features.var(1))
    assert network[1].momentum == 0.1
    assert network[1].num_batches_tracked == 0
    assert not network.training
    kept = torch.load(tmp_path / "best.ckpt", weights_only=True)
    assert kept["more"] == [1]
    for name, tensor in network.state_dict().items():
        assert torch.equal(kept["state_dict"][name], tensor)


def test_a_second_time_changes_nothing(tmp_path, images):
    network = build("fer_mini", num_classes=8)
    snapshot(tmp_path / "best.ckpt", network, 2)
    settle(network, tmp_path / "best.ckpt", images)
    first = (tmp_path / "best.ckpt").read_bytes()
    settle(network, tmp_path / "best.ckpt", images)
    assert (tmp_path / "best.ckpt").read_bytes() == first


@pytest.mark.parametrize("name", ["fer_mini", "mobilenet_v3_small", "mobilenet_v2"])
def test_two_steps_are_enough_to_answer_to_the_picture(tmp_path, name):
    torch.manual_seed(2)
    network = build(name, num_classes=8, channels=1)
    pictures = nn.functional.interpolate(torch.rand(8, 1, 6, 6) * 2 - 1, size=(32, 32), mode="bilinear")

    def spread():
        network.eval()
        with torch.no_grad():
            answers = torch.softmax(network(pictures), 1)
        return float((answers.amax(0) - answers.amin(0)).max())

    network.train()
    with torch.no_grad():
        network(pictures)
    assert spread() < 1e-3
    snapshot(tmp_path / "best.ckpt", network, 2)
    settle(network, tmp_path / "best.ckpt", pictures)
    assert spread() > 1e-3


def test_a_long_training_and_a_network_without_are_left_alone(tmp_path, images):
    for network, steps in ((nn.Sequential(nn.BatchNorm2d(1)), FEW), (nn.Sequential(nn.Conv2d(1, 1, 1)), 1)):
        snapshot(tmp_path / "best.ckpt", network, steps)
        before = (tmp_path / "best.ckpt").read_bytes()
        assert not settle(network, tmp_path / "best.ckpt", images)
        assert (tmp_path / "best.ckpt").read_bytes() == before
