"""The contract: everything an app must know to feed one artifact and to read its answer.

Schema ``fer-edge-contract/1``. One strict loader for all readers; the hash is taken over the stored bytes, so no
reader ever has to write a contract again to check it.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from fer_edge.runtime.errors import ContractError
from fer_edge.runtime.formats import INTERFACES
from fer_edge.runtime.labels import RESERVED
from fer_edge.runtime.schema import (
    UNSTORED,
    Choice,
    Document,
    Length,
    Range,
    Rule,
    Sha256,
    Unique,
    refuse,
)

SCHEMA = "fer-edge-contract/1"
CAMERA_SPEC = 1
LAYOUTS = ("NCHW", "NHWC")
DTYPES = ("float32", "int8", "uint8")
OUTPUT_KINDS = ("probabilities", "dictionary", "logits")
LARGEST_SIDE = 8192
"""Pixels; far above any classifier, low enough that a hostile contract cannot ask for all memory."""
MOST_LABELS = 10_000

_ENDING = re.compile(rb',"sha256":"([0-9a-f]{64})"\}\Z')
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _is_file_name(name: str) -> bool:
    return name.isprintable() and name[0] not in ". -" and not set(name) & set('/\\:*?"<>|')


Name = Annotated[str, Length(1, 200), Rule(str.isprintable, "printable text on one line")]
Side = Annotated[int, Range(1, LARGEST_SIDE)]
Label = Annotated[
    str,
    Length(1, 200),
    Rule(lambda label: label.isprintable() and bool(label.strip()), "printable text on one line"),
    Rule(lambda label: label not in RESERVED, f"any label but {', '.join(sorted(RESERVED))}"),
]
ModelName = Annotated[
    str,
    Length(1, 100),
    Rule(
        _is_file_name,
        'a name that can begin a file name: printable, without / \\ : * ? " < > | and no dot first',
    ),
]
Mean = Annotated[float, Range(above=-1e30, below=1e30, words="finite float32 numbers")]
# Smaller ones have no inverse in float32.
Std = Annotated[float, Range(1e-6, below=1e30, words="positive float32 numbers")]
Scale = Annotated[float, Range(above=1e-37, below=1e37, words="a positive float32 number")]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The input of an artifact."""

    name: Annotated[Name, "of the input in the artifact"]
    interface: Annotated[str, Choice(*INTERFACES), "tensor: normalized values; image: RGB values 0 to 255"]
    width: Annotated[Side, "in pixels"]
    height: Annotated[Side, "in pixels"]
    channels: Annotated[int, Choice(1, 3), "1: gray, 3: RGB"]
    layout: Annotated[str, Choice(*LAYOUTS), "order of the dimensions"]
    dtype: Annotated[str, Choice(*DTYPES), "of each value"]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the tensor, batch of one: (1, C, H, W) or (1, H, W, C)."""
        if self.layout == "NCHW":
            return 1, self.channels, self.height, self.width
        return 1, self.height, self.width, self.channels

    def check(self) -> None:
        """An image has three channels and no int8."""
        if self.interface == "image" and self.channels != 3:
            refuse("channels", self.channels, "3 where input.interface is image")
        if self.interface == "image" and self.dtype == "int8":
            refuse("dtype", self.dtype, "float32, uint8 where input.interface is image")


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """The way from a camera picture to the input."""

    spec: Annotated[int, Range(CAMERA_SPEC, CAMERA_SPEC), "number of the camera specification"] = CAMERA_SPEC
    crop_margin: Annotated[
        float, Range(0), "by which a face box grows on each side, in widths (heights) of the box"
    ] = 0.0
    mirror: Annotated[bool, "whether the upright picture is mirrored left-right"] = False


@dataclass(frozen=True, slots=True)
class Normalization:
    """``(v/255 - mean) / std`` for each channel, as float32."""

    mean: Annotated[tuple[Mean, ...], Length(1, 3), "one value a channel, in units of v/255"]
    std: Annotated[tuple[Std, ...], Length(1, 3), "one positive value a channel, in units of v/255"]


@dataclass(frozen=True, slots=True)
class QuantizationParameters:
    """``real = scale * (integer - zero_point)``."""

    scale: Annotated[Scale, "the float32 value, as the shortest decimal of its float64"]
    zero_point: Annotated[int, Range(-128, 255), "the integer that stands for 0"]


@dataclass(frozen=True, slots=True)
class Quantization:
    """Parameters of an artifact's ends; null where an end is not quantized."""

    input: QuantizationParameters | None = None
    output: QuantizationParameters | None = None

    def check(self) -> None:
        """The input is int8, so its zero point is at most 127."""
        if self.input is not None and self.input.zero_point > 127:
            refuse("input.zero_point", self.input.zero_point, "an integer from -128 to 127")


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """The output of an artifact."""

    name: Annotated[Name, "of the output in the artifact"]
    kind: Annotated[str, Choice(*OUTPUT_KINDS), "dictionary: Core ML classifiers; logits: the reference only"]


@dataclass(frozen=True, slots=True)
class Contract:
    """One artifact's contract. Make it with :meth:`parse` or :meth:`build`, which check it."""

    schema: Annotated[str, Choice(SCHEMA)]
    model: Annotated[ModelName, "begins the artifact's file name"]
    labels: Annotated[
        tuple[Label, ...], Length(1, MOST_LABELS), Unique("label"), "in the order of the output"
    ]
    input: InputSpec
    camera: CameraSpec
    normalization: Annotated[Normalization | None, "null where values go in as they are"]
    quantization: Quantization
    output: OutputSpec
    sha256: Annotated[Sha256, 'SHA-256 of the stored bytes before ,"sha256":" and a closing brace'] = field(
        default="0" * 64, compare=False
    )
    text: Annotated[str, UNSTORED, "the stored bytes as text"] = field(default="", compare=False, repr=False)

    def check(self) -> None:
        """Normalization has a value a channel and belongs to tensors; int8, and only int8, has a quantized input."""
        if self.normalization is not None:
            self._check_normalization(self.normalization)
        dtype, parameters = self.input.dtype, self.quantization.input
        if dtype == "int8" and parameters is None:
            refuse("quantization.input", None, "scale and zero_point where input.dtype is int8")
        if dtype != "int8" and parameters is not None:
            refuse("quantization.input", parameters, f"null where input.dtype is {dtype}")

    def _check_normalization(self, normalization: Normalization) -> None:
        if self.input.interface == "image":
            allowed = "null where input.interface is image (the graph normalizes)"
            refuse("normalization", normalization, allowed)
        for name, values in (("mean", normalization.mean), ("std", normalization.std)):
            if len(values) != self.input.channels:
                refuse(f"normalization.{name}", values, f"a list of {self.input.channels}")

    @classmethod
    def parse(cls, text: str | bytes) -> Contract:
        """Read a stored contract.

        Args:
            text: exactly as stored: one line of compact UTF-8 JSON, no newline at the end.

        Raises:
            ContractError: anything that the schema does not allow; the message names key, value and what is allowed.
        """
        found = DOCUMENT.read(text)
        data = text.encode("utf-8") if isinstance(text, str) else bytes(text)
        _check_bytes(data, found.sha256)
        return replace(found, text=data.decode("utf-8"))

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
        stored = Quantization(_as_stored(quantization.input), _as_stored(quantization.output))
        camera = camera or CameraSpec()
        return cls.parse(
            _seal(cls(SCHEMA, model, tuple(labels), input, camera, normalization, stored, output))
        )


DOCUMENT = Document(Contract, "contract", ContractError, ordered=True)


def _as_stored(parameters: QuantizationParameters | None) -> QuantizationParameters | None:
    if parameters is None:
        return None
    return QuantizationParameters(as_float32(float(parameters.scale)), int(parameters.zero_point))


def _seal(contract: Contract) -> bytes:
    """The stored bytes of a contract whose hash is still zeros."""
    text = DOCUMENT.write(contract).encode("utf-8", "surrogatepass")
    body = text[: text.rindex(b',"sha256":')]
    digest = hashlib.sha256(body + b"}").hexdigest()
    return body + f',"sha256":"{digest}"}}'.encode()


def as_float32(value: float) -> float:
    """The nearest float32, as a Python float; infinite where float32 has no such value."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _check_bytes(data: bytes, stated: str) -> None:
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
        raise ContractError(
            f"contract: sha256 is {stated!r}; allowed: {digest}, the hash of these bytes; the contract was changed "
            "after it was written"
        )
