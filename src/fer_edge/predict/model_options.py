"""The options that say which model answers, for every command that loads one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.console.option_types import VariantName, Word, names_in
from fer_edge.console.shared_options import threads_option

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--model", "model_path", default="bundle", show_default=True, help="A bundle or one of its artifacts."),
    click.option("--variant", type=VariantName(), help="Of the bundle, such as tflite-int8."),
    click.option("--engine", type=Word("engine", names_in("fer_edge.runtime.engines:ALL_ENGINES")),
                 help="What runs it, such as litert or onnxruntime."),
    threads_option("Of the engine."),
    click.option("--allow-foreign-code", is_flag=True,
                 help="Run a TorchScript file that does more than fer-export writes: it can do anything you can."),
)  # fmt: skip


def model_options(function: Decorated) -> Decorated:
    """``--model``, ``--variant``, ``--engine``, ``--threads`` and ``--allow-foreign-code``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def load_chosen(given: Mapping[str, Any]) -> Model:
    """The model that the options name.

    Raises:
        FerEdgeError: as :func:`fer_edge.runtime.load`.
    """
    from fer_edge.runtime import load

    return load(
        given["model_path"],
        variant=given["variant"].name if given["variant"] else None,
        engine=given["engine"],
        threads=given["threads"],
        allow_foreign_code=given["allow_foreign_code"],
    )


def describe_model(model: Model, threads: int) -> str:
    """``fer-mini: tflite-fp32 by ai-edge-litert 2.3.0, 1 thread``."""
    variant = model.variant or model.path.name
    return f"{model.contract.model}: {variant} by {model.engine}, {threads} thread{'s' * (threads > 1)}"
