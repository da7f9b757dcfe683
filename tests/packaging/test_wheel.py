"""The wheel as users get it: built, installed beside numpy, click and rich alone, and run."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest

from support.paths import DEMO_BUNDLE, ROOT, SOURCES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that no build folder is left in the repository."""
    work = tmp_path_factory.mktemp("wheel")
    copy = work / "source"
    shutil.copytree(SOURCES, copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg"):
        shutil.copyfile(ROOT / name, copy / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", work, copy]
    subprocess.run(build, capture_output=True, check=True, env=clean_environment())
    (found,) = work.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def bin_folder(wheel, tmp_path_factory):
    """An environment with the wheel and what it requires, and no extra."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, with_pip=True, symlinks=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", wheel], check=True, env=clean_environment())
    return folder / "bin"


def clean_environment():
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHONPATH", "VIRTUAL_ENV"))
    }


def run(program, *arguments, cwd):
    return subprocess.run(
        [program, *arguments], cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_only_the_namespace(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        names = set(archive.namelist())
    assert tops == {"fer_edge", "fer_edge-0.1.0.dist-info"}
    assert "fer_edge/runtime/py.typed" in names
    assert "fer_edge/train/weights/fer-mini.safetensors" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_module_and_template_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("fer_edge/")}
    files = (path for path in (SOURCES / "fer_edge").rglob("*") if path.is_file())
    on_disk = {path.relative_to(SOURCES).as_posix() for path in files if path.suffix != ".pyc"}
    assert packed == on_disk


@pytest.mark.parametrize("command", ["fer-predict", "fer-export", "fer-verify", "fer-train"])
def test_help_needs_no_extra(bin_folder, command, tmp_path):
    done = run(bin_folder / command, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Example" in done.stdout


def test_the_version_is_the_installed_one(bin_folder, tmp_path):
    assert run(bin_folder / "fer-predict", "--version", cwd=tmp_path).stdout == "fer-predict 0.1.0\n"


def test_a_missing_extra_is_one_sentence(bin_folder, tmp_path):
    script = "from fer_edge.faces.pictures import read_picture; read_picture(b'')"
    done = run(bin_folder / "python", "-c", script, cwd=tmp_path)
    assert done.stderr.splitlines()[-1].endswith(
        "MissingExtra: PIL is not installed: pip install 'pillow>=10.3' 'opencv-python<5,>=4.10'"
    )


@pytest.mark.parametrize(
    ("arguments", "requirements"),
    [
        (
            ["fer-export", "--out", "bundle"],
            ["'torch>=2.9'", "'opencv-python<5,>=4.10'", "'safetensors>=0.5'"],
        ),
        (["fer-predict", "photo.png"], ["'opencv-python<5,>=4.10'", "'pillow>=10.3'"]),
        (["fer-bench", "photo.png"], ["pip install 'scipy>=1.11' 'jinja2>=3.1' 'matplotlib>=3.8'"]),
    ],
)
def test_a_missing_extra_is_exit_1(bin_folder, tmp_path, arguments, requirements):
    (tmp_path / "photo.png").touch()
    done = run(bin_folder / arguments[0], *arguments[1:], cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    for requirement in requirements:
        assert requirement in done.stderr
    assert "fer-edge" not in done.stderr  # nobody owns that name on an index
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_the_runtime_imports_with_numpy_alone(bin_folder, tmp_path):
    script = "import fer_edge.runtime as r, sys; print(r.Frame, 'click' in sys.modules)"
    done = run(bin_folder / "python", "-c", script, cwd=tmp_path)
    assert done.stdout.endswith("False\n"), done.stderr


COMMANDS = {
    "fer-predict SOURCE...": ["fer-predict", "photo.png"],
    "fer-predict serve": ["fer-predict", "serve", "--model", DEMO_BUNDLE],
    "fer-predict FOLDER --runner ray": ["fer-predict", ".", "--runner", "ray", "--model", DEMO_BUNDLE],
    "fer-export [CHECKPOINT]": ["fer-export"],
    "fer-verify BUNDLE": ["fer-verify", DEMO_BUNDLE],
    "fer-verify diagnose BUNDLE --dump FILE": ["fer-verify", "diagnose", DEMO_BUNDLE, "--dump", "photo.png"],
    "fer-bench [BUNDLE]": ["fer-bench", DEMO_BUNDLE],
    "fer-train RECIPE": ["fer-train", "synthetic", "--out", "run"],
    "fer-train fetch NAME --out FILE": ["fer-train", "fetch", "mini-xception", "--out", "net.safetensors"],
    "from fer_edge.runtime import load": [
        "python", "-c", f"from fer_edge.runtime import load; load({str(DEMO_BUNDLE)!r}, 'tflite-fp32')",
    ],
}  # fmt: skip
"""Rows of the README's table of commands, with a call that reaches the work."""


def rows_of_commands():
    table = (ROOT / "README.md").read_text("utf-8").partition("\n## Commands\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {command.strip("`"): needs.strip("`[]").split(",") for command, _, needs, _ in rows}


def test_the_table_of_commands_names_extras_that_exist():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    for command, extras in rows_of_commands().items():
        assert set(extras) <= set(settings["options.extras_require"]), command
    assert list(rows_of_commands()) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_without_its_extra_asks_for_what_the_table_says(bin_folder, tmp_path, command):
    """The sentence's requirements are those of the extras in the row, and of no other."""
    (tmp_path / "photo.png").touch()
    program, *arguments = COMMANDS[command]
    done = run(bin_folder / program, *arguments, cwd=tmp_path)
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-1]
    asked = set(re.findall(r"'([^']+)'", sentence.partition("pip install ")[2]))
    script = "import json, sys; from fer_edge.runtime.requirements import requirements as r; print(json.dumps([*r(sys.argv[1]).values()]))"
    brought = set()
    for extra in rows_of_commands()[command]:
        brought |= set(json.loads(run(bin_folder / "python", "-c", script, extra, cwd=tmp_path).stdout))
    assert asked, sentence
    assert asked <= brought
