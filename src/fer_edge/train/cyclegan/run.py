"""The training of a pair, from open faces to written files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.console.output import Output
from fer_edge.train.cyclegan.choices import Choices, Origin
from fer_edge.train.cyclegan.data import load_domains, open_faces
from fer_edge.train.cyclegan.model import write_model
from fer_edge.train.cyclegan.pictures import sample_grid, save_grid

if TYPE_CHECKING:
    from fer_edge.train.cyclegan.training import CycleGan

SAMPLES = "samples"


def train(
    choices: Choices,
    origin: Origin,
    data: Path | None,
    out: Path,
    output: Output,
    *,
    resume: bool = False,
    sample_every: int = 1,
    workers: int | None = None,
) -> dict[str, Any]:
    """Train; leaves ``cyclegan.safetensors``, ``last.ckpt``, ``log.jsonl`` and ``samples/epoch-NNNN.png`` in ``out``.

    Args:
        choices: of networks and schedule.
        origin: of the faces.
        data: of ``--data``.
        out: folder, made if absent.
        output: where progress goes.
        resume: go on from the folder's snapshot.
        sample_every: epochs from grid to grid; the last epoch always has one.
        workers: processes that prepare faces; None: one a core.

    Returns:
        The command's result: paths, hash, faces of each class, losses of the last epoch.
    """
    from fer_edge.train.cyclegan.training import CycleGan, fit

    faces = open_faces(origin, data, (choices.source, choices.target))
    classes = load_domains(faces, choices, (choices.source, choices.target), output, workers)
    x, y = (classes[name].images for name in (choices.source, choices.target))
    samples = out / SAMPLES
    samples.mkdir(parents=True, exist_ok=True)

    def sample(_losses: Mapping[str, float], trained: CycleGan) -> None:
        if trained.epoch % sample_every == 0 or trained.epoch == choices.epochs:
            save_grid(samples / f"epoch-{trained.epoch:04d}.png", sample_grid(trained, x, y))

    gan = CycleGan(choices)
    history = fit(gan, x, y, out, sample, output=output, resume=resume)
    path = write_model(out, gan, origin, faces.sha256())
    return {
        "model": str(path),
        "samples": str(samples),
        "faces": {name: len(domain) for name, domain in classes.items()},
        "epochs": gan.epoch,
        "losses": {name: value for name, value in history[-1].items() if name != "epoch"},
    }
