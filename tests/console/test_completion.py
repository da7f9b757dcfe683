"""What a shell offers, by the protocol that click's scripts for bash, zsh and fish speak; and the closest word."""

import pytest

from fer_edge.runtime.closest import closest
from fer_edge.train.models import ARCHITECTURES
from fer_edge.train.recipes import RECIPES
from support.processes import BARE, environment, python

MODULES = {
    "fer-train": "fer_edge.train.cli",
    "fer-export": "fer_edge.export.cli",
    "fer-verify": "fer_edge.export.verify.cli",
    "fer-predict": "fer_edge.predict.cli",
    "fer-bench": "fer_edge.bench.commands.bench",
}


def ask(name, what, **variables):
    """The installed script of that name in a fresh process, as a shell starts it."""
    script = (
        f"import sys; sys.argv = [{name!r}]; from {MODULES[name]} import main; main.main(prog_name={name!r})"
    )
    variable = f"_{name.upper().replace('-', '_')}_COMPLETE"
    return python("-c", script, env=environment(BARE, **{variable: what}, **variables))


def offered(line):
    name, *_ = words = line.split(" ")
    done = ask(name, what="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert (done.returncode, done.stderr) == (0, "")
    return [entry.partition(",")[2] for entry in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fer-export --format ", ["torchscript", "onnx", "tflite", "coreml", "executorch"]),
        ("fer-export --format tflite,o", ["tflite,onnx"]),
        ("fer-export --precision f", ["fp32", "fp16"]),
        ("fer-export --max-a", ["--max-abs", "--max-accuracy-drop"]),
        ("fer-export doctor --j", ["--json"]),
        ("fer-train com", ["compare"]),
        ("fer-predict --variant onnx-int8", ["onnx-int8", "onnx-int8-image"]),
        ("fer-bench compare --variant coreml-w", ["coreml-w8", "coreml-w8-image"]),
        ("fer-predict --engine onnx", ["onnxruntime"]),
        ("fer-predict --detector h", ["haar"]),
        ("fer-bench adv", ["advise"]),
    ],
)
def test_words_are_offered(line, words):
    assert [word for word in offered(line) if word] == words


def test_recipes_and_architectures_are_offered():
    assert set(offered("fer-train ")) >= {recipe.name for recipe in RECIPES} | {"compare", "evaluate"}
    assert offered("fer-export --arch ") == [architecture.name for architecture in ARCHITECTURES]


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_every_command_has_its_script(name, shell):
    done = ask(name, what=f"{shell}_source")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{shell}_complete" in done.stdout
    assert name in done.stdout


@pytest.mark.parametrize(
    ("word", "allowed", "meant"),
    [
        ("tflit", ["onnx", "tflite"], "tflite"),
        ("onxn", ["onnx", "tflite"], "onnx"),
        ("torch", ["torchscript", "onnx"], "torchscript"),
        ("int", ["fp32", "int8"], "int8"),
        ("webcam", ["camera", "folder"], None),
        ("xml", ["onnx", "coreml"], None),
        ("fp", ["w8", "fp32"], None),
    ],
)
def test_only_a_near_word_is_suggested(word, allowed, meant):
    assert closest(word, allowed) == meant
