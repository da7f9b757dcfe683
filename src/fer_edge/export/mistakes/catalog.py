"""The list of mistakes: name, what it is in words, what to do, and the step of the preparation that it changes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import combinations

from fer_edge.runtime.contract import Contract
from fer_edge.runtime.golden import StoredFrame, YuvFrame


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a preparation, in their order; each is ``right`` or the name of the mistake that is made there."""

    stride: str = "right"
    chroma: str = "right"
    matrix: str = "right"
    crop: str = "right"
    turn: str = "right"
    resize: str = "right"
    order: str = "right"
    gray: str = "right"
    levels: str = "right"
    scaling: str = "right"
    quantization: str = "right"
    layout: str = "right"
    memory: str = "right"

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Names of the mistakes, in order."""
        names = (getattr(self, field.name) for field in fields(self))
        return tuple(name for name in names if name != "right")


RIGHT = Steps()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes:
        name: for programs; the word by which its step's table knows it.
        step: the field of :class:`Steps`.
        title: for people, a few words.
        remedy: what to do.
        rarity: 0 for what everybody does, up to 3; decides between hypotheses that explain a dump equally well.
    """

    name: str
    step: str
    title: str
    remedy: str
    rarity: int = 1


_CAMERA = "take the camera path of the library (Kotlin, Swift, TypeScript, Python), or its integers from docs/camera.md"
_SCALER = "scale as docs/camera.md says (Android: Bitmap.createScaledBitmap with filter = true)"
_NORMALIZE = "(v/255 - mean) / std with the contract's numbers, once"
_BOX = "give the detector's box in the upright picture; grow it by the contract's crop_margin, floor and ceil, then clip"
_TURN = "turn the picture clockwise by the camera's rotationDegrees before anything is cut out"

MISTAKES: tuple[Mistake, ...] = (
    Mistake("stride-ignored", "stride", "row stride ignored", "step from row to row by the plane's rowStride, not by the width", 0),
    Mistake("uv-swapped", "chroma", "U and V swapped (NV21 read as NV12)", "U is planes[1], V is planes[2], whichever lies first in memory", 0),
    Mistake("pixel-stride", "chroma", "pixel stride of U and V ignored", "step from sample to sample by the plane's pixelStride", 0),
    Mistake("luma-only", "chroma", "only Y read, no color", _CAMERA),
    Mistake("chroma-zero", "chroma", "U and V never read (all 0)", _CAMERA, 2),
    Mistake("limited-range", "matrix", "limited-range YUV arithmetic (16 to 235)", _CAMERA, 0),
    Mistake("bt709", "matrix", "BT.709 instead of BT.601", _CAMERA),
    Mistake("bt709-limited", "matrix", "BT.709, limited range", _CAMERA),
    Mistake("no-margin", "crop", "box not grown by the margin", _BOX, 0),
    Mistake("double-margin", "crop", "margin added twice", "the camera path adds the margin itself: give it the detector's box", 0),
    Mistake("whole-picture", "crop", "whole picture instead of the face", _BOX, 0),
    Mistake("box-squared", "crop", "box made square", _BOX),
    Mistake("center-square", "crop", "square in the middle instead of the whole picture", _BOX),
    Mistake("box-unclipped", "crop", "box not clipped: black beyond the picture", _BOX),
    Mistake("box-truncated", "crop", "box cut down to integers", _BOX),
    Mistake("box-as-size", "crop", "x1, y1 of the box taken for width, height", _BOX),
    Mistake("box-axes-swapped", "crop", "x and y of the box swapped", _BOX, 2),
    Mistake("box-mirrored", "crop", "box of the mirrored preview", _BOX),
    Mistake("box-in-stored", "crop", "box cut from the picture that was not turned", _TURN),
    Mistake("rotation-ignored", "turn", "sensor rotation not applied", _TURN, 0),
    Mistake("rotation-reversed", "turn", "turned counterclockwise", _TURN, 0),
    Mistake("turned-90", "turn", "turned 90 degrees clockwise too far", _TURN),
    Mistake("turned-180", "turn", "upside down: turned 180 degrees too far", _TURN),
    Mistake("turned-270", "turn", "turned 90 degrees clockwise too little", _TURN),
    Mistake("mirrored", "turn", "mirrored left-right (front camera)", "mirror what is shown, not what the model gets, unless the contract says so", 0),
    Mistake("upside-down", "turn", "mirrored top-bottom", "count rows from the top (bitmaps of graphics libraries start below)"),
    Mistake("resize-opencv-linear", "resize", "resize: OpenCV INTER_LINEAR", _SCALER, 0),
    Mistake("resize-pillow-bilinear", "resize", "resize: Pillow or torchvision bilinear (antialias)", _SCALER, 0),
    Mistake("resize-pillow-bicubic", "resize", "resize: Pillow bicubic (its default)", _SCALER),
    Mistake("resize-pillow-lanczos", "resize", "resize: Pillow Lanczos", _SCALER),
    Mistake("resize-opencv-area", "resize", "resize: OpenCV INTER_AREA", _SCALER),
    Mistake("resize-opencv-cubic", "resize", "resize: OpenCV INTER_CUBIC", _SCALER),
    Mistake("resize-nearest", "resize", "resize: nearest neighbor", _SCALER, 0),
    Mistake("resize-corners", "resize", "resize: corners aligned (align_corners, MediaPipe's warp)", _SCALER),
    Mistake("resize-letterbox", "resize", "resize: shape kept, black beside it", _SCALER),
    Mistake("resize-center-crop", "resize", "resize to 256/224, center cut out (torchvision's transform)", _SCALER),
    Mistake("bgr", "order", "BGR instead of RGB", "red first; OpenCV and many bitmaps have blue first", 0),
    Mistake("argb", "order", "alpha taken for red (ARGB read as RGB)", "mind the byte order of the bitmap's pixels"),
    Mistake("gray-average", "gray", "gray as the mean of R, G, B", "(19595 R + 38470 G + 7471 B + 32768) >> 16"),
    Mistake("gray-bt709", "gray", "gray by BT.709's weights", "(19595 R + 38470 G + 7471 B + 32768) >> 16"),
    Mistake("gray-red", "gray", "red channel taken for gray", "(19595 R + 38470 G + 7471 B + 32768) >> 16"),
    Mistake("gray-green", "gray", "green channel taken for gray", "(19595 R + 38470 G + 7471 B + 32768) >> 16"),
    Mistake("gray-in-color", "gray", "gray picture in all three channels", "give the model colors"),
    Mistake("signed-bytes", "levels", "bytes read as signed (-128 to 127)", "value & 0xFF (Java, Kotlin) before it becomes a float", 0),
    Mistake("histogram-equalized", "levels", "histogram equalized first", "give the picture as it is"),
    Mistake("contrast-stretched", "levels", "contrast stretched to 0..255 first", "give the picture as it is"),
    Mistake("inverted", "levels", "negative of the picture", "give the picture as it is", 3),
    Mistake("not-normalized", "scaling", "no normalization: 0 to 255", _NORMALIZE, 0),
    Mistake("zero-to-one", "scaling", "scaled to 0..1 only", _NORMALIZE, 0),
    Mistake("minus-one-to-one", "scaling", "scaled to -1..1", _NORMALIZE, 0),
    Mistake("imagenet", "scaling", "ImageNet's mean and std (torchvision)", _NORMALIZE, 0),
    Mistake("caffe-mean", "scaling", "Caffe's means taken off, not divided", _NORMALIZE),
    Mistake("not-divided-by-255", "scaling", "mean and std applied to 0..255", _NORMALIZE, 0),
    Mistake("no-mean", "scaling", "mean not taken off", _NORMALIZE),
    Mistake("no-std", "scaling", "not divided by std", _NORMALIZE),
    Mistake("normalized-twice", "scaling", "normalized twice", _NORMALIZE),
    Mistake("divided-twice", "scaling", "divided by 255 twice", _NORMALIZE, 0),
    Mistake("mean-std-of-bgr", "scaling", "mean and std in blue's order", _NORMALIZE),
    Mistake("times-255", "scaling", "normalized, then times 255", _NORMALIZE),
    Mistake("standardized", "scaling", "each picture by its own mean and std", _NORMALIZE),
    Mistake("quantization-shifted", "quantization", "v - 128 instead of the contract's scale and zero point", "round(value / scale) + zero_point of the contract", 0),
    Mistake("no-zero-point", "quantization", "zero point forgotten", "round(value / scale) + zero_point of the contract"),
    Mistake("rounded-down", "quantization", "quantized values cut, not rounded", "round(value / scale) + zero_point of the contract"),
    Mistake("layout", "layout", "NCHW and NHWC confused", "lay the values out as input.layout of the contract says", 0),
    Mistake("transposed", "layout", "rows and columns exchanged", "the inner loop runs over x"),
    Mistake("big-endian", "memory", "floats in big-endian order", "ByteBuffer.order(ByteOrder.nativeOrder())", 0),
    Mistake("never-written", "memory", "buffer all zeros: never written, or another one given", "rewind the buffer, and give the engine the one that was filled", 0),
    Mistake("half-written", "memory", "second half of the buffer never written", "fill the whole buffer"),
)  # fmt: skip
"""In the order of the steps. One more is a line here and, in its step's table, the function."""
BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


def applicable(contract: Contract, frame: StoredFrame | None, *, boxed: bool) -> tuple[Mistake, ...]:
    """The mistakes that can be made with such a model and frame."""
    return tuple(mistake for mistake in MISTAKES if _can_be_made(mistake, contract, frame, boxed=boxed))


_GRAY_ONLY = {"gray-average", "gray-bt709", "gray-red", "gray-green"}
_COLOR_ONLY = {"gray-in-color", "caffe-mean", "mean-std-of-bgr", "layout"}
_WHOLE = {"center-square"}
_OF_A_MARGIN = {"no-margin", "double-margin"}
_OF_A_CONTRACT = {
    "not-normalized",
    "not-divided-by-255",
    "no-mean",
    "no-std",
    "normalized-twice",
    "divided-twice",
    "times-255",
}
"""Mistakes with numbers that a contract without normalization does not have."""


def _can_be_made(mistake: Mistake, contract: Contract, frame: StoredFrame | None, *, boxed: bool) -> bool:
    name, gray = mistake.name, contract.input.channels == 1
    if mistake.step in ("chroma", "matrix"):
        return isinstance(frame, YuvFrame)
    if mistake.step == "crop":
        without = name in _OF_A_MARGIN and contract.camera.crop_margin == 0
        return boxed != (name in _WHOLE) and not without
    if mistake.step == "scaling" and contract.normalization is None:
        return contract.input.dtype != "uint8" and name not in _OF_A_CONTRACT
    if mistake.step == "quantization":
        return contract.input.dtype == "int8"
    if name == "big-endian":
        return contract.input.dtype == "float32"
    return name not in (_COLOR_ONLY if gray else _GRAY_ONLY)


def hypotheses(mistakes: tuple[Mistake, ...], most: int) -> list[Steps]:
    """Preparations with at most ``most`` (0, 1 or 2) of the mistakes, those with fewer first."""
    found = [RIGHT] if most == 0 else []
    if most >= 1:
        found = [RIGHT, *(replace(RIGHT, **{one.step: one.name}) for one in mistakes)]
    if most >= 2:
        pairs = (pair for pair in combinations(mistakes, 2) if pair[0].step != pair[1].step)
        found += [replace(RIGHT, **{one.step: one.name for one in pair}) for pair in pairs]
    return found
