"""Mutation score: seeded conversion faults in exported files, how many of those that matter the checks see, and false alarms.

    nice python benchmarks/studies/mutation_score.py --minutes 20

Right files of the built-in model and of two trained networks, in every format and precision, get one fault each: a weight, a scale, a
zero point, an operator, a contract (the file is edited, its hashes made anew), or a batch normalization, a stride, a padding, a pool (the
PyTorch module is changed, then converted). Each is judged by what fer-verify's child says, in a process of its own. A fault counts
where it moves a probability on 4,096 pictures that no check has seen by more than ten times what the right file moves one by: typically
(mean), or, in the column "strictly", at most; and is apart from the right file's answer by more than the former. Files that no engine opens do not count. What was done lies in ``--cache``; run again to go on.
Goals: 99 % caught in fp32, 97 % in each other precision, the right layer named in 90 %.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from mutation.children import in_child
from mutation.plan import ORIGINS
from mutation.run import AGAIN, Asked, Part
from mutation.scoring import PRECISIONS, describe, read_rows, score
from mutation.subjects import SUBJECTS
from runner import Asked as Options
from runner import Document, option, study

PART_SECONDS = 7200.0


def run(asked: Options) -> Iterator[Document]:
    """Every network in every format, then the score of all that lies in the cache."""
    from fer_edge.runtime.variants import legal_variants

    names = tuple(
        variant.name
        for variant in legal_variants(every=True)
        if variant.precision in PRECISIONS
        if variant.interface == asked.interface and not variant.quantized_io
        if asked.format in ("", variant.format) and asked.precision in ("", variant.precision)
    )
    cache = asked.cache.resolve()
    wanted = Asked(
        cache, names, asked.each, asked.seed, asked.again, time.time() + 60 * asked.minutes, tuple(filter(None, asked.kinds.split(","))),
        tuple(asked.origins.split(",")),
    )  # fmt: skip
    for subject in SUBJECTS:
        for form in dict.fromkeys(name.split("-")[0] for name in names):
            if (
                asked.subject in ("", subject.name)
                and form in FORMATS
                and time.time() < wanted.until
                and not asked.only_score
            ):
                part = Part(subject, form, wanted)
                part.folder.mkdir(parents=True, exist_ok=True)
                done = [in_child(step, PART_SECONDS, part.log) for step in (part.make, part.judge)]
                print(f"{subject.name} {form}: {done}", file=sys.stderr, flush=True)
    yield score(read_rows(cache), asked.seed)


FORMATS = ("tflite", "onnx", "torchscript", "coreml", "executorch")

if __name__ == "__main__":
    study(
        run,
        option("--cache", Path(".mutation_score"), "where finished work lies"),
        option("--minutes", 1e9, "begin no further fault after so many"),
        option("--each", 2, "places of every kind of fault in a file"),
        option("--seed", 0, "of the choice"),
        option("--format", "", "only this one", choices=("", *FORMATS)),
        option("--precision", "", "only this one"),
        option("--interface", "tensor", "of the files", choices=("tensor", "image")),
        option("--subject", "", "only this network", choices=("", *(subject.name for subject in SUBJECTS))),
        option("--kinds", "", "only these faults, comma-separated"),
        option("--origins", ",".join(ORIGINS), "only faults of files, contracts, or conversion"),
        option("--again", "none", "what is judged anew", choices=AGAIN),
        option("--only-score", False, "judge nothing, count what is there"),
        show=describe,
    )  # fmt: skip
