"""Silence around converters that write to the process's standard error themselves."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

from fer_edge.runtime.errors import ExportError, first_line

CHATTER = (
    (UserWarning, r"Warning: Enabling `experimental_preserve_all_tensors`"),
    (RuntimeWarning, r"invalid value encountered in cast"),
    (DeprecationWarning, r".*"),
    (FutureWarning, r".*"),
)
"""Warnings of the tool chain about its own insides; what could be the model's fault is checked on the written file."""


@contextlib.contextmanager
def quiet(what: str) -> Iterator[None]:
    """Keep standard output and standard error of native code, logs and progress bars to ourselves.

    The streams are caught at their file descriptors, because the converter's C++ half knows nothing of Python's.

    Args:
        what: the step, for the message if it fails.

    Raises:
        ExportError: the step raised something; the message is its first line.
    """
    with _descriptors_caught(), warnings.catch_warnings():
        for category, message in CHATTER:
            warnings.filterwarnings("ignore", message=message, category=category)
        try:
            yield
        except ExportError:
            raise
        except Exception as error:
            raise ExportError(f"{what} failed: {first_line(error)}") from error


@contextlib.contextmanager
def _descriptors_caught() -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink, _streams_caught():
        kept = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
        try:
            for descriptor, _ in kept:
                os.dup2(sink.fileno(), descriptor)
            yield
        finally:
            for descriptor, copy in kept:
                os.dup2(copy, descriptor)
                os.close(copy)


@contextlib.contextmanager
def _streams_caught() -> Iterator[None]:
    """Python's own streams may lead elsewhere than to the descriptors."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
