"""Every byte of the built-in bundle before and after a change: artifacts, contracts, manifest, golden vectors, README.

    python benchmarks/studies/bundle_bytes.py --before REVISION [--after REVISION]

Each revision is checked out into a worktree of its own (``git worktree add --detach``, removed at the end), exports with the
sources of that tree and nothing kept from an earlier export, and both bundles are compared file by file. Without ``--after``
the working tree as it is takes part. Goal: no file differs, and none exists on one side only.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from machine import ROOT, SOURCES, environment, python
from runner import Asked, Document, option, study

WHOLE = "--all-variants --accuracy synthetic"
WHERE = "import fer_edge.export; print(fer_edge.export.__file__)"


def run(asked: Asked) -> Document:
    """Export with both and compare."""
    with tempfile.TemporaryDirectory(prefix="fer-edge-bundles-") as name:
        folder = Path(name)
        before, after = folder / "before", folder / "after"
        revisions = [export(asked.before, before, asked.words), export(asked.after, after, asked.words)]
        paths = sorted({path.relative_to(tree) for tree in (before, after) for path in tree.rglob("*")})
        rows = [row(before, after, path) for path in paths if not (before / path).is_dir()]
    different = [entry["path"] for entry in rows if not entry["met"]]
    return {
        "what": "files of the built-in bundle, exported by two revisions",
        "before": revisions[0],
        "after": revisions[1],
        "fer_export": asked.words,
        "files": len(rows),
        "different": different,
        "met": bool(rows) and not different,
        "rows": rows,
    }


def export(revision: str, out: Path, words: str) -> str:
    """Export with that revision's sources, or the working tree's for an empty one; the commit."""
    with sources_of(revision) as sources, tempfile.TemporaryDirectory(prefix="fer-edge-cache-") as cache:
        env = environment(PYTHONPATH=sources, FER_EDGE_CACHE=cache)
        found = python("-P", "-c", WHERE, env=env).strip()
        if not Path(found).is_relative_to(sources):
            raise SystemExit(f"{found} would export, not the sources in {sources}")
        command = ("-P", "-m", "fer_edge.export.cli", *words.split(), "--quiet", "--out", out)
        python(*command, cwd=out.parent, env=env)
    return git("rev-parse", revision or "HEAD") + ("" if revision else " and the working tree")


@contextlib.contextmanager
def sources_of(revision: str) -> Iterator[Path]:
    """``src`` of a worktree of that revision, which is removed afterwards."""
    if not revision:
        yield SOURCES
        return
    with tempfile.TemporaryDirectory(prefix="fer-edge-tree-") as name:
        tree = Path(name).resolve() / "tree"
        git("worktree", "add", "--detach", str(tree), revision)
        try:
            # A package without this file would give way to an installed one.
            (tree / "src" / "fer_edge" / "__init__.py").touch()
            yield tree / "src"
        finally:
            git("worktree", "remove", "--force", str(tree))


def git(*words: str) -> str:
    """Its answer about this repository."""
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def row(before: Path, after: Path, path: Path) -> Document:
    """One file of both bundles; None where one has it not."""
    contents = [(tree / path).read_bytes() if (tree / path).is_file() else None for tree in (before, after)]
    sizes = [None if data is None else len(data) for data in contents]
    hashes = [None if data is None else hashlib.sha256(data).hexdigest() for data in contents]
    same = hashes[0] == hashes[1]
    return {"path": path.as_posix(), "bytes": sizes, "sha256": hashes[:1] if same else hashes, "met": same}


def show(document: Document) -> Iterator[str]:
    """A table of the files."""
    yield f"{'file':48} {'bytes before':>12} {'after':>12}"
    for entry in document["rows"]:
        sizes = " ".join(f"{'-' if size is None else size:>12}" for size in entry["bytes"])
        yield f"{entry['path']:48} {sizes} {'same' if entry['met'] else 'DIFFERENT'}"
    different = len(document["different"])
    yield f"{document['files']} files of {document['before'][:12]} and {document['after'][:12]}: {different} different"


if __name__ == "__main__":
    study(
        run,
        option("--before", None, "a commit, a branch, a tag", required=True),
        option("--after", "", "the same; without it the working tree"),
        option("--words", WHOLE, "options of fer-export"),
        show=show,
    )
