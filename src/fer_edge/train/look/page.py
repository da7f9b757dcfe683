"""The page, with its pictures and lists beside it."""

from __future__ import annotations

from pathlib import Path

from fer_edge.console.output import visible
from fer_edge.console.rendering import render
from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.datasets.faults import LISTING, SHOWN
from fer_edge.train.look import cards
from fer_edge.train.look.cards import PICTURES, REPEATS, Pictures
from fer_edge.train.look.document import Findings, fault_sentence, shorten
from fer_edge.train.look.pictures import examples

PAGE = "look.html"


def write(found: Findings, folder: Path, count: int) -> Path:
    """Write the page, the pictures, and the lists of all faults and repetitions.

    Args:
        found: what was found.
        folder: made if absent; what an earlier look left there and this one has nothing to show for is removed.
        count: examples of each class.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures: Pictures = {}
    page = _text(found, count, pictures)
    files = {**pictures, **_lists(found)}
    for name in (*PICTURES, LISTING, REPEATS):
        if name in files:
            write_bytes(folder / name, files[name])
        else:
            (folder / name).unlink(missing_ok=True)
    write_text(folder / PAGE, page)
    return folder / PAGE


def _lists(found: Findings) -> dict[str, bytes]:
    lines = {LISTING: found.looked.faults, REPEATS: [repeat.text for repeat in found.repeats]}
    return {
        name: "".join(f"{visible(each)}\n" for each in texts).encode()
        for name, texts in lines.items()
        if texts
    }


def _text(found: Findings, count: int, pictures: Pictures) -> str:
    looked = found.looked
    shown = examples(looked, count)
    name = shorten(looked.data.resolve().name) if looked.data else "Drawn faces"
    faulty_notes = [fault_sentence(looked)] if looked.faults else []
    return render(
        "fer_edge.train.look",
        "look.html.j2",
        title=f"{name}: {looked.faces} faces",
        subtitle=f"{shorten(str(looked.data or 'No data'))}, as the recipe {looked.recipe.name} reads it.",
        notes=[*faulty_notes, *map(shorten, looked.notes)],
        tiles=_tiles(found),
        classes=cards.classes(found, shown, pictures),
        views=cards.views(looked, shown, pictures),
        labels=cards.labels(found, pictures),
        faults=_faults(found),
        repeats=cards.repeats(found, pictures),
    )


def _faults(found: Findings) -> list[tuple[str, list[str]]]:
    """Of each kind its title and the first ones."""
    kinds = []
    for kind, texts in found.looked.kinds().items():
        more = [f"and {len(texts) - SHOWN} more; all of them are in {LISTING}"] if len(texts) > SHOWN else []
        kinds.append((f"{len(texts)} {kind}", [*map(shorten, texts[:SHOWN]), *more]))
    return kinds


def _tiles(found: Findings) -> list[tuple[str, str, str]]:
    looked, repeats = found.looked, found.repeats
    counts = looked.counts()
    sums = [sum(split[name] for split in counts.values()) for name in looked.recipe.classes]
    there = [count for count in sums if count]
    parts = ", ".join(f"{split} {sum(split_counts.values())}" for split, split_counts in counts.items())
    tiles = [
        ("Faces", str(looked.faces), parts or "none can be read"),
        ("Classes", str(len(there)), f"of {len(sums)} asked for"),
    ]
    if there:
        tiles.append(("Imbalance", f"{max(there) / min(there):.1f}", "largest class / smallest"))
    if looked.data is not None:
        apart = sum(repeat.apart for repeat in repeats)
        tiles.append(("Faults", str(len(looked.faults)), "files, rows, classes"))
        tiles.append(("Repeated", str(len(repeats)), f"pictures; {apart} in two splits"))
    return tiles
