"""A command: the common options and the frame that turns every ending into an exit code and one sentence.

    from fer_edge.console.command import command
    from fer_edge.console.output import Output

    @command("fer-predict", example="fer-predict photo.jpg --model bundle")
    @click.argument("sources", nargs=-1, required=True)
    def main(output: Output, sources: tuple[str, ...]) -> None:
        '''Faces and emotions from pictures.'''

The function's first parameter is the ``Output``; ``--json --quiet --wide --debug --version`` are already there. It ends by
returning (exit 0) or by raising:

| raised                                   | exit | standard error                                              |
|------------------------------------------|------|-------------------------------------------------------------|
| ``FerEdgeError``                         | its ``exit_code`` (1, 3) | ``Error: `` and the message             |
| ``click.UsageError``, ``BadParameter``   | 2    | the usage line and the reason                               |
| ``OSError``                              | 1    | the file and the system's reason                            |
| any other exception                      | 1    | its type, its first line and how to see the traceback       |
| ``SystemExit``: somebody's code ended us | 1    | that it did so; 130 and 143 stay what they are              |
| Ctrl-C                                   | 130  | ``Stopped.``                                                |
| SIGTERM (:class:`Terminated`)            | 143  | ``Stopped by SIGTERM.``                                     |
| reader of the output gone (closed pipe)  | 1    | nothing                                                     |

Under ``--json`` standard output carries exactly one document in every case: the command's result, or, when it ended
without one, ``{"error": {"message": "...", "exit_code": 1}}``. A missing input file is an error of the
first kind (exit 1), so arguments do not use ``click.Path(exists=True)``, which would make it usage (exit 2).

An option that is given twice adds where it is a list (``multiple=True``) and is usage (exit 2) where it is not: the first value
would be lost. A plain flag may be repeated.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fer_edge import __version__
from fer_edge.console.output import Output
from fer_edge.runtime.errors import FerEdgeError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FLAGS = ("json", "quiet", "debug", "wide")
LONGEST_LINE = 300
"""Characters of an unexpected error's text."""
INTERRUPTED = 130
"""128 + SIGINT, what shells report for a program stopped by Ctrl-C."""
TERMINATED = 143
"""128 + SIGTERM."""


MoreHelp = Callable[[Sequence[str], click.HelpFormatter], None]
"""Writes what a help text has besides, given the words of the command line."""
WORDS = "fer_edge.words"


class Terminated(KeyboardInterrupt):
    """SIGTERM came: whatever cleans up after Ctrl-C cleans up after it as well."""


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
        **attributes: Any,
    ) -> None:
        attributes.setdefault("no_args_is_help", False)
        attributes.setdefault(
            "context_settings", {"help_option_names": ["-h", "--help"], "max_content_width": 100}
        )
        super().__init__(name, epilog=f"{_listed(subcommands)}\b\nExample:\n  {example}", **attributes)
        self.params += _common_options()
        self.subcommands = {entry.name: entry for entry in subcommands}
        self.more_help = more_help
        first = next((param for param in self.params if isinstance(param, click.Argument)), None)
        if first is not None and subcommands:
            self._complete_argument = first._custom_shell_complete or first.type.shell_complete
            first._custom_shell_complete = self._complete_first

    def _complete_first(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What a shell offers for the first word: subcommands, and what the argument itself may be."""
        from click.shell_completion import CompletionItem  # only when a shell asks

        own = [
            CompletionItem(entry.name, help=entry.summary)
            for entry in self.subcommands.values()
            if entry.name.startswith(incomplete) and not ctx.params.get(param.name or "")
        ]
        return [*own, *self._complete_argument(ctx, param, incomplete)]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """A shell that completes words asks for the context of a whole line, subcommand included."""
        if extra.get("resilient_parsing"):
            chosen, args, info_name = self._chosen(args, info_name or "")
            if chosen is not self:
                return chosen.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the ``Output`` to the function as its first parameter."""
        output = ctx.obj if isinstance(ctx.obj, Output) else Output()
        for flag in FLAGS:
            setattr(output, flag, ctx.params.pop(flag))
        ctx.params = {"output": output, **ctx.params}
        from fer_edge.console.library_caches import keep_folders_clean  # not for --help

        keep_folders_clean()
        return super().invoke(ctx)

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
        if os.environ.get(_complete_variable(prog_name or self.name or "")):
            # The shell reads the exit of click's own, and nothing that a frame would say.
            return super().main(args, prog_name or self.name, complete_var, standalone_mode, **extra)
        words = list(sys.argv[1:] if args is None else args)
        given = words[: words.index("--")] if "--" in words else words
        output = Output(**{flag: f"--{flag}" in given for flag in FLAGS})

        def body() -> Any:
            chosen, rest, name = self._chosen(words, prog_name or self.name or "")
            # The class's own main: a subcommand's standalone mode would end the process inside this frame.
            return click.Command.main(
                chosen, rest, name, complete_var, standalone_mode=False, obj=output, **extra
            )

        sys.exit(framed(body, output))

    def _chosen(self, words: list[str], name: str) -> tuple[FerCommand, list[str], str]:
        """The command that the words are for, the words left for it, and its name as typed."""
        if not words or words[0] not in self.subcommands:
            return self, words, name
        # Only now is its module imported: --help of the command and its other ways stay light.
        chosen = self.subcommands[words[0]]
        return chosen.load()._chosen(words[1:], f"{name} {chosen.name}")

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
        """What the words before ``--help`` add to it, subcommands and the example."""
        if self.more_help is not None:
            self.more_help(ctx.meta.get(WORDS, ()), formatter)
        super().format_epilog(ctx, formatter)


def _complete_variable(name: str) -> str:
    """The variable by which a shell asks for completion, as click names it."""
    return f"_{name.replace('-', '_').replace('.', '_')}_COMPLETE".upper()


def _holds_one(param: click.Parameter) -> bool:
    if not isinstance(param, click.Option):
        return False
    flag = param.is_flag and not param.secondary_opts
    return not (param.multiple or param.count or flag)


def command(name: str, *, example: str, **attributes: Any) -> Callable[[Callable[..., Any]], FerCommand]:
    """Make a function with click options into a command.

    Args:
        name: as typed in a shell, such as ``fer-export``.
        example: one worked command line, shown under ``--help``.
        attributes: ``subcommands=(Subcommand(...), ...)``, ``more_help``, and what ``click.Command`` takes.
    """

    def decorate(function: Callable[..., Any]) -> FerCommand:
        made: FerCommand = click.command(name, cls=FerCommand, example=example, **attributes)(function)
        return made

    return decorate


def framed(body: Callable[[], Any], output: Output) -> int:
    """Run ``body`` and turn its ending into an exit code (see the table above)."""
    code, message = 0, ""
    with _python_warnings(output), _sigterm():
        try:
            result = body()
            # click returns the code of ctx.exit() (--help, --version) in this mode.
            code = result if isinstance(result, int) and not isinstance(result, bool) else 0
            if sys.stdout is not None:
                sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - the last frame: nothing may leave as a traceback
            code, message = _ending(error, output)
    if code and output.json and not output.documents and message:
        _result_or_silence(output, {"error": {"message": message, "exit_code": code}})
    return code


def _listed(subcommands: Sequence[Subcommand]) -> str:
    if not subcommands:
        return ""
    widest = max(len(entry.name) for entry in subcommands)
    lines = "\n".join(f"  {entry.name:{widest}}  {entry.summary}" for entry in subcommands)
    return f"\b\nCommands (each has --help):\n{lines}\n\n"


def _ending(error: BaseException, output: Output) -> tuple[int, str]:
    """Write why the command stops; exit code and message."""
    if output.debug:
        traceback.print_exception(error)
    if _reader_gone(error):
        _silence_stdout()
        return 1, ""
    stopped = _stopped(error)
    if stopped:
        sys.stderr.write(f"S{stopped[1][1:]}.\n")
        return stopped
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code, error.format_message()
    code, message = (error.exit_code if isinstance(error, FerEdgeError) else 1), _sentence(error)
    output.error(message)
    return code, message


def _stopped(error: BaseException) -> tuple[int, str] | None:
    """The exit code of a command that a person or the system stopped, and the word for it."""
    for each in (error, error.__cause__):
        if isinstance(each, Terminated):
            return TERMINATED, "stopped by SIGTERM"
        if isinstance(each, KeyboardInterrupt):
            return INTERRUPTED, "stopped"
    if isinstance(error, SystemExit) and error.code in (INTERRUPTED, TERMINATED):
        return int(error.code), "stopped"
    return None


def _reader_gone(error: BaseException) -> bool:
    """Whether it is a closed pipe; click has mostly seen it first, and ends with 1 and a wrapped standard output."""
    wrapped = isinstance(error, SystemExit) and type(sys.stdout).__name__.endswith("PacifyFlushWrapper")
    return wrapped or (isinstance(error, OSError) and error.errno == errno.EPIPE)


def _sentence(error: BaseException) -> str:
    if isinstance(error, FerEdgeError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return f"{names}: {error.strerror}" if names else error.strerror
    if isinstance(error, SystemExit):
        # No command of ours ends this way, and somebody's 0 must not pass for a result.
        return (
            f"code that this command ran called sys.exit({_short(error.code)}) before it was done; "
            "run again with --debug to see where"
        )
    first = next(iter(str(error).strip().splitlines()), "")[:LONGEST_LINE]
    said = f": {first}" if first else ""
    return f"unexpected {type(error).__name__}{said} (run again with --debug to see the traceback)"


def _short(value: object) -> str:
    text = "" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _result_or_silence(output: Output, document: dict[str, Any]) -> None:
    try:
        output.result(document, "")
    except OSError:
        _silence_stdout()


def _silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere: the reader is gone, which is its right."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


@contextmanager
def _sigterm() -> Iterator[None]:
    """SIGTERM as an exception while the block runs, so that children end and half-made files go.

    Only the first one counts: ``timeout`` sends it twice, and the second must not tear the cleaning up.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    if (
        before is not signal.SIG_DFL
    ):  # somebody else's business: ignored by the parent, or a frame around this one
        yield
        return

    def stop(number: int, frame: object) -> None:  # noqa: ARG001 - the signature is Python's
        signal.signal(signal.SIGTERM, lambda *_: None)
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _python_warnings(output: Output) -> Iterator[None]:
    """Libraries' warnings are for developers: one line each with ``--debug``, nothing otherwise.

    Only the display is replaced, so filters that make warnings errors keep working.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,  # noqa: ARG001 - the signature is Python's
        line: Any = None,  # noqa: ARG001
    ) -> None:
        if output.debug:
            output.say(f"{category.__name__} at {filename}:{lineno}: {message}")

    before = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def _common_options() -> list[click.Parameter]:
    def show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(f"{ctx.command_path} {__version__}")
            ctx.exit()

    return [
        click.Option(
            ["--json"], is_flag=True, help="Print one JSON document on standard output, nothing else there."
        ),
        click.Option(
            ["--quiet"], is_flag=True, help="No messages and no progress; warnings and errors stay."
        ),
        click.Option(
            ["--wide"], is_flag=True, help="Tables show every column; a narrow terminal leaves some out."
        ),
        click.Option(["--debug"], is_flag=True, help="Show the traceback when something goes wrong."),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=show_version,
            help="Show the version and exit.",
        ),
    ]


def usage_error(message: str) -> NoReturn:
    """Stop with exit code 2: the options do not go together.

    Raises:
        click.UsageError: always; with the usage line of the running command.
    """
    raise click.UsageError(message, click.get_current_context(silent=True))
