"""``fer-export --web DIR``: the page as a static folder, with the bundle in it.

DIR may be served below any address, by any server: nothing in it names a place. It is replaced as a whole, like a bundle.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from fer_edge.console.web_page import BUNDLE, LIST, WebPage, open_web_page
from fer_edge.export.bundle.staging import BUNDLE as STAGED
from fer_edge.export.bundle.staging import publish, staging
from fer_edge.runtime import atomic_folder
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.errors import ExportError, FerEdgeError
from fer_edge.runtime.manifest import MANIFEST
from fer_edge.runtime.variants import Variant

FORMATS = ("tflite", "onnx")
"""What browsers run, by LiteRT.js and onnxruntime-web."""
_ADVICE = "it must be absent, empty or a page that --web wrote with nothing else in it; nothing was touched"


def runs_in_browsers(variant: Variant) -> bool:
    """LiteRT.js has no int8 tensor: int8 input or output stay outside; the image interface's uint8 does run."""
    return variant.format in FORMATS and not (variant.quantized_io and variant.interface == "tensor")


def check_site(out: Path) -> WebPage:
    """Whether the page is built and DIR can be written, before anything is exported.

    Returns:
        The page.

    Raises:
        FerEdgeError: the page is not built.
        ExportError: something else lies at ``out``.
    """
    page = open_web_page()
    _check_target(out)
    return page


def refuse_without_browser_variant(variants: Sequence[Variant]) -> None:
    """One of the variants must run in a browser.

    Raises:
        ExportError: none does.
    """
    if not any(map(runs_in_browsers, variants)):
        names = ", ".join(variant.name for variant in variants) or "no variant"
        raise ExportError(
            f"--web needs a variant that browsers run, and {names} is none; allowed: {' or '.join(FORMATS)}, but not "
            "--quantized-io of the tensor interface (LiteRT.js takes no int8 tensor): add --format tflite"
        )


def write_site(bundle: Path, out: Path) -> Path:
    """Write page and bundle into a folder, at one stroke.

    Args:
        bundle: as ``fer-export`` wrote it.
        out: absent, empty, or an earlier page.

    Returns:
        The folder.

    Raises:
        FerEdgeError: see :func:`check_site`.
        ExportError: no variant of the bundle runs in a browser.
    """
    page = check_site(out)
    written = open_bundle(bundle).manifest.artifacts
    refuse_without_browser_variant([Variant.parse(artifact.variant) for artifact in written])
    target = Path(os.path.realpath(out))
    with staging(target, "--web") as folder:
        site = folder / STAGED
        page.copy(site)
        shutil.copytree(bundle, site / BUNDLE)
        publish(site, target, out, _check_target)
    return out


def _check_target(out: Path) -> None:
    target = Path(os.path.realpath(out))
    here = Path.cwd()
    if target == here or target in here.parents:
        raise ExportError(
            f"--web {out} is the current folder or above it and would be replaced; name a folder in it"
        )
    atomic_folder.recover(target)
    if not target.exists() and not out.is_symlink():
        return
    if not target.is_dir():
        raise ExportError(f"--web {out} is no folder; {_ADVICE}")
    strange = _strange(target)
    if strange:
        raise ExportError(f"--web {out} holds {', '.join(strange[:5])}; {_ADVICE}")


def _strange(site: Path) -> list[str]:
    """Files that neither the page's list nor its bundle's manifest names."""
    found = {
        path.relative_to(site).as_posix()
        for path in site.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }
    if not found:
        return []
    try:
        listed = {LIST, *open_web_page(site).files}
        bundle = open_bundle(site / BUNDLE)
    except FerEdgeError as error:
        return [f"something else ({error})"]
    inside = {f"{BUNDLE}/{name}" for name in (MANIFEST, *bundle.manifest.files)}
    return sorted(found - listed - inside)
