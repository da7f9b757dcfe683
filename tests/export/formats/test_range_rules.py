"""Which rules of calibration are tried: the narrowest only where halfway there was worth it."""

import pytest

from fer_edge.export.formats.range_rules import measure_rules


@pytest.mark.parametrize(
    ("distances", "tried"),
    [
        ({"wide": 1.0, "halfway": 1.2}, ["wide", "halfway"]),
        ({"wide": 1.0, "halfway": 0.95}, ["wide", "halfway"]),
        ({"wide": 1.0, "halfway": 0.8, "narrow": 0.7}, ["wide", "halfway", "narrow"]),
        ({"wide": 0.0, "halfway": 0.0}, ["wide", "halfway"]),  # no held-out images
    ],
)
def test_rules_that_are_tried(distances, tried):
    asked = []

    def distance(rule):
        asked.append(rule)
        return distances[rule]

    assert measure_rules("wide", "narrow", distance) == distances
    assert asked == tried
