"""False alarms: right exports of many networks, and how many of them the checks refuse.

    nice python benchmarks/studies/false_alarms.py --cases nets.py --minutes 20

Each network is exported to every format and precision as ``fer-export`` does it, in a process of its own, and each file is judged by
what the child of an export says. A file that is called unfaithful, or whose fp32 or fp16 form is called different, is a false alarm. A
smaller precision that is refused as not good enough is no alarm where its answers on the parity inputs bear that out: it is listed with
the reason. What a converter refuses is no export. Goal: no false alarm among at least 300. Finished work lies in ``--cache``.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mutation.children import in_child
from mutation.judging import read_verdicts
from mutation.right_networks import RightNetwork, list_networks, open_network
from mutation.subjects import make_job, prepare
from runner import Asked, Document, option, store, study

GOAL = 300
INSENSITIVE = "the original does not react to its input"
"""As ``parity.compare`` says it: a network that died in training."""
SECONDS = 3600.0
EXACT = ("fp32", "fp16")


def run(asked: Asked) -> Iterator[Document]:
    """Networks that were not judged yet, then all that were."""
    cache, until = asked.cache.resolve(), time.time() + 60 * asked.minutes
    chosen = asked.only.split(",")
    for network in list_networks(asked.seeds, asked.cases, asked.trained):
        place = cache / network.name / "rows.json"
        if asked.only and network.name not in chosen:
            continue
        if time.time() > until or asked.only_score or (place.exists() and not asked.again):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        found = in_child(partial(export_all, network, place.parent), SECONDS, place.with_name("log"))
        store(place, found if isinstance(found, list) else [{"network": network.name, **found}])
        print(
            network.name,
            Counter(word_of(row) for row in json.loads(place.read_text())),
            file=sys.stderr,
            flush=True,
        )
    yield score([row for path in sorted(cache.glob("*/rows.json")) for row in json.loads(path.read_text())])


def export_all(network: RightNetwork, folder: Path) -> list[dict[str, Any]]:
    """Every format and precision of a network; a row each."""
    from fer_edge.export.formats import FORMATS
    from fer_edge.export.formats.protocol import ModelAndContract
    from fer_edge.export.worker.child import Worker, describe_error
    from fer_edge.export.worker.unchanged import GuardedModel
    from fer_edge.runtime.errors import FerEdgeError
    from fer_edge.runtime.variants import legal_variants

    original = open_network(network)
    try:
        prepare(original, folder)
    except FerEdgeError as error:
        return [{"network": network.name, "original": str(error)[:300]}]
    rows = []
    for form in (entry.name for entry in FORMATS):
        names = [variant.name for variant in legal_variants() if variant.format == form]
        worker = Worker(make_job(form, folder, names))
        worker._guarded = GuardedModel(ModelAndContract(original.module, original.contract))
        for index, task in enumerate(worker.job.tasks):
            row: dict[str, Any] = {"network": network.name, "variant": task.variant}
            try:
                result = worker._do(index, task)
                worker.job.put_result(index, result)
                row |= read_verdicts(result)
            except Exception as error:  # noqa: BLE001 - as in the child's last frame
                row["refused"] = describe_error(error, folder)
            rows.append(row)
    return rows


def word_of(row: dict[str, Any]) -> str:
    """``alarm``, ``weak`` (not good enough), ``open`` (no verdict), ``right``, ``refused`` or ``crash``."""
    if "variant" not in row:
        return "refused" if "original" in row else "crash"
    if "refused" in row:
        return "refused"
    if INSENSITIVE in row["reason"]:
        return "open"  # of such an original fer-export writes no file
    if row["caught"]:
        unfaithful = set(row["by"]) - {"parity"}
        return "alarm" if unfaithful or row["variant"].split("-")[1] in EXACT else "weak"
    return "open" if "parity" in row["open"] else "right"


def score(rows: list[dict[str, Any]]) -> Document:
    """Counts, and every row that is not simply right."""
    words = Counter(map(word_of, rows))
    judged = [row for row in rows if word_of(row) in ("right", "alarm", "weak")]
    unjudged = Counter(row["variant"] for row in judged if "faithful" in row["open"])
    return {
        "goals": {"exports": GOAL, "alarms": 0},
        "networks": len({row["network"] for row in judged}),
        "exports": len(judged),
        "alarms": words["alarm"],
        "not_good_enough": words["weak"],
        "without_a_verdict": words["open"],
        "refused_by_converters_or_before": words["refused"],
        "crashed": words["crash"],
        "faithful_not_run": dict(sorted(unjudged.items())),
        "met": len(judged) >= GOAL and not words["alarm"],
        "formats": dict(sorted(Counter(row["variant"] for row in judged).items())),
        "rows": [row for row in rows if word_of(row) in ("alarm", "weak", "crash")],
        "refusals": [row for row in rows if word_of(row) == "refused"],
    }


def describe(document: Document) -> Iterable[str]:
    """Lines for people."""
    for row in document["rows"]:
        yield f"{word_of(row):7} {row['network']} {row.get('variant', '')} {row.get('by', '')} {row.get('reason', row.get('crash', ''))[:160]}"
    yield ", ".join(
        f"{key} {document[key]}" for key in document if not isinstance(document[key], list | dict)
    )


if __name__ == "__main__":
    study(
        run,
        option("--cache", Path(".false_alarms"), "where finished work lies"),
        option("--cases", None, "a Python file of networks with a list NAMES", type=Path),
        option("--trained", None, "the cache of supported_networks: its networks too", type=Path),
        option("--seeds", 2, "of each network"),
        option("--only", "", "networks by name, comma-separated"),
        option("--minutes", 1e9, "begin no further network after so many"),
        option("--again", False, "judge everything anew"),
        option("--only-score", False, "judge nothing, count what is there"),
        show=describe,
    )
