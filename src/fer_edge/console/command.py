"""A command: the common options and the frame that turns every ending into an exit code and one sentence.

    from fer_edge.console.command import command
    from fer_edge.console.output import Output

    @command("fer-predict", example="fer-predict photo.jpg --model bundle")
    @click.argument("sources", nargs=-1, required=True)
    def main(output: Output, sources: tuple[str, ...]) -> None:
        '''Faces and emotions from pictures.'''

The function's first parameter is the ``Output``; ``--json --quiet --wide --debug --version`` are already there. It ends by
returning (exit 0) or by raising; :mod:`fer_edge.console.frame` says what becomes of each exception. A missing input file is
a ``FerEdgeError`` (exit 1), so arguments do not use ``click.Path(exists=True)``, which would make it usage (exit 2).

An option that is given twice adds where it is a list (``multiple=True``) and is usage (exit 2) where it is not: the first value
would be lost. A plain flag may be repeated.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fer_edge import __version__
from fer_edge.console.frame import run_framed
from fer_edge.console.output import Output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FLAGS = {
    "json": "Print one JSON document on standard output, nothing else there.",
    "quiet": "No messages and no progress; warnings and errors stay.",
    "wide": "Tables show every column; a narrow terminal leaves some out.",
    "debug": "Show the traceback when something goes wrong.",
}
"""The options that make every command's :class:`Output`."""
MoreHelp = Callable[[Sequence[str], click.HelpFormatter], None]
"""Writes what a help text has besides, given the words of the command line."""
WORDS = "fer_edge.words"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A first argument that stands for another command (a path of that name is written ``./name``).

    Attributes:
        name: the argument.
        target: ``package.module:attribute`` of a :class:`FerCommand`, imported when it is called.
        summary: one line for ``--help``.
    """

    name: str
    target: str
    summary: str

    def load(self) -> FerCommand:
        """Import it."""
        module, _, attribute = self.target.partition(":")
        found: FerCommand = getattr(importlib.import_module(module), attribute)
        return found


class FerCommand(click.Command):
    """A click command with the common options and the frame."""

    def __init__(
        self,
        name: str,
        *,
        example: str,
        subcommands: Sequence[Subcommand] = (),
        more_help: MoreHelp | None = None,
        before: Callable[[], None] | None = None,
        **attributes: Any,
    ) -> None:
        attributes.setdefault("no_args_is_help", False)
        attributes.setdefault(
            "context_settings", {"help_option_names": ["-h", "--help"], "max_content_width": 100}
        )
        super().__init__(name, epilog=f"{_listing(subcommands)}\b\nExample:\n  {example}", **attributes)
        self.params += _common_options()
        self.subcommands = {entry.name: entry for entry in subcommands}
        self.more_help = more_help
        self.before = before
        first = next((param for param in self.params if isinstance(param, click.Argument)), None)
        if first is not None and subcommands:
            self._complete_argument = first._custom_shell_complete or first.type.shell_complete
            first._custom_shell_complete = self._complete_first

    def _complete_first(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The completions of the first word: subcommands, and what the argument itself may be."""
        from click.shell_completion import CompletionItem  # only when a shell asks

        own = [
            CompletionItem(entry.name, help=entry.summary)
            for entry in self.subcommands.values()
            if entry.name.startswith(incomplete) and not ctx.params.get(param.name or "")
        ]
        return [*own, *self._complete_argument(ctx, param, incomplete)]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command; in standalone mode the process ends with its exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        words, name = list(sys.argv[1:] if args is None else args), prog_name or self.name or ""
        # A shell that completes words reads the exit of click's own, and nothing that a frame would say.
        self._main_shell_completion(extra, name, complete_var)
        # Options may be wrong and modules missing before click has read a flag: these say how to tell of it.
        flags = words[: words.index("--")] if "--" in words else words
        output = Output(**{flag: f"--{flag}" in flags for flag in FLAGS})
        body = super().main
        sys.exit(
            run_framed(
                lambda: body(words, name, complete_var, standalone_mode=False, obj=output, **extra), output
            )
        )

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of this command, or of the subcommand that the first argument names."""
        if args and args[0] in self.subcommands:
            # Only now is its module imported: --help of the command and its other ways stay light.
            chosen = self.subcommands[args[0]]
            return chosen.load().make_context(f"{info_name} {chosen.name}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the ``Output`` to the function as its first parameter."""
        if ctx.command is not self:
            return ctx.command.invoke(ctx)
        if self.before is not None:
            self.before()
        from fer_edge.console.library_caches import keep_folders_clean  # not for --help

        keep_folders_clean()
        ctx.params = {"output": ctx.ensure_object(Output), **ctx.params}
        return super().invoke(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; one that is given twice and can hold one value only is refused."""
        ctx.meta[WORDS] = tuple(args)
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(order).items():
            if times > 1 and _holds_one(option):
                raise click.UsageError(
                    f"{max(option.opts, key=len)} is given {times} times; it takes one value, so give it once.",
                    ctx,
                )
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The additions of the words before ``--help``: subcommands and the example."""
        if self.more_help is not None:
            self.more_help(ctx.meta.get(WORDS, ()), formatter)
        super().format_epilog(ctx, formatter)


def command(name: str, *, example: str, **attributes: Any) -> Callable[[Callable[..., Any]], FerCommand]:
    """Make a function with click options into a command.

    Args:
        name: as typed in a shell, such as ``fer-export``.
        example: one worked command line, shown under ``--help``.
        attributes: ``subcommands=(Subcommand(...), ...)``, ``more_help``, ``before`` (called when the words are understood and
            nothing has been done), and what ``click.Command`` takes.
    """
    return click.command(name, cls=FerCommand, example=example, **attributes)


def usage_error(message: str) -> NoReturn:
    """Stop with exit code 2: the options do not go together.

    Raises:
        click.UsageError: always; with the usage line of the running command.
    """
    raise click.UsageError(message, click.get_current_context(silent=True))


def _holds_one(param: click.Parameter) -> bool:
    if not isinstance(param, click.Option):
        return False
    flag = param.is_flag and not param.secondary_opts
    return not (param.multiple or param.count or flag)


def _listing(subcommands: Sequence[Subcommand]) -> str:
    if not subcommands:
        return ""
    widest = max(len(entry.name) for entry in subcommands)
    lines = "\n".join(f"  {entry.name:{widest}}  {entry.summary}" for entry in subcommands)
    return f"\b\nCommands (each has --help):\n{lines}\n\n"


def _common_options() -> list[click.Parameter]:
    def set_flag(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        setattr(ctx.ensure_object(Output), str(param.name), value)

    def show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(f"{ctx.command_path} {__version__}")
            ctx.exit()

    hidden = {"is_flag": True, "expose_value": False}
    flags = [
        click.Option([f"--{flag}"], callback=set_flag, help=text, **hidden) for flag, text in FLAGS.items()
    ]
    version = click.Option(
        ["--version"], is_eager=True, callback=show_version, help="Show the version and exit.", **hidden
    )
    return [*flags, version]
