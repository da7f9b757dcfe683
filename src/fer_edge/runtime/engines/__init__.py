"""Engines: each runs the artifacts of a format, one file an engine. Each imports its one library when an artifact is opened."""

from __future__ import annotations

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.engines.coreml import COREML
from fer_edge.runtime.engines.coreml_spec import COREML_SPEC
from fer_edge.runtime.engines.executorch import EXECUTORCH
from fer_edge.runtime.engines.litert import LITERT
from fer_edge.runtime.engines.onnxruntime import ONNXRUNTIME
from fer_edge.runtime.engines.protocol import Engine, Session
from fer_edge.runtime.engines.torchscript import TORCHSCRIPT
from fer_edge.runtime.errors import EngineError

ENGINES: tuple[Engine, ...] = (LITERT, ONNXRUNTIME, TORCHSCRIPT, COREML, EXECUTORCH)
"""Every engine that apps run artifacts in; for a format the first one that is installed is taken."""
EVALUATORS: tuple[Engine, ...] = (COREML_SPEC,)
"""What computes by a format's specification where its engine does not run: taken by checks, and by who names it."""
ALL_ENGINES = (*ENGINES, *EVALUATORS)

__all__ = [
    "ALL_ENGINES",
    "ENGINES",
    "EVALUATORS",
    "Engine",
    "Session",
    "engine_named",
    "find_checkers",
    "find_engine",
    "is_evaluated",
    "libraries_of",
]


def engine_named(name: str) -> Engine:
    """The engine of that name.

    Raises:
        EngineError: no such engine; the message names the closest one.
    """
    for engine in ALL_ENGINES:
        if engine.name == name:
            return engine
    raise EngineError(unknown("engine", str(name), [engine.name for engine in ALL_ENGINES]))


def find_engine(format: str, name: str | None = None) -> Engine:  # noqa: A002 - the schema's word
    """The engine for a format.

    Args:
        format: a format's word, such as ``tflite``.
        name: the engine to take; None: the first one that can run here, and no evaluator.

    Raises:
        EngineError: no such engine, or it does not run this format or not on this machine.
        MissingExtra: its library is not installed; the message holds the pip command.
    """
    fitting = [engine for engine in ENGINES if format in engine.formats]
    if name is not None:
        engine = engine_named(name)
        if format not in engine.formats:
            words = ", ".join(found.name for found in ALL_ENGINES if format in found.formats) or "none"
            raise EngineError(
                f"engine {name} runs {', '.join(engine.formats)}, not {format}; for {format}: {words}"
            )
        fitting = [engine]
    if not fitting:
        raise EngineError(f"no engine runs the format {format!r}")
    for engine in fitting:
        if engine.version() is not None:
            return engine
    raise fitting[0].absent()


def find_checkers(format: str) -> list[Engine]:  # noqa: A002 - the schema's word
    """Every engine by which a file of a format is judged here: the one that apps use, if it runs, then evaluators.

    Raises:
        EngineError: there is none; the sentence is that of the engine that apps use.
        MissingExtra: the same, where a library is all that lacks.
    """
    found = [engine for engine in EVALUATORS if format in engine.formats and engine.version() is not None]
    try:
        return [find_engine(format), *found]
    except EngineError:
        if not found:
            raise
        return found


def is_evaluated(engine: str | None) -> bool:
    """Whether the ``engine`` of a record is an evaluator's."""
    return engine is not None and engine.split(" ")[0] in {one.name for one in EVALUATORS}


def libraries_of(format: str) -> tuple[str, ...]:  # noqa: A002 - the schema's word
    """Distributions that can run a format: one of them is the first word of a session's ``engine``."""
    return tuple(name for engine in ALL_ENGINES if format in engine.formats for name, _ in engine.libraries)
