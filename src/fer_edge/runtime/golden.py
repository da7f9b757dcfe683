"""Golden vectors: one JSON file a case, read by the Python, Kotlin and JavaScript tests alike.

A case is a camera frame, what is done with it, and the SHA-256 of what must come out (or the word that the error's
message must hold). A bundle's cases add the original's probabilities.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import scaled, upright
from fer_edge.runtime.camera.tables import fill
from fer_edge.runtime.contract import (
    DTYPES,
    LAYOUTS,
    Contract,
    InputSpec,
    Normalization,
    QuantizationParameters,
)
from fer_edge.runtime.errors import BundleError, FrameError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.strict_json import StrictJson

ERROR_WORDS = ("y", "u", "v", "rgba", "box", "rotation", "size", "stride")
_JSON = StrictJson("golden vector", BundleError, 64 << 20)
_WIDEST = 1 << 31
"""Numbers of a frame are read up to here, so that the frame itself refuses what is out of range."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a case's tensor looks like.

    Attributes:
        input: size, channels, layout and dtype; not checked as a contract's, since cases ask for wrong sizes too.
        normalization: None for v itself.
        quantization: of int8.
    """

    input: InputSpec
    normalization: Normalization | None
    quantization: QuantizationParameters | None

    @classmethod
    def of(cls, contract: Contract) -> Target:
        """The target of an artifact."""
        return cls(contract.input, contract.normalization, contract.quantization.input)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of the three stages.

    Attributes:
        upright: (H, W, 3) uint8 RGB after rotation and mirror.
        scaled: (height, width, 3) uint8 RGB after crop and scale.
        tensor: in the target's layout and dtype.
    """

    upright: NDArray[np.uint8]
    scaled: NDArray[np.uint8]
    tensor: NDArray[Any]

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the bytes of each stage, by the names of ``expect``."""
        return {
            "upright_sha256": _sha256(self.upright),
            "scaled_sha256": _sha256(self.scaled),
            "tensor_sha256": _sha256(self.tensor),
        }


@dataclass(frozen=True, slots=True)
class Vector:
    """One case.

    Attributes:
        name: of the case.
        stored: the frame as JSON; :meth:`frame` makes it.
        rotation: degrees clockwise.
        mirror: left-right, after the rotation.
        box: x0, y0, x1, y1 in the upright image, or None.
        crop_margin: by which the box grows.
        target: of the tensor.
        hashes: of the three stages, or None where an error is expected.
        error: the word that the error's message must hold, or None.
        probabilities: of the PyTorch original, in a bundle's cases.
    """

    name: str
    stored: dict[str, Any]
    rotation: int
    mirror: bool
    box: tuple[float, ...] | None
    crop_margin: float
    target: Target
    hashes: dict[str, str] | None
    error: str | None
    probabilities: tuple[float, ...] | None = None

    @classmethod
    def parse(cls, text: str | bytes) -> Vector:
        """Read a case.

        Raises:
            BundleError: not of the schema.
        """
        return _read(_JSON.load(text))

    def frame(self) -> Frame:
        """The camera's picture.

        Raises:
            FrameError: in cases that expect one.
        """
        return frame_of(self.stored, self.rotation)

    def run(self) -> Outcome:
        """Take the frame through the camera path.

        Raises:
            FrameError: in cases that expect one.
        """
        frame = self.frame()
        wanted = self.target.input
        small = scaled(
            frame, wanted.width, wanted.height, box=self.box, crop_margin=self.crop_margin, mirror=self.mirror
        )
        colors = [small[:, :, channel] for channel in range(3)]
        tensor = fill(colors, wanted, self.target.normalization, self.target.quantization)
        return Outcome(upright(frame, self.mirror), small, tensor)

    def fault(self) -> str | None:
        """What is wrong when the case is run here, in one sentence; None if all is as expected."""
        try:
            found = self.run().hashes()
        except FrameError as error:
            if self.error is not None and re.search(rf"\b{self.error}\b", str(error)):
                return None
            return f"{self.name}: unexpected error: {error}"
        if self.hashes is None:
            return f"{self.name}: no error, but one that names {self.error} was expected"
        differing = [stage for stage in found if found[stage] != self.hashes[stage]]
        return f"{self.name}: {', '.join(differing)} differ" if differing else None


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


def vector_json(
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
    camera, target = contract.camera, Target.of(contract)
    corners = None if box is None else tuple(float(value) for value in box)
    stored = frame_json(frame)
    case = Vector(
        name,
        stored,
        frame.rotation,
        camera.mirror,
        corners,
        camera.crop_margin,
        target,
        hashes=None,
        error=None,
    )
    document: dict[str, Any] = {
        "name": name,
        "frame": stored,
        "rotation": frame.rotation,
        "mirror": camera.mirror,
        "box": None if corners is None else list(corners),
        "crop_margin": camera.crop_margin,
        "target": _target_json(target),
        "expect": case.run().hashes(),
    }
    if probabilities is not None:
        document["probabilities"] = [float(value) for value in probabilities]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def frame_json(frame: Frame) -> dict[str, Any]:
    """A frame as golden vectors and dumps store it, with its own strides."""
    size = {"width": frame.width, "height": frame.height}
    planes = [_plane_json(plane) for plane in frame.planes]
    if frame.kind == "rgba":
        row_stride, data = planes[0]["row_stride"], planes[0]["data"]
        return {"kind": "rgba", **size, "row_stride": row_stride, "data": data}
    return {"kind": "yuv420", **size, **dict(zip("yuv", planes, strict=True))}


def frame_of(stored: object, rotation: int) -> Frame:
    """A frame from the JSON object of golden vectors and dumps.

    Raises:
        BundleError: the object is not of the schema.
        FrameError: its numbers do not fit together.
    """
    members = _frame_members(stored)
    size = {"width": members["width"], "height": members["height"], "rotation": rotation}
    if members["kind"] == "rgba":
        return Frame.from_rgba(
            _base64(members["data"], "frame.data"), row_stride=members["row_stride"], **size
        )
    y, u, v = (members[name] for name in "yuv")
    if y["pixel_stride"] != 1:
        raise FrameError(f"pixel stride of y is {y['pixel_stride']}; allowed: 1")
    if (u["row_stride"], u["pixel_stride"]) != (v["row_stride"], v["pixel_stride"]):
        raise FrameError(
            f"u and v differ: row stride {u['row_stride']} and {v['row_stride']}, "
            f"pixel stride {u['pixel_stride']} and {v['pixel_stride']}; allowed: the same for both"
        )
    return Frame.from_yuv420(
        *(_base64(plane["data"], f"frame.{name}.data") for name, plane in (("y", y), ("u", u), ("v", v))),
        y_row_stride=y["row_stride"],
        uv_row_stride=u["row_stride"],
        uv_pixel_stride=u["pixel_stride"],
        **size,
    )


def _sha256(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).hexdigest()


def _plane_json(plane: NDArray[np.uint8]) -> dict[str, Any]:
    """The plane's memory up to its last sample."""
    rows, columns = plane.shape[:2]
    row_stride, step = plane.strides[:2]
    length = (rows - 1) * row_stride + (columns - 1) * step + (plane.shape[2] if plane.ndim == 3 else 1)
    data = np.ndarray((length,), np.uint8, plane.base, 0) if plane.base is not None else plane.ravel()
    return {"data": base64.b64encode(data.tobytes()).decode(), "row_stride": row_stride, "pixel_stride": step}


def _target_json(target: Target) -> dict[str, Any]:
    wanted, normalization, quantization = target.input, target.normalization, target.quantization
    return {
        "width": wanted.width,
        "height": wanted.height,
        "channels": wanted.channels,
        "layout": wanted.layout,
        "dtype": wanted.dtype,
        "mean": None if normalization is None else list(normalization.mean),
        "std": None if normalization is None else list(normalization.std),
        "scale": None if quantization is None else quantization.scale,
        "zero_point": None if quantization is None else quantization.zero_point,
    }


def _read(document: object) -> Vector:
    names = ("name", "frame", "rotation", "mirror", "box", "crop_margin", "target", "expect", "probabilities")
    members = _JSON.members(document, "", names, optional=("probabilities",))
    hashes, error = _read_expect(members["expect"])
    box = members["box"]
    probabilities = members.get("probabilities")
    return Vector(
        name=_JSON.string(members["name"], "name"),
        stored=_frame_members(members["frame"]),
        rotation=_JSON.integer(members["rotation"], "rotation", -_WIDEST, _WIDEST),
        mirror=_JSON.boolean(members["mirror"], "mirror"),
        box=None
        if box is None
        else tuple(_JSON.number(value, "box") for value in _JSON.array(box, "box", most=16)),
        crop_margin=_JSON.number(members["crop_margin"], "crop_margin"),
        target=_read_target(members["target"]),
        hashes=hashes,
        error=error,
        probabilities=None if probabilities is None else _numbers(probabilities, "probabilities"),
    )


def _numbers(value: object, key: str) -> tuple[float, ...]:
    return tuple(_JSON.number(entry, key) for entry in _JSON.array(value, key))


def _read_expect(value: object) -> tuple[dict[str, str] | None, str | None]:
    if isinstance(value, dict) and "error" in value:
        members = _JSON.members(value, "expect", ("error",))
        return None, _JSON.choice(members["error"], "expect.error", ERROR_WORDS)
    members = _JSON.members(value, "expect", ("upright_sha256", "scaled_sha256", "tensor_sha256"))
    return {name: _JSON.sha256(entry, f"expect.{name}") for name, entry in members.items()}, None


def _read_target(value: object) -> Target:
    names = ("width", "height", "channels", "layout", "dtype", "mean", "std", "scale", "zero_point")
    members = _JSON.members(value, "target", names)
    specification = InputSpec(
        name="image",
        interface="tensor",
        width=_JSON.integer(members["width"], "target.width", -_WIDEST, _WIDEST),
        height=_JSON.integer(members["height"], "target.height", -_WIDEST, _WIDEST),
        channels=3 if _JSON.integer(members["channels"], "target.channels", 1, 3) > 1 else 1,
        layout=_JSON.choice(members["layout"], "target.layout", LAYOUTS),
        dtype=_JSON.choice(members["dtype"], "target.dtype", DTYPES),
    )
    if members["channels"] == 2:
        _JSON.fail("target.channels", 2, "1, 3")
    return Target(
        specification,
        _read_normalization(members, specification.channels),
        _read_quantization(members, specification),
    )


def _read_normalization(members: dict[str, Any], channels: int) -> Normalization | None:
    if members["mean"] is None and members["std"] is None:
        return None
    mean, std = _numbers(members["mean"], "target.mean"), _numbers(members["std"], "target.std")
    if len(mean) != channels or len(std) != channels:
        _JSON.fail("target.mean and std", members["mean"], f"{channels} of each")
    # The bounds of contracts.
    if max(map(abs, mean)) >= 1e30 or not 1e-6 <= min(std) <= max(std) < 1e30:
        _JSON.fail("target.mean and std", f"{mean} and {std}", "float32 numbers, std positive")
    return Normalization(mean, std)


def _read_quantization(members: dict[str, Any], specification: InputSpec) -> QuantizationParameters | None:
    scale, zero_point = members["scale"], members["zero_point"]
    if specification.dtype != "int8":
        if scale is not None or zero_point is not None:
            _JSON.fail("target.scale", scale, f"null where dtype is {specification.dtype}")
        return None
    return QuantizationParameters(
        scale=_JSON.number(
            scale, "target.scale", "a positive float32 number", lambda number: 1e-37 < number < 1e37
        ),
        zero_point=_JSON.integer(zero_point, "target.zero_point", -128, 127),
    )


def _frame_members(value: object) -> dict[str, Any]:
    kind = value.get("kind") if isinstance(value, dict) else None
    planes = ("row_stride", "data") if kind == "rgba" else ("y", "u", "v")
    members = _JSON.members(value, "frame", ("kind", "width", "height", *planes))
    _JSON.choice(kind, "frame.kind", ("rgba", "yuv420"))
    for name in ("width", "height"):
        _JSON.integer(members[name], f"frame.{name}", -_WIDEST, _WIDEST)
    if kind == "rgba":
        _JSON.integer(members["row_stride"], "frame.row_stride", -_WIDEST, _WIDEST)
        return members
    for name in planes:
        plane = _JSON.members(members[name], f"frame.{name}", ("data", "row_stride", "pixel_stride"))
        for stride in ("row_stride", "pixel_stride"):
            _JSON.integer(plane[stride], f"frame.{name}.{stride}", -_WIDEST, _WIDEST)
    return members


def _base64(value: object, key: str) -> bytes:
    if not isinstance(value, str):
        _JSON.fail(key, value, "base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        _JSON.fail(key, value, "base64 text")
