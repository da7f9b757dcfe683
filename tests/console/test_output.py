"""What goes to a terminal, and what only there: colored verdicts and narrow tables."""

import io

import pytest

from fer_edge.console import output
from fer_edge.console.output import Output
from fer_edge.console.table import table


class Terminal(io.StringIO):
    def isatty(self):
        return True


TEXT = table(
    ["variant", "parity", "note"],
    [
        ["onnx", "pass", ""],
        ["coreml", "not-run, weights pass", "it did not pass here"],
        ["tflite", "fail", "x"],
    ],
)


def test_only_cells_are_painted():
    shown = output.paint(TEXT)
    assert shown.count("\x1b[0m") == 4
    assert "\x1b[32mpass\x1b[0m\n" in shown
    assert "\x1b[33mnot-run\x1b[0m, weights \x1b[32mpass\x1b[0m  it did not pass here" in shown
    assert "\x1b[31mfail\x1b[0m    " in shown
    for code in (output.GREEN, output.RED, output.YELLOW, output.PLAIN):
        shown = shown.replace(code, "")
    assert shown == TEXT


@pytest.mark.parametrize(
    ("stream", "environment", "painted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
        (None, {}, False),
    ],
)
def test_colors_are_for_terminals_whose_owner_did_not_say_no(stream, environment, painted):
    assert output.takes_color(stream, environment) is painted


def test_json_is_never_painted(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    Output(json=True).result({"verdict": "pass"}, "a  pass")
    assert screen.getvalue() == '{"verdict": "pass"}\n'


def test_wide_lifts_the_limit(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    assert (Output().width, Output(wide=True).width) == (80, None)
