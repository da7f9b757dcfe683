"""One drawn face, from a seed to a camera frame with its box and label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Box, LabeledFace
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require
from fer_edge.runtime.labels import EMOTIONS, canonical
from fer_edge.synthetic.accessories import draw_beard, draw_glasses, draw_occlusion
from fer_edge.synthetic.background import draw_background
from fer_edge.synthetic.brows import draw_brow
from fer_edge.synthetic.camera import as_frame
from fer_edge.synthetic.expression import Expression, draw_expression
from fer_edge.synthetic.eyes import draw_eye
from fer_edge.synthetic.folds import draw_folds
from fer_edge.synthetic.geometry import Landmarks, landmarks
from fer_edge.synthetic.head import draw_behind, draw_hair, draw_skin
from fer_edge.synthetic.identity import Identity, draw_identity
from fer_edge.synthetic.mouth import draw_mouth
from fer_edge.synthetic.nose import draw_nose
from fer_edge.synthetic.palette import draw_palette
from fer_edge.synthetic.pen import Pen, Pose
from fer_edge.synthetic.photograph import expose, photograph
from fer_edge.synthetic.shading import draw_light, shade
from fer_edge.synthetic.streams import between, chance, choose, stream
from fer_edge.synthetic.style import Style, draw_style

SIZES = (120, 220)
"""Edge of the picture in pixels, where the caller leaves it open."""

OVERSAMPLING = 2
"""The scene is drawn this many times larger and reduced, so that edges are smooth."""

BOX_CENTER, BOX_HALF = (0.0, 0.2), 0.94
"""The box in face units: what OpenCV's frontal Haar cascade answers on these faces, on average."""


@dataclass(frozen=True)
class DrawnFace(LabeledFace):
    """A drawn face as a camera delivers it; the upright picture is square and holds the box.

    Attributes:
        emotion: the strongest label.
        frontal: the face looks at the camera and nothing is held before it.
        action_units: name (``AU12``, or ``AU12L``/``AU12R`` for one side of the picture) -> intensity 0..1.
        seed: what :func:`render_face` was called with.
    """

    box: Box
    emotion: str
    frontal: bool
    action_units: dict[str, float]
    seed: int


def render_face(
    seed: int, *, emotion: str | None = None, clear: bool | None = None, frontal: bool | None = None,
    size: int | None = None, camera: str | None = None,
) -> DrawnFace:  # fmt: skip
    """Draw the face of ``seed``: the same bytes on every call, whatever the number of threads.

    Args:
        seed: any non-negative integer; decides on everything that is left None.
        emotion: the strongest emotion.
        clear: a single unmistakable emotion (True) or a weak or mixed one (False).
        frontal: facing the camera with nothing before the face (True) or turned up to about 30 degrees (False).
        size: edge of the picture in pixels, 48..1024; None: 120..220.
        camera: ``rgba``, ``nv21``, ``nv12``, ``i420``; None or ``mixed``: any of them.

    Raises:
        FerEdgeError: an unknown emotion, a negative seed or a size out of range.
        FrameError: an unknown camera.
    """
    _check(seed, emotion, size)
    rng = stream(seed, "wishes")
    drawn = (
        choose(rng, EMOTIONS),
        chance(rng, 0.5),
        chance(rng, 0.5),
        int(rng.integers(SIZES[0], SIZES[1] + 1)),
    )
    emotion = drawn[0] if emotion is None else canonical(emotion)
    clear = drawn[1] if clear is None else clear
    frontal = drawn[2] if frontal is None else frontal
    size = drawn[3] if size is None else size
    expression = draw_expression(stream(seed, "expression"), emotion, clear)
    picture, box = _scene(seed, expression, frontal, size)
    frame = as_frame(stream(seed, "camera"), picture, camera)
    values = dict(sorted(expression.activations.values.items(), key=lambda item: int(item[0].strip("AULR"))))
    return DrawnFace(frame, box, expression.label, clear, emotion, frontal, values, seed)


def _check(seed: int, emotion: str | None, size: int | None) -> None:
    if seed < 0:
        raise FerEdgeError(f"seed {seed} is negative: any integer from 0 on is allowed")
    if emotion is not None and canonical(emotion) not in EMOTIONS:
        raise FerEdgeError(unknown("emotion", emotion, EMOTIONS))
    if size is not None and not 48 <= size <= 1024:
        raise FerEdgeError(f"size {size} is out of range: 48 to 1024 pixels are allowed")


def _pose(seed: int, frontal: bool, size: int) -> Pose:
    rng = stream(seed, "pose")
    yaw, pitch, roll = (8, 6, 6) if frontal else (26, 16, 18)
    unit = size * between(rng, 0.3, 0.42)
    slack = size / 2 - unit * (BOX_HALF + 0.12)
    x = size / 2 + between(rng, -1, 1) * max(0.0, min(slack, 0.12 * size))
    y = size * 0.5 - 0.08 * unit + between(rng, -1, 1) * max(0.0, min(slack - 0.1 * unit, 0.08 * size))
    turns = np.radians([between(rng, -1, 1) * limit for limit in (yaw, pitch, roll)]).tolist()
    return Pose(turns[0], turns[1], turns[2], center=(x, y), unit=unit)


def _scene(seed: int, expression: Expression, frontal: bool, size: int) -> tuple[NDArray[np.uint8], Box]:
    cv2 = require("cv2", "train")
    person, style = draw_identity(stream(seed, "identity")), draw_style(stream(seed, "style"), frontal)
    shape, pose = landmarks(person, style, expression.activations), _pose(seed, frontal, size)
    large = size * OVERSAMPLING
    canvas = draw_background(stream(seed, "background"), large)
    scaled = Pose(
        pose.yaw,
        pose.pitch,
        pose.roll,
        (pose.center[0] * OVERSAMPLING, pose.center[1] * OVERSAMPLING),
        pose.unit * OVERSAMPLING,
    )
    _draw(Pen(canvas, scaled), seed, person, style, shape, expression, frontal)
    scene = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    light = draw_light(stream(seed, "light"), frontal)
    factor = shade(size, pose, person, shape, expression.activations, style, light)
    mask = _mask(pose, shape, size)
    scene = expose(stream(seed, "exposure"), scene, factor, mask)
    picture = photograph(stream(seed, "photograph"), scene, style.tone, frontal or expression.clear)
    return picture, _box(pose, size)


def _draw(
    pen: Pen,
    seed: int,
    person: Identity,
    style: Style,
    shape: Landmarks,
    expression: Expression,
    frontal: bool,
) -> None:
    rng, active = stream(seed, "drawing"), expression.activations
    palette = draw_palette(rng, person, style)
    gaze, side = (between(rng, -0.18, 0.18), between(rng, -0.06, 0.08)), choose(rng, (-1.0, 1.0))
    draw_behind(pen, rng, person, shape, style, palette)
    draw_skin(pen, shape, style, palette)
    draw_folds(pen, person, shape, active, style, palette)
    draw_beard(pen, person, shape, palette)
    draw_nose(pen, shape, style, palette, side)
    draw_mouth(pen, shape.mouth, active, style, palette)
    for eye in shape.eyes:
        draw_eye(pen, eye, style, palette, gaze)
    for brow in shape.brows:
        draw_brow(pen, rng, brow, person.brow_thickness, style, palette)
    draw_hair(pen, rng, person, shape, style, palette)
    draw_glasses(pen, person, shape, palette)
    cover = stream(seed, "occlusion")
    if not frontal and chance(cover, 0.2 if expression.clear else 0.3):
        draw_occlusion(pen, cover, shape, style, palette, light=expression.clear)


def _mask(pose: Pose, shape: Landmarks, size: int) -> NDArray[np.float32]:
    """The mask of the face's own light: (size, size) float32, 1 on the face, soft at its edge."""
    cv2 = require("cv2", "train")
    mask = np.zeros((size, size, 1), np.uint8)
    Pen(mask, pose).fill(shape.outline, np.array([255.0]), depth=0.0)
    soft: NDArray[np.float32] = cv2.GaussianBlur(mask, (0, 0), max(0.6, size / 160)).astype(np.float32) / 255
    return soft


def _box(pose: Pose, size: int) -> Box:
    x, y = pose.project(np.array([BOX_CENTER]), depth=0.3)[0]
    half = BOX_HALF * pose.unit
    return (
        float(max(0.0, x - half)), float(max(0.0, y - half)),
        float(min(size, x + half)), float(min(size, y + half)),
    )  # fmt: skip
