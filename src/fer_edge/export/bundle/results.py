"""The result of one variant: what the bundle, the table and the exit code are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Accuracy, Faithful, Parity, WeightAudit

WRITTEN, LEFT_OUT, BROKEN, SKIPPED = "written", "left out", "failed", "skipped"


@dataclass
class VariantResult:
    """The result of one variant.

    Attributes:
        variant: which one.
        status: ``written``, ``left out`` (a check said no), ``failed`` (the converter did) or ``skipped``.
        path: the artifact, where there is one; in the staging folder.
        bytes: its size; of all files together if it is a package.
        file: its name in the bundle, if it is written.
        contract: its text.
        parity: against the original, and nothing else; what is stored is the worse of this and ``faithful``.
        faithful: number by number.
        weight_audit: where no engine could run it.
        findings: sentences of a weight audit that failed.
        accuracy: on labeled pictures.
        notes: what the check of the original and the converter had to say, a sentence each.
        reason: why it is not written, or was not checked.
        exit_code: what this variant alone would make of the run.
        seconds: conversion and checks, on this machine; never stored.
    """

    variant: Variant
    status: str
    path: Path | None = None
    bytes: int | None = None
    file: str | None = None
    contract: str | None = None
    parity: Parity | None = None
    faithful: Faithful | None = None
    weight_audit: WeightAudit | None = None
    findings: tuple[str, ...] = ()
    accuracy: Accuracy | None = None
    notes: tuple[str, ...] = ()
    reason: str | None = None
    exit_code: int = 0
    seconds: float | None = field(default=None, compare=False)
