"""Emotion names: the canonical ones and the spellings that are understood on input.

Order and names are those of FER+ (Barsoum et al. 2016, "Training Deep Networks for Facial Expression
Recognition with Crowd-Sourced Label Distribution", and its file fer2013new.csv).
"""

from __future__ import annotations

EMOTIONS: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)

ALIASES: dict[str, str] = {
    "happy": "happiness",
    "surprised": "surprise",
    "sad": "sadness",
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
}

RESERVED: frozenset[str] = frozenset({"face_id", "bbox", "probabilities"})
"""Keys of the prediction JSON that a label must not take."""


def canonical(name: str) -> str:
    """The FER+ name for a known spelling; any other label is returned as it came."""
    return ALIASES.get(name, name)
