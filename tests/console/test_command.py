"""The frame around every command: exit codes, one sentence, one JSON document."""

import json
import subprocess
import warnings
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fer_edge.console.command import Subcommand, command, usage_error
from fer_edge.console.frame import Terminated
from fer_edge.console.option_types import VariantName, Word, list_option
from fer_edge.runtime.errors import BundleError, CheckFailed, MissingExtra, VariantError
from support.processes import BARE, environment, python


def fail_with(error):
    @command("fer-x", example="fer-x")
    def main(output):
        """Fail."""
        raise error

    return main


@command("fer-x", example="fer-x --format onnx photo.jpg")
@click.argument("what", default="fine")
@list_option("--format", element=Word("format", ["tflite", "onnx", "coreml"]))
@list_option("--ratio", element=click.FLOAT, unique=False)
@click.option("--variant", type=VariantName())
def main(output, what, format, ratio, variant):  # noqa: A002
    """Do something."""
    output.say("a message")
    output.warn("a doubt")
    with output.progress("Working", 2) as progress:
        progress.advance(note="first")
    if what == "warns":
        warnings.warn("from a library", FutureWarning, stacklevel=1)
    output.result({"what": what, "format": format, "ratio": ratio}, f"done {what}")
    if what == "late":
        raise CheckFailed("too far away")
    if what == "usage":
        usage_error("these do not go together")


def run(*arguments, program=main):
    return CliRunner().invoke(program, list(arguments))


def test_results_and_messages_go_to_different_streams():
    done = run()
    assert (done.exit_code, done.stdout, done.stderr) == (0, "done fine\n", "a message\nWarning: a doubt\n")


def test_json_is_the_only_thing_on_standard_output():
    done = run("--json", "--format", "onnx,tflite", "--format", "onnx")
    assert json.loads(done.stdout) == {"what": "fine", "format": ["onnx", "tflite"], "ratio": []}


def test_quiet_keeps_results_and_warnings():
    done = run("--quiet")
    assert (done.stdout, done.stderr) == ("done fine\n", "Warning: a doubt\n")


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BundleError("manifest.json is missing"), 1, "Error: manifest.json is missing\n"),
        (CheckFailed("2 of 8 failed"), 3, "Error: 2 of 8 failed\n"),
        (
            MissingExtra("cv2", "predict"),
            1,
            "Error: cv2 is not installed: pip install -e '.[predict]' in the checkout\n",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "a.jpg"),
            1,
            "Error: a.jpg: No such file or directory\n",
        ),
        (
            ZeroDivisionError("division by zero"),
            1,
            "Error: unexpected ZeroDivisionError: division by zero (run again with --debug to see the traceback)\n",
        ),
        (
            MemoryError(),
            1,
            "Error: unexpected MemoryError (run again with --debug to see the traceback)\n",
        ),
        (KeyboardInterrupt(), 130, "\nStopped.\n"),
        (Terminated(), 143, "\nStopped by SIGTERM.\n"),
        (BrokenPipeError(32, "Broken pipe"), 1, ""),
    ],
)
def test_every_ending_is_a_code_and_a_sentence(error, code, sentence):
    done = run(program=fail_with(error))
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", sentence)


def test_messages_cannot_command_the_terminal():
    done = run(program=fail_with(BundleError("\x1b[2Jé\u202e.png\tis no\npicture")))
    assert done.stderr == "Error: \\x1b[2Jé\\u202e.png\tis no\npicture\n"


def test_debug_shows_the_traceback():
    done = run("--debug", program=fail_with(BundleError("broken")))
    assert done.exit_code == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.endswith("Error: broken\n")


def test_a_failure_under_json_is_one_document():
    done = run("--json", program=fail_with(CheckFailed("no")))
    assert json.loads(done.stdout) == {"error": {"message": "no", "exit_code": 3}}
    assert done.stderr == "Error: no\n"


@pytest.mark.parametrize("code", [None, 0, 1, 2, 3, "a word"])
def test_an_exit_of_somebodys_code_is_never_a_result(code):
    done = run("--json", program=fail_with(SystemExit(code)))
    assert done.exit_code == 1
    assert "code that this command ran called sys.exit" in json.loads(done.stdout)["error"]["message"]
    assert done.stderr.startswith("Error: code that this command ran called sys.exit")


@pytest.mark.parametrize("code", [130, 143])
def test_a_stop_keeps_its_exit_code(code):
    done = run("--json", program=fail_with(SystemExit(code)))
    assert (done.exit_code, done.stderr) == (code, "Stopped.\n")
    assert json.loads(done.stdout) == {"error": {"message": "stopped", "exit_code": code}}


def test_a_failure_after_the_result_adds_nothing_to_standard_output():
    done = run("--json", "late")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["what"] == "late"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--formt", "onnx"], "Did you mean '--format'?"),
        (["--format", "onxx"], "Did you mean 'onnx'? Allowed: tflite, onnx, coreml"),
        (["--format", "onnx,,tflite"], "empty part"),
        (["--variant", "coreml-dynamic"], "Legal precisions of coreml: fp32, fp16, w8, int8"),
        (["--variant", "tflit-fp32"], "Did you mean 'tflite'?"),
        (["usage"], "these do not go together"),
        (["a", "b"], "unexpected extra argument"),
    ],
)
def test_usage_is_exit_2(arguments, words):
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Usage: fer-x [OPTIONS] [WHAT]" in done.stderr


def test_usage_errors_under_json_are_documents_too():
    assert json.loads(run("--json", "--formt").stdout)["error"]["exit_code"] == 2


def test_a_value_after_two_dashes_is_no_flag():
    done = run("--", "--json")
    assert done.stdout == "done --json\n"


def test_words_are_read_in_any_case_and_numbers_may_repeat():
    done = run("--json", "--format", "ONNX", "--ratio", "0.5,0.5", "--ratio", "1")
    assert json.loads(done.stdout) == {"what": "fine", "format": ["onnx"], "ratio": [0.5, 0.5, 1.0]}


def test_help_has_a_worked_example():
    done = run("--help")
    assert done.exit_code == 0
    assert "Example:\n    fer-x --format onnx photo.jpg" in done.stdout
    assert all(option in done.stdout for option in ("--json", "--quiet", "--debug", "--version"))


def test_version():
    assert run("--version").stdout.startswith("fer-x ")


def test_library_warnings_are_silent_unless_debugging():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert "from a library" not in run("warns").stderr
        assert "from a library" in run("warns", "--debug").stderr


def test_variant_errors_from_files_are_not_usage():
    assert run(program=fail_with(VariantError("no such variant"))).exit_code == 1


SCRIPT = """
from fer_edge.console.command import command
@command("fer-x", example="fer-x")
def main(output):
    output.say("caf\\u00e9 \\udc80")
    output.result({"name": "caf\\u00e9 \\udc80"}, "\\u00e9\\n" * 100000)
main()
"""


def process(*arguments, **more):
    env = environment(BARE, **more.pop("env", {}))
    return python("-c", SCRIPT, *arguments, env=env, stderr=subprocess.PIPE, **more)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
def test_any_encoding_of_the_terminal(encoding):
    done = process("--json", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"name": "caf\u00e9 \udc80"}
    assert process(stdout=subprocess.PIPE, env={"PYTHONIOENCODING": encoding}).returncode == 0


def test_a_closed_pipe_is_quiet():
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    done = process("--quiet", stdout=reader.stdin)
    reader.stdin.close()
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_is_a_sentence():
    with Path("/dev/full").open("wb") as full:
        done = process("--quiet", stdout=full)
    assert (done.returncode, done.stderr) == (1, b"Error: No space left on device\n")


@pytest.mark.parametrize("module", ["no_such_module", "exits_when_imported", "breaks_when_imported"])
def test_a_subcommand_is_loaded_inside_the_frame(tmp_path, monkeypatch, module):
    (tmp_path / "exits_when_imported.py").write_text("raise SystemExit(0)")
    (tmp_path / "breaks_when_imported.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)

    @command("fer-x", example="fer-x", subcommands=[Subcommand("sub", f"{module}:main", "fails")])
    def program(output):
        """Do nothing."""

    done = run("sub", "--json", program=program)
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["exit_code"] == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


@command("fer-x", example="fer-x")
@click.option("--size", type=int)
@click.option("--name", "-n")
@click.option("--more", multiple=True)
@click.option("--fast", is_flag=True)
@click.option("--tall/--flat", default=True)
def options(output, **values):
    """Take options."""
    output.result(values, "done")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--size", "1", "--size", "2"), "--size is given 2 times"),
        (("-n", "a", "--name", "a", "--name=b"), "--name is given 3 times"),
        (("--tall", "--flat"), "--tall is given 2 times"),
        (("--size", "1", "--siz", "2"), "No such option"),
    ],
)
def test_an_option_that_would_lose_its_first_value_is_usage(words, named):
    done = run(*words, program=options)
    assert done.exit_code == 2
    assert named in done.stderr


def test_lists_add_and_flags_may_be_repeated():
    done = run("--json", "--more", "a", "--more", "b", "--fast", "--fast", "--json", program=options)
    assert json.loads(done.stdout)["more"] == ["a", "b"]


STOPPED = """
import os, signal, time
from pathlib import Path
from fer_edge.console.command import command
@command("fer-x", example="fer-x")
def main(output):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        output.say("cleaned up")
main()
"""


def test_sigterm_cleans_up_and_is_143():
    done = python("-c", STOPPED, "--json", env=environment(BARE), timeout=50)
    assert (done.returncode, done.stderr) == (143, "cleaned up\n\nStopped by SIGTERM.\n")
    assert json.loads(done.stdout) == {"error": {"message": "stopped by SIGTERM", "exit_code": 143}}
