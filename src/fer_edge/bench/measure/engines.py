"""Engines as ``--engine`` names them: the runtime's, and the same with other insides."""

from __future__ import annotations

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.engines import ENGINES, EVALUATORS, Engine, find_engine
from fer_edge.runtime.engines.litert import LiteRt
from fer_edge.runtime.engines.onnxruntime import OnnxRuntime
from fer_edge.runtime.errors import EngineError

_PROVIDER = "onnxruntime:"

VARIED: dict[str, Engine] = {"litert:builtin": LiteRt(delegates=False)}
"""Word of ``--engine`` -> engine. ``litert`` alone uses XNNPACK, ``litert:builtin`` TFLite's own kernels."""


def words() -> list[str]:
    """Words of ``--engine``; after ``onnxruntime:`` stands any execution provider of the installed library."""
    return [*(engine.name for engine in ENGINES), *VARIED, "onnxruntime:PROVIDER"]


def choose_engine(format: str, word: str) -> Engine:  # noqa: A002 - the schema's word
    """The engine for a format.

    Args:
        format: such as ``tflite``.
        word: of ``--engine``; empty: the first one that is installed.

    Raises:
        EngineError: no such engine, it does not run the format, or not on this machine.
        MissingExtra: its library is not installed.
    """
    base = word.partition(":")[0]
    refuse_evaluator(base)
    if word in ("", base):
        return find_engine(format, word or None)
    find_engine(format, base)
    if word.startswith(_PROVIDER):
        return OnnxRuntime(provider=word.removeprefix(_PROVIDER))
    if word not in VARIED:
        raise EngineError(unknown("engine", word, words()))
    return VARIED[word]


def refuse_evaluator(word: str) -> None:
    """Say why an evaluator's time is not measured.

    Raises:
        EngineError: the word names one.
    """
    if word in {engine.name for engine in EVALUATORS}:
        raise EngineError(
            f"{word} evaluates a specification to judge a file; its time says nothing about the engine that apps use, so it is "
            "not measured: leave --engine out, or measure where that engine runs"
        )


def name_engine(word: str, version: str) -> str:
    """Library, version and, where it is not the usual one, the inside: ``ai-edge-litert 2.3.0 (builtin)``."""
    inside = word.partition(":")[2]
    return f"{version} ({inside})" if inside else version
