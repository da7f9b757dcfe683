"""The verdict on an import: the module that was made of a file answers as the file does in its own runtime.

The file is run in a child, which may write nowhere and has no network; it is compared with its hash there first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.reference_model.inference import make_batch
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.runtime.errors import CheckFailed, MissingExtra
from fer_edge.runtime.extras import need

MAX_ABS = 1e-5
"""Of any probability: float32 sums in another order."""
WALL_SECONDS = 1200
RUNTIMES = {"onnx": ("onnx", "onnxruntime"), "keras": ("keras", "keras")}
"""Extra and module of each kind's own runtime."""

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class ImportCheck:
    """What came of it.

    Attributes:
        kind: of the file, ``onnx`` or ``keras``.
        verdict: ``pass`` or ``not-run``; a ``fail`` ends the export.
        reason: why it was not run.
        engine: the runtime with its version.
        inputs: pictures that both answered.
        max_abs: largest difference of any probability.
        top1_agreement: share of pictures with the same first label, of those whose margin exceeds what is allowed.
        limit: what was allowed.
        notes: what was left out of the file or found in it.
    """

    kind: str
    verdict: str
    reason: str | None = None
    engine: str | None = None
    inputs: int = 0
    max_abs: float | None = None
    top1_agreement: float | None = None
    limit: Mapping[str, float] = field(default_factory=lambda: {"max_abs": MAX_ABS, "top1_agreement": 1.0})
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        return {**asdict(self), "notes": list(self.notes)}


def check_import(
    original: ReferenceModel, path: Path, output: int | str | None, pictures: NDArray[np.uint8], rows: Rows
) -> ImportCheck | None:
    """Ask the file's own runtime about the parity inputs.

    Args:
        original: the imported module with its contract.
        path: the file.
        output: which of the file's outputs is the answer; None: its only one.
        pictures: (n, height, width, 3) uint8 RGB.
        rows: what the module answers, (n, labels) float32.

    Returns:
        The verdict; None for an original that was not imported.

    Raises:
        CheckFailed: they differ.
    """
    source = original.source
    if source is None:
        return None
    extra, module = RUNTIMES[source.kind]
    try:
        need(extra, module)
    except MissingExtra as error:
        return ImportCheck(source.kind, "not-run", f"the import was not judged: {error}", notes=source.notes)
    engine, answers, reason = _ask(original, path, output, pictures)
    if answers is None or answers.shape != rows.shape:
        reason = (
            reason or f"it answers {answers.shape if answers is not None else 'nothing'}, not {rows.shape}"
        )
        return ImportCheck(
            source.kind, "not-run", f"the import was not judged: {reason}", engine or None, notes=source.notes
        )
    return _compare(original, engine, rows, answers)


def _compare(original: ReferenceModel, engine: str, rows: Rows, answers: Rows) -> ImportCheck:
    source, kind = original.source, original.contract.output.kind
    assert source is not None
    ours, theirs = rows.astype(np.float64), answers.astype(np.float64)
    if source.final == "sigmoid":
        ours = 1 / (1 + np.exp(-ours))
    elif kind == "logits":
        ours, theirs = _softmax(ours), _softmax(theirs)
    worst = float(np.abs(ours - theirs).max())
    ordered = np.sort(theirs, axis=1)
    clear = (
        ordered[:, -1] - ordered[:, -2] > 2 * MAX_ABS if theirs.shape[1] > 1 else np.ones(len(theirs), bool)
    )
    same = (ours.argmax(1) == theirs.argmax(1))[clear]
    agreement = float(same.mean()) if same.size else 1.0
    if not (worst <= MAX_ABS and agreement == 1.0):
        raise CheckFailed(
            f"the import is at fault: the network that was read from the {source.kind} file answers up to {worst:.2g} away from "
            f"{engine} ({MAX_ABS:g} is allowed) and agrees on {agreement:.2%} of first labels; please report the file, and take its "
            "PyTorch weights with --arch meanwhile"
        )
    return ImportCheck(source.kind, "pass", None, engine, len(rows), worst, agreement, notes=source.notes)


def _softmax(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.exp(rows - rows.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return found


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


def _ask(
    original: ReferenceModel, path: Path, output: int | str | None, pictures: NDArray[np.uint8]
) -> tuple[str, Rows | None, str | None]:
    """The runtime's name, its answers, and why there are none."""
    assert original.source is not None
    with tempfile.TemporaryDirectory(prefix="fer-import-") as name:
        folder = Path(name)
        np.save(folder / "tensors.npy", as_the_file_is_fed(original, pictures))
        log = (folder / "log.txt").open("wb")
        words = [original.source.kind, str(path.absolute()), original.checkpoint_sha256, str(folder)]
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
