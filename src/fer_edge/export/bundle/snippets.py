"""Code to paste for one artifact, from ``templates/``; the suite compiles or runs what they give.

Nothing of the model is written into the code but a variant's or a file's name: size, labels and numbers are read from
the contract, so what was tested with one model holds for another.
"""

from __future__ import annotations

from fer_edge.console.rendering import render
from fer_edge.export.formats import FORMATS
from fer_edge.export.formats.entry import Snippet
from fer_edge.runtime.formats import default_formats
from fer_edge.runtime.manifest import Artifact

PYTHON = "python"
"""The runtime opens every format, by the same code."""


def snippets_of(language: str) -> dict[str, Snippet]:
    """Format -> code in a language (``python``, ``kotlin``, ``swift``, ``javascript``), the preferred one first."""
    if language == PYTHON:
        return dict.fromkeys(default_formats(), Snippet("predict.py.j2"))
    found = {form.name: form.snippets[language] for form in FORMATS if language in form.snippets}
    return dict(sorted(found.items(), key=lambda item: item[1].rank))


def snippet(language: str, artifact: Artifact) -> str:
    """What feeds the artifact and reads its answer, in a language of its format."""
    return render(
        "fer_edge.export.bundle",
        snippets_of(language)[artifact.format].template,
        variant=artifact.variant,
        file=f"bundle/{artifact.path}",
    ).strip()
