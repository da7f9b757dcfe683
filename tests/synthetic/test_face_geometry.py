"""Each action unit moves what the FACS manual says it moves, in every style."""

import numpy as np
import pytest

from fer_edge.synthetic.action_units import Activations, mirror
from fer_edge.synthetic.geometry import landmarks
from fer_edge.synthetic.identity import draw_identity
from fer_edge.synthetic.pen import Pose
from fer_edge.synthetic.style import draw_style

SEEDS = range(12)


def corner_y(shape):
    return np.mean([corner[1] for corner in shape.mouth.corners])


def mouth_width(shape):
    return shape.mouth.corners[1][0] - shape.mouth.corners[0][0]


def inner_brow(shape):
    return np.mean([brow[0, 1] for brow in shape.brows])


def outer_brow(shape):
    return np.mean([brow[-1, 1] for brow in shape.brows])


def eye_opening(shape):
    return np.mean([eye.opening for eye in shape.eyes])


def lip_height(shape):
    mouth = shape.mouth
    return mouth.lower_outer[8, 1] - mouth.upper_outer[8, 1] - mouth.gap


# Unit, measure, direction (y points down): FACS Investigator's Guide, "appearance changes".
MOVEMENTS = [
    ("AU1", inner_brow, -1),
    ("AU2", outer_brow, -1),
    ("AU4", inner_brow, +1),
    ("AU5", eye_opening, +1),
    ("AU6", eye_opening, -1),
    ("AU7", eye_opening, -1),
    ("AU9", lambda shape: shape.nose_y, -1),
    ("AU9", inner_brow, +1),
    ("AU10", lambda shape: shape.mouth.upper_inner[8, 1], -1),
    ("AU12", corner_y, -1),
    ("AU12", mouth_width, +1),
    ("AU14", mouth_width, +1),
    ("AU15", corner_y, +1),
    ("AU17", lambda shape: shape.mouth.lower_inner[8, 1], -1),
    ("AU18", mouth_width, -1),
    ("AU20", mouth_width, +1),
    ("AU22", mouth_width, -1),
    ("AU23", lip_height, -1),
    ("AU24", lip_height, -1),
    ("AU25", lambda shape: shape.mouth.gap, +1),
    ("AU26", lambda shape: shape.mouth.gap, +1),
    ("AU27", lambda shape: shape.mouth.gap, +1),
    ("AU27", lambda shape: shape.chin, +1),
    ("AU38", lambda shape: shape.nose_width, +1),
    ("AU43", eye_opening, -1),
]


@pytest.mark.parametrize(("unit", "measure", "direction"), MOVEMENTS)
def test_a_unit_moves_its_feature_further_the_stronger_it_is(unit, measure, direction):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        person, style = draw_identity(rng), draw_style(rng, frontal=False)
        values = [measure(landmarks(person, style, Activations({unit: level}))) for level in (0, 0.3, 0.6, 1)]
        assert (np.diff(values) * direction > -1e-9).all()
        assert (values[-1] - values[0]) * direction > 0.004


def test_a_jaw_that_drops_behind_parted_lips_opens_the_mouth_wide():
    person, style = (
        draw_identity(np.random.default_rng(0)),
        draw_style(np.random.default_rng(0), frontal=True),
    )
    parted = landmarks(person, style, Activations({"AU25": 1.0})).mouth.gap
    dropped = landmarks(person, style, Activations({"AU25": 1.0, "AU26": 1.0})).mouth.gap
    assert dropped > 2 * parted


def test_inner_brows_rise_in_sorrow_and_fall_in_anger():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        person, style = draw_identity(rng), draw_style(rng, frontal=True)
        rest, sorrow, anger = (
            inner_brow(landmarks(person, style, Activations(values)))
            for values in ({}, {"AU1": 1.0, "AU4": 0.6}, {"AU4": 1.0})
        )
        assert sorrow < rest < anger


@pytest.mark.parametrize(("unit", "side"), [("AU12L", 0), ("AU12R", 1)])
def test_a_one_sided_unit_moves_one_corner(unit, side):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        person, style = draw_identity(rng), draw_style(rng, frontal=True)
        rest = landmarks(person, style, Activations({})).mouth.corners
        pulled = landmarks(person, style, Activations({unit: 1.0})).mouth.corners
        assert pulled[side][1] < rest[side][1] - 0.05
        assert pulled[1 - side] == pytest.approx(rest[1 - side])


def test_mirroring_exchanges_the_sides():
    assert mirror({"AU12R": 0.7, "AU4": 0.2, "AU14L": 0.1}) == {"AU12L": 0.7, "AU4": 0.2, "AU14R": 0.1}


def test_asymmetry_leaves_intensities_between_0_and_1():
    active = Activations({"AU12": 0.95}, {"AU12": 0.2})
    assert active.at("AU12", 0) == 1
    assert active.at("AU12", 1) == pytest.approx(0.76)


def test_turned_heads_follow_the_rotation_matrices():
    """The product of three textbook rotations, written out once more."""
    yaw, pitch, roll = 0.3, -0.2, 0.4
    sin, cos = np.sin, np.cos
    about_y = np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, cos(pitch), sin(pitch)], [0, -sin(pitch), cos(pitch)]])
    about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
    points, depth = np.array([[0.2, 0.5], [-0.4, 0.1], [0.0, 0.1]]), 0.35
    space = np.column_stack([points - [0, 0.1], np.full(3, depth)])
    expected = np.array([80.0, 70.0]) + 50 * (about_z @ about_x @ about_y @ space.T)[:2].T
    assert Pose(yaw, pitch, roll, (80.0, 70.0), 50.0).project(points, depth) == pytest.approx(expected)
