"""Everything that ``fer-export`` makes of a network, and what each file came to.

It is ``fer-export`` itself but for its children: formats are made one after another in this process, whose libraries are there already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supported.networks import Network
from supported.training import make_weights

if TYPE_CHECKING:
    from fer_edge.export.bundle.results import VariantResult
    from fer_edge.export.reference_model.model import ModelSpec
    from fer_edge.export.run.export import ExportRequest
    from fer_edge.export.worker.job import Job

PICTURES = 64
"""Parity inputs."""
TIMED = ("tflite", "onnx", "executorch")
AUTO = "auto"


def examine(network: Network, formats: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """The row of one network; its weights stay in the folder. Where ``fer-export`` takes nothing of it, its sentence says why.

    Args:
        network: of the list.
        formats: the table's cells of these are made.
        folder: its own in the cache.
    """
    from fer_edge.runtime.errors import FerEdgeError

    weights, about = folder / "weights.safetensors", folder / "about.json"
    if network.kind == "trained" and not about.is_file():
        about.write_text(json.dumps(make_weights(network, weights)))
    elif network.kind == "fetched" and not weights.is_file():
        _fetch(network.arch, weights)
    known = json.loads(about.read_text()) if about.is_file() else {}
    spec = _spec(network, weights)
    row = _describe(network, spec) | known
    try:
        return row | {"variants": _export(spec, formats, folder / "bundle")}
    except FerEdgeError as error:
        return row | {"refused": str(error)}


def _fetch(name: str, weights: Path) -> None:
    from fer_edge.train.zoo.fetch import fetch
    from fer_edge.train.zoo.networks import NETWORKS

    fetch(next(one for one in NETWORKS if one.name == name), weights)


def _describe(network: Network, spec: ModelSpec) -> dict[str, Any]:
    from fer_edge.export.reference_model.model import open_original
    from fer_edge.export.supported.table import identify

    original = open_original(spec)
    return {
        "arch": network.arch,
        "key": identify(original.arch, original.arch_args),
        "parameters": sum(parameter.numel() for parameter in original.module.parameters()),
        "arch_args": dict(network.arch_args),
        "input": [network.edge, network.edge, network.channels],
        "kind": network.kind,
    }


def _spec(network: Network, weights: Path) -> ModelSpec:
    from fer_edge.export.reference_model.model import ModelSpec
    from fer_edge.runtime.labels import EMOTIONS

    if network.kind == "builtin":
        return ModelSpec()
    if network.kind == "fetched":
        return ModelSpec(weights)
    return ModelSpec(
        weights,
        network.arch,
        network.arch_args,
        EMOTIONS,
        (network.edge, network.edge, network.channels),
        (0.5,),
        (0.5,),
    )


def _export(spec: ModelSpec, formats: tuple[str, ...], out: Path) -> dict[str, Any]:
    """Every legal variant of these formats; ``auto``, which takes a search, where int8 is refused."""
    from fer_edge.runtime.formats import FORMATS, ON_REQUEST, PRECISIONS

    usual = tuple(name for name in PRECISIONS if name not in ON_REQUEST)
    rows = _make(spec, formats, usual, out)
    mixed = {one.name for one in FORMATS if AUTO in one.precisions}
    refused = tuple(form for form in formats if form in mixed and rows[f"{form}-int8"]["status"] == "refused")
    return rows | (_make(spec, refused, ("fp32", AUTO), out.with_name("auto")) if refused else {})


def _make(
    spec: ModelSpec, formats: tuple[str, ...], precisions: tuple[str, ...], out: Path
) -> dict[str, Any]:
    """One export's cells; of those that are timed, the share of fp32's time."""
    from fer_edge.export.pictures.folder import PictureOptions
    from fer_edge.export.run.export import ExportRequest
    from fer_edge.export.run.plan import VariantRequest

    pictures = PictureOptions(calibration="synthetic", parity_inputs=PICTURES)
    results = _run(ExportRequest(VariantRequest(formats, precisions), spec, pictures, out=out))
    rows = {result.variant.name: _row(result, results, out) for result in results}
    for form in TIMED:
        for name in (f"{form}-int8", f"{form}-{AUTO}"):
            if f"{form}-fp32" in rows and rows.get(name, {}).get("bytes"):
                rows[name]["of_fp32_time"] = _time(out, name)
    return rows


def _run(request: ExportRequest) -> Sequence[VariantResult]:
    from fer_edge.console.output import Output
    from fer_edge.export.reference_data import build
    from fer_edge.export.run import export as module

    vars(module)["Pool"] = HerePool
    vars(build)["count_images"] = lambda **_: PICTURES  # a fifth of what an export takes
    return module.export(request, module.plan_variants(request), Output(quiet=True)).results


class HerePool:
    """In place of an export's pool of children: every task, here."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)

    def __enter__(self) -> HerePool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def pump(self) -> None:
        """Nothing runs beside."""

    def wait(self, *_: Callable[..., object]) -> None:
        """Do it all."""
        from fer_edge.export.worker.child import Worker

        for job in self.jobs:
            Worker(job).work()


def _row(result: VariantResult, results: Sequence[VariantResult], bundle: Path) -> dict[str, Any]:
    """What the table keeps of a variant."""
    from fer_edge.export.bundle.results import WRITTEN
    from fer_edge.export.run.next_step import next_step

    parity, faithful = result.parity, result.faithful
    found: dict[str, Any] = {"status": "refused"}
    if result.status == WRITTEN:
        passed = {one.verdict for one in (parity, faithful) if one} == {"pass"} and faithful is not None
        found = {"status": "verified" if passed else "note", "bytes": result.bytes}
    if parity and parity.max_abs is not None:
        found |= {"max_abs": parity.max_abs, "top1_agreement": parity.top1_agreement}
    found["faithful"] = faithful.verdict if faithful else None
    found["good"] = parity.verdict if parity else None
    reasons = (result.reason, *(one.reason for one in (faithful, parity) if one and one.verdict != "pass"))
    found["reason"] = next(filter(None, reasons), None)
    found["way_out"] = next_step(result, results)
    found["notes"] = list(result.notes)
    if result.variant.format == "tflite" and result.status == WRITTEN:
        found |= _partitions(bundle / str(result.file))
    return {key: value for key, value in found.items() if value not in (None, [], {})}


def _partitions(path: Path) -> dict[str, Any]:
    from collections import Counter

    from fer_edge.runtime.engines.litert_delegation import delegation

    found = delegation(path)
    return {"partitions": found.partitions, "outside": dict(sorted(Counter(found.leftover).items()))}


def _time(bundle: Path, name: str) -> float | None:
    """Processor time of a variant over that of its format's fp32 file, in turns."""
    import numpy as np

    from fer_edge.export.parity.int8_speed import measure_ratio
    from fer_edge.runtime import load
    from fer_edge.runtime.camera import to_tensor

    names = name, f"{name.partition('-')[0]}-fp32"
    models = [load(bundle, variant=variant, threads=1) for variant in names]
    shape = models[0].contract.input
    picture = np.random.default_rng(0).integers(0, 256, (shape.height, shape.width, 3)).astype(np.uint8)
    int8, fp32 = (partial(model.run, to_tensor(picture, model.contract)) for model in models)
    ratio = measure_ratio(int8, fp32)
    return None if ratio is None else round(ratio, 2)
