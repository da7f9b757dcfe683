"""``sys.exit()`` in somebody's module: at import, in the constructor, in ``forward``. Never a success, never silence."""

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
