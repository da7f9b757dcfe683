"""Progress is for a person at a terminal only."""

import io
import os
import pty
import sys

from fer_edge.console.output import Output
from fer_edge.console.progress import progress_bar
from support.processes import environment, python

SCRIPT = """
import sys
from fer_edge.console.output import Output
with Output(quiet={quiet}).progress("Exporting [x]", 2) as bar:
    bar.advance(note="onnx")
    bar.advance(note="tflite")
"""


def test_nothing_for_a_pipe(capsys):
    with Output().progress("Working", 3) as bar:
        bar.advance(note="x")
    assert capsys.readouterr() == ("", "")


def on_a_terminal(quiet=False):
    leader, follower = pty.openpty()
    env = environment({}, TERM="xterm", COLUMNS=100)
    script = SCRIPT.format(quiet=quiet)
    done = python("-c", script, env=env, stderr=follower, check=True)
    os.close(follower)
    seen = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # Linux reports the closed other end of a terminal this way
            break
        if not piece:
            break
        seen += piece
    os.close(leader)
    assert done.returncode == 0
    return seen.decode()


def test_a_bar_on_a_terminal():
    assert "Exporting [x]: tflite" in on_a_terminal()


def test_quiet_on_a_terminal():
    assert on_a_terminal(quiet=True) == ""


def test_a_failure_inside_leaves_the_block(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    try:
        with progress_bar("Working", None, shown=True) as bar:
            bar.advance()
            raise KeyError("inside")
    except KeyError:
        return
    raise AssertionError("the error was swallowed")
