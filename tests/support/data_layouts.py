"""Small data sets of drawn faces, byte for byte in the layouts that the owners publish. Nothing here is a real data set.

Each function fills a folder. Ratings and votes are made up around the emotion that was drawn.
"""

import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image

from fer_edge.runtime.camera import scaled
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic import render_face

SEVEN = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SPOKEN = dict(
    zip(SEVEN, ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"), strict=True)
)
FER2013_CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
AFFECTNET_CODES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
JAFFE_POSES = {
    "HA": "happiness",
    "SA": "sadness",
    "SU": "surprise",
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
}
JAFFE_ADJECTIVES = ("happiness", "sadness", "surprise", "anger", "disgust", "fear")

README = """JAPANESE FEMALE FACIAL EXPRESSION DATABASE

The database contains images of 7 facial expressions. The numbers below are averaged over
60 subjects; 5 is high, 1 is low. See KA-AN1 and its neighbors.

------------------------------------------------------------------------------
Semantic Ratings Data

# HAP SAD SUR ANG DIS FEA PIC
------------------------------------------------------------------------------
{rows}
------------------------------------------------------------------------------

Semantic Ratings Data (Fear Excluded)

# HAP SAD SUR ANG DIS PIC
1 4.90 1.10 1.20 1.30 1.40 {first}

6 images were left out, 213 remain.
"""


def face(emotion, seed, size=64):
    """(size, size, 3) uint8: a clear frontal face, cut out by its box."""
    drawn = render_face(seed, emotion=emotion, clear=True, frontal=True, size=120)
    return scaled(drawn.frame, size, size, box=drawn.box, crop_margin=0.1)


def gray_face(emotion, seed, size=48):
    return np.asarray(Image.fromarray(face(emotion, seed, size)).convert("L"))


def jaffe(folder: Path, *, persons=("KA", "KL", "KM"), takes=1, prose=True, name="README_FIRST.txt"):
    """``KA.AN1.39.tiff`` and the rating table in a text file; the neutral pose is rated like the others."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(60)
    rows = []
    for person in persons:
        for pose, emotion in {**JAFFE_POSES, "NE": "neutral"}.items():
            for take in range(1, takes + 1):
                number = len(rows) + 1
                key = f"{person}-{pose}{take}"
                picture = gray_face(emotion, 1000 + number, 256)
                Image.fromarray(picture).save(folder / f"{key.replace('-', '.')}.{number}.tiff")
                ratings = [
                    (4.2 if adjective == emotion else 1.5) + rng.uniform(-0.4, 0.4)
                    for adjective in JAFFE_ADJECTIVES
                ]
                rows.append(f"{number} {' '.join(f'{value:.2f}' for value in ratings)} {key}")
    table = "\n".join(rows)
    text = README.format(rows=table, first=f"{persons[0]}-HA1")
    (folder / name).write_text(text if prose else f"# HAP SAD SUR ANG DIS FEA PIC\n{table}\n")
    return folder


def fer2013_rows(counts, seed=2000, emotions=FER2013_CODES):
    """(code, pixels, usage) with ``counts[usage]`` faces of each emotion, the usages one after the other."""
    rows = []
    for usage, count in counts.items():
        for take in range(count):
            for emotion in emotions:
                pixels = gray_face(emotion, seed + len(rows)).reshape(-1)
                rows.append((FER2013_CODES.index(emotion), " ".join(map(str, pixels)), usage, take))
    return [row[:3] for row in rows]


COUNTS = {"Training": 2, "PublicTest": 1, "PrivateTest": 1}


def write_table(path, header, rows):
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(lines.getvalue())


def fer2013(folder: Path, counts=COUNTS, rows=None):
    """``fer2013.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = fer2013_rows(counts) if rows is None else rows
    write_table(folder / "fer2013.csv", ("emotion", "pixels", "Usage"), rows)
    return folder


def ferplus(folder: Path, counts=COUNTS):
    """``fer2013.csv`` and ``fer2013new.csv``: clear votes, one mixed face, one unknown and one that is no face a usage."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, votes = [], []
    for usage, count in counts.items():
        drawn = [emotion for _ in range(count) for emotion in EMOTIONS] + ["happiness", "unknown", "NF"]
        for at, emotion in enumerate(drawn):
            number = len(rows)
            shown = emotion if emotion in EMOTIONS else "neutral"
            pixels = gray_face(shown, 5000 + number).reshape(-1)
            code = FER2013_CODES.index(shown) if shown in FER2013_CODES else 0
            rows.append((code, " ".join(map(str, pixels)), usage))
            votes.append((usage, *_votes(number, emotion, mixed=at == len(drawn) - 3)))
    write_table(folder / "fer2013.csv", ("emotion", "pixels", "Usage"), rows)
    write_table(folder / "fer2013new.csv", ("Usage", "Image name", *EMOTIONS, "unknown", "NF"), votes)
    return folder


def _votes(number, emotion, *, mixed):
    columns = (*EMOTIONS, "unknown", "NF")
    if emotion == "NF":
        return ("", *(10 if column == "NF" else 0 for column in columns))
    counts = dict.fromkeys(columns, 0)
    counts[emotion] = 6 if mixed else 8
    counts["surprise" if emotion != "surprise" else "fear"] += 4 if mixed else 1
    counts["unknown"] += 0 if mixed else 1
    return (f"fer{number:07}.png", *counts.values())


def affectnet_tables(folder: Path, *, header=True):
    """``training.csv``, ``validation.csv`` and ``Manually_Annotated_Images/`` with whole pictures and face boxes."""
    images = folder / "Manually_Annotated_Images"
    for name, takes, seed in (("training.csv", 2, 7000), ("validation.csv", 1, 7500)):
        rows = []
        for at in range(takes * 8 + 3):
            code = at % 8 if at < takes * 8 else 8 + at - takes * 8
            drawn = render_face(
                seed + at,
                emotion=AFFECTNET_CODES[code % 8],
                clear=True,
                frontal=True,
                size=120,
                camera="rgba",
            )
            path = f"{1 + at % 3}/{seed + at:040x}.jpg"
            (images / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(scaled(drawn.frame, 120, 120)).save(images / path, quality=92)
            x0, y0, x1, y1 = map(round, drawn.box)
            landmarks = ";".join(f"{value:.1f}" for value in np.linspace(x0, x1, 136))
            rows.append((path, x0, y0, x1 - x0, y1 - y0, landmarks, code, 0.25, -0.5))
        columns = (
            *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
            *("facial_landmarks", "expression", "valence", "arousal"),
        )
        write_table(folder / name, columns, rows)
        if name == "validation.csv" and not header:
            (folder / name).write_text((folder / name).read_text().split("\n", 1)[1])
    return folder


def affectnet_sets(folder: Path):
    """``train_set/`` and ``val_set/``: ``images/N.jpg`` and four ``annotations/N_*.npy`` of text each."""
    for name, takes, seed in (("train_set", 2, 8000), ("val_set", 1, 8500)):
        images, annotations = folder / name / "images", folder / name / "annotations"
        images.mkdir(parents=True)
        annotations.mkdir()
        for number in range(takes * 8):
            emotion = AFFECTNET_CODES[number % 8]
            Image.fromarray(face(emotion, seed + number, 224)).save(images / f"{number}.jpg", quality=92)
            np.save(annotations / f"{number}_exp.npy", np.array(str(number % 8)))
            np.save(annotations / f"{number}_val.npy", np.array("0.25"))
            np.save(annotations / f"{number}_aro.npy", np.array("-0.5"))
            np.save(annotations / f"{number}_lnd.npy", np.zeros(136))
    return folder


def ferplus_pictures(folder: Path):
    """``FER2013Train/label.csv`` and the pictures beside it, out of the tables of :func:`ferplus`."""
    with (ferplus(folder) / "fer2013new.csv").open(newline="") as file:
        votes = list(csv.reader(file))[1:]
    with (folder / "fer2013.csv").open(newline="") as file:
        pixels = [row[1] for row in csv.reader(file)][1:]
    homes = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
    for (usage, name, *counts), values in zip(votes, pixels, strict=True):
        home = folder / "data" / homes[usage]
        home.mkdir(parents=True, exist_ok=True)
        if name:
            picture = np.array(values.split(), np.uint8).reshape(48, 48)
            Image.fromarray(picture).save(home / name)
            with (home / "label.csv").open("a") as file:
                file.write(f'{name},"(0, 0, 48, 48)",{",".join(counts)}\n')
    for name in ("fer2013.csv", "fer2013new.csv"):
        (folder / name).unlink()
    return folder


RAFDB_CODES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")


def rafdb(folder: Path):
    """``EmoLabel/list_patition_label.txt`` and ``Image/aligned/train_00001_aligned.jpg``, four a class to train on."""
    images, lines = folder / "Image/aligned", []
    images.mkdir(parents=True)
    for split, takes, digits in (("train", 4, 5), ("test", 1, 4)):
        for number in range(1, takes * 7 + 1):
            code, name = 1 + number % 7, f"{split}_{number:0{digits}}"
            drawn = face(RAFDB_CODES[code - 1], 11000 + number + 500 * takes, 100)
            Image.fromarray(drawn).save(images / f"{name}_aligned.jpg", quality=92)
            lines.append(f"{name}.jpg {code}\n")
    (folder / "EmoLabel").mkdir()
    (folder / "EmoLabel/list_patition_label.txt").write_text("".join(lines))
    return folder


def folder(root: Path, *, images=True, takes=2):
    """``images/train/<class>/N.jpg`` and ``images/validation/<class>/N.jpg``, 48x48 gray as Kaggle has them."""
    number = 0
    for split, count in (("train", takes), ("validation", 1)):
        for word in SEVEN:
            place = (root / "images" if images else root) / split / word
            place.mkdir(parents=True, exist_ok=True)
            for _ in range(count):
                Image.fromarray(gray_face(SPOKEN[word], 9000 + number)).save(
                    place / f"{number}.jpg", quality=92
                )
                number += 1
    return root
