"""One network in one format: right files, faulty files, what the checks say about each, and whether it matters."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from runner import store

from mutation.children import in_child
from mutation.contracts import change_contract
from mutation.edit import open_edit
from mutation.judging import judge
from mutation.plan import (
    CONTRACT,
    CONVERSION,
    IN_GRAPH,
    ORIGINS,
    Mutant,
    all_changes,
    choose_conversions,
    choose_file_faults,
    find_changes,
)
from mutation.subjects import Subject, answers, make_job, open_subject, prepare
from mutation.truth import MEASURED, Yardstick, answer

SECONDS = 300.0
"""Of one judgement."""
AGAIN = ("none", "survivors", "all")
"""What is judged again although it was judged before."""


@dataclass(frozen=True)
class Asked:
    """What a run is to do.

    Attributes:
        cache: folder of everything that is made once.
        variants: names; others are left out.
        each: places of every kind of fault.
        seed: of the choice.
        again: one of ``AGAIN``.
        until: time at which no further fault is begun.
        kinds: only these faults; empty: all.
        origins: only faults that come about in these ways.
    """

    cache: Path
    variants: tuple[str, ...]
    each: int
    seed: int
    again: str = "none"
    until: float = float("inf")
    kinds: tuple[str, ...] = ()
    origins: tuple[str, ...] = ORIGINS

    def wants(self, mutant: Mutant) -> bool:
        """Whether a fault is among those that were asked for."""
        return mutant.origin in self.origins and (not self.kinds or mutant.kind in self.kinds)


@dataclass
class Part:
    """A network in a format, in a process of its own.

    Attributes:
        subject: the network.
        form: the format.
        asked: what to do.
        known: contracts of right files.
    """

    subject: Subject
    form: str
    asked: Asked
    known: dict[str, Any] = field(default_factory=dict)
    _memo: tuple[Any, Any, dict[str, Any]] = (None, None, {})

    @property
    def folder(self) -> Path:
        """Where everything of this network is kept."""
        return self.asked.cache / self.subject.name

    @property
    def log(self) -> Path:
        """What converters and engines print."""
        return self.folder / f"{self.form}.log"

    @cached_property
    def variants(self) -> list[str]:
        """Those of this format that were asked for."""
        return [name for name in self.asked.variants if name.startswith(f"{self.form}-")]

    def make(self) -> int:
        """Right files, then faulty modules converted; the number of files that were made.

        In a process of its own: converters start threads, and what was started cannot be forked.
        """
        from fer_edge.runtime.contract import Contract

        self._open("make")
        made = 0
        for index, task in enumerate(self.worker.job.tasks):
            beside = Path(f"{task.path}.contract.json")
            if not beside.exists():
                result = self.worker._do(index, task)
                if result.error or result.contract is None:
                    raise SystemExit(f"{self.subject.name} {task.variant}: {result.error}")
                beside.write_text(Contract.parse(result.contract).text, encoding="utf-8")
                made += 1
        for mutant in self._conversions():
            if time.time() > self.asked.until:
                break
            made += self._convert(mutant)
        return made

    def judge(self) -> int:
        """Every file that was not judged yet; the number of those that were."""
        self._open("verify")
        for task in self.worker.job.tasks:
            self._judge_right(task)
        from mutation.pictures import draw_pictures

        self.pictures = answers(self.folder / "other.npy", lambda: draw_pictures(self.original.contract))
        self.truth = answers(self.folder / "other-original.npy", self._original_answers)
        done = 0
        for mutant in self._mutants():
            if time.time() > self.asked.until:
                break
            done += self._do(mutant)
        return done

    def _open(self, stage: str) -> None:
        from fer_edge.export.worker.child import Worker

        self.original = open_subject(self.subject, self.folder)
        prepare(self.original, self.folder)
        self.worker = Worker(make_job(self.form, self.folder, self.variants, stage))

    def _judge_right(self, task: Any) -> None:
        """The checks' word on a right file; what they need beside it is made here, once, for all forks."""
        from fer_edge.runtime.contract import Contract

        contract = Contract.parse(Path(f"{task.path}.contract.json").read_bytes())
        self.known[task.variant] = contract
        found = judge(self.worker, Path(task.path), task.variant, contract, self.original.contract)
        if found["by"] == [
            "engine"
        ]:  # the cache is of another version of the checks: nothing can be said by it
            raise SystemExit(f"{self.subject.name} {task.variant} cannot be judged: {found['reason']}")
        if found["caught"]:
            print(
                f"right file refused: {self.subject.name} {task.variant}: {found['reason']}", file=sys.stderr
            )
        store(self.folder / "right" / f"{task.variant}.json", {"variant": task.variant, **found})

    def _original_answers(self) -> Any:
        import torch

        from fer_edge.export.reference_model.inference import make_batch, probabilities

        with torch.inference_mode():
            rows = [
                self.original.module(
                    make_batch(self.pictures[place : place + 32], self.original.contract)
                ).numpy()
                for place in range(0, len(self.pictures), 32)
            ]
        return probabilities(np.concatenate(rows), self.original.contract)

    def _mutants(self) -> Iterator[Mutant]:
        """Chosen faults, kinds taking turns, so that a run that is stopped has seen some of each."""
        lists = [
            choose_file_faults(name, open_edit(self._right(name)), self.asked.each, self.asked.seed)
            for name in self.variants
        ]
        lists.append(self._conversions())
        for row in itertools.zip_longest(*lists):
            yield from (one for one in row if one and self.asked.wants(one))

    def _conversions(self) -> list[Mutant]:
        changes = find_changes(self.original.module)
        chosen = choose_conversions(self.form, self.variants, changes, 1, self.asked.seed)
        return [mutant for mutant in chosen if self.asked.wants(mutant)]

    def _right(self, variant: str) -> Path:
        return next(Path(task.path) for task in self.worker.job.tasks if task.variant == variant)

    def _do(self, mutant: Mutant) -> int:
        place = self.folder / "mutants" / f"{mutant.name}.json"
        place.parent.mkdir(exist_ok=True)
        row = json.loads(place.read_text()) if place.exists() else {}
        judged = "caught" in row or "refused" in row
        again = self.asked.again == "all" or (self.asked.again == "survivors" and not row.get("caught", True))
        if judged and not again:
            return 0
        store(place, {**asdict(mutant), **self._row(mutant, row)})
        return 1

    def _row(self, mutant: Mutant, before: dict[str, Any]) -> dict[str, Any]:
        failed = self._refusal(mutant)
        if failed.exists():
            return {"refused": failed.read_text(encoding="utf-8")}
        known = {key: before[key] for key in MEASURED if key in before}
        yardstick = self._yardstick(mutant.variant)
        found = in_child(lambda: self._look(mutant, known, yardstick), SECONDS, self.log)
        if "crash" in found:
            return {"caught": True, "by": ["crash"], "open": [], "reason": found["crash"], **known}
        return dict(found)

    def _yardstick(self, variant: str) -> Yardstick:
        path, contract = self._right(variant), self.known[variant]
        right = answers(
            self.folder / f"other-{variant}.npy", lambda: answer(path, variant, contract, self.pictures)
        )
        return Yardstick(self.truth, right)

    def _look(self, mutant: Mutant, known: dict[str, Any], yardstick: Yardstick) -> dict[str, Any]:
        """In a fork: make the file, judge it, measure it."""
        path, about = self._write(mutant)
        contract = about.pop("contract")
        found = judge(self.worker, path, mutant.variant, contract, self.original.contract)
        refused = found["by"] == ["engine"] and not known
        if not known and not refused:
            known = yardstick.measure(path, mutant.variant, contract, self.pictures, caught=found["caught"])
            if mutant.kind == "contract_labels":  # the numbers are right; they are read as other labels'
                known = dict(zip(MEASURED, (1.0, 1.0, 0, True, True, True), strict=True))
        self._remove(mutant, path)
        return {**about, **found, **known}

    def _write(self, mutant: Mutant) -> tuple[Path, dict[str, Any]]:
        right, contract = self._right(mutant.variant), self.known[mutant.variant]
        names = self._modules()
        if mutant.origin == CONVERSION:
            change = find_changes(self.original.module)[mutant.kind][mutant.index]
            return self._converted(mutant), {
                "place": change.module,
                "module": change.module,
                "near": [name for name in self._near(change.module) if name != change.module],
                "contract": contract,
            }
        target = self.folder / "tmp" / f"{mutant.name}{right.suffix}"
        target.parent.mkdir(exist_ok=True)
        edit = open_edit(right)
        if mutant.origin == CONTRACT:
            contract = change_contract(contract, mutant.kind)
            edit.save(target, contract)
            return target, {"place": "contract", "module": "", "contract": contract}
        change = all_changes(edit)[mutant.kind][mutant.index]
        change.apply()
        edit.save(target, contract)
        # A network with other products than the modules' has no names for them.
        named = change.layer is not None and len(names) == len(edit.layers)
        group = names[change.layer or 0] if named else [""]
        return target, {
            "place": change.place,
            "module": group[0],
            "near": group[1:],
            "contract": contract,
        }

    def _near(self, module: str) -> list[str]:
        """The parts that an exporter makes one operator of, or of neighbors."""
        return next((group for group in self._modules() if module in group), [])

    def _modules(self) -> list[list[str]]:
        from fer_edge.export.capture.wrappers import make_example_tensor
        from mutation.conversion import product_modules

        return product_modules(self.original.module, make_example_tensor(self.original.contract))

    def _converted(self, mutant: Mutant) -> Path:
        right = self._right(mutant.variant)
        return self.folder / "converted" / f"{mutant.name}{right.suffix}"

    def _remove(self, mutant: Mutant, path: Path) -> None:
        Path(f"{path}.contract.json").unlink()
        if mutant.origin == CONVERSION:
            return
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    def _refusal(self, mutant: Mutant) -> Path:
        return self.folder / "converted" / f"{mutant.name}.refused"

    def _convert(self, mutant: Mutant) -> int:
        """Convert a changed module; what its other precisions share with it is kept until another one comes."""
        from fer_edge.export.formats.protocol import ModelAndContract, Request
        from fer_edge.runtime.contract import Contract
        from fer_edge.runtime.variants import Variant
        from mutation.conversion import make_faulty

        path, failed = self._converted(mutant), self._refusal(mutant)
        if path.exists() or failed.exists():
            return 0
        path.parent.mkdir(exist_ok=True)
        # An abort of the converter leaves this word, and the next run goes on behind it.
        failed.write_text("the converter ended the process", encoding="utf-8")
        key = (mutant.kind, mutant.index)
        if self._memo[0] != key:
            change = find_changes(self.original.module)[mutant.kind][mutant.index]
            by = change.contract(self.original.contract) if change.contract else self.original.contract
            self._memo = (key, ModelAndContract(make_faulty(self.original.module, change), by), {})
        _, source, memo = self._memo
        request = Request(Variant.parse(mutant.variant), source, self.worker._calibrate(), path, memo)
        try:
            self.worker._converter().convert(request)
        except Exception as error:  # noqa: BLE001 - whatever a converter raises is a refusal
            failed.write_text(f"{type(error).__name__}: {error}"[:400], encoding="utf-8")
            return 0
        if mutant.kind in IN_GRAPH:
            beside = Path(f"{self._right(mutant.variant)}.contract.json")
            open_edit(path).save(path, Contract.parse(beside.read_bytes()))
        failed.unlink()
        return 1
