"""The action units that show an emotion: the prototypes and their major variants.

Sources: Ekman & Friesen, "Unmasking the Face" (1975) and EMFACS-7 (1983); the table of prototypes and major
variants in the FACS Investigator's Guide (2002), ch. 12; contempt as unilateral AU12 + AU14 after Ekman & Friesen,
"A new pan-cultural facial expression of emotion" (1986); frequencies of additional units after Du, Tao &
Martinez, "Compound facial expressions of emotion" (PNAS 2014), table 1. The numbers are intensities at full
expression and are this project's own.
"""

from __future__ import annotations

from typing import Final

from fer_edge.runtime.labels import EMOTIONS

PROTOTYPES: Final[dict[str, tuple[dict[str, float], ...]]] = {
    "neutral": ({},),
    "happiness": (
        {"AU6": 0.7, "AU12": 0.9},  # closed smile
        {"AU6": 0.8, "AU12": 1.0, "AU25": 0.9},  # teeth show
        {"AU6": 0.9, "AU12": 1.0, "AU25": 1.0, "AU26": 0.6},  # laugh
        {"AU12": 1.0, "AU25": 0.5, "AU6": 0.3},  # mostly the mouth
        {"AU12": 1.0, "AU25": 1.0, "AU26": 0.5},  # a grin that the eyes do not share
        {"AU6": 1.0, "AU12": 0.9, "AU25": 0.7, "AU43": 0.85},  # laughing eyes
    ),
    "surprise": (
        {"AU1": 0.9, "AU2": 0.9, "AU5": 0.8, "AU25": 1.0, "AU26": 0.9},
        {"AU1": 1.0, "AU2": 1.0, "AU5": 0.9, "AU25": 1.0, "AU27": 0.8},
        {"AU1": 1.0, "AU2": 1.0, "AU5": 0.6, "AU25": 1.0, "AU26": 0.6, "AU18": 0.3},
        {"AU1": 0.9, "AU2": 1.0, "AU5": 1.0, "AU25": 0.7, "AU26": 0.7, "AU22": 0.4},
    ),
    "sadness": (
        {"AU1": 1.0, "AU4": 0.5, "AU15": 0.9},
        {"AU1": 0.9, "AU4": 0.6, "AU15": 0.9, "AU17": 0.6, "AU43": 0.3},
        {"AU1": 1.0, "AU4": 0.4, "AU15": 0.8, "AU25": 0.5, "AU43": 0.3},
        {"AU1": 0.9, "AU4": 0.7, "AU15": 1.0, "AU17": 0.4, "AU6": 0.2},
    ),
    "anger": (
        {"AU4": 1.0, "AU5": 0.4, "AU7": 0.7, "AU23": 0.7},
        {"AU4": 1.0, "AU7": 0.7, "AU17": 0.5, "AU24": 0.9},
        {
            "AU4": 1.0,
            "AU5": 0.6,
            "AU7": 0.6,
            "AU10": 0.3,
            "AU16": 0.7,
            "AU25": 0.9,
            "AU23": 0.3,
        },  # bared teeth
        {"AU4": 1.0, "AU5": 0.5, "AU7": 0.5, "AU25": 1.0, "AU26": 0.7, "AU16": 0.5, "AU10": 0.2},  # shouting
        {"AU4": 1.0, "AU5": 0.5, "AU7": 0.6, "AU24": 0.8, "AU15": 0.35, "AU38": 0.5},
    ),
    "disgust": (
        {"AU9": 1.0, "AU10": 0.7, "AU17": 0.5, "AU4": 0.55, "AU7": 0.4},
        {"AU9": 1.0, "AU10": 0.9, "AU15": 0.5, "AU16": 0.4, "AU25": 0.6, "AU7": 0.4},
        {"AU9": 0.9, "AU10": 1.0, "AU25": 0.8, "AU4": 0.3, "AU6": 0.4},
        {"AU9": 1.0, "AU15": 0.6, "AU10": 0.7, "AU25": 0.5, "AU26": 0.4, "AU43": 0.3},
    ),
    "fear": (
        {"AU1": 1.0, "AU2": 0.5, "AU4": 0.6, "AU5": 1.0, "AU20": 0.9, "AU25": 0.8},
        {"AU1": 1.0, "AU2": 0.5, "AU4": 0.7, "AU5": 1.0, "AU20": 1.0, "AU25": 1.0, "AU26": 0.5},
        {"AU1": 0.9, "AU2": 0.3, "AU4": 0.7, "AU5": 0.9, "AU20": 0.8, "AU25": 0.5, "AU15": 0.2},
        {"AU1": 1.0, "AU2": 0.4, "AU4": 0.6, "AU5": 1.0, "AU20": 0.9, "AU25": 1.0, "AU26": 0.7, "AU16": 0.4},
    ),
    "contempt": (
        {"AU12R": 0.95, "AU14R": 0.9},
        {"AU12R": 1.0, "AU14R": 1.0},
        {"AU12R": 0.9, "AU14R": 1.0, "AU43": 0.25, "AU7": 0.2},
        {"AU12R": 0.95, "AU14R": 0.9, "AU2R": 0.7},  # one brow raised as well
        {"AU12R": 0.9, "AU14R": 1.0, "AU10R": 0.4, "AU15L": 0.25},
    ),
}
"""Emotion -> variants of its expression; contempt is drawn on either side (:func:`mirrored`)."""

if tuple(PROTOTYPES) != EMOTIONS:  # pragma: no cover - a slip of the pen, found at import
    raise RuntimeError(f"prototypes are in the order {tuple(PROTOTYPES)}, labels in the order {EMOTIONS}")
