"""The pictures that an export is judged by, made by the parent while its children import their converters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.accuracy import SAMPLES
from fer_edge.export.reference_data import calibration as calibrating
from fer_edge.export.reference_data.calibration import CalibrationSet
from fer_edge.export.reference_data.images import ImageSet, Locate, Tick, folder, synthetic
from fer_edge.export.reference_data.parity_inputs import EXTREMES, HEAVY_MACS, default_count, parity_inputs
from fer_edge.export.reference_model.inference import check_kind, multiply_accumulates, outputs, probabilities
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.export.reference_model.soundness import Soundness, check_soundness
from fer_edge.export.worker.job import put_array
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from fer_edge.faces.face import Box
    from fer_edge.runtime.frame import Frame

SYNTHETIC = "synthetic"
ACCURACY_FILE = "accuracy.npy"
PARITY_SEED = 1
"""Parity's faces are of the test split, as accuracy's are, but others: nobody judges twice by the same picture."""


@dataclass(frozen=True)
class PictureOptions:
    """Where pictures come from, as typed.

    Attributes:
        calibration: a folder, ``synthetic`` or None.
        accuracy: the same.
        accuracy_samples: drawn faces for accuracy, or None for the default.
        parity_inputs: number of parity inputs, or None for the default.
        detector: finds the largest face in each picture of a folder; None: a picture is a face.
        faces: or by this file in the form of the prediction JSON.
        skip_unknown: pictures of classes that the model does not know are left out of folders.
        renamed: name of a class folder -> the class that it holds.
    """

    calibration: str | None = None
    accuracy: str | None = None
    accuracy_samples: int | None = None
    parity_inputs: int | None = None
    detector: str | None = None
    faces: Path | None = None
    skip_unknown: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferenceData:
    """What was made.

    Attributes:
        parity_reference: the original's probabilities on the parity inputs, (n, labels) float32.
        calibration: images that measured ranges, if any.
        accuracy: labeled images, if asked for.
        accuracy_reference: the original's first label on each, (n,) int64.
        warnings: sentences about what is doubtful.
    """

    parity_reference: NDArray[np.float32]
    calibration: CalibrationSet | None = None
    accuracy: ImageSet | None = None
    accuracy_reference: NDArray[np.int64] | None = None
    warnings: tuple[str, ...] = field(default=())


def judge(
    original: ReferenceModel, sources: PictureOptions, common: Path, tick: Tick
) -> tuple[Soundness, NDArray[np.float32]]:
    """Judge the original on the parity inputs, and put these and its answers where the children look.

    Returns:
        What was found, and the original's probabilities, (n, labels) float32.

    Raises:
        ExportError: it is not fit to be exported.
    """
    macs = multiply_accumulates(original.module, original.contract)
    pictures = _parity_inputs(original.contract, sources.parity_inputs or default_count(macs), tick)
    judged = check_soundness(original, pictures, tick)
    return judged, _put_parity(original.contract, pictures, judged.rows, common)


def make_reference_data(
    original: ReferenceModel,
    sources: PictureOptions,
    common: Path,
    tick: Tick,
    *,
    reference: NDArray[np.float32],
    calibrated: bool,
    warnings: tuple[str, ...] = (),
) -> ReferenceData:
    """Make all further pictures and the original's answers, and put them where the children look.

    Args:
        original: answers first.
        sources: where from.
        common: the children's shared folder.
        tick: called between pictures.
        reference: the original's probabilities on the parity inputs.
        calibrated: whether any variant needs calibration images.
        warnings: what is doubtful already.

    Raises:
        ExportError: pictures cannot be had.
        PictureError: a picture of a folder cannot be read.
    """
    locate = _locate(sources)
    calibration = None
    if calibrated:
        heavy = multiply_accumulates(original.module, original.contract) > HEAVY_MACS
        calibration = _calibration(original.contract, sources, locate, tick, heavy=heavy)
        _put_calibration(original, calibration, common, tick)
    accuracy, answers = _accuracy(original, sources, locate, common, tick)
    evaluation = [images for images in (accuracy,) if images is not None]
    if calibration:
        warnings += calibrating.doubts(calibration, original.contract, evaluation)
    read = (("calibration", calibration.measuring if calibration else None), ("accuracy", accuracy))
    left_out = [
        f"{name}: {images.left_out}" for name, images in read if images is not None and images.left_out
    ]
    return ReferenceData(reference, calibration, accuracy, answers, (*warnings, *left_out))


def put_parity(original: ReferenceModel, count: int, common: Path, tick: Tick) -> NDArray[np.float32]:
    """Parity inputs and the original's probabilities on them, (count, labels) float32, of an original judged before."""
    contract = original.contract
    pictures = _parity_inputs(contract, count, tick)
    rows = outputs(original.module, contract, pictures, tick)
    check_kind(rows, contract)
    return _put_parity(contract, pictures, rows, common)


def _parity_inputs(contract: Contract, count: int, tick: Tick) -> NDArray[np.uint8]:
    faces = synthetic("test", count - EXTREMES, contract, seed=PARITY_SEED, tick=tick)
    return parity_inputs(faces.scaled, contract)


def _put_parity(
    contract: Contract, pictures: NDArray[np.uint8], rows: NDArray[np.float32], common: Path
) -> NDArray[np.float32]:
    found = probabilities(rows, contract)
    put_array(common / "parity.npy", pictures)
    put_array(common / "parity-reference.npy", found)
    return found


def _calibration(
    contract: Contract, sources: PictureOptions, locate: Locate | None, tick: Tick, *, heavy: bool
) -> CalibrationSet:
    measuring = calibrating.IMAGES_HEAVY if heavy else calibrating.IMAGES
    # Every fifth is held out (see ``divide``), so a quarter more is needed.
    count = measuring + measuring // 4
    if sources.calibration in (None, SYNTHETIC):
        return calibrating.divide(synthetic("train", count, contract, tick=tick))
    path = Path(str(sources.calibration))
    images = folder(
        path,
        contract,
        labeled=False,
        locate=locate,
        limit=count,
        skip_unknown=sources.skip_unknown,
        renamed=sources.renamed,
        tick=tick,
    )
    return calibrating.divide(images)


def _put_calibration(original: ReferenceModel, calibration: CalibrationSet, common: Path, tick: Tick) -> None:
    held_out = calibration.held_out.scaled
    rows = outputs(original.module, original.contract, held_out, tick)
    put_array(common / "calibration.npy", calibration.measuring.scaled)
    put_array(common / "held-out.npy", held_out)
    put_array(common / "held-out-reference.npy", probabilities(rows, original.contract))


def _accuracy(
    original: ReferenceModel, sources: PictureOptions, locate: Locate | None, common: Path, tick: Tick
) -> tuple[ImageSet | None, NDArray[np.int64] | None]:
    if sources.accuracy is None:
        return None, None
    contract = original.contract
    if sources.accuracy == SYNTHETIC:
        images = synthetic("test", sources.accuracy_samples or SAMPLES, contract, tick=tick)
        if (images.labels < 0).any():
            raise ExportError(
                f"--accuracy synthetic needs a model with emotion labels; this one has {', '.join(contract.labels)}"
            )
        put_array(common / ACCURACY_FILE, images.scaled)
    else:
        path = Path(sources.accuracy)
        images = folder(
            path,
            contract,
            labeled=True,
            locate=locate,
            limit=sources.accuracy_samples,
            skip_unknown=sources.skip_unknown,
            renamed=sources.renamed,
            tick=tick,
            into=common / ACCURACY_FILE,
        )
    answers = outputs(original.module, contract, images.scaled, tick).argmax(axis=1).astype(np.int64)
    return images, answers


def _locate(sources: PictureOptions) -> Locate | None:
    if sources.faces is not None:
        from fer_edge.faces.boxes_file import boxes_of, read_boxes

        boxes = read_boxes(sources.faces)
        return lambda name, _frame: _largest(boxes_of(boxes, name))
    if sources.detector is not None:
        from fer_edge.faces.detectors import detect_faces, make_detector

        detector = make_detector(sources.detector)

        def find(_name: str, frame: Frame) -> Box | None:
            return _largest([face.box for face in detect_faces(frame, detector)])

        return find
    return None


def _largest(boxes: Sequence[Box]) -> Box | None:
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)
