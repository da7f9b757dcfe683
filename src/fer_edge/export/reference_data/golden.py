"""The bundle's golden vectors: a handful of camera frames with what the original answers to them."""

from __future__ import annotations

from pathlib import Path

from fer_edge.export.reference_model.inference import outputs, probabilities
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.golden import write_vector
from fer_edge.synthetic import EMOTIONS, render_face

CAMERAS = ("rgba", "nv21", "nv12", "i420")
SIZE = 96
"""Edge of the pictures in pixels: small enough that a bundle stays small, large enough to be scaled."""
SEED = 7


def write_golden(folder: Path, original: ReferenceModel) -> None:
    """One face for each way in which a phone delivers pictures, and one whole picture without a box."""
    folder.mkdir()
    for index, camera in enumerate(CAMERAS):
        _write(folder, original, camera, EMOTIONS[index], boxed=True)
    _write(folder, original, CAMERAS[1], EMOTIONS[4], boxed=False)


def _write(folder: Path, original: ReferenceModel, camera: str, emotion: str, *, boxed: bool) -> None:
    contract = original.contract
    # A multiple of three plus two is a seed of the test split; see ``SyntheticFaces``.
    seed = 3 * (SEED + EMOTIONS.index(emotion)) + 2
    face = render_face(seed, emotion=emotion, clear=True, frontal=True, size=SIZE, camera=camera)
    box = face.box if boxed else None
    picture = scaled(
        face.frame,
        contract.input.width,
        contract.input.height,
        box=box,
        crop_margin=contract.camera.crop_margin,
        mirror=contract.camera.mirror,
    )
    rows = outputs(original.module, contract, picture[None])
    name = f"{camera}-{'face' if boxed else 'whole'}-rot{face.frame.rotation}"
    answer = probabilities(rows, contract)[0].tolist()
    text = write_vector(name, face.frame, contract, box=box, probabilities=answer)
    write_bytes(folder / f"{name}.json", text.encode("utf-8"))
