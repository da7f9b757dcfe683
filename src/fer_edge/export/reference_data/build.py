"""The pictures that artifacts are compared on and the original's answers, made by the parent while children import converters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.arrays import CALIBRATION_FILE, put_array
from fer_edge.export.pictures.calibration import (
    FEWEST,
    SPLIT,
    CalibrationSet,
    count_images,
    divide,
    find_doubts,
)
from fer_edge.export.pictures.folder import Locate, PictureOptions, read_folder
from fer_edge.export.pictures.images import ImageSet, Tick, draw_faces
from fer_edge.export.pictures.own_pictures import choose_own
from fer_edge.export.pictures.parity_inputs import (
    EXTREMES,
    HEAVY_MACS,
    LEAST,
    choose_count,
    parity_inputs,
)
from fer_edge.export.reference_data.app_mistakes import Effects, measure_mistakes
from fer_edge.export.reference_model.inference import (
    check_kind,
    count_multiply_accumulates,
    outputs,
    probabilities,
)
from fer_edge.export.reference_model.model import ReferenceModel
from fer_edge.export.reference_model.soundness import Soundness, check_soundness
from fer_edge.export.sources.check import ImportCheck
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import ExportError

SYNTHETIC = "synthetic"
ACCURACY_FILE = "accuracy.npy"
SAMPLES = 2000
"""Drawn faces by default: a drop of one point in a hundred is then seen, its interval is about +-0.5 points."""
PARITY_SOURCE = "parity-source.txt"
"""Beside the parity inputs: which pictures they are, in words."""
PARITY_SEED = 1
"""Parity's faces are of the test split, as accuracy's are, but others: no picture is used for both."""


@dataclass(frozen=True)
class ReferenceData:
    """Pictures of an export, and what the original answers to them.

    Attributes:
        calibration: images that measured ranges, if any.
        accuracy: labeled images, if asked for.
        accuracy_reference: the original's probabilities on each, (n, labels) float32.
        labels: of the original, in order.
        warnings: sentences about what is doubtful.
        mistakes: what mistakes of an app cost; None: not measured.
        imported: the verdict on the import, where the network came from another framework's file.
    """

    calibration: CalibrationSet | None = None
    accuracy: ImageSet | None = None
    accuracy_reference: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    mistakes: Effects | None = None
    imported: ImportCheck | None = None


class ReferenceDataBuilder:
    """Makes pictures, asks the original about them, and puts both where the children look.

    Args:
        original: answers first.
        options: where pictures come from.
        common: the children's shared folder.
        tick: called between pictures.

    Attributes:
        asked: pictures that the original was checked on, (n, height, width, 3) uint8; none before.
    """

    def __init__(self, original: ReferenceModel, options: PictureOptions, common: Path, tick: Tick) -> None:
        self.original, self.options, self.common, self.tick = original, options, common, tick
        self.asked: NDArray[np.uint8] = np.zeros((0, 1, 1, 3), np.uint8)
        self._macs = count_multiply_accumulates(original.module, original.contract)

    def check_original(self) -> tuple[Soundness, NDArray[np.float32]]:
        """Check the original on the parity inputs.

        Returns:
            What was found, and its probabilities, (n, labels) float32.

        Raises:
            ExportError: it is not fit to be exported.
        """
        pictures = self._parity_inputs(self.options.parity_inputs or choose_count(self._macs))
        soundness = check_soundness(self.original, pictures, self.tick)
        self.asked = pictures
        found = probabilities(soundness.rows, self.original.contract)
        if not self._has_own_pictures():
            self._put_parity(pictures, soundness.rows, _say_drawn(len(pictures) - EXTREMES))
        return soundness, found

    def put_parity(self, recorded: Sequence[int]) -> None:
        """Parity inputs and answers of an original that was checked before.

        Args:
            recorded: how many a bundle says there were, for each artifact; followed within reason where the options
                do not say how many.
        """
        usual = choose_count(self._macs)
        again = max(LEAST, min(max(recorded), 10 * usual)) if recorded else usual
        count = self.options.parity_inputs or again
        pictures = self._parity_inputs(count)
        rows = self._outputs(pictures)
        check_kind(rows, self.original.contract)
        self._put_parity(pictures, rows, _say_drawn(count - EXTREMES))

    def repeat_calibration(self, recorded: Mapping[str, str]) -> None:
        """Put the pictures that ranges were taken from where the children look.

        Args:
            recorded: variant -> SHA-256 of its calibration images, as a bundle has it. Where none has that of the faces drawn
                here, an empty array is put there.

        Raises:
            ExportError: the folder of the options holds other pictures.
        """
        images = self._divide_calibration(self.options.locator()).measuring
        same = images.sha256 in recorded.values()
        if not same and self.options.calibration is not None:
            raise ExportError(
                f"--calibration {self.options.calibration}: its pictures are not those that ranges were measured on "
                f"(SHA-256 {images.sha256[:12]}..., the manifest says {next(iter(recorded.values()))[:12]}...); repeat "
                "--skip-unknown, --map, --detect, --detector and --faces as the export had them"
            )
        put_array(self.common / CALIBRATION_FILE, images.scaled if same else images.scaled[:0])

    def put_accuracy(self) -> tuple[ImageSet, NDArray[np.float32]] | None:
        """Labeled pictures where the children look, and the original's probabilities; None where none are asked for."""
        images = self._accuracy(self.options.locator())
        if images is None:
            return None
        return images, probabilities(self._outputs(images.scaled), self.original.contract)

    def build(self, *, calibrated: bool, warnings: tuple[str, ...] = ()) -> ReferenceData:
        """All further pictures.

        Args:
            calibrated: whether any variant needs calibration images.
            warnings: what is doubtful already.

        Raises:
            ExportError: pictures cannot be had.
            PictureError: a picture of a folder cannot be read.
        """
        locate = self.options.locator()
        calibration = self._calibration(locate) if calibrated else None
        accuracy = self._accuracy(locate)
        judging = calibration or self._uncalibrated(locate)
        rows = None if accuracy is None else self._outputs(accuracy.scaled)
        answers = None if rows is None else probabilities(rows, self.original.contract)
        own = self._own_pictures(judging, accuracy)
        if calibration:
            evaluation = [] if accuracy is None else [accuracy]
            warnings += find_doubts(calibration, self.original.contract, evaluation)
        read = (("calibration", judging.held_out if judging else None), ("accuracy", accuracy))
        left_out = [f"{name}: {images.left_out}" for name, images in read if images and images.left_out]
        mistakes = measure_mistakes(self.original, self.options, locate, self._macs, self.tick)
        labels = tuple(self.original.contract.labels)
        said = (*warnings, *own, *left_out)
        return ReferenceData(calibration, accuracy, answers, labels, said, mistakes)

    def _parity_inputs(self, count: int) -> NDArray[np.uint8]:
        contract = self.original.contract
        faces = draw_faces("test", count - EXTREMES, contract, seed=PARITY_SEED, tick=self.tick)
        return parity_inputs(faces.scaled, contract)

    def _has_own_pictures(self) -> bool:
        """Whether faces of the user's own will be the parity inputs."""
        return any(
            place not in (None, SYNTHETIC) for place in (self.options.calibration, self.options.accuracy)
        )

    def _own_pictures(self, calibration: CalibrationSet | None, accuracy: ImageSet | None) -> tuple[str, ...]:
        """Make the user's own pictures the parity inputs, where there are any; a sentence where they are few."""
        if not self._has_own_pictures():
            return ()
        count = (self.options.parity_inputs or choose_count(self._macs)) - EXTREMES
        options = self.options
        own = choose_own(
            calibration if options.calibration not in (None, SYNTHETIC) else None,
            accuracy if options.accuracy not in (None, SYNTHETIC) else None,
            count,
        )
        pictures, said = own.pictures, own.source
        missing = count - len(pictures) if len(pictures) < FEWEST else 0
        if missing > 0:
            contract = self.original.contract
            drawn = draw_faces("test", missing, contract, seed=PARITY_SEED, tick=self.tick).scaled
            pictures = np.concatenate([pictures, drawn]) if len(pictures) else drawn
            said = f"{said} and {_say_drawn(missing)}" if said else _say_drawn(missing)
        inputs = parity_inputs(pictures, self.original.contract)
        self._put_parity(inputs, self._outputs(inputs), said)
        if not missing or not len(own.pictures):
            return ()
        return (
            f"only {len(own.pictures)} pictures of yours can judge files ({FEWEST} or more would); drawn faces were added",
        )

    def _put_parity(self, pictures: NDArray[np.uint8], rows: NDArray[np.float32], source: str) -> None:
        write_bytes(self.common / PARITY_SOURCE, source.encode())
        self._put("parity", pictures, rows)

    def _outputs(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return outputs(self.original.module, self.original.contract, pictures, self.tick)

    def _put(self, name: str, pictures: NDArray[np.uint8], rows: NDArray[np.float32]) -> NDArray[np.float32]:
        found = probabilities(rows, self.original.contract)
        put_array(self.common / f"{name}.npy", pictures)
        put_array(self.common / f"{name}-reference.npy", found)
        return found

    def _calibration(self, locate: Locate | None) -> CalibrationSet:
        calibration = self._divide_calibration(locate)
        held_out = calibration.held_out.scaled
        rows = self._outputs(held_out)
        put_array(self.common / CALIBRATION_FILE, calibration.measuring.scaled)
        self._put("held-out", held_out, rows)
        return calibration

    def _uncalibrated(self, locate: Locate | None) -> CalibrationSet | None:
        """The user's own calibration images where no variant is calibrated: all of them judge, none measures ranges."""
        if self.options.calibration in (None, SYNTHETIC):
            return None
        images = self._read_calibration(Path(str(self.options.calibration)), locate)
        return CalibrationSet(images.take([]), images, ())

    def _divide_calibration(self, locate: Locate | None) -> CalibrationSet:
        if self.options.calibration in (None, SYNTHETIC):
            return divide(draw_faces(SPLIT, self._calibration_count, self.original.contract, tick=self.tick))
        return divide(self._read_calibration(Path(str(self.options.calibration)), locate))

    def _read_calibration(self, path: Path, locate: Locate | None) -> ImageSet:
        contract, count = self.original.contract, self._calibration_count
        return read_folder(path, contract, self.options, locate, labeled=False, limit=count, tick=self.tick)

    @property
    def _calibration_count(self) -> int:
        return count_images(heavy=self._macs > HEAVY_MACS)

    def _accuracy(self, locate: Locate | None) -> ImageSet | None:
        options, contract = self.options, self.original.contract
        if options.accuracy is None:
            return None
        place, limit = self.common / ACCURACY_FILE, options.accuracy_samples
        if options.accuracy != SYNTHETIC:
            path = Path(options.accuracy)
            return read_folder(
                path, contract, options, locate, labeled=True, limit=limit, tick=self.tick, into=place
            )
        images = draw_faces("test", limit or SAMPLES, contract, tick=self.tick)
        if (images.labels < 0).any():
            raise ExportError(
                f"--accuracy synthetic needs a model with emotion labels; this one has {', '.join(contract.labels)}"
            )
        put_array(place, images.scaled)
        return images


def _say_drawn(count: int) -> str:
    return f"{count} drawn faces"
