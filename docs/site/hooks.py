"""Hooks of the documentation site: pages from outside docs, links to files of the repository, a list of other sites.

Links are written as GitHub follows them, relative to the page's own file. Here each of them is looked up in the checkout
and turned into a link of the site; a dead one is a warning, which ``mkdocs build --strict`` refuses.
"""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LOG = logging.getLogger("mkdocs.hooks.repository")
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "android_demo/README.md": "android.md",
    "examples/README.md": "examples.md",
    "web_demo/core/README.md": "web-core.md",
}
"""Pages that lie elsewhere in the repository, and where they stand on the site."""

STORED = "files/"
"""Folder of the site for files of the repository that pages link to."""

LINK = re.compile(r"(?P<before>!?\[(?:[^\[\]]|\[[^\]]*\]\([^)]*\))*\]\()(?P<target>[^()\s]+)(?P<after>\))")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
NO_BLOCK = re.compile(r"^(?![ \t]|[-*|#>]|\d+\. |<!--).*\S.*\n(?:- |1\. |\|).{0,40}", re.MULTILINE)
"""A list or table right below a paragraph: one on GitHub, but not on the site."""
OUTSIDE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//", re.IGNORECASE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere, and every file of the repository that some page links to."""
    root = _root(config)
    for source, place in PAGES.items():
        files.append(File.generated(config, place, abs_src_path=str(root / source)))
    for file in list(files.documentation_pages()):
        home = _path_in_repository(file.src_uri)
        for target in _targets(file.content_string):
            path = _resolve(home, target)
            if path and (root / path).is_file() and not files.get_file_from_path(_place(path)):
                files.append(File.generated(config, _place(path), abs_src_path=str(root / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Turn links within the repository into links of the site."""
    root = _root(config)
    home = _path_in_repository(page.file.src_uri)
    for found in NO_BLOCK.finditer(FENCE.sub("text", markdown)):
        LOG.warning("%s needs a blank line above %r", home, found[0].partition("\n")[2])

    def on_the_site(found: re.Match[str]) -> str:
        target, hash_mark, anchor = found["target"].partition("#")
        path = _resolve(home, target)
        if path is None:
            return found[0]
        if (root / path).is_dir():
            return found["before"].removesuffix("](").removeprefix("[")  # the site has no page for a folder
        if not (root / path).is_file():
            LOG.warning("%s links to %s, which the repository does not have", home, found["target"])
            return found[0]
        there = posixpath.relpath(_place(path), posixpath.dirname(page.file.src_uri) or ".")
        return f"{found['before']}{there}{hash_mark}{anchor}{found['after']}"

    return _outside_of_fences(markdown, lambda text: LINK.sub(on_the_site, text))


def on_post_build(config: MkDocsConfig) -> None:
    """List the links to other sites, which a build without a network cannot follow."""
    root = _root(config)
    sources = [*(root / "docs").rglob("*.md"), *(root / source for source in PAGES)]
    found = {
        (target, source.relative_to(root).as_posix())
        for source in sources
        for target in _targets(source.read_text(encoding="utf-8"))
        if OUTSIDE.match(target)
    }
    lines = [f"{target}  {source}\n" for target, source in sorted(found)]
    (Path(config.site_dir) / "external-links.txt").write_text("".join(lines), encoding="utf-8")
    LOG.info("%d links to other sites were not followed: external-links.txt", len(lines))


def _root(config: MkDocsConfig) -> Path:
    return Path(config.docs_dir).parent


def _path_in_repository(place: str) -> str:
    """Where the page of the site lies in the checkout."""
    elsewhere = {page: source for source, page in PAGES.items()}
    if place.startswith(STORED):
        return place.removeprefix(STORED)
    return elsewhere.get(place, f"docs/{place}")


def _place(path: str) -> str:
    """Where a file of the checkout stands on the site."""
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else STORED + path


def _resolve(home: str, target: str) -> str | None:
    """The link's target as a path in the checkout; None for anchors, other sites and paths out of the checkout."""
    bare = unquote(target.partition("#")[0])
    if not bare or OUTSIDE.match(target):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(home), bare))
    return None if path.startswith("..") else path


def _targets(markdown: str) -> Iterator[str]:
    for found in LINK.finditer(FENCE.sub("", markdown)):
        yield found["target"]
        yield from _targets(found["before"])


def _outside_of_fences(markdown: str, change: Callable[[str], str]) -> str:
    parts, at = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [change(markdown[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, change(markdown[at:])])
