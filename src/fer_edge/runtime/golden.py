"""Golden vectors: one JSON file a case, read by the Python, Kotlin and JavaScript tests alike.

A case is a camera frame, what is done with it, and the SHA-256 of what must come out (or the word that the error's
message must hold). A bundle's cases add the original's probabilities.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import scaled, upright
from fer_edge.runtime.camera.tables import fill
from fer_edge.runtime.contract import (
    DTYPES,
    LAYOUTS,
    Contract,
    InputSpec,
    Mean,
    Normalization,
    QuantizationParameters,
    Scale,
    Std,
)
from fer_edge.runtime.errors import BundleError, FrameError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.schema import OMITTED, Choice, Document, Length, Range, Sha256, refuse

ERROR_WORDS = ("y", "u", "v", "rgba", "box", "rotation", "size", "stride")
_WIDEST = 1 << 31
Wide = Annotated[int, Range(-_WIDEST, _WIDEST)]
"""Numbers of a frame are read up to here, so that the frame itself refuses what is out of range."""


@dataclass(frozen=True, slots=True)
class StoredPlane:
    """One plane of a YUV frame."""

    data: Annotated[bytes, "its memory up to the last sample"]
    row_stride: Annotated[Wide, "bytes from row to row"]
    pixel_stride: Annotated[Wide, "bytes from sample to sample"]


@dataclass(frozen=True, slots=True)
class RgbaFrame:
    """A frame of RGBA bytes."""

    kind: Literal["rgba"]
    width: Annotated[Wide, "in pixels"]
    height: Annotated[Wide, "in pixels"]
    row_stride: Annotated[Wide, "bytes from row to row"]
    data: Annotated[bytes, "its memory up to the last sample"]

    def make(self, rotation: int) -> Frame:
        """The camera's picture.

        Raises:
            FrameError: the numbers do not fit together.
        """
        return Frame.from_rgba(
            self.data, width=self.width, height=self.height, row_stride=self.row_stride, rotation=rotation
        )


@dataclass(frozen=True, slots=True)
class YuvFrame:
    """A frame of three planes."""

    kind: Literal["yuv420"]
    width: Annotated[Wide, "in pixels"]
    height: Annotated[Wide, "in pixels"]
    y: StoredPlane
    u: StoredPlane
    v: StoredPlane

    def make(self, rotation: int) -> Frame:
        """The camera's picture.

        Raises:
            FrameError: the numbers do not fit together.
        """
        y, u, v = self.y, self.u, self.v
        if y.pixel_stride != 1:
            raise FrameError(f"pixel stride of y is {y.pixel_stride}; allowed: 1")
        if (u.row_stride, u.pixel_stride) != (v.row_stride, v.pixel_stride):
            raise FrameError(
                f"u and v differ: row stride {u.row_stride} and {v.row_stride}, "
                f"pixel stride {u.pixel_stride} and {v.pixel_stride}; allowed: the same for both"
            )
        return Frame.from_yuv420(
            y.data,
            u.data,
            v.data,
            width=self.width,
            height=self.height,
            y_row_stride=y.row_stride,
            uv_row_stride=u.row_stride,
            uv_pixel_stride=u.pixel_stride,
            rotation=rotation,
        )


StoredFrame = RgbaFrame | YuvFrame


@dataclass(frozen=True, slots=True)
class Target:
    """The tensor of a case. Its size is not checked as a contract's, since cases ask for wrong sizes too."""

    width: Annotated[Wide, "in pixels"]
    height: Annotated[Wide, "in pixels"]
    channels: Annotated[int, Choice(1, 3), "1: gray, 3: RGB"]
    layout: Annotated[str, Choice(*LAYOUTS), "order of the dimensions"]
    dtype: Annotated[str, Choice(*DTYPES), "of each value"]
    mean: Annotated[
        tuple[Mean, ...] | None, Length(1, 3), "one value a channel, in units of v/255; null for v itself"
    ]
    std: Annotated[
        tuple[Std, ...] | None, Length(1, 3), "one value a channel, in units of v/255; null for v itself"
    ]
    scale: Annotated[Scale | None, "of int8"]
    zero_point: Annotated[int | None, Range(-128, 127), "of int8"]

    def check(self) -> None:
        """Mean and std have a value a channel or are both null; scale and zero_point belong to int8, and only to int8."""
        if (self.mean is None) != (self.std is None):
            refuse("std", self.std, "null where mean is null, else a list")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and len(values) != self.channels:
                refuse(name, values, f"a list of {self.channels}")
        for name, value in (("scale", self.scale), ("zero_point", self.zero_point)):
            if (value is None) == (self.dtype == "int8"):
                refuse(name, value, f"{'a number' if value is None else 'null'} where dtype is {self.dtype}")

    @classmethod
    def of(cls, contract: Contract) -> Target:
        """The target of an artifact."""
        wanted, normalization, quantization = (
            contract.input,
            contract.normalization,
            contract.quantization.input,
        )
        return cls(
            width=wanted.width,
            height=wanted.height,
            channels=wanted.channels,
            layout=wanted.layout,
            dtype=wanted.dtype,
            mean=normalization.mean if normalization else None,
            std=normalization.std if normalization else None,
            scale=quantization.scale if quantization else None,
            zero_point=quantization.zero_point if quantization else None,
        )

    @property
    def input(self) -> InputSpec:
        """Size, channels, layout and dtype."""
        return InputSpec("image", "tensor", self.width, self.height, self.channels, self.layout, self.dtype)

    @property
    def normalization(self) -> Normalization | None:
        """None for v itself."""
        return None if self.mean is None or self.std is None else Normalization(self.mean, self.std)

    @property
    def quantization(self) -> QuantizationParameters | None:
        """None but for int8."""
        if self.scale is None or self.zero_point is None:
            return None
        return QuantizationParameters(self.scale, self.zero_point)


@dataclass(frozen=True, slots=True)
class Hashes:
    """SHA-256 of the bytes of each stage."""

    upright_sha256: Annotated[Sha256, "RGB bytes after rotation and mirror"]
    scaled_sha256: Annotated[Sha256, "RGB bytes after crop and scale"]
    tensor_sha256: Annotated[Sha256, "bytes in layout and dtype"]


@dataclass(frozen=True, slots=True)
class ExpectedError:
    """The word that the error's message must hold."""

    error: Annotated[str, Choice(*ERROR_WORDS), "matched as a whole word"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Pictures and tensor of the three stages.

    Attributes:
        upright: (H, W, 3) uint8 RGB after rotation and mirror.
        scaled: (height, width, 3) uint8 RGB after crop and scale.
        tensor: in the target's layout and dtype.
    """

    upright: NDArray[np.uint8]
    scaled: NDArray[np.uint8]
    tensor: NDArray[Any]

    def hashes(self) -> Hashes:
        """SHA-256 of the bytes of each stage."""
        return Hashes(_sha256(self.upright), _sha256(self.scaled), _sha256(self.tensor))


@dataclass(frozen=True, slots=True)
class Vector:
    """One case."""

    name: Annotated[str, "of the case"]
    frame: StoredFrame
    rotation: Annotated[Wide, "degrees clockwise to upright"]
    mirror: Annotated[bool, "left-right, after the rotation"]
    box: Annotated[tuple[float, ...] | None, Length(0, 16), "x0, y0, x1, y1 in the upright image, in pixels"]
    crop_margin: Annotated[float, "by which the box grows on each side, in its widths (heights)"]
    target: Annotated[Target, "the tensor that is asked for"]
    expect: Hashes | ExpectedError
    probabilities: Annotated[
        tuple[float, ...] | None, OMITTED, "of the PyTorch original, in a bundle's cases"
    ] = None

    @classmethod
    def parse(cls, text: str | bytes) -> Vector:
        """Read a case.

        Raises:
            BundleError: not of the schema.
        """
        return DOCUMENT.read(text)

    def make_frame(self) -> Frame:
        """The camera's picture.

        Raises:
            FrameError: in cases that expect one.
        """
        return self.frame.make(self.rotation)

    def run(self) -> Outcome:
        """Take the frame through the camera path.

        Raises:
            FrameError: in cases that expect one.
        """
        frame, target = self.make_frame(), self.target
        small = scaled(
            frame, target.width, target.height, box=self.box, crop_margin=self.crop_margin, mirror=self.mirror
        )
        colors = [small[:, :, channel] for channel in range(3)]
        tensor = fill(colors, target.input, target.normalization, target.quantization)
        return Outcome(upright(frame, self.mirror), small, tensor)

    def fault(self) -> str | None:
        """The sentence that says what is wrong when the case is run here; None if all is as expected."""
        expect = self.expect
        try:
            found = self.run().hashes()
        except FrameError as error:
            if isinstance(expect, ExpectedError) and re.search(rf"\b{expect.error}\b", str(error)):
                return None
            return f"{self.name}: unexpected error: {error}"
        if isinstance(expect, ExpectedError):
            return f"{self.name}: no error, but one that names {expect.error} was expected"
        names = ("upright_sha256", "scaled_sha256", "tensor_sha256")
        differing = [name for name in names if getattr(found, name) != getattr(expect, name)]
        return f"{self.name}: {', '.join(differing)} differ" if differing else None


DOCUMENT = Document(Vector, "golden vector", BundleError, limit=64 << 20, layout="line")


def read_vectors(folder: str | Path) -> list[Vector]:
    """All cases of a folder (``*.json``), by file name.

    Raises:
        BundleError: the folder is missing or a file is not of the schema.
    """
    place = Path(folder)
    if not place.is_dir():
        raise BundleError(f"{place} is no folder of golden vectors")
    found = []
    for path in sorted(place.glob("*.json")):
        try:
            found.append(Vector.parse(path.read_bytes()))
        except OSError as error:
            raise BundleError(f"cannot read {path}: {error.strerror or error}") from None
        except BundleError as error:
            raise BundleError(f"{path.name}: {error}") from None
    return found


def write_vector(
    name: str,
    frame: Frame,
    contract: Contract,
    *,
    box: Sequence[float] | None = None,
    probabilities: Sequence[float] | None = None,
) -> str:
    """The text of a bundle's case: a frame through the contract's camera path, and the original's answer.

    Args:
        name: of the case and its file.
        frame: the camera's picture.
        contract: the reference contract; its margin and mirror are used.
        box: of the face, before the margin.
        probabilities: (labels,) of the PyTorch original.

    Returns:
        One JSON document with a newline at the end; the same arguments give the same bytes.
    """
    camera = contract.camera
    case = Vector(
        name,
        store_frame(frame),
        frame.rotation,
        camera.mirror,
        None if box is None else tuple(float(value) for value in box),
        camera.crop_margin,
        Target.of(contract),
        Hashes("", "", ""),
        None if probabilities is None else tuple(float(value) for value in probabilities),
    )
    return DOCUMENT.write(replace(case, expect=case.run().hashes()))


def store_frame(frame: Frame) -> StoredFrame:
    """A frame as golden vectors and dumps store it, with its own strides."""
    planes = [_store_plane(plane) for plane in frame.planes]
    if frame.kind == "rgba":
        return RgbaFrame("rgba", frame.width, frame.height, planes[0].row_stride, planes[0].data)
    return YuvFrame("yuv420", frame.width, frame.height, *planes)


def _store_plane(plane: NDArray[np.uint8]) -> StoredPlane:
    """The plane's memory up to its last sample."""
    rows, columns = plane.shape[:2]
    row_stride, step = plane.strides[:2]
    length = (rows - 1) * row_stride + (columns - 1) * step + (plane.shape[2] if plane.ndim == 3 else 1)
    data = np.ndarray((length,), np.uint8, plane.base, 0) if plane.base is not None else plane.ravel()
    return StoredPlane(data.tobytes(), row_stride, step)


def _sha256(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).hexdigest()
