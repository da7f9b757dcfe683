"""Engines: each runs the artifacts of a format, one file an engine. Each imports its one library when an artifact is opened."""

from __future__ import annotations

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.engines.coreml import COREML
from fer_edge.runtime.engines.litert import LITERT
from fer_edge.runtime.engines.onnxruntime import ONNXRUNTIME
from fer_edge.runtime.engines.protocol import Engine, Session
from fer_edge.runtime.engines.torchscript import TORCHSCRIPT
from fer_edge.runtime.errors import EngineError

ENGINES: tuple[Engine, ...] = (LITERT, ONNXRUNTIME, TORCHSCRIPT, COREML)
"""Every engine; for a format the first one that is installed is taken."""

__all__ = ["ENGINES", "Engine", "Session", "engine_named", "find_engine", "libraries_of"]


def engine_named(name: str) -> Engine:
    """The engine of that name.

    Raises:
        EngineError: no such engine; the message names the closest one.
    """
    for engine in ENGINES:
        if engine.name == name:
            return engine
    raise EngineError(unknown("engine", str(name), [engine.name for engine in ENGINES]))


def find_engine(format: str, name: str | None = None) -> Engine:  # noqa: A002 - the schema's word
    """The engine for a format.

    Args:
        format: a format's word, such as ``tflite``.
        name: the engine to take; None: the first one that can run here.

    Raises:
        EngineError: no such engine, or it does not run this format or not on this machine.
        MissingExtra: its library is not installed; the message holds the pip command.
    """
    fitting = [engine for engine in ENGINES if format in engine.formats]
    if name is not None:
        engine = engine_named(name)
        if engine not in fitting:
            words = ", ".join(found.name for found in fitting) or "none"
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


def libraries_of(format: str) -> tuple[str, ...]:  # noqa: A002 - the schema's word
    """Distributions that can run a format: one of them is the first word of a session's ``engine``."""
    return tuple(name for engine in ENGINES if format in engine.formats for name, _ in engine.libraries)
