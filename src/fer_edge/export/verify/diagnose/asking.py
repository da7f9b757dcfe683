"""Artifacts that are asked about tensors, in children: files of others are run nowhere else."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.check import describe_missing_engine
from fer_edge.export.pictures.arrays import put_array
from fer_edge.export.worker.job import ASK, Job, TaskResult, make_jobs
from fer_edge.export.worker.pool import Pool
from fer_edge.runtime.bundle import Bundle
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from fer_edge.console.output import Output


def ask(
    bundle: Bundle, tensors: Mapping[str, NDArray[Any]], output: Output
) -> dict[str, NDArray[np.float64] | str]:
    """Answers of artifacts.

    Args:
        bundle: the bundle; each artifact that is asked is checked first.
        tensors: (n, *shape) in the contract's dtype, by variant.
        output: for progress.

    Returns:
        (n, labels) float64 probabilities by variant, or the sentence that says why there are none.

    Raises:
        BundleError: a byte of an artifact was changed.
    """
    found: dict[str, NDArray[np.float64] | str] = {}
    paths = dict[Variant, Path]()
    for name in tensors:
        artifact, variant = bundle.artifact(name), Variant.parse(name)
        bundle.check_artifact(artifact)
        missing = describe_missing_engine(variant)
        if missing:
            found[name] = missing
        else:
            paths[variant] = bundle.path.resolve().joinpath(*artifact.path.split("/"))
    if paths:
        with tempfile.TemporaryDirectory(prefix="fer-verify-") as folder:
            found |= _ask(paths, tensors, Path(folder), output)
    return found


def _ask(
    paths: Mapping[Variant, Path], tensors: Mapping[str, NDArray[Any]], work: Path, output: Output
) -> dict[str, NDArray[np.float64] | str]:
    from fer_edge.export.parity.tolerances import Tolerances

    (work / "common").mkdir()
    jobs = make_jobs((ASK,), paths, work, Tolerances())
    for job in jobs:
        job.write()
        for task in job.tasks:
            put_array(job.tensors_path(task), tensors[task.variant])
    with Pool(jobs) as pool, output.progress("Asking", sum(len(job.tasks) for job in jobs)) as progress:
        pool.wait(lambda *_: progress.advance(), progress.show)
    return {task.variant: _result(job, index) for job in jobs for index, task in enumerate(job.tasks)}


def _result(job: Job, index: int) -> NDArray[np.float64] | str:
    result = job.result(index) or TaskResult(error="the process left no result")
    if result.error is not None:
        return result.error
    answers: NDArray[np.float64] = np.load(job.answers_path(index), allow_pickle=False).astype(np.float64)
    return answers
