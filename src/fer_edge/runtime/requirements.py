"""Requirements of a missing library: those of the installed package itself, so that they stand in one place.

The name ``fer-edge`` is on no index, and somebody else may take it: nobody is told to install it by that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "fer-edge"
DISTRIBUTIONS = {"cv2": "opencv-python", "PIL": "pillow", "skimage": "scikit-image"}
"""Modules whose distribution has another name; elsewhere ``_`` becomes ``-``."""
_REQUIREMENT = re.compile(
    r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?\s*([^;]*?)\s*(?:;.*extra\s*==\s*[\"']([\w.-]+)[\"'].*)?"
)


def distribution_of(module: str) -> str:
    """The distribution that brings a module."""
    top = module.partition(".")[0]
    return DISTRIBUTIONS.get(top, top.replace("_", "-"))


def install_command(module: str, extra: str) -> str:
    """The command after which ``module`` and all else of ``extra`` is there, such as ``pip install 'scipy>=1.11'``."""
    if is_checkout():
        return f"pip install -e '.[{extra}]' in the checkout"
    wanted = distribution_of(module)
    found = {wanted: wanted} | {
        name: text for name, text in requirements(extra).items() if name == wanted or _is_absent(name)
    }
    return "pip install " + " ".join(
        f"'{text}'" if set(text) & set("<>!~[") else text for text in found.values()
    )


def is_checkout() -> bool:
    """True where this package runs from a working copy, where pip knows the extras by their names."""
    return (Path(__file__).resolve().parents[3] / "setup.cfg").is_file()


def requirements(extra: str) -> dict[str, str]:
    """Distribution -> requirement of an extra and of those that it names; empty where the package is not installed."""
    from importlib import metadata

    try:
        stated = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return {}
    return dict(_of(extra, [match for text in stated if (match := _REQUIREMENT.fullmatch(text))], {extra}))


def _of(extra: str, stated: list[re.Match[str]], seen: set[str]) -> Iterator[tuple[str, str]]:
    for name, extras, limits, owner in (match.groups() for match in stated):
        if owner != extra:
            continue
        if name != PACKAGE:
            yield name.lower(), f"{name}{f'[{extras}]' if extras else ''}{limits}"
            continue
        for inner in (part.strip() for part in extras.split(",")):
            if inner not in seen:
                seen.add(inner)
                yield from _of(inner, stated, seen)


def _is_absent(distribution: str) -> bool:
    from importlib import metadata

    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return True
    return False
