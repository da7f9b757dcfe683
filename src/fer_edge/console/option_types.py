"""Option values: words with a closest match, lists by comma or repetition, variants, box sizes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import VariantError
from fer_edge.runtime.variants import Variant, legal_variants

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    ParamType = click.ParamType[Any]
else:  # generic since click 8.4 only
    ParamType = click.ParamType

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def offer(
    words: Callable[[], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """The completions of an option or argument: those of the words that begin as what was typed.

    Args:
        words: called when a shell asks, so that nothing is imported before.
    """

    def offered(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # only when a shell asks

        return [CompletionItem(word) for word in words() if word.startswith(incomplete)]

    return offered


def names_in(target: str) -> Callable[[], tuple[str, ...]]:
    """The names of a list's entries, for :class:`Word` and :func:`offer`: the list is imported when they are asked for.

    Args:
        target: ``package.module:LIST`` of objects that have a ``name``.
    """

    def names() -> tuple[str, ...]:
        module, _, listed = target.partition(":")
        return tuple(entry.name for entry in getattr(importlib.import_module(module), listed))

    return names


class Word(ParamType):
    """One of the allowed words; anything else is a usage error that names the closest one.

    Args:
        kind: what the word names, such as ``"format"``.
        allowed: every legal word, in the order to show; or what gives them, where ``--help`` shall not wait for it.
    """

    def __init__(self, kind: str, allowed: Sequence[str] | Callable[[], Sequence[str]]) -> None:
        self.name = kind
        self._allowed = allowed

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every legal word."""
        return tuple(self._allowed() if callable(self._allowed) else self._allowed)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word itself, in the spelling of the list."""
        by_lower = {word.lower(): word for word in self.allowed}
        if str(value).lower() not in by_lower:
            self.fail(unknown(self.name, str(value), self.allowed), param, ctx)
        return by_lower[str(value).lower()]

    def shell_complete(self, *place: Any) -> list[CompletionItem]:
        """The words that begin so."""
        return offer(lambda: self.allowed)(*place)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """``[tflite|onnx|...]`` in the help text; the kind where the words are not known yet."""
        return self.name.upper() if callable(self._allowed) else f"[{'|'.join(self.allowed)}]"


class VariantName(ParamType):
    """``tflite-int8`` and the like, read by the one grammar; an illegal pair is a usage error."""

    name = "variant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Variant:
        """The variant of that name."""
        if isinstance(value, Variant):
            return value
        try:
            return Variant.parse(str(value))
        except VariantError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, *place: Any) -> list[CompletionItem]:
        """The variants that begin so."""
        return offer(lambda: (variant.name for variant in legal_variants(every=True)))(*place)


class CommaList(ParamType):
    """``a,b,c`` as a tuple; empty parts are a usage error.

    Args:
        element: how each part is read.
    """

    def __init__(self, element: ParamType) -> None:
        self.element = element
        self.name = element.name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        """The parts in the order given."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(parts):
            self.fail(f"{value!r} has an empty part between its commas", param, ctx)
        return tuple(self.element.convert(part, param, ctx) for part in parts)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The words that may follow the last comma."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        offered = self.element.shell_complete(ctx, param, last)
        return [CompletionItem(f"{before}{comma}{item.value}", item.type) for item in offered]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """``[a|b],...`` in the help text."""
        if isinstance(self.element, Word):
            return f"{self.element.get_metavar(param, ctx)},..."
        return f"{self.name.upper()},..."


def list_option(
    *names: str, element: ParamType = click.STRING, **attributes: Any
) -> Callable[[Decorated], Decorated]:
    """An option that is comma-separated, repeated, or both; its value is one tuple without duplicates.

    Args:
        names: as ``click.option`` takes them.
        element: how each part is read: ``Word``, ``VariantName``, ``click.FLOAT`` ...
        attributes: passed on; ``unique=False`` keeps duplicates (numbers), ``help``, ``default`` ...
    """
    unique = attributes.pop("unique", True)

    def flatten(
        _ctx: click.Context, _param: click.Parameter, value: Sequence[Sequence[Any]]
    ) -> tuple[Any, ...]:
        flat = [item for part in value or () for item in part]
        return tuple(dict.fromkeys(flat)) if unique else tuple(flat)

    return click.option(*names, type=CommaList(element), multiple=True, callback=flatten, **attributes)
