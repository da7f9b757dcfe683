"""Faces without a data set: procedural drawings, moved by facial action units, with soft emotion labels.

They are drawings. What a model reaches on them says nothing about people: see ``docs/synthetic-faces.md``.
"""

from __future__ import annotations

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic.action_units import ACTION_UNITS
from fer_edge.synthetic.dataset import SPLITS, SyntheticFaces
from fer_edge.synthetic.face import DrawnFace, render_face
from fer_edge.synthetic.prototypes import PROTOTYPES

__all__ = ["ACTION_UNITS", "EMOTIONS", "PROTOTYPES", "SPLITS", "DrawnFace", "SyntheticFaces", "render_face"]
