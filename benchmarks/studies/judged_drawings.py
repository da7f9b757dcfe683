"""Agreement of five trained networks' first guess with what was drawn: by emotion, way of drawing and skin tone.

    python benchmarks/studies/judged_drawings.py --folder judges

Clear frontal faces of the test split, contempt aside, which no judge knows. What the judges say most often instead is named. It tells
where drawings mislead a network that learns from them: what it takes for neutral here, it will not find on people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from judges import SEVEN, SIZE, bring_judges
from numpy.typing import NDArray
from runner import Asked, Document, option, study

from fer_edge.synthetic import SyntheticFaces
from fer_edge.synthetic.face import DrawnFace
from fer_edge.synthetic.identity import draw_identity
from fer_edge.synthetic.streams import stream
from fer_edge.synthetic.style import draw_style
from fer_edge.train.data.faces import Crops

TONES = ((165, "light"), (110, "medium"), (0, "dark"))
"""Least mean of a skin's RGB, and its name."""


def run(asked: Asked) -> Document:
    """Every judge on ``count`` drawings."""
    drawn = list(SyntheticFaces("test", asked.count, seed=11, clear=True, frontal=True, emotions=SEVEN))
    crops = Crops(SIZE, SIZE, 3, 0.1, 1, 0)
    pictures = np.stack([crops.of_face(face, 0)[0].transpose(1, 2, 0) for face in drawn])
    answers = {name: judge(pictures) for name, judge in bring_judges(asked.folder).items()}
    guesses = np.stack([answer.argmax(1) for answer in answers.values()], 1)
    mean = np.mean(list(answers.values()), 0).argmax(1)
    wanted = np.array([SEVEN.index(face.emotion) for face in drawn])
    groups = {
        "emotion": [face.emotion for face in drawn],
        "style": [draw_style(stream(face.seed, "style"), frontal=True).hand for face in drawn],
        "skin": [_tone(face) for face in drawn],
    }
    return {
        "schema": "fer-edge-judged-drawings/1",
        "faces": len(drawn),
        "judges": {name: _round((guesses[:, at] == wanted).mean()) for at, name in enumerate(answers)},
        **{f"by_{kind}": _by(np.array(names), guesses, mean, wanted) for kind, names in groups.items()},
    }


def _tone(face: DrawnFace) -> str:
    shade = draw_identity(stream(face.seed, "identity")).skin.mean()
    return next(name for least, name in TONES if shade >= least)


def _by(
    names: NDArray[np.str_], guesses: NDArray[np.intp], mean: NDArray[np.intp], wanted: NDArray[np.intp]
) -> dict[str, Document]:
    return {
        str(name): {
            "faces": int((names == name).sum()),
            "agreement": _round((guesses[names == name] == wanted[names == name, None]).mean()),
            "mean_of_judges": _round((mean[names == name] == wanted[names == name]).mean()),
            "said": {SEVEN[at]: count for at, count in Counter(mean[names == name].tolist()).most_common(3)},
        }
        for name in dict.fromkeys(names.tolist())
    }


def _round(share: float) -> float:
    return round(float(share), 4)


def show(found: Document) -> Iterator[str]:
    """A line a group."""
    for kind in ("emotion", "style", "skin"):
        for name, row in found[f"by_{kind}"].items():
            said = ", ".join(f"{label} {count}" for label, count in row["said"].items())
            yield f"{kind:8} {name:10} {row['agreement']:6.1%}, their mean {row['mean_of_judges']:6.1%} of {row['faces']}: {said}"


if __name__ == "__main__":
    study(
        run, option("--count", 420), option("--folder", Path("judges"), "where packages are kept"), show=show
    )
