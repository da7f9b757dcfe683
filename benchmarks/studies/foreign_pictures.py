"""Other people's odd pictures: every file of a folder, whole and cut off, is answered or refused within the limits.

    python benchmarks/studies/foreign_pictures.py FOLDER

FOLDER holds unpacked sources of libraries whose tests have pictures, broken ones among them; nothing of them is kept here. The
stored result is of Pillow 13.0, pillow-avif-plugin 1.6, pypng, pyvips 3.2, Wand 0.7, imageio 2.38, imagesize 2.0, piexif 1.1,
filetype 1.2 and puremagic 1.30 from PyPI, and of exiv2 0.27.6 (its reported crashes), libtiff 4.5, libpng 1.6.39, giflib 5.2,
libjpeg-turbo 2.1.5, OpenJPEG 2.5 and libexif 0.6.24 as Debian has them: ``pip download --no-binary :all: --no-deps``,
``apt-get source --download-only``.

One process recognizes all of them, one after the other, as the server does. Every file, whatever its name, is taken for a picture.
Then each that was answered is cut at seven places: what is left is refused, or gives the very same pixels (a second frame or
metadata was lost). Goals: no other ending; a refusal within 250 ms of processor time and 250 MB above idle; none of the cut ones
gives other pixels.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import DEMO_BUNDLE
from runner import Asked, Document, option, study

REFUSED_MB, REFUSED_SECONDS = 250, 0.25
LARGEST_CUT = 3_000_000
"""Bytes of a file that is cut."""


def run(asked: Asked) -> Document:
    """Both parts."""
    files = sorted(path for path in Path(asked.folder).rglob("*") if path.is_file() and not path.is_symlink())
    if not files:
        raise SystemExit(f"{asked.folder} holds no files")
    codes, rows = recognize_all(files, asked.model)
    cuts, different = cut_all(files)
    refused = [row for row in rows if row["code"] != "answered"]
    worst = {
        "refused_mb": max((row["mb"] for row in refused), default=0),
        "refused_seconds": max((row["seconds"] for row in refused), default=0),
    }
    within = worst["refused_mb"] <= REFUSED_MB and worst["refused_seconds"] <= REFUSED_SECONDS
    return {
        "goals": {"refused_mb": REFUSED_MB, "refused_seconds": REFUSED_SECONDS, "cut_and_different": 0},
        "files": len(files),
        "codes": dict(sorted(codes.items())),
        "worst": worst,
        "cuts": dict(sorted(cuts.items())),
        "cut_and_different": different,
        "met": within and not different,
    }


def recognize_all(files: list[Path], model_path: Path) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Every file by the function that all commands use."""
    from fer_edge.predict.failures import CODES
    from fer_edge.predict.recognition import make_face_finder, recognize_picture
    from fer_edge.predict.sources.picture import SourcePicture
    from fer_edge.runtime import load

    find, model = make_face_finder("haar", None), load(model_path)
    for data in small_pictures():
        recognize_picture(SourcePicture("warm", "warm", data=data), find, model)
    rows = []
    for path in files:
        before, start = highest_memory(), time.process_time()
        result, _ = recognize_picture(SourcePicture(path.name, path.name, path), find, model)
        seconds = time.process_time() - start
        code = result.failure.code if result.failure else "answered"
        if code not in {*CODES, "answered"}:
            raise SystemExit(f"{path.name}: {code} is no code of the table")
        mb = round((highest_memory(reset=False) - before) / 1e6, 1)
        rows.append({"code": code, "seconds": round(seconds, 3), "mb": mb})
    return Counter(str(row["code"]) for row in rows), rows


def cut_all(files: list[Path]) -> tuple[Counter[str], list[str]]:
    """What becomes of the files that can be read when they are cut, and those that give other pixels."""
    ends, different = Counter[str](), []
    for path in files:
        data = path.read_bytes()
        whole = pixels_or_code(data) if len(data) <= LARGEST_CUT else "too-large"
        if not isinstance(whole, bytes):
            continue
        size = len(data)
        for cut in sorted({size // 10, size // 3, size // 2, size * 9 // 10, size - 12, size - 2, size - 1}):
            left = pixels_or_code(data[: max(cut, 0)])
            ends[left if isinstance(left, str) else "same" if left == whole else "different"] += 1
            if isinstance(left, bytes) and left != whole:
                different.append(f"{path.name} at {cut} of {size}")
    return ends, different


def pixels_or_code(data: bytes) -> bytes | str:
    """A digest of the pixels, or the code of the refusal."""
    from fer_edge.faces.pictures import read_picture
    from fer_edge.runtime.errors import PictureError

    try:
        return hashlib.sha256(read_picture(data).planes[0].tobytes()).digest()
    except PictureError as error:
        return error.code


def small_pictures() -> Iterator[bytes]:
    """One of each kind, so that every decoder is there before anything is measured."""
    from PIL import Image

    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "JPEG2000", "BMP", "PPM"):
        buffer = io.BytesIO()
        Image.new("RGB", (600, 600), (9, 99, 200)).save(buffer, kind)
        yield buffer.getvalue()


def highest_memory(*, reset: bool = True) -> int:
    """Bytes in memory at most since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split("VmHWM:")[1].split()[0]) * 1024


def show(document: Document) -> Iterator[str]:
    """Counts and the worst."""
    yield f"{document['files']} files: {document['codes']}"
    yield f"worst refusal: {document['worst']}"
    yield f"cut off: {document['cuts']}"
    yield from document["cut_and_different"]


if __name__ == "__main__":
    study(run, option("folder", None, "of pictures"), option("--model", DEMO_BUNDLE), show=show)
