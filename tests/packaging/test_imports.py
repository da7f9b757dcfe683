"""Imports flow down and never sideways; start-up needs numpy and click only, not even rich."""

import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT
from support.processes import environment, python

EXPORT_MAY_USE = ("fer_edge.train.models", "fer_edge.train.checkpoint")
HEAVY = (
    "torch",
    "cv2",
    "PIL",
    "onnxruntime",
    "onnx",
    "ai_edge_litert",
    "tensorflow",
    "coremltools",
    "scipy",
    "rich",
)


def test_import_linter_contracts_are_kept():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def imported_names(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_export_touches_only_two_parts_of_train_and_in_one_room():
    """The linter lists what is forbidden; this lists what is allowed, so a new part of train is closed at once."""
    wrong = [
        f"{module.relative_to(ROOT)}: {name}"
        for module in (ROOT / "src/fer_edge/export").rglob("*.py")
        for name in imported_names(module)
        if name.startswith("fer_edge.train")
        and not (name.startswith(EXPORT_MAY_USE) and module.parent.name == "reference_model")
    ]
    assert wrong == []


def test_every_extra_that_a_message_names_exists():
    """``require(module, extra)`` tells people to install that extra."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    named = {
        node.args[1].value
        for module in (ROOT / "src/fer_edge").rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "require"
        and len(node.args) == 2
        and isinstance(node.args[1], ast.Constant)
    }
    assert "predict" in named
    assert named <= set(parser["options.extras_require"])


@pytest.mark.parametrize(
    "command",
    [
        "fer_edge.predict.cli",
        "fer_edge.export.cli",
        "fer_edge.export.verify.cli",
        "fer_edge.bench.commands.bench",
    ],
)
def test_help_starts_light(command):
    """--help must come at once, and in an environment without any extra."""
    script = (
        f"import sys; from {command} import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    done = python("-c", script, check=True)
    assert done.stderr == "[]\n"
    assert "Example:" in done.stdout


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "src/fer_edge/runtime/py.typed").exists()


def test_public_names_of_the_runtime():
    script = (
        "import fer_edge.runtime as r; print(*sorted(r.__all__)); [getattr(r, name) for name in r.__all__]"
    )
    done = python("-c", script, check=True)
    assert done.stdout.split() == PUBLIC


PUBLIC = sorted(
    [
        "BundleError",
        "CheckFailed",
        "CheckpointError",
        "Contract",
        "ContractError",
        "EngineError",
        "ExportError",
        "FerEdgeError",
        "Frame",
        "FrameError",
        "MissingExtra",
        "Model",
        "PictureError",
        "Prediction",
        "VariantError",
        "load",
        "prepare",
    ]
)
