"""Runs a study: parses its options, names the machine, prints what came out, stores it whole, says whether goals are met.

A study is a script beside this one: a docstring (what is measured, how, what the goal is), ``run(asked)`` that returns its
document, and a last line that hands both to :func:`study`; its name stands in ``STUDIES`` (``__main__.py``). Each has

    --out FILE    where the document goes; without it benchmarks/results/<name>.json
    --dry         store nothing

Exit codes: 0; 3 a goal is missed (a ``met`` that is false, wherever it stands in the document).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from machine import RESULTS, SOURCES, machine

if str(SOURCES) not in sys.path:
    sys.path.insert(0, str(SOURCES))

MISSED = 3
Document = dict[str, Any]
Asked = argparse.Namespace
Option = tuple[str, dict[str, Any]]


def option(flag: str, default: Any = None, text: str = "", **more: Any) -> Option:
    """An option; its type is that of the default: a number, a path, a word, False for a switch.

    Args:
        flag: ``--rounds``, or ``folder`` for a positional one.
        default: what holds without it.
        text: for the help.
        more: of ``add_argument``, where the default does not tell it.
    """
    if default is False:
        return flag, {"action": "store_true", "help": text, **more}
    kinds = {} if default is None or isinstance(default, str) else {"type": type(default)}
    if isinstance(default, Path):
        kinds = {"type": Path}
    return flag, {"default": default, "help": text, **kinds, **more}


def study(
    run: Callable[[Asked], Document | Iterator[Document]],
    *options: Option,
    show: Callable[[Document], Iterable[str]] | None = None,
    result: str | Path | None = None,
) -> None:
    """Run the script that calls this, and leave with its exit code.

    Args:
        run: the measurement: its document, or one after the other as it grows; each is stored.
        options: of its own.
        show: lines for people; None: the document as JSON.
        result: name of its result file, filled with the options, or a path elsewhere; None: the script's.
    """
    script = Path(run.__globals__["__file__"])
    parser = argparse.ArgumentParser(
        prog=script.name,
        description=run.__globals__["__doc__"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for flag, given in (*options, option("--out", None, "where the JSON goes", type=Path)):
        parser.add_argument(flag, **given)
    parser.add_argument("--dry", action="store_true", help="store nothing")
    asked = parser.parse_args()
    head = {"benchmark": script.stem, "machine": machine()}
    usual = (
        result
        if isinstance(result, Path)
        else RESULTS / f"{(result or script.stem).format_map(vars(asked))}.json"
    )
    target = asked.out or usual
    document: Document = {}
    for measured in _each(run(asked)):
        document = head | measured
        for line in (json.dumps(document, indent=1),) if show is None else show(document):
            print(line, flush=True)
        if not asked.dry:
            store(target, document)
            print(f"written: {target.name}", file=sys.stderr)
    sys.exit(MISSED if is_missed(document) else 0)


def _each(measured: Document | Iterator[Document]) -> Iterator[Document]:
    if isinstance(measured, dict):
        yield measured
    else:
        yield from measured


def is_missed(found: Any) -> bool:
    """True where anything in a document says ``"met": false``."""
    if isinstance(found, dict):
        return found.get("met") is False or any(map(is_missed, found.values()))
    return isinstance(found, list) and any(map(is_missed, found))


def store(target: Path, document: Any) -> None:
    """Write JSON in one step: a reader sees the old file or the new one."""
    beside = target.with_name(f".{target.name}.part")
    beside.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    beside.replace(target)


def keep(path: Path, make: Callable[[], Any]) -> Any:
    """The value of ``make``, as JSON at ``path``: made once, so that a study that was stopped goes on from there."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        store(path, make())
    return json.loads(path.read_text(encoding="utf-8"))
