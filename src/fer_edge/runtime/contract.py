"""The contract: everything an app must know to feed one artifact and to read its answer.

Schema ``fer-edge-contract/1``. One strict loader for all readers; the hash is taken over the stored bytes, so no
reader ever has to write a contract again to check it.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fer_edge.runtime.errors import ContractError
from fer_edge.runtime.labels import RESERVED
from fer_edge.runtime.strict_json import StrictJson, repeated

SCHEMA = "fer-edge-contract/1"
CAMERA_SPEC = 1
INTERFACES = ("tensor", "image")
LAYOUTS = ("NCHW", "NHWC")
DTYPES = ("float32", "int8", "uint8")
OUTPUT_KINDS = ("probabilities", "dictionary", "logits")
LARGEST_SIDE = 8192
"""Pixels; far above any classifier, low enough that a hostile contract cannot ask for all memory."""
MOST_LABELS = 10_000

_JSON = StrictJson("contract", ContractError)
_ENDING = re.compile(rb',"sha256":"([0-9a-f]{64})"\}\Z')
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What goes in.

    Attributes:
        name: of the input in the artifact.
        interface: ``tensor`` (normalized values) or ``image`` (RGB values 0 to 255).
        width: in pixels.
        height: in pixels.
        channels: 1 (gray) or 3 (RGB).
        layout: ``NCHW`` or ``NHWC``.
        dtype: ``float32``, ``int8`` or ``uint8``.
    """

    name: str
    interface: str
    width: int
    height: int
    channels: int
    layout: str
    dtype: str

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the tensor, batch of one: (1, C, H, W) or (1, H, W, C)."""
        if self.layout == "NCHW":
            return 1, self.channels, self.height, self.width
        return 1, self.height, self.width, self.channels


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """How a camera picture becomes the input.

    Attributes:
        spec: number of the camera specification; 1.
        crop_margin: by which a face box grows on each side, in widths (heights) of the box.
        mirror: whether the upright picture is mirrored left-right.
    """

    spec: int = CAMERA_SPEC
    crop_margin: float = 0.0
    mirror: bool = False


@dataclass(frozen=True, slots=True)
class Normalization:
    """``(v/255 - mean) / std`` for each channel, as float32.

    Attributes:
        mean: one value a channel, in units of v/255.
        std: one positive value a channel, in units of v/255.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class QuantizationParameters:
    """``real = scale * (integer - zero_point)``.

    Attributes:
        scale: the float32 value, positive.
        zero_point: the integer that stands for 0.
    """

    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class Quantization:
    """Of an artifact's ends; None where an end is not quantized."""

    input: QuantizationParameters | None = None
    output: QuantizationParameters | None = None


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What comes out.

    Attributes:
        name: of the output in the artifact.
        kind: ``probabilities``, ``dictionary`` (Core ML classifiers) or ``logits`` (the reference only).
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One artifact's contract. Make it with :meth:`parse` or :meth:`build`, which check it.

    Attributes:
        schema: ``fer-edge-contract/1``.
        model: its name; begins the artifact's file name.
        labels: in the order of the output.
        input: what goes in.
        camera: how a picture becomes that.
        normalization: None where values go in as they are.
        quantization: of input and output.
        output: what comes out.
        sha256: over the stored bytes.
        text: those stored bytes as text.
    """

    schema: str
    model: str
    labels: tuple[str, ...]
    input: InputSpec
    camera: CameraSpec
    normalization: Normalization | None
    quantization: Quantization
    output: OutputSpec
    sha256: str = field(compare=False)
    text: str = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str | bytes) -> Contract:
        """Read a stored contract.

        Args:
            text: exactly as stored: one line of compact UTF-8 JSON, no newline at the end.

        Raises:
            ContractError: anything that the schema does not allow; the message names key, value and what is allowed.
        """
        data = _JSON.encode(text)
        document = _JSON.load(data)
        found = _read(document)
        digest = _check_bytes(data, document["sha256"])
        return cls(**found, sha256=digest, text=data.decode("utf-8"))

    @classmethod
    def build(
        cls,
        *,
        model: str,
        labels: Sequence[str],
        input: InputSpec,  # noqa: A002 - the schema's word
        camera: CameraSpec | None = None,
        normalization: Normalization | None = None,
        quantization: Quantization | None = None,
        output: OutputSpec,
    ) -> Contract:
        """Write a contract: canonical text and hash.

        Scales are stored as the float32 value that an artifact holds, written as its float64's shortest decimal.

        Raises:
            ContractError: the values do not form a legal contract.
        """
        quantization = quantization or Quantization()
        members: dict[str, Any] = {
            "schema": SCHEMA,
            "model": model,
            "labels": list(labels),
            "input": asdict(input),
            "camera": _stored_camera(camera or CameraSpec()),
            "normalization": _stored_normalization(normalization),
            "quantization": {"input": _stored(quantization.input), "output": _stored(quantization.output)},
            "output": asdict(output),
        }
        return cls.parse(_sealed(members))


def _stored_camera(camera: CameraSpec) -> dict[str, Any]:
    # 0 and 0.0 are the same margin and must give the same bytes.
    margin = camera.crop_margin
    return {**asdict(camera), "crop_margin": float(margin) if type(margin) is int else margin}


def _stored_normalization(normalization: Normalization | None) -> dict[str, list[float]] | None:
    if normalization is None:
        return None
    return {
        "mean": [float(value) for value in normalization.mean],
        "std": [float(value) for value in normalization.std],
    }


def _stored(parameters: QuantizationParameters | None) -> dict[str, Any] | None:
    if parameters is None:
        return None
    return {"scale": as_float32(float(parameters.scale)), "zero_point": int(parameters.zero_point)}


def _sealed(members: dict[str, Any]) -> bytes:
    try:
        body = json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:  # ValueError: NaN, Infinity, lone surrogates
        raise ContractError(
            f"contract: a value cannot be stored as JSON: {ascii(str(error))[1:-1]}"
        ) from None
    digest = hashlib.sha256(body).hexdigest()
    return body[:-1] + f',"sha256":"{digest}"}}'.encode()


def as_float32(value: float) -> float:
    """The nearest float32, as a Python float; infinite where float32 has no such value."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _check_bytes(data: bytes, stated: str) -> str:
    """The hash is over the stored bytes before ``,"sha256":"``, plus the closing brace."""
    ending = _ENDING.search(data)
    if ending is None:
        raise ContractError(
            'contract: it must end with ,"sha256":"<64 hexadecimal digits>"} and nothing after that'
        )
    if re.search(r"\s", _STRINGS.sub("", data.decode("utf-8"))):
        raise ContractError("contract: it has blanks between its members; allowed: compact JSON on one line")
    digest = hashlib.sha256(data[: ending.start()] + b"}").hexdigest()
    if digest != stated:
        _JSON.fail(
            "sha256",
            stated,
            f"{digest}, the hash of these bytes; the contract was changed after it was written",
        )
    return digest


_MEMBERS = (
    "schema",
    "model",
    "labels",
    "input",
    "camera",
    "normalization",
    "quantization",
    "output",
    "sha256",
)


def _read(document: object) -> dict[str, Any]:
    if isinstance(document, dict) and "schema" in document:
        _JSON.choice(document["schema"], "schema", (SCHEMA,))
    members = _JSON.members(document, "", _MEMBERS, ordered=True)
    _JSON.sha256(members["sha256"], "sha256")
    specification = _read_input(members["input"])
    return {
        "schema": members["schema"],
        "model": _read_model(members["model"]),
        "labels": _read_labels(members["labels"]),
        "input": specification,
        "camera": _read_camera(members["camera"]),
        "normalization": _read_normalization(members["normalization"], specification),
        "quantization": _read_quantization(members["quantization"], specification),
        "output": _read_output(members["output"]),
    }


def _read_model(value: object) -> str:
    model = _JSON.string(value, "model", most=100)
    if not model.isprintable() or model[0] in ". -" or set(model) & set('/\\:*?"<>|'):
        _JSON.fail(
            "model",
            value,
            'a name that can begin a file name: printable, without / \\ : * ? " < > | and no dot first',
        )
    return model


def _read_labels(value: object) -> tuple[str, ...]:
    labels: list[str] = []
    for number, entry in enumerate(_JSON.array(value, "labels", least=1, most=MOST_LABELS)):
        label = _JSON.string(entry, f"labels[{number}]", most=200)
        if not label.isprintable() or not label.strip():
            _JSON.fail(f"labels[{number}]", entry, "printable text on one line")
        if label in RESERVED:
            _JSON.fail(f"labels[{number}]", entry, f"any label but {', '.join(sorted(RESERVED))}")
        labels.append(label)
    twice = repeated(labels)
    if twice is not None:
        _JSON.fail("labels", twice, "each label once")
    return tuple(labels)


def _read_input(value: object) -> InputSpec:
    names = ("name", "interface", "width", "height", "channels", "layout", "dtype")
    members = _JSON.members(value, "input", names, ordered=True)
    channels = members["channels"]
    if isinstance(channels, bool) or not isinstance(channels, int) or channels not in (1, 3):
        _JSON.fail("input.channels", channels, "1, 3")
    found = InputSpec(
        name=_read_name(members["name"], "input.name"),
        interface=_JSON.choice(members["interface"], "input.interface", INTERFACES),
        width=_JSON.integer(members["width"], "input.width", 1, LARGEST_SIDE),
        height=_JSON.integer(members["height"], "input.height", 1, LARGEST_SIDE),
        channels=channels,
        layout=_JSON.choice(members["layout"], "input.layout", LAYOUTS),
        dtype=_JSON.choice(members["dtype"], "input.dtype", DTYPES),
    )
    if found.interface == "image" and found.channels != 3:
        _JSON.fail("input.channels", channels, "3 where input.interface is image")
    if found.interface == "image" and found.dtype == "int8":
        _JSON.fail("input.dtype", found.dtype, "float32, uint8 where input.interface is image")
    return found


def _read_name(value: object, key: str) -> str:
    name = _JSON.string(value, key, most=200)
    if not name.isprintable():
        _JSON.fail(key, value, "printable text on one line")
    return name


def _read_camera(value: object) -> CameraSpec:
    members = _JSON.members(value, "camera", ("spec", "crop_margin", "mirror"), ordered=True)
    return CameraSpec(
        spec=_JSON.integer(members["spec"], "camera.spec", CAMERA_SPEC, CAMERA_SPEC),
        crop_margin=_JSON.number(
            members["crop_margin"],
            "camera.crop_margin",
            "a finite number, 0 or more",
            lambda number: number >= 0,
        ),
        mirror=_JSON.boolean(members["mirror"], "camera.mirror"),
    )


def _read_normalization(value: object, specification: InputSpec) -> Normalization | None:
    if value is None:
        return None
    if specification.interface == "image":
        _JSON.fail("normalization", value, "null where input.interface is image (the graph normalizes)")
    members = _JSON.members(value, "normalization", ("mean", "std"), ordered=True)
    count = specification.channels
    mean = [
        _JSON.number(entry, "normalization.mean", "finite float32 numbers", lambda number: abs(number) < 1e30)
        for entry in _JSON.array(members["mean"], "normalization.mean", least=count, most=count)
    ]
    std = [
        # Smaller ones have no inverse in float32.
        _JSON.number(
            entry, "normalization.std", "positive float32 numbers", lambda number: 1e-6 <= number < 1e30
        )
        for entry in _JSON.array(members["std"], "normalization.std", least=count, most=count)
    ]
    return Normalization(tuple(mean), tuple(std))


def _read_quantization(value: object, specification: InputSpec) -> Quantization:
    members = _JSON.members(value, "quantization", ("input", "output"), ordered=True)
    found = Quantization(
        input=_read_parameters(members["input"], "quantization.input", 127),
        output=_read_parameters(members["output"], "quantization.output", 255),
    )
    if specification.dtype == "int8" and found.input is None:
        _JSON.fail("quantization.input", None, "scale and zero_point where input.dtype is int8")
    if specification.dtype != "int8" and found.input is not None:
        _JSON.fail("quantization.input", members["input"], f"null where input.dtype is {specification.dtype}")
    return found


def _read_parameters(value: object, key: str, largest: int) -> QuantizationParameters | None:
    if value is None:
        return None
    members = _JSON.members(value, key, ("scale", "zero_point"), ordered=True)
    return QuantizationParameters(
        scale=_JSON.number(
            members["scale"],
            f"{key}.scale",
            "a positive float32 number",
            lambda number: 1e-37 < number < 1e37,
        ),
        zero_point=_JSON.integer(members["zero_point"], f"{key}.zero_point", -128, largest),
    )


def _read_output(value: object) -> OutputSpec:
    members = _JSON.members(value, "output", ("name", "kind"), ordered=True)
    return OutputSpec(
        name=_read_name(members["name"], "output.name"),
        kind=_JSON.choice(members["kind"], "output.kind", OUTPUT_KINDS),
    )
