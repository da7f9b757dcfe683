"""Wrong labels found by a CycleGAN, and training without them: drawn faces with planted noise.

    python benchmarks/studies/ambiguous_labels.py --work FOLDER

1. 800 clear drawn faces, happiness and sadness in turn; 15 % of each class get the other label (fixed seed).
2. A CycleGAN (48x48 gray, 16 filters, 4 residual blocks) is trained between the two noisy classes.
3. Each face goes through the generator that leads away from its label. Similarity to the translation at 0.85 or more
   makes the list; precision and recall against the planted swaps there and at every other threshold.
4. A small network is trained on the noisy set, on it without the list, without as many random faces, without the most
   similar 15 %, without as many random faces, without the planted ones (the oracle), and with the generated faces added;
   all for the same number of steps, several seeds each; tested on 1,000 clean faces of persons not seen before.

Everything was fixed before the first run. Each stage leaves its result in the work folder, so that a stopped study goes
on where it was; ``--stage`` runs one alone. One thread.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import ROOT
from numpy.typing import NDArray
from runner import Asked, Document, option, store, study
from short_training import kept_arrays, normalize
from torch import Tensor, nn
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

from fer_edge.faces.face import LabeledFace
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.stats.intervals import wilson
from fer_edge.synthetic import SyntheticFaces
from fer_edge.synthetic.face import DrawnFace
from fer_edge.train.cyclegan.choices import THRESHOLD, Choices
from fer_edge.train.cyclegan.data import Domain
from fer_edge.train.cyclegan.generate import about, generate
from fer_edge.train.cyclegan.model import Direction
from fer_edge.train.cyclegan.pictures import sample_grid, save_grid, save_histogram
from fer_edge.train.cyclegan.similarity import Score, list_ambiguous, scores
from fer_edge.train.cyclegan.training import CycleGan, fit
from fer_edge.train.data.arrays import Arrays
from fer_edge.train.data.faces import Crops, Faces
from fer_edge.train.datasets.ambiguous_list import write_list
from fer_edge.train.datasets.curated import Subset, augment, reduce
from fer_edge.train.datasets.generated import write_provenance
from fer_edge.train.datasets.label_maps import one_hot
from fer_edge.train.models.separable import SeparableNet

CLASSES = ("happiness", "sadness")
COLUMNS = [EMOTIONS.index(name) for name in CLASSES]
FACES, TEST_FACES, NOISE, NOISE_SEED = 800, 1000, 0.15, 7
CHOICES = Choices(*CLASSES, size=48, channels=1, width=16, blocks=4, epochs=24, batch_size=2, seed=0)
CROPS = Crops(CHOICES.size, CHOICES.size, 1, CHOICES.margin, 1, 0)
BLOCKS = ((24, 1), (48, 2), (96, 2), (96, 1))
STEPS, BATCH, RATE = 400, 32, 3e-3
BASE = "noisy"
CONTROLS = {"reduced": "random_removed", "reduced_own": "random_removed_own"}
"""Sets that a gain must be compared with: as many faces left out at random."""
STAGES = ("gan", "list", "networks")
Values = NDArray[Any]


class Relabeled:
    """Clear drawn faces of which some carry the other class's label.

    Attributes:
        swapped: (n,) bool, which ones.
    """

    def __init__(self, faces: SyntheticFaces, share: float, seed: int) -> None:
        self.faces = faces
        self.drawn: dict[int, DrawnFace] = {}
        self.swapped = np.zeros(len(faces), bool)
        rng = np.random.default_rng(seed)
        for first in range(len(CLASSES)):  # the classes take turns
            own = np.arange(first, len(faces), len(CLASSES))
            self.swapped[rng.permutation(own)[: round(share * len(own))]] = True

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> LabeledFace:
        # Every set is made of the same faces: they are drawn once.
        face = self.drawn.get(index) or self.drawn.setdefault(index, self.faces[index])
        name = CLASSES[1 - CLASSES.index(face.emotion)] if self.swapped[index] else face.emotion
        return DrawnFace(**{**vars(face), "label": one_hot(name)})

    def name(self, index: int) -> str:
        """As the series calls it."""
        return self.faces.name(index)

    def sha256(self) -> str:
        """Of the series; the swaps are fixed."""
        return self.faces.sha256()


def run(asked: Asked) -> Document:
    """Run the stages that are asked for; what was measured, after the last."""
    torch.set_num_threads(1)
    work, images = asked.work, asked.images
    work.mkdir(parents=True, exist_ok=True)
    noisy = Relabeled(SyntheticFaces("train", FACES, emotions=CLASSES, clear=True), NOISE, NOISE_SEED)
    if asked.stage in ("", "gan"):
        gan_stage(noisy, work, images)
    if asked.stage in ("", "list"):
        list_stage(noisy, work, images)
    if asked.stage not in ("", "networks"):
        sys.exit()
    networks_stage(noisy, work, asked.seeds)
    epochs = [json.loads(line) for line in (work / "gan.jsonl").read_text(encoding="utf-8").splitlines()]
    return {
        "versions": {name: version(name) for name in ("torch", "numpy", "scikit-image")},
        "data": {
            "classes": list(CLASSES), "train_faces": FACES, "test_faces": TEST_FACES, "noise": NOISE,
            "noise_seed": NOISE_SEED, "faces": "clear, drawn",
        },
        "cyclegan": {**vars(CHOICES), "last_epoch": epochs[-1]},
        "list": json.loads((work / "list.json").read_text(encoding="utf-8")),
        "network": {"blocks": BLOCKS, "steps": STEPS, "batch_size": BATCH, "learning_rate": RATE},
        "training": compare_conditions(work),
    }  # fmt: skip


def gan_stage(noisy: Relabeled, work: Path, images: Path) -> None:
    """Train the CycleGAN, from its snapshot if there is one."""
    classes = _domains(noisy, work)
    gan, started = CycleGan(CHOICES), time.process_time()

    def tell(line: dict[str, float], trained: CycleGan) -> None:
        seconds = time.process_time() - started
        print({name: round(value, 4) for name, value in line.items()}, f"{seconds:.0f} s CPU", flush=True)
        with (work / "gan.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "cpu_seconds": seconds}) + "\n")
        save_grid(work / f"epoch-{trained.epoch:04d}.png", _grid(trained, classes))

    first, second = (classes[name].images for name in CLASSES)
    fit(gan, first, second, work, tell, resume=True)
    save_grid(images / "cyclegan-samples.png", _grid(gan, classes))


def list_stage(noisy: Relabeled, work: Path, images: Path) -> None:
    """Score every face; write the lists and the generated faces; judge the list by the planted swaps."""
    classes, directions = _domains(noisy, work), _directions(work)
    found = [score for way in directions for score in scores(way.network, classes[way.source], way.source)]
    similarity = np.zeros(len(noisy))
    for score in found:
        similarity[score.index] = score.ssim
    for name, threshold in (("published", THRESHOLD), ("own", own_threshold(similarity))):
        write_list(work / f"{name}.csv", list_ambiguous(found, noisy, threshold))
    folder = work / "generated"
    folder.mkdir(exist_ok=True)
    made = [one for way in directions for one in generate(way, classes[way.source], noisy, folder, CHOICES)]
    write_provenance(folder, about("0" * 64, CHOICES, CHOICES.seed, directions), made)
    groups = {
        "label as drawn": similarity[~noisy.swapped].tolist(),
        "label swapped": similarity[noisy.swapped].tolist(),
    }
    save_histogram(images / "cyclegan-similarity.png", groups, THRESHOLD)
    store(work / "list.json", judge_list(similarity, noisy.swapped, found))


def own_threshold(similarity: Values) -> float:
    """The similarity above which the noise's share of all faces lies: who knows the share needs no labels for it."""
    return float(np.sort(similarity)[::-1][round(NOISE * len(similarity)) - 1])


def judge_list(similarity: Values, swapped: Values, found: list[Score]) -> dict[str, Any]:
    """Precision and recall of lists by similarity."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(swapped), len(swapped)) for _ in range(2000)]
    resampled = [average_precision(similarity[draw], swapped[draw]) for draw in draws]
    own = {name: np.array([score.index for score in found if score.label == name]) for name in CLASSES}
    return {
        "faces": len(swapped),
        "swapped": int(swapped.sum()),
        "base_rate": round(float(swapped.mean()), 4),
        "at_published_threshold": at_threshold(similarity, swapped, THRESHOLD),
        "at_own_threshold": at_threshold(similarity, swapped, own_threshold(similarity)),
        "average_precision": round(average_precision(similarity, swapped), 4),
        "average_precision_interval": np.quantile(resampled, (0.025, 0.975)).round(4).tolist(),
        "roc_auc": round(area(similarity, swapped), 4),
        "roc_auc_by_label": {name: round(area(similarity[at], swapped[at]), 4) for name, at in own.items()},
        "similarity_quantiles": {
            name: np.quantile(similarity[chosen], (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)).round(4).tolist()
            for name, chosen in (("as_drawn", ~swapped), ("swapped", swapped))
        },
        "curve": curve(similarity, swapped),
    }


def average_precision(similarity: Values, swapped: Values) -> float:
    """Area under precision over recall; the base rate for a list by chance."""
    return float(binary_average_precision(torch.from_numpy(similarity), torch.from_numpy(swapped).long()))


def area(similarity: Values, swapped: Values) -> float:
    """Area under the receiver's curve: 0.5 by chance."""
    return float(binary_auroc(torch.from_numpy(similarity), torch.from_numpy(swapped).long()))


def curve(similarity: Values, swapped: Values) -> list[dict[str, float]]:
    """Precision and recall at up to 60 thresholds, spread over the faces."""
    ordered = np.unique(similarity)
    chosen = ordered[np.unique(np.linspace(0, len(ordered) - 1, 60).round().astype(int))]
    return [
        {key: row[key] for key in ("threshold", "listed", "precision", "recall")}
        for row in (at_threshold(similarity, swapped, float(threshold)) for threshold in chosen)
    ]


def at_threshold(similarity: Values, swapped: Values, threshold: float) -> dict[str, Any]:
    """Counts, precision and recall with Wilson's 95 % intervals."""
    listed_ones = similarity >= threshold
    hits, count, planted = int((listed_ones & swapped).sum()), int(listed_ones.sum()), int(swapped.sum())
    return {
        "threshold": round(threshold, 4),
        "listed": count,
        "hits": hits,
        "precision": round(hits / count, 4) if count else None,
        "precision_interval": [round(bound, 4) for bound in wilson(hits, count)] if count else None,
        "recall": round(hits / planted, 4),
        "recall_interval": [round(bound, 4) for bound in wilson(hits, planted)],
    }


def conditions(noisy: Relabeled, work: Path) -> dict[str, Faces]:
    """The training sets that are compared; an empty list makes none, since nothing would be left out."""
    published, own = (_reduced(noisy, work / f"{name}.csv") for name in ("published", "own"))
    sets: dict[str, Faces | None] = {
        "noisy": noisy,
        "reduced": published,
        "random_removed": _some(noisy, len(published) if published else 0, 1),
        "reduced_own": own,
        "random_removed_own": _some(noisy, len(own) if own else 0, 2),
        "augmented": augment(noisy, work / "generated", CLASSES),
        "reduced_own_augmented": augment(own, work / "generated", CLASSES) if own else None,
        "oracle": Subset(noisy, np.flatnonzero(~noisy.swapped)),
    }
    return {
        name: faces
        for name, faces in sets.items()
        if faces is not None and (name == BASE or len(faces) != len(noisy))
    }


def networks_stage(noisy: Relabeled, work: Path, seeds: int) -> None:
    """Train the small networks; each run's answers to the test faces are kept."""
    clean = SyntheticFaces("test", TEST_FACES, emotions=CLASSES, clear=True)
    test = kept_arrays(work / "test.npz", clean, CROPS, COLUMNS)
    sets = {
        name: kept_arrays(work / f"set-{name}.npz", faces, CROPS, COLUMNS)
        for name, faces in conditions(noisy, work).items()
    }
    # Seed by seed, so that a study that is cut short has compared the same seeds.
    for seed, (name, arrays) in itertools.product(range(seeds), sets.items()):
        path = work / f"run-{name}-{seed}.json"
        if not path.exists() and len(np.unique(arrays.labels.argmax(1))) == len(CLASSES):
            right, loss = train(arrays, test, seed)
            print(name, seed, len(arrays), f"{right.mean():.4f}", flush=True)
            store(path, {"faces": len(arrays), "loss": loss, "right": right.astype(int).tolist()})


def train(arrays: Arrays, test: Arrays, seed: int) -> tuple[Values, float]:
    """Train one network; whether it is right on each test face, and its last training loss."""
    torch.manual_seed(seed)
    network = SeparableNet(1, 16, BLOCKS, len(CLASSES), 0.0)
    images = torch.from_numpy(arrays.crops[:, 0])
    labels = torch.from_numpy(arrays.labels)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    total = 0.0
    for _ in range(STEPS):
        at = torch.randint(len(images), (BATCH,))
        flips = torch.rand(BATCH, 1, 1, 1) < 0.5
        batch = torch.where(flips, images[at].flip(-1), images[at])
        loss = nn.functional.cross_entropy(network(normalize(batch / 255)), labels[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total = float(loss.detach())
    network.eval()
    with torch.inference_mode():
        guesses = network(normalize(torch.from_numpy(test.crops[:, 0]) / 255)).argmax(1).numpy()
    return guesses == test.labels.argmax(1), total


def compare_conditions(work: Path) -> dict[str, Any]:
    """Accuracy of each condition and its difference to the noisy set and to its control, with intervals.

    The intervals tell of networks' seeds and test faces; of the CycleGAN and the noise there is one draw.
    """
    runs: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(work.glob("run-*.json")):
        name = path.stem.removeprefix("run-").rpartition("-")[0]
        runs.setdefault(name, []).append(json.loads(path.read_text(encoding="utf-8")))
    right = {name: np.array([one["right"] for one in found]) for name, found in runs.items()}
    return {
        name: {
            "faces": runs[name][0]["faces"],
            "seeds": len(flags),
            "accuracies": flags.mean(1).round(4).tolist(),
            "mean": round(float(flags.mean()), 4),
            "gain_over": {
                other: {
                    "gain": round(float(flags.mean() - right[other].mean()), 4),
                    "interval": gain_interval(flags, right[other]),
                }
                for other in (BASE, CONTROLS.get(name))
                if other in right and other != name
            },
        }
        for name, flags in right.items()
    }


def gain_interval(flags: Values, base: Values) -> list[float]:
    """95 % percentile bootstrap of the difference of mean accuracies, over seeds and test faces alike.

    Args:
        flags: (seeds, faces) 0 or 1, right or wrong.
        base: the same of the condition that is compared with.
    """
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(4000):
        faces = rng.integers(0, flags.shape[1], flags.shape[1])
        means = [a[rng.integers(0, len(a), len(a))][:, faces].mean() for a in (flags, base)]
        gains.append(means[0] - means[1])
    return [round(float(bound), 4) for bound in np.quantile(gains, (0.025, 0.975))]


def _some(faces: Faces, count: int, seed: int) -> Faces | None:
    drawn = np.random.default_rng(seed).permutation(len(faces))[:count]
    return Subset(faces, np.sort(drawn)) if count else None


def _reduced(noisy: Relabeled, path: Path) -> Faces | None:
    from fer_edge.runtime.errors import DataError

    try:
        return reduce(noisy, path)
    except DataError as error:  # the list holds every face
        print(error, flush=True)
        return None


def _domains(noisy: Relabeled, work: Path) -> dict[str, Domain]:
    arrays = kept_arrays(work / "set-noisy.npz", noisy, CROPS, COLUMNS)
    strongest = arrays.labels.argmax(1)
    return {
        name: Domain(
            torch.from_numpy(arrays.crops[strongest == at, 0]),
            tuple(np.flatnonzero(strongest == at).tolist()),
        )
        for at, name in enumerate(CLASSES)
    }


def _directions(work: Path) -> list[Direction]:
    gan = CycleGan(CHOICES)
    fit(gan, torch.empty(0), torch.empty(0), work, lambda *_: None, resume=True)
    return [Direction(*CLASSES, gan.forward), Direction(*CLASSES[::-1], gan.backward)]


def _grid(gan: CycleGan, classes: Mapping[str, Domain]) -> Tensor:
    first, second = (classes[name].images for name in CLASSES)
    return sample_grid(gan, first, second)


if __name__ == "__main__":
    study(
        run,
        option("--work", None, "folder for what the stages leave", type=Path, required=True),
        option("--stage", "", "this one alone; the ones before must be done", choices=("", *STAGES)),
        option("--seeds", 5, "networks a condition"),
        option("--images", ROOT / "docs" / "images"),
    )
