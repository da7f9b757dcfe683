"""Every error that fer-edge raises on purpose, in one tree.

    FerEdgeError                 exit 1: an input or the environment is at fault
    +-- ContractError            a contract's text is not what the schema allows
    +-- FrameError               camera bytes, strides, rotation or box do not fit together
    +-- BundleError              a manifest, a path or a file's hash
    +-- VariantError             a format, precision or interface that does not exist or is not legal
    +-- PictureError             an image file that cannot be decoded
    +-- CheckpointError          weights that cannot be read safely or do not fit the architecture
    +-- DataError                a data set's files are missing, malformed or overlap
    +-- ExportError              a converter failed, or what it was given cannot be exported
    +-- EngineError              an engine could not open or run an artifact
    |   +-- MissingExtra         a library is not installed; the message holds the pip command
    |   +-- UnknownOperator      an evaluator lacks what the artifact uses, so it tells nothing about it
    +-- CheckFailed              exit 3: a check ran and said no

Each message says what came, what is allowed and what to do.
"""

from __future__ import annotations


class FerEdgeError(Exception):
    """The root: an input or the environment is at fault; the message is one sentence for a person."""

    exit_code = 1

    def __init__(self, message: str = "", *more: object) -> None:
        """Bound the message: names out of files may have megabytes."""
        super().__init__(_bounded(message) if isinstance(message, str) else message, *more)


LONGEST_MESSAGE = 10_000
"""Characters: room for a list of faults, none for a name that fills a file."""


def _bounded(message: str) -> str:
    left = len(message) - LONGEST_MESSAGE
    if left <= 0:
        return message
    half = LONGEST_MESSAGE // 2
    return f"{message[:half]} ... ({left} characters left out) ... {message[-half:]}"


class ContractError(FerEdgeError):
    """A contract's text breaks the schema ``fer-edge-contract/1``."""


class FrameError(FerEdgeError):
    """Camera bytes, strides, rotation or box do not fit together."""


class BundleError(FerEdgeError):
    """A bundle's manifest, paths or hashes are not sound."""


class VariantError(FerEdgeError):
    """A format, precision or interface does not exist or the combination is not legal."""


class PictureError(FerEdgeError):
    """An image file cannot be read or decoded.

    Attributes:
        code: a word for programs, that stays.
    """

    def __init__(self, message: str = "", *more: object, code: str = "broken") -> None:
        super().__init__(message, *more)
        self.code = code


class CheckpointError(FerEdgeError):
    """Weights cannot be read without running code, or do not fit the architecture."""


class DataError(FerEdgeError):
    """A data set's files are missing, malformed, or shared between splits; the message lists every fault."""


class ExportError(FerEdgeError):
    """A converter failed, or what it was given cannot be exported."""


class EngineError(FerEdgeError):
    """An engine could not open or run an artifact."""


class MissingExtra(EngineError):
    """A library that the task needs is not installed."""

    def __init__(self, module: str, extra: str) -> None:
        """Say which module is missing, and what brings it and all else of that extra."""
        from fer_edge.runtime.requirements import (
            install_command,
        )  # reads package metadata, which takes a while

        super().__init__(f"{module} is not installed: {install_command(module, extra)}")
        self.module = module
        self.extra = extra


class UnknownOperator(EngineError):
    """An evaluator does not know an operator, or a use of it; that says nothing about the artifact."""


class CheckFailed(FerEdgeError):
    """A check ran and said no: parity, accuracy, a changed byte."""

    exit_code = 3


def first_line(error: BaseException, *, named: bool = True) -> str:
    """The first line of an error's text that says something, behind the name of its type; the name alone if none does.

    Args:
        error: of a library, most often.
        named: with the type's name even where there is a text.
    """
    name = type(error).__name__
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if not line:
        return name
    return f"{name}: {line}" if named else line
