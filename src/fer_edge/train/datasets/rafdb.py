"""RAF-DB, its basic emotions: 15,339 faces from the web, each labeled by about 40 people (Li, Deng, Du 2017, CVPR).

Layout, as the owners ship ``basic`` (whdeng.cn/RAF/model1.html)::

    EmoLabel/list_patition_label.txt       train_00001.jpg 5
    Image/aligned/train_00001_aligned.jpg  100x100, cut out and aligned

The names say the split: ``train_`` (12,271) or ``test_`` (3,068); there is no validation, which is a tenth of train here. Codes
are 1 surprise, 2 fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral. The list and the pictures may also lie in the
folder itself, in ``basic``, or the pictures in ``aligned``, as archives and copies have them. Copies of Kaggle that are
sorted into folders 1 to 7 are for the recipe ``folder``, with ``--map 1=surprise,2=fear,...``. The compound emotions (codes to
11) are no single ones and are not read; nor are the whole photographs of ``Image/original``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.common import check_splits, open_folder, select
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import one_hot
from fer_edge.train.datasets.pictures import Entry, PictureFile
from fer_edge.train.datasets.request import DataRequest
from fer_edge.train.datasets.splits import SHARES

LIST = "list_patition_label.txt"
"""The owners' spelling."""
LISTS = ("EmoLabel", "", "basic/EmoLabel", "basic")
IMAGES = ("Image/aligned", "aligned", "Image", "")
"""Where the list and the pictures may lie; these beside ``EmoLabel``, or beside the list where it lies elsewhere."""
EMOTION_CODES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
"""Of code 1, 2, ..."""
SPLITS = {"train": "train", "test": "test"}
"""First word of a name -> split."""
ALL = 11
"""Codes of the compound list."""


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train and test as the owners divided them, and validation held out of train.

    Args:
        request: options ``overlap``, ``hashes``, ``faulty``.

    Raises:
        DataError: every fault, all at once.
    """
    folder, faults = open_folder(request)
    splits: dict[str, list[Entry]] = {split: [] for split in SPLITS.values()}
    listed = request.table or _find_list(folder)
    if listed is None:
        faults.add("missing", f"EmoLabel/{LIST}, with Image/aligned/ beside EmoLabel/")
    else:
        _read(listed, splits, faults)
    chosen = {split: select(entries, request.classes) for split, entries in splits.items()}
    made = {"validation": SHARES["validation"]} if chosen["train"] else {}
    return check_splits(request, chosen, faults, made=made)


def _find_list(folder: Path) -> Path | None:
    return next((path for place in LISTS if (path := folder / place / LIST).is_file()), None)


def _read(listed: Path, splits: Mapping[str, list[Entry]], faults: Faults) -> None:
    """Entries by split; a malformed line, a code of another set and a missing picture are faults."""
    beside = listed.parent.parent if listed.parent.name.lower() == "emolabel" else listed.parent
    found = [home for place in IMAGES if (home := beside / place).is_dir()]
    lines = listed.read_text("utf-8-sig", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        entry = _entry(fields, found, f"{listed.name} line {number}", faults)
        if entry is not None:
            splits[SPLITS[fields[0].partition("_")[0]]].append(entry)


def _entry(fields: list[str], homes: list[Path], where: str, faults: Faults) -> Entry | None:
    name, code = fields[0], fields[-1]
    if len(fields) != 2 or name.partition("_")[0] not in SPLITS or Path(name).name != name:
        faults.add("row", f"{where}: {' '.join(fields)[:60]!r} is no line such as 'train_00001.jpg 5'")
    elif code not in map(str, range(1, len(EMOTION_CODES) + 1)):
        meant = "; the compound emotions are not read" if code in map(str, range(ALL + 1)) else ""
        faults.add("row", f"{where}: code {code[:20]!r}; allowed: 1 to {len(EMOTION_CODES)}{meant}")
    else:
        label = tuple(one_hot(EMOTION_CODES[int(code) - 1]).tolist())
        stem = Path(name).stem
        for shown in (f"{stem}_aligned.jpg", name):
            path = next((path for home in homes if (path := home / shown).is_file()), None)
            if path is not None:
                return Entry(name, PictureFile(path, shown), label)
        faults.add("missing", f"Image/aligned/{stem}_aligned.jpg, of {where}")
    return None
