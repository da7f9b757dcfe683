"""Diagnosis of a dump: contract, input and answers, each against what the bundle says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.mistakes.catalog import BY_NAME, Steps, applicable, hypotheses
from fer_edge.export.mistakes.catalog import RIGHT as RIGHT_STEPS
from fer_edge.export.mistakes.preparation import Preparation
from fer_edge.export.verify.diagnose.alone import ODDITY, UNSEEN, rank_alone
from fer_edge.export.verify.diagnose.answers import (
    ANSWERS,
    BOUNDS,
    FARTHEST,
    NEAR,
    READ_RIGHT,
    AnswerMistake,
    distance,
    find_order,
    resolution,
)
from fer_edge.export.verify.diagnose.asking import ask
from fer_edge.export.verify.diagnose.candidates import Bounds, Candidate, merge_equal, named, rank, rivals
from fer_edge.export.verify.diagnose.inputs import LEVELS, rank_preparations, rarity
from fer_edge.export.verify.diagnose.record import (
    MISTAKE,
    NONE,
    OPEN,
    RIGHT,
    UNSURE,
    Diagnosis,
    Question,
)
from fer_edge.export.verify.diagnose.subject import Subject, examine
from fer_edge.runtime.bundle import Bundle
from fer_edge.runtime.dump import Dump
from fer_edge.runtime.engines import find_engine
from fer_edge.runtime.errors import EngineError, FrameError
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from fer_edge.console.output import Output

Row = NDArray[np.float64]
Names = tuple[str, ...]
Ask = Callable[[Mapping[str, NDArray[Any]]], Mapping[str, Row | str]]
"""Tensors (n, *shape) by variant -> answers (n, labels) by variant, or why there are none."""
ROUNDING = 3.0
"""Floors of ``Bounds`` within which nothing is left to explain."""
LIKELY = 0.3
"""Share of what counts as explained within which a single mistake is named from answers alone."""
MOST_BYTES = 256 << 20
"""Of the tensors that an artifact is asked about at once: all pairs of a network of 112 x 112 colors, the usual ones of larger ones."""
SHOWN = 8
"""Explanations that are kept of each ranking, besides the right one."""


def diagnose(bundle: Bundle, dump: Dump, output: Output) -> Diagnosis:
    """Say what went wrong in a dump; artifacts are asked in children.

    Raises:
        BundleError: the bundle has no artifact, or a byte of one was changed.
        FrameError: the frame's numbers do not fit together.
    """
    return diagnose_with(lambda tensors: ask(bundle, tensors, output), bundle, dump)


def diagnose_with(asking: Ask, bundle: Bundle, dump: Dump) -> Diagnosis:
    """Say what went wrong in a dump.

    Args:
        asking: asks artifacts.
        bundle: whose manifest is read.
        dump: of an app.

    Raises:
        BundleError: the bundle has no artifact, or a byte of one was changed.
        FrameError: the frame's numbers do not fit together.
    """
    subject, questions = examine(bundle, dump)
    found = Diagnosis(dump.device, subject.variant, questions)
    if not any(one.name == "input" for one in questions):
        questions += [one for one in (_judge_input(subject),) if one]
    fed_wrong = any(one.name == "input" and one.mistakes for one in questions)
    questions += Answers(asking, dump, subject, fed_wrong=fed_wrong).judge()
    return found


def _judge_input(subject: Subject) -> Question | None:
    if subject.tensor is None:
        return None
    if subject.preparation is None:
        ranked = rank_alone(subject.tensor, subject.contract)
        return _concluded("input", ranked, ODDITY, f"the tensor by itself; {UNSEEN}", "oddity")
    ranked = rank_preparations(subject.preparation, subject.tensor)
    note = f"the tensor against the frame's, for {subject.variant}"
    return _concluded("input", ranked, LEVELS, note, "levels of 255")


def _concluded(name: str, ranked: list[Candidate], bounds: Bounds, note: str, unit: str) -> Question:
    best = named(ranked, bounds)
    verdict = NONE if best is None else MISTAKE if best.mistakes else RIGHT
    right = [one for one in ranked[SHOWN:] if not one.mistakes]
    return Question(name, verdict, best.mistakes if best else (), note, unit, [*ranked[:SHOWN], *right])


class Answers:
    """The answers of a dump, variant by variant.

    Args:
        asking: asks artifacts.
        dump: with the observed answers.
        subject: what they are about.
        fed_wrong: a mistake of the input is known already.
    """

    def __init__(self, asking: Ask, dump: Dump, subject: Subject, *, fed_wrong: bool) -> None:
        self._ask, self.dump, self.subject, self._fed_wrong = asking, dump, subject, fed_wrong

    def judge(self) -> list[Question]:
        """One question a variant that the bundle has."""
        observed = self.dump.probabilities or {}
        return [
            self._judge(name, values) for name, values in observed.items() if name in self.subject.contracts
        ]

    def _judge(self, variant: str, values: Sequence[float | None]) -> Question:
        title, contract = "answers", self.subject.contracts[variant]
        if len(values) != len(contract.labels):
            note = f"{variant}: {len(values)} values; the contract has {len(contract.labels)} labels"
            return Question(title, MISTAKE, ("answers-of-other-length",), note)
        row = np.array([np.nan if value is None else value for value in values], np.float64)
        if not np.isfinite(row).all():
            note = f"{variant}: {int((~np.isfinite(row)).sum())} of {len(row)} values are not finite"
            if self._fed_wrong:
                return Question(title, OPEN, note=f"{note}, as may follow from the input")
            return Question(title, MISTAKE, ("answers-not-finite",), note)
        same = contract.sha256 == self.subject.contract.sha256
        if self.subject.tensor is not None and same:
            return self._of_tensor(variant, row)
        if self.subject.preparation is not None:
            return self._of_frame(variant, row)
        return self._alone(variant, row)

    def _of_tensor(self, variant: str, row: Row) -> Question:
        """The artifact is asked about the very tensor that the app gave it."""
        tensor = self.subject.tensor
        assert tensor is not None
        found = self._ask({variant: tensor[None]})[variant]
        if isinstance(found, str):
            return Question("answers", OPEN, note=f"{variant} cannot be run here: {found}")
        note = f"{variant}: its answers to the app's tensor"
        ranked = self._ranked(variant, self._candidates(variant, row, [[()]], found))
        question = self._concluded(variant, ranked, note)
        if question.verdict == MISTAKE or (
            question.verdict == RIGHT and self._is_rounding(variant, question)
        ):
            return question
        other = self._elsewhere(variant, row, found[0], question, {variant: tensor})
        if question.verdict == RIGHT:
            # Near enough for a delegate, but perhaps another file gives exactly this.
            return other if other.mistakes == ("answers-of-other-variant",) else question
        return other

    def _of_frame(self, variant: str, row: Row) -> Question:
        """All that the frame may have become is asked about, first single mistakes, then pairs."""
        preparation = self._preparation(variant)
        note = f"{variant}: its answers to the frame, by every mistake"
        right, tensors, candidates = np.empty(0), np.empty((0,)), list[Candidate]()
        for most in (1, 2):
            names, tensors = _tensors(preparation, most)
            found = self._ask({variant: tensors})[variant]
            if isinstance(found, str):
                return Question("answers", OPEN, note=f"{variant} cannot be run here: {found}")
            right, candidates = found[0], self._candidates(variant, row, names, found)
            question = self._by_kernels(variant, candidates, note)
            if question:
                return question
            question = self._reordered(
                variant, row, right, self._concluded(variant, self._ranked(variant, candidates), note)
            )
            if question:
                return question
        # Among thousands of pairs some are a little off by chance: of those on other kernels only single mistakes are named.
        singles = [one for one in candidates if len(one.mistakes) < 2]
        wide = self._bounds(variant)
        question = self._named(variant, singles, note, Bounds(wide.floor, LIKELY * wide.explained))
        if question.verdict == MISTAKE:
            return question
        whole = self._concluded(variant, self._ranked(variant, candidates), note)
        whole.verdict, whole.mistakes, whole.note = question.verdict, question.mistakes, question.note
        return self._elsewhere(variant, row, right, whole, {variant: tensors[0]})

    def _by_kernels(self, variant: str, candidates: list[Candidate], note: str) -> Question | None:
        """The question where the right way or a mistake gives these answers as the same kernels would."""
        right = next(one for one in candidates if not one.mistakes)
        whole = self._concluded(variant, self._ranked(variant, candidates), note)
        if right.distance <= self._bounds(variant).floor and whole.verdict == RIGHT:
            return whole
        near = NEAR[Variant.parse(variant).precision]
        close = [one for one in candidates if len(one.mistakes) < 2 or one.distance <= near]
        question = self._named(variant, close, note, Bounds(near, ROUNDING * near))
        if question.verdict == MISTAKE:
            return question
        return whole if whole.verdict == RIGHT else None

    def _named(self, variant: str, candidates: list[Candidate], note: str, bounds: Bounds) -> Question:
        """The question with the one that is named, if no other comes as near."""
        ranked = rank(candidates, bounds, rarity)
        question = self._concluded(variant, ranked, note, bounds)
        if question.verdict == MISTAKE and rivals(ranked, ranked[0], bounds, _step_of):
            question.verdict, question.mistakes, question.note = NONE, (), f"{note}; {UNSURE}"
        return question

    def _is_rounding(self, variant: str, question: Question) -> bool:
        """Whether nothing is left to explain: looking on would be in vain."""
        return question.ranking[0].distance <= ROUNDING * self._bounds(variant).floor

    def _preparation(self, variant: str) -> Preparation:
        given = self.subject.preparation
        assert given is not None
        return Preparation(given.frame, given.rotation, given.box, self.subject.contracts[variant])

    def _alone(self, variant: str, row: Row) -> Question:
        """Neither tensor nor frame: what can be said of the numbers alone."""
        contract, note = self.subject.contracts[variant], f"{variant}: the numbers by themselves"
        if abs(row.sum() - 1) <= 1e-2 and (row >= -1e-3).all():
            spread = float(np.ptp(row))
            if (
                spread < 1.8 / len(row)
                and resolution(row) < 1e-3
                and row.max() < np.e / (np.e + len(row) - 1)
            ):
                return Question("answers", OPEN, note=f"{note}; flat: softmax may have been applied again")
            return Question(
                "answers", OPEN, note=f"{note}: probabilities; give a frame or a tensor to judge them"
            )
        for one in ANSWERS:
            read = None if one.name.startswith("labels") else one.read(row, contract)
            if read is not None and one.name not in {"softmax-twice", "sigmoid-added"}:
                return Question("answers", MISTAKE, (one.name,), f"{note}: sum {row.sum():.3g}")
        return Question("answers", NONE, note=f"{note}: no probabilities, sum {row.sum():.3g}")

    def _ranked(self, variant: str, candidates: list[Candidate]) -> list[Candidate]:
        return rank(candidates, self._bounds(variant), rarity)

    def _candidates(
        self, variant: str, row: Row, names: Sequence[Sequence[Names]], answers: Row
    ) -> list[Candidate]:
        """Each answer of the artifact against each reading of what was observed.

        Args:
            variant: of the artifact.
            row: observed.
            names: of each answer: the mistakes that lead to it, and others that lead to the same tensor.
            answers: of the artifact, (n, labels).
        """
        contract, step = self.subject.contracts[variant], resolution(row)
        ways = [(way, way.read(row, contract)) for way in (READ_RIGHT, *ANSWERS)]
        candidates, keys = list[Candidate](), list[object]()
        for equal, answer in zip(names, answers, strict=True):
            for way, read in ways:
                behind = () if way is READ_RIGHT else (way.name,)
                if read is None or len(equal[0]) + len(behind) > 2:
                    continue
                apart, worst = distance(answer, read, _step(way, step))
                same = tuple((*other, *behind) for other in equal[1:])
                candidates.append(Candidate((*equal[0], *behind), apart, worst, same))
                keys.append((way.name, _key(answer, read)))
        return merge_equal(candidates, keys)

    def _concluded(
        self, variant: str, ranked: list[Candidate], note: str, bounds: Bounds | None = None
    ) -> Question:
        bounds = bounds or self._bounds(variant)
        question = _concluded("answers", ranked, bounds, note, "difference of logarithms")
        best = ranked[0]
        if question.verdict != NONE and best.worst > 10 * FARTHEST[Variant.parse(variant).precision]:
            question.verdict, question.mistakes = NONE, ()
        return question

    def _bounds(self, variant: str) -> Bounds:
        return BOUNDS[Variant.parse(variant).precision]

    def _elsewhere(
        self, variant: str, row: Row, right: Row, question: Question, tensors: dict[str, NDArray[Any]]
    ) -> Question:
        """Other orders of the labels, other files of the bundle; else another file altogether."""
        reordered = self._reordered(variant, row, right, question)
        if reordered:
            return reordered
        other = self._find_other(variant, row, right, tensors)
        if other:
            note = f"{question.note}; these are the answers of {other}"
            return Question(
                "answers", MISTAKE, ("answers-of-other-variant",), note, question.unit, question.ranking
            )
        if self.subject.tensor is None:
            return question
        if abs(row.sum() - 1) > 1e-2 or (row < -1e-3).any():
            return question
        return Question("answers", MISTAKE, ("other-file",), question.note, question.unit, question.ranking)

    def _reordered(self, variant: str, row: Row, right: Row, question: Question) -> Question | None:
        """The right values in another order, or only the first of them."""
        farthest = FARTHEST[Variant.parse(variant).precision]
        order = find_order(right, row, farthest)
        if order is not None:
            labels = self.subject.contract.labels
            shown = ", ".join(
                f"{labels[place]}: {labels[at]}'s" for at, place in enumerate(order) if place != at
            )
            note = f"{question.note}; shown as {shown}"
            return Question("answers", MISTAKE, ("labels-permuted",), note, question.unit, question.ranking)
        if _is_first_only(row, right):
            return Question(
                "answers", MISTAKE, ("only-the-first",), question.note, question.unit, question.ranking
            )
        return None

    def _find_other(self, variant: str, row: Row, right: Row, tensors: dict[str, NDArray[Any]]) -> str | None:
        """The variant whose answers these are."""
        asked = self._for_others(variant, tensors[variant])
        found, step = self._ask(asked) if asked else {}, resolution(row)
        own = distance(right, row, step)[0]
        near = [
            (distance(answers[0], row, step)[0], name)
            for name, answers in found.items()
            if not isinstance(answers, str)
        ]
        if not near:
            return None
        apart, name = min(near)
        return name if apart <= self._bounds(name).floor and apart <= own / 3 else None

    def _for_others(self, variant: str, tensor: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """What other variants get: the same tensor where their contract is the same, else the frame's."""
        asked, own = dict[str, NDArray[Any]](), self.subject.contracts[variant]
        for name, contract in self.subject.contracts.items():
            if name == variant or not _runs_here(name):
                continue
            if contract.sha256 == own.sha256:
                asked[name] = tensor[None]
            elif self.subject.preparation is not None:
                asked[name] = self._preparation(name).tensor()[None]
        return asked


def _step_of(mistake: str) -> str:
    """Where an app makes a mistake; all orders of labels are one place."""
    if mistake in BY_NAME:
        return BY_NAME[mistake].step
    return "labels" if mistake.startswith("labels-") else mistake


def _runs_here(variant: str) -> bool:
    """Whether an engine runs the format; evaluators of a specification take too long to be asked about everything."""
    try:
        find_engine(Variant.parse(variant).format)
    except EngineError:
        return False
    return True


def _tensors(preparation: Preparation, most: int) -> tuple[list[list[Names]], NDArray[Any]]:
    """Tensors of all hypotheses with so many mistakes, each once, with all that lead to it; the right one is the first.

    Of pairs the usual ones come first, and no more than ``MOST_BYTES`` have room for.
    """
    mistakes = applicable(preparation.contract, preparation.frame, boxed=preparation.box is not None)
    room = MOST_BYTES // preparation.tensor().nbytes
    found: dict[bytes, list[Names]] = {}
    tensors = list[NDArray[Any]]()
    usual = sorted(hypotheses(mistakes, most), key=lambda one: (len(one.mistakes), rarity(one.mistakes)))
    # In the order of the steps again, so that neighbors share what they have in common.
    chosen = set(usual[: max(room, len(mistakes) + 1)])
    kept = [one for one in hypotheses(mistakes, most) if one in chosen]
    for steps in kept:
        tensor = _tensor(preparation, steps)
        if tensor is None:
            continue
        equal = found.setdefault(hashlib.blake2b(tensor.tobytes()).digest(), [])
        if not equal:
            tensors.append(tensor)
        equal.append(steps.mistakes)
    return list(found.values()), np.stack(tensors)


def _tensor(preparation: Preparation, steps: Steps) -> NDArray[Any] | None:
    try:
        return preparation.tensor(steps)
    except FrameError:
        if steps == RIGHT_STEPS:
            raise
        return None


def _step(way: AnswerMistake, step: float) -> float:
    """The step of what a reading gives, from that of the observed values."""
    return max(step, 1e-5) if way.name in {"softmax-twice", "sigmoid-added"} else step


def _key(answer: Row, read: Row) -> bytes:
    return np.round(np.concatenate([answer, read]), 9).tobytes()


def _is_first_only(row: Row, right: Row) -> bool:
    return bool(
        row.argmax() == right.argmax() and (np.delete(row, row.argmax()) == 0).all() and row.max() > 0
    )
