"""One place decides the exit code: the first that applies of interrupted, faulty, failed, doubtful, not measured."""

import pytest

from fer_edge.bench.commands.common import Ending
from fer_edge.runtime.errors import CheckFailed, DataError, EngineError

EVERYTHING = {
    "complete": False,
    "fault": DataError("no file"),
    "failures": ["slower", "slower too"],
    "doubt": "not to be relied on",
    "failed": {"a": "it broke"},
}
"""In the order in which they count."""


@pytest.mark.parametrize(
    ("first", "error", "words"),
    [
        ("complete", KeyboardInterrupt, ""),
        ("fault", DataError, "no file"),
        ("failures", CheckFailed, "slower; slower too"),
        ("doubt", CheckFailed, "not to be relied on"),
        ("failed", EngineError, "not measured: a: it broke"),
    ],
)
def test_the_first_that_applies_is_raised(first, error, words):
    names = list(EVERYTHING)
    noted = {name: EVERYTHING[name] for name in names[names.index(first) :]}
    with pytest.raises(error) as raised:
        Ending(allow_noisy=False, **noted).finish()
    assert words in str(raised.value)


def test_doubt_may_be_accepted_and_nothing_else():
    Ending(allow_noisy=True, doubt="not to be relied on").finish()
    Ending(allow_noisy=False).finish()
    with pytest.raises(CheckFailed):
        Ending(allow_noisy=True, failures=["slower"]).finish()


def test_the_first_error_is_kept_and_what_comes_after_is_still_done():
    ending, done = Ending(allow_noisy=False), []
    for name in ("first", "second"):
        with ending.postpone():
            done.append(name)
            raise DataError(name)
    assert done == ["first", "second"]
    with pytest.raises(DataError, match="first"):
        ending.finish()
