"""Commands that end in (exit code, output, messages)."""

import pytest


@pytest.fixture
def call(capsys):
    """``call(command, *words)``: exit code, standard output, standard error."""

    def run(command, *words):
        with pytest.raises(SystemExit) as ending:
            command.main([str(word) for word in words])
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return run
