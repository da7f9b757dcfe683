"""Findings about a data set, as figures and as text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer_edge.console.output import visible
from fer_edge.console.table import table
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.faults import LONGEST, SHOWN
from fer_edge.train.evaluation.texts import percent
from fer_edge.train.look.survey import Looked, Repeat
from fer_edge.train.look.two_labels import SideBySide

SCHEMA = "fer-edge-look/1"
COPIES = 4
"""Copies of one picture that a line names."""


@dataclass(frozen=True)
class Findings:
    """Everything that a look at a data set gives.

    Attributes:
        looked: the data.
        repeats: pictures that are there more than once.
        labels: both label files of FER2013; None where not both are there.
        classes_given: whether the classes are others than the recipe's own because the folders have them.
    """

    looked: Looked
    repeats: Sequence[Repeat]
    labels: SideBySide | None
    classes_given: bool = False

    def next_line(self) -> str:
        """The command that trains on the data."""
        recipe, data = self.looked.recipe, self.looked.data
        words = ["fer-train", recipe.name, *(["--data", str(data)] if data else [])]
        words += ["--classes", ",".join(recipe.classes)] if self.classes_given else []
        return shlex.join([*words, "--out", "run"])


def document(found: Findings) -> dict[str, Any]:
    """For programs; lists are cut, numbers are of all there are."""
    looked = found.looked
    return {
        "schema": SCHEMA,
        "data": None if looked.data is None else str(looked.data),
        "recipe": looked.recipe.name,
        "classes": list(looked.recipe.classes),
        "splits": {
            split: {"faces": sum(counts.values()), "classes": counts}
            for split, counts in looked.counts().items()
        },
        "augmentation": looked.recipe.augmentation,
        "faults": {
            kind: {"count": len(texts), "first": [shorten(text) for text in texts[:SHOWN]]}
            for kind, texts in looked.kinds().items()
        },
        "refused": looked.refused,
        "repeated": _repeated(found.repeats),
        "two_labels": None if found.labels is None else _labels(found.labels),
        "notes": [shorten(note) for note in looked.notes],
    }


def _repeated(repeats: Sequence[Repeat]) -> dict[str, Any]:
    return {
        "pictures": len(repeats),
        "faces": sum(len(repeat.copies) for repeat in repeats),
        "same_bytes": sum(repeat.exact for repeat in repeats),
        "in_two_splits": sum(repeat.apart for repeat in repeats),
        "of_different_labels": sum(repeat.contradicting for repeat in repeats),
        "first": [line(repeat) for repeat in repeats[:SHOWN]],
    }


def line(repeat: Repeat) -> str:
    """A repetition for people, not longer than a fault."""
    copies = [visible(copy.text)[: LONGEST // COPIES] for copy in repeat.copies[:COPIES]]
    rest = len(repeat.copies) - len(copies)
    more = f" and {rest} more" if rest else ""
    return f"{'same bytes' if repeat.exact else 'alike'}: {' = '.join(copies)}{more}"


def _labels(labels: SideBySide) -> dict[str, Any]:
    same, decided = labels.agreement()
    return {
        "rows": len(labels.rows),
        "with_majority": decided,
        "agreeing": same,
        "table": labels.table() if labels.rows else {},
        "faults": {"count": len(labels.faults), "first": [shorten(text) for text in labels.faults[:SHOWN]]},
    }


def sentences(found: Findings) -> list[str]:
    """Sentences for what the numbers do not say by themselves: faults, repetitions, agreement."""
    looked = found.looked
    said = [fault_sentence(looked)]
    if looked.seen:
        said.append(repetitions(found.repeats))
    if found.labels is not None:
        said.append(agreement(found.labels))
    return said


def shorten(text: str) -> str:
    """A text with names out of files, short enough to be shown, and without signs that are none."""
    text = visible(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def fault_sentence(looked: Looked) -> str:
    """A sentence: numbers of faults of each kind, and what follows."""
    if not looked.faults:
        return "Nothing is wrong with the files."
    counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in looked.kinds().items())
    ending = "fer-train refuses the data as it is" if looked.refused else "those faces are left out"
    many = "s" if len(looked.faults) > 1 else ""
    return f"{len(looked.faults)} fault{many} ({counts}): {ending}."


def repetitions(repeats: Sequence[Repeat]) -> str:
    """A sentence: numbers of pictures that are there more than once, and what is bad about it."""
    if not repeats:
        return "No picture is there more than once."
    found = _repeated(repeats)
    one = found["pictures"] == 1
    return (
        f"{found['pictures']} picture{'' if one else 's'} {'is' if one else 'are'} there more than once, as {found['faces']} "
        f"faces: {found['in_two_splits']} in two splits, {found['of_different_labels']} with different labels."
    )


def agreement(labels: SideBySide) -> str:
    """A sentence: the share on which both label files agree."""
    if not labels.rows:
        return f"FER2013 and FER+ cannot be laid side by side: {shorten(labels.faults[0]) if labels.faults else 'no rows'}."
    same, decided = labels.agreement()
    share = percent(same / decided if decided else None)
    contempt = f"; FER2013 has no {', '.join(sorted(set(EMOTIONS) - set(labels.table())))}"
    return f"FER2013 and FER+ agree for {same} of the {decided} faces on which most voters saw one emotion, {share}{contempt}."


def text(found: Findings, page: str, *, width: int | None) -> str:
    """For a terminal: classes by split, sentences, where the page is and what comes next."""
    counts = found.looked.counts()
    rows = class_rows(counts, found.looked.recipe.classes)
    head = ("class", *counts, "share")
    said = "\n".join(sentences(found))
    told = table(head, rows, right=head[1:], width=width)
    following = "" if found.looked.refused or not found.looked.faces else f"\nNext: {found.next_line()}"
    return f"{told}\n\n{said}\n\nPage: {page}{following}"


def class_rows(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> list[tuple[str, ...]]:
    """A row a class, and one for all: faces in each split, and the share of all faces."""
    total = sum(sum(found.values()) for found in counts.values())
    rows = []
    for name in classes:
        numbers = [found[name] for found in counts.values()]
        rows.append((name, *map(str, numbers), percent(sum(numbers) / total if total else None)))
    sums = [sum(found.values()) for found in counts.values()]
    return [*rows, ("together", *map(str, sums), percent(1.0 if total else None))]
