"""A network of a few hundred weights and the recipe that trains it."""

import sys
from dataclasses import replace

import pytest

from fer_edge.train.recipes import recipe
from support import processes

MODULE = '''
from torch import nn

def plain(num_classes):
    """Neither BatchNorm nor dropout."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, num_classes),
    )

def usual(num_classes):
    """Both."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, num_classes),
    )
'''


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """A folder with ``loop_nets.py`` as the current one."""
    (tmp_path / "loop_nets.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("loop_nets", None)


@pytest.fixture
def short():
    """Sixteen faces, two crops of each, the usual network."""
    return replace(
        recipe("synthetic"),
        arch="loop_nets:usual",
        model="usual",
        width=24,
        height=24,
        channels=1,
        faces={"train": 16, "validation": 8, "test": 8},
        views=2,
        epochs=3,
        batch_size=8,
        ema_decay=0.9,
    )


@pytest.fixture
def environment():
    """For processes of their own: one thread, the repository's packages."""
    return processes.environment(RANK=None, LOCAL_RANK=None, WORLD_SIZE=None, PYTHONUNBUFFERED=1)
