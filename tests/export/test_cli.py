"""fer-export's command line: what is a usage error, and that it says everything at once."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "tflit"], ["Did you mean 'tflite'"]),
        (["--precision", "fp31"], ["Did you mean 'fp32'"]),
        (["--format", "coreml", "--precision", "dynamic"], ["coreml has no dynamic", "fp32, fp16, w8, int8"]),
        (["--format", "torchscript", "--interface", "image"], ["no image interface"]),
        (["--format", "onnx", "--precision", "int8", "--quantized-io"], ["tflite int8 only"]),
        (["--arch", "resnet18", "--labels", "a,b"], ["--arch, --labels", "none was given"]),
        (["weights.pth"], ["--arch, --labels, --input, --mean, --std"]),
        (["weights.pth", "--arch", "resnet18", "--mean", "0.5"], ["--labels, --input, --std"]),
        (["weights.pth", "--input", "48x48"], ["48x48x1"]),
        (["weights.pth", "--input", "48x48x2"], ["48x48x1"]),
        (["weights.pth", "--arch-arg", "depth"], ["KEY=VALUE"]),
        (["--parity-inputs", "3"], ["3"]),
        (["--max-abs", "nan"], ["'nan' is no number from 0 to 1"]),
        (["--precision", "auto", "--max-drop", "nan"], ["'nan' is no number, such as"]),
        (["--precision", "auto", "--max-size", "inf"], ["'inf' is no number, such as"]),
        (["--precision", "int8", "--max-size", "9"], ["--max-size bounds the precision auto"]),
        (["--max-accuracy-drop", "1.5"], ["0<=x<=1"]),
        (["--detect", "--faces", "f.json"], ["--detect and --faces", "give one"]),
        (["--detector", "haar", "--faces", "f.json"], ["--detector and --faces", "give one"]),
        (["--all-variants", "--quantized-io"], ["already"]),
    ],
)
def test_usage_errors_are_exit_2_and_say_what_is_legal(arguments, words, tmp_path, export):
    code, _, texts = export(*arguments, "--out", tmp_path / "out")
    assert code == 2
    for word in words:
        assert word in texts.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nowhere.pth"], "nowhere.pth: no such file"),
        (["weights.pth", "--precision", "int8"], "--calibration"),
        (["weights.pth", "--mean", "1,2"], "--mean has 3 values"),
        (["weights.pth", "--std", "nan"], "--std is 0.5, nan; allowed are finite numbers"),
        (
            ["weights.pth", "--calibration", "nowhere", "--precision", "int8"],
            "--calibration nowhere is no folder",
        ),
    ],
)
def test_inputs_at_fault_are_exit_1(arguments, word, tmp_path, export, foreign_options):
    code, _, texts = export(arguments[0], *foreign_options, *arguments[1:], "--out", tmp_path / "out")
    assert code == 1
    assert word in texts.err
    assert "Traceback" not in texts.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["nowhere.pth", "nowhere.safetensors", "nowhere"])
def test_a_missing_checkpoint_is_said_before_missing_options(missing, export, tmp_path):
    code, _, texts = export(missing, "--out", tmp_path / "out")
    assert code == 1
    assert f"{missing}: no such file" in texts.err
    assert "--labels" not in texts.err


def test_help_has_a_worked_example_and_the_exit_codes(export):
    code, _, texts = export("--help")
    assert code == 0
    assert "fer-export best.safetensors" in texts.out
    assert "Exit codes" in texts.out
