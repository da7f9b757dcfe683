"""``sys.exit()`` and ``os._exit()`` in somebody's module: never a success, never silence."""

import subprocess
import sys

import pytest

NETWORK = """
import sys

from torch import nn

WHERE = {where!r}
print("somebody says hello")
if WHERE == "import":
    sys.exit({code!r})


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        if WHERE == "constructor":
            sys.exit({code!r})
        self.head = nn.Linear(256, num_classes)

    def forward(self, x):
        print("somebody computes")
        if WHERE == "forward":
            sys.exit({code!r})
        return self.head(x.flatten(1))
"""


@pytest.mark.parametrize(
    ("where", "code"), [("import", 0), ("constructor", None), ("forward", 0), ("forward", 3)]
)
def test_an_export_says_who_ended_it(where, code, tmp_path, export, monkeypatch, foreign_options):
    import torch

    monkeypatch.chdir(tmp_path)
    module = f"exits_at_{where}_{code}"
    (tmp_path / f"{module}.py").write_text(NETWORK.format(where=where, code=code))
    torch.save({"head.weight": torch.ones(3, 256), "head.bias": torch.ones(3)}, tmp_path / "weights.pth")
    options = ["--arch", f"{module}:Net", *foreign_options[2:], "--format", "torchscript", "--json"]
    ended, document, texts = export("weights.pth", *options, "--out", tmp_path / "out")
    assert ended == 1
    assert f"called sys.exit({'' if code is None else code})" in document["error"]["message"]
    assert "Traceback" not in texts.err
    assert not (tmp_path / "out").exists()


ABRUPT = """
import os

from torch import nn


class Net(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.head = nn.Linear(256, num_classes)

    def forward(self, x):
        os._exit(0)
"""


def test_an_abrupt_exit_is_an_error_too(tmp_path, foreign_options):
    import torch

    (tmp_path / "abrupt.py").write_text(ABRUPT)
    torch.save({"head.weight": torch.ones(3, 256), "head.bias": torch.ones(3)}, tmp_path / "weights.pth")
    options = ["--arch", "abrupt:Net", *foreign_options[2:], "--format", "torchscript"]
    ended = subprocess.run(
        [sys.executable, "-m", "fer_edge.export.cli", "weights.pth", *options, "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 1
    assert "it called os._exit(0)" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert {entry.name for entry in tmp_path.iterdir()} - {"__pycache__"} == {"abrupt.py", "weights.pth"}


def test_forked_processes_and_other_threads_still_end_themselves():
    code = (
        "import os, threading\n"
        "from fer_edge.train.models.foreign import _outlive\n"
        "_outlive(); _outlive()\n"
        "child = os.fork()\n"
        "if not child: os._exit(5)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5\n"
        "threading.Thread(target=os._exit, args=(7,)).start()\n"
        "threading.Event().wait(60)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 7
