"""The diagnosis: one question after another about a dump, what was found to each, and the mistakes that are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fer_edge.export.mistakes.catalog import MISTAKES
from fer_edge.export.verify.diagnose.answers import ANSWERS
from fer_edge.export.verify.diagnose.candidates import Candidate

RIGHT, MISTAKE, NONE, OPEN = "right", "mistake", "none-of-these", "open"
"""Verdicts: as it should be; explained by mistakes that have names; wrong, and explained by none; nothing to judge by."""
UNSURE = "several explain these answers about as well"
"""Note where none is named for that reason: the tensor would tell."""

_OTHERS = {
    "contract-of-other-variant": ("contract of another file of the bundle", "read the contract that lies beside the file that is run, <file>.contract.json"),
    "contract-of-reference": ("contract of the PyTorch weights", "read the contract that lies beside the file that is run, <file>.contract.json"),
    "stale-contract": ("contract of another export: a stale file in the app", "copy artifact and contract of this bundle into the app, then dump again"),
    "unknown-variant": ("answers of a variant that the bundle does not have", "name the variant as the manifest does"),
    "tensor-of-other-size": ("tensor of another size", "fill exactly width x height x channels of the contract"),
    "tensor-of-other-type": ("tensor of another number type", "give the engine values of input.dtype"),
    "tensor-not-finite": ("NaN or infinity in the tensor", "look for a division by zero before the engine"),
    "box-in-shares": ("box in shares of the picture (0 to 1)", "multiply x by the width and y by the height of the upright picture"),
    "box-empty": ("box with nothing of the picture in it", "give x0, y0, x1, y1 in pixels of the upright picture"),
    "mirror-of-its-own": ("mirror is not the contract's", "mirror only where camera.mirror of the contract says so"),
    "answers-not-finite": ("NaN or infinity in the answers", "compare with the CPU: a delegate with float16 may overflow; else the input is broken"),
    "answers-of-other-length": ("another number of answers than labels", "read the output that the contract names"),
    "answers-of-other-variant": ("answers of another file of the bundle", "run the file whose name the answers carry"),
    "labels-permuted": ("answers in another order than the labels", "take the labels from the contract, in its order"),
    "only-the-first": ("only the first label kept", "show all probabilities"),
    "other-file": ("right input, other answers: another file (stale), or a delegate", "compare the file's SHA-256 with the manifest; run without a delegate (GPU, NNAPI)"),
}  # fmt: skip
TITLES = {one.name: one.title for one in MISTAKES} | {one.name: one.title for one in ANSWERS}
TITLES |= {name: words[0] for name, words in _OTHERS.items()}
"""Of every mistake, by name."""
REMEDIES = {one.name: one.remedy for one in MISTAKES} | {one.name: one.remedy for one in ANSWERS}
REMEDIES |= {name: words[1] for name, words in _OTHERS.items()}
"""The same: what to do."""


@dataclass
class Question:
    """One question about a dump.

    Attributes:
        name: ``contract``, ``box``, ``input`` or ``answers``.
        verdict: ``right``, ``mistake``, ``none-of-these`` or ``open``.
        mistakes: what is named.
        note: what was compared, or why nothing was.
        unit: of the distances.
        ranking: explanations, best first; empty where nothing was searched.
    """

    name: str
    verdict: str
    mistakes: tuple[str, ...] = ()
    note: str = ""
    unit: str = ""
    ranking: Sequence[Candidate] = ()


@dataclass
class Diagnosis:
    """Everything that was found in a dump.

    Attributes:
        device: as the app said.
        variant: of the artifact that it was held against.
        questions: in the order in which a frame becomes an answer.
    """

    device: str
    variant: str
    questions: list[Question] = field(default_factory=list)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """All that are named, first things first."""
        return tuple(dict.fromkeys(name for one in self.questions for name in one.mistakes))

    @property
    def verdict(self) -> str:
        """``mistake`` where any is named; else the worst of the questions."""
        found = {one.verdict for one in self.questions}
        if self.mistakes:
            return MISTAKE
        if NONE in found:
            return NONE
        # A contract that is right says nothing about a frame.
        judged = [one.verdict for one in self.questions if one.name in ("input", "answers")]
        return RIGHT if RIGHT in judged else OPEN

    @property
    def exit_code(self) -> int:
        """3 where something is wrong, else 0."""
        return 0 if self.verdict in (RIGHT, OPEN) else 3
