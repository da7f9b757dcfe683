"""Second opinions on the artifacts of a bundle: its golden vectors, answered by two unrelated engines.

They say what engines make of the same file, and nothing about the file: what disagrees here is no fault of it, and no
verdict depends on it. An app that runs in the second engine is the one who must know.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.verify.report import ArtifactReport, SecondOpinion
from fer_edge.export.verify.second_opinion import answering
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.formats import CALIBRATED

if TYPE_CHECKING:
    from fer_edge.console.output import Output
    from fer_edge.runtime.bundle import Bundle
    from fer_edge.runtime.golden import Vector

VARIABLE = "FER_EDGE_SECOND_PYTHON"
SECONDS = 300
"""For one artifact in one engine; the reference implementation of ONNX takes about a second a picture."""
FLOAT, QUANTIZED = 1e-4, 0.1
"""How far two engines may be apart in a probability. Float arithmetic differs in the order of its sums. Of integers, a tie is
rounded up by one engine and down by another, layer after layer: 0.01 to 0.05 was seen, and 0.3 and more where one was wrong."""


@dataclass(frozen=True, slots=True)
class SecondEngine:
    """An engine that is asked second.

    Attributes:
        name: in ``answering.ENGINES``.
        module: which an interpreter must have for it.
        variable: instead of a module, the environment variable that names its program.
    """

    name: str
    module: str = ""
    variable: str = ""


SECOND: dict[str, tuple[SecondEngine, ...]] = {
    "onnx": (SecondEngine("onnx.reference", "onnx"),),
    "tflite": (
        SecondEngine("android-tflite", variable=answering.ANDROID),
        SecondEngine("tflite-runtime", "tflite_runtime"),
        SecondEngine("tensorflow", "tensorflow"),
    ),
}
"""Format -> engines that share no code with the one that judges, the preferred one first."""
NONE = {
    "torchscript": "no other engine runs it; its code and its bytecode, two programs, were compared for the verdict",
    "coreml": "no other engine runs it; on macOS Core ML and coreml-spec both give the verdict",
    "executorch": "no other engine runs it",
}


def find_second_opinions(
    bundle: Bundle,
    sound: Mapping[str, ArtifactReport],
    vectors: Sequence[Vector],
    pythons: Sequence[Path],
    output: Output,
) -> None:
    """Add to each report what a second engine makes of its file.

    Args:
        bundle: the bundle; nothing in it is written.
        sound: reports by variant, of artifacts whose files and contracts are as they should be.
        vectors: sound golden vectors.
        pythons: further interpreters in whose environments engines may be installed.
        output: for progress.
    """
    interpreters = [
        sys.executable,
        *map(str, pythons),
        *filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)),
    ]
    modules = {engine.module for engines in SECOND.values() for engine in engines} - {""}
    found = {python: _installed(python, modules) for python in dict.fromkeys(interpreters)}
    pictures = [vector.run().scaled for vector in vectors]
    with output.progress("Second opinions", len(sound)) as progress:
        for one in sound.values():
            one.second_opinion = _opinion(bundle, one, pictures, found)
            progress.advance()


def _installed(python: str, modules: set[str]) -> set[str]:
    """Those modules that an interpreter could import; nothing is imported to find out."""
    code = "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code, *sorted(modules)],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return set()
    return set(done.stdout.split())


def _opinion(
    bundle: Bundle, one: ArtifactReport, pictures: list[NDArray[np.uint8]], found: Mapping[str, set[str]]
) -> SecondOpinion:
    artifact = one.artifact
    if artifact.format not in SECOND:
        return SecondOpinion("not-run", reason=NONE.get(artifact.format, "no other engine runs it"))
    if not pictures:
        return SecondOpinion("not-run", reason="the bundle has no sound golden vectors")
    engines = SECOND[artifact.format]
    places = [
        (engine, python)
        for engine in engines
        for python, has in found.items()
        if engine.module in has or os.environ.get(engine.variable)
    ]
    if not places:
        return SecondOpinion("not-run", reason=_needs(engines))
    (engine, python), contract = places[0], Contract.parse(artifact.contract)
    path = bundle.path.resolve().joinpath(*artifact.path.split("/"))
    tensors = np.stack([to_tensor(picture, contract) for picture in pictures])
    first = _ask(sys.executable, "fer-edge", path, contract, tensors)
    second = _ask(python, engine.name, path, contract, tensors)
    return _compare(artifact.precision, engine.name, first, second)


def _needs(engines: Sequence[SecondEngine]) -> str:
    names = " or ".join(engine.name for engine in engines if engine.module)
    programs = [f"{engine.name}: {engine.variable}" for engine in engines if engine.variable]
    said = f"needs {names}; name an interpreter that has it (--second-python or {VARIABLE})"
    return "; ".join([said, *(f"or the program of {each}" for each in programs)])


@dataclass(frozen=True, slots=True)
class _Answer:
    """An engine's: who it was and (n, labels) probabilities, or why there are none."""

    library: str = ""
    probabilities: NDArray[np.float32] | None = None
    error: str = ""


def _ask(python: str, engine: str, path: Path, contract: Contract, tensors: NDArray[Any]) -> _Answer:
    with tempfile.TemporaryDirectory(prefix="fer-second-") as name:
        folder = Path(name)
        np.save(folder / "tensors.npy", tensors)
        ends = {"input": contract.input.name, "output": contract.output.name, "contract": contract.text}
        job = folder / "job.json"
        job.write_text(json.dumps({"engine": engine, "artifact": str(path), **ends}), encoding="utf-8")
        # -I would hide fer-edge where it is no installed package; it is asked for by its own engine only.
        alone = "-P" if engine == "fer-edge" else "-I"
        try:
            with subprocess.Popen(
                [python, alone, answering.__file__, str(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:
                try:
                    code = process.wait(SECONDS)
                finally:
                    process.kill()
        except subprocess.TimeoutExpired:
            return _Answer(error=f"no answer in {SECONDS} seconds")
        except OSError as error:
            return _Answer(error=f"{python} cannot be run: {error.strerror or error}")
        return _read(folder, code, contract)


def _read(folder: Path, code: int, contract: Contract) -> _Answer:
    try:
        said = json.loads((folder / "said.json").read_text(encoding="utf-8"))
        if "error" in said:
            return _Answer(error=str(said["error"]))
        raw = np.load(folder / "answers.npy", allow_pickle=False)
        scaled = contract.quantization.output
        if scaled is not None:
            raw = (raw.astype(np.float32) - scaled.zero_point) * np.float32(scaled.scale)
        return _Answer(str(said["library"]), raw.astype(np.float32))
    except (OSError, ValueError, KeyError):
        return _Answer(error=f"its process ended with {code}")


def _compare(precision: str, name: str, first: _Answer, second: _Answer) -> SecondOpinion:
    if first.probabilities is None:
        return SecondOpinion("not-run", reason=f"the first engine did not answer: {first.error}")
    if second.probabilities is None:
        return SecondOpinion("refused", engine=name, reason=f"{name}, not the file: {second.error}")
    mine, theirs = first.probabilities, second.probabilities
    if mine.shape != theirs.shape or not np.isfinite(theirs).all():
        return SecondOpinion(
            "differs", second.library, reason=f"{second.library} answers with NaN or another shape"
        )
    worst, limit = (
        float(np.abs(mine - theirs).max()),
        QUANTIZED if precision in {"dynamic", *CALIBRATED} else FLOAT,
    )
    labels = float((mine.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    agreed = SecondOpinion("agrees", second.library, len(mine), worst, labels)
    if worst <= limit:
        return agreed
    reason = (
        f"{second.library} and {first.library} answer up to {worst:.2g} apart (allowed {limit:g}): the engines differ, the file "
        f"is the same; the verdict is {first.library}'s"
    )
    return SecondOpinion("differs", second.library, len(mine), worst, labels, reason)
