"""Layer answers of an artifact as one part of its proof: they say where a fault is, and see what no constant shows."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.export.faithful.layers.answers import LayerAnswers
from fer_edge.export.faithful.layers.rows import make_record
from fer_edge.export.formats import find_format
from fer_edge.export.worker.job import Task
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.verification import LONGEST_SENTENCE, Code, Faithful

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import ModelAndContract
    from fer_edge.export.reference_model.inference import Reference


def compare_task(
    task: Task, bridge: Path | None, original: ModelAndContract, reference: Reference
) -> LayerAnswers | None:
    """Compare the layers of a task's artifact; None: they cannot be recorded.

    Args:
        task: with the artifact.
        bridge: the judged float32 file of the same conversion; None: the artifact is one itself.
        original: the PyTorch original.
        reference: pictures.
    """
    from fer_edge.export.faithful.layers.compare import compare_layers

    recorders = find_format(task.what.format).load_recorders()
    if recorders is None or not len(reference.pictures):
        return None
    path = Path(task.path)
    try:
        contract = Contract.parse(read_embedded_contract(path))
        return compare_layers(
            recorders,
            path,
            task.what,
            contract,
            bridge,
            reference.pictures,
            (original.module, original.contract),
        )
    # What an engine does not take apart is no fault of the file: its answers and numbers are judged all the same.
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        return None


def join(verdict: Faithful | None, answers: LayerAnswers) -> Faithful:
    """The verdict about a file's numbers with that about its layers.

    Args:
        verdict: about the numbers; None: nothing reads the numbers of such files.
        answers: of its layers.
    """
    record, reason = make_record(answers), answers.reason
    if verdict is None:
        code = Code.LAYER if answers.verdict == "fail" else Code.UNALIGNED
        return Faithful(answers.verdict, code if reason else None, reason, layers=record)
    if answers.verdict != "fail" or reason is None:
        return replace(verdict, layers=record)
    said = "; ".join(filter(None, (verdict.reason if verdict.verdict == "fail" else None, reason)))
    code = verdict.code if verdict.verdict == "fail" and verdict.code else Code.LAYER
    return replace(verdict, verdict="fail", code=code, reason=said[:LONGEST_SENTENCE], layers=record)
