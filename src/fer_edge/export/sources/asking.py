"""A file of another framework run in that framework's own runtime, in a child that may write nowhere and has no network."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.reference_model.inference import make_batch
from fer_edge.export.reference_model.model import ReferenceModel

WALL_SECONDS = 1200
RUNTIMES = {"onnx": ("onnx", "onnxruntime"), "keras": ("keras", "keras")}
"""Extra and module of each kind's own runtime."""

Rows = NDArray[np.float32]


def as_the_file_is_fed(original: ReferenceModel, pictures: NDArray[np.uint8]) -> Rows:
    """What the file itself takes for these pictures, before anything that was taken out of it.

    Args:
        original: with the source, whose scale, channel order and layout are undone.
        pictures: (n, height, width, 3) uint8 RGB.
    """
    source = original.source
    assert source is not None
    tensors: Rows = make_batch(pictures, original.contract).numpy()
    if original.bgr:
        tensors = tensors[:, ::-1]
    if source.scale:
        scale, offset = (
            np.array(one, np.float64).reshape(1, -1, 1, 1) for one in (source.scale, source.offset)
        )
        tensors = ((tensors - offset) / scale).astype(np.float32)
    return np.ascontiguousarray(tensors.transpose(0, 2, 3, 1) if source.layout == "NHWC" else tensors)


def answer_as_fed(original: ReferenceModel, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The imported module's answers in float64 to exactly what the file is fed, (n, labels).

    Args:
        original: with the source.
        pictures: (n, height, width, 3) uint8 RGB.
    """
    import torch

    source = original.source
    assert source is not None
    tensors = as_the_file_is_fed(original, pictures).astype(np.float64)
    if source.layout == "NHWC":
        tensors = tensors.transpose(0, 3, 1, 2)
    if source.scale:
        scale, offset = (
            np.array(one, np.float64).reshape(1, -1, 1, 1) for one in (source.scale, source.offset)
        )
        tensors = tensors * scale + offset
    if original.bgr:
        tensors = tensors[:, ::-1]
    module = copy.deepcopy(original.module).double()
    with torch.inference_mode():
        rows = [module(torch.from_numpy(np.ascontiguousarray(one[None]))) for one in tensors]
    return np.concatenate([row.numpy().reshape(1, -1) for row in rows])


def ask(
    original: ReferenceModel,
    path: Path,
    output: int | str | None,
    pictures: NDArray[np.uint8],
    exactly: bool = False,
) -> tuple[str, Rows | None, str | None]:
    """The runtime's name, its answers, and why there are none.

    Args:
        original: the imported module with its contract and source.
        path: the file.
        output: which of the file's outputs is the answer; None: its only one.
        pictures: (n, height, width, 3) uint8 RGB.
        exactly: of an ONNX file: in float64 by the standard's reference instead.
    """
    assert original.source is not None
    with tempfile.TemporaryDirectory(prefix="fer-import-") as name:
        folder = Path(name)
        np.save(folder / "tensors.npy", as_the_file_is_fed(original, pictures))
        log = (folder / "log.txt").open("wb")
        words = [
            "exact" if exactly else original.source.kind,
            str(path.absolute()),
            original.checkpoint_sha256,
            str(folder),
        ]
        chosen = "" if output is None else f"{type(output).__name__}:{output}"
        with (
            log,
            subprocess.Popen(
                [sys.executable, "-P", "-m", "fer_edge.export.sources.child", *words, chosen],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_environment(folder),
            ) as child,
        ):
            try:
                code = child.wait(WALL_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                child.kill()
        engine = _text(folder / "engine.txt")
        answers = folder / "answers.npy"
        if code == 0 and answers.exists():
            return engine, np.load(answers), None
        return engine, None, _text(folder / "error.txt") or f"its process ended with code {code}"


def _environment(folder: Path) -> dict[str, str]:
    here = str(Path(__file__).parents[3])
    paths = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    settings = {
        "KERAS_BACKEND": "torch",
        "KERAS_HOME": str(folder),
        "HOME": str(folder),
        "TMPDIR": str(folder),
    }
    return {**os.environ, **settings, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}


def _text(path: Path) -> str:
    return path.read_text(errors="replace")[:400] if path.exists() else ""
