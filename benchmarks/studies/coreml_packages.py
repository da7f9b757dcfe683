"""Core ML packages that others' tools make, evaluated by coreml-spec: torchvision's classifiers, plain coremltools scripts.

    python benchmarks/studies/coreml_packages.py --only resnet18,vit_b_16

Each network gets random weights, is traced and converted by coremltools alone for iOS 15 to 18: float32, float16, int8 and int4 weights,
palettes, pruned weights, both together, a picture as input. The answers are compared with torch's, those of compressed weights with
the answers of the package that coremltools itself decompresses. A package that cannot be evaluated is named with the reason.
Goal: every package is evaluated, float32 within 1e-4 of the largest logit (or of 1), float16 within three times what torch's own half
precision of the same network moves there, decompressed weights exactly alike but for rounding. Finished packages lie in ``--cache``.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from runner import Asked, Document, keep, option, study

SIDES = {"vit_b_16": 224, "maxvit_t": 224, "inception_v3": 299}
SIDE = 64
PLAIN = [
    ("iOS15", "fp32"),
    ("iOS15", "fp16"),
    ("iOS16", "fp32"),
    ("iOS17", "fp16"),
    ("iOS18", "fp32"),
    ("iOS18", "fp16"),
]
COMPRESSED = [
    ("iOS16", "int8"), ("iOS16", "palette"), ("iOS16", "sparse"), ("iOS18", "int4 blocks"), ("iOS18", "grouped palette"),
    ("iOS18", "sparse palette"), ("iOS18", "picture"),
]  # fmt: skip
SOME = [("iOS15", "fp16"), ("iOS16", "int8"), ("iOS17", "fp32"), ("iOS18", "palette")]
TWO = [("iOS15", "fp32"), ("iOS18", "fp16")]
PLAN: dict[str, list[tuple[str, str]]] = {
    "resnet18": PLAIN + COMPRESSED,
    **dict.fromkeys(("mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v2", "mnasnet0_5"), SOME),
    **dict.fromkeys(("efficientnet_b0", "swin_t", "regnet_y_400mf", "vit_b_16"), SOME[2:] + TWO),
    **dict.fromkeys(("convnext_tiny", "swin_v2_t", "maxvit_t", "densenet121", "googlenet", "inception_v3", "alexnet"), TWO),
    **dict.fromkeys(("vgg11_bn", "resnext50_32x4d", "efficientnet_v2_s", "resnet50", "regnet_x_400mf"), TWO),
}  # fmt: skip
EXACT = 1e-4
"""Of the largest logit, for float32."""
HALF = ("fp16", "picture")
FACTOR, LEAST = 3.0, 1e-3
"""Of float16: so many times torch's own half precision, which rounds the same network at other places; at least so much."""
ALIKE = 1e-3
"""Of a compressed package and its decompressed twin: float16 rounds both."""


def run(asked: Asked) -> Iterator[Document]:
    """One row a package."""
    import torch

    # As everybody has to who converts an attention layer: the fused one has no form in coremltools.
    torch.backends.mha.set_fastpath_enabled(False)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    rows: list[Document] = []
    names = [name for name in PLAN if not asked.only or name in asked.only.split(",")]
    for name in names:
        half = keep(asked.cache.resolve() / f"{name}-half.json", partial(half_of_torch, name))
        for row in packages(name, PLAN[name], asked.cache.resolve()):
            rows.append(judge(row, half))
            print(*rows[-1].values(), file=sys.stderr, flush=True)
        made = [row for row in rows if "not_converted" not in row]
        failed = [row for row in made if "reason" in row]
        yield {
            "goals": {
                "evaluated": "all",
                "fp32": EXACT,
                "fp16": f"{FACTOR:g} times torch's half, {LEAST:g} at least",
                "decompressed": ALIKE,
            },
            "packages": len(made),
            "evaluated": len(made) - len(failed),
            "operators": sorted({word for row in rows for word in row.get("operators", ())}),
            "met": all(row["met"] for row in made),
            "rows": [{key: row[key] for key in row if key != "operators"} for row in rows],
        }


def packages(name: str, forms: list[tuple[str, str]], cache: Path) -> Iterator[Document]:
    """Every package of a network, without a word on whether it is as it should be."""
    made: list[tuple[Any, Any, Any]] = []
    for target, form in forms:

        def measure(target: str = target, form: str = form) -> Document:
            if not made:
                made.append(trace(name))
            return package(*made[0], target, form)

        place = cache / f"{name}-{target}-{form.replace(' ', '_')}.json"
        yield {"network": name, "target": target, "form": form, **keep(place, measure)}


def trace(name: str) -> tuple[Any, Any, Any]:
    """The traced network, pictures and torch's answers."""
    import torch

    network, pictures, expected = ask(name)
    with torch.no_grad():
        return torch.jit.trace(network, pictures[:1], check_trace=False), pictures, expected


def ask(name: str) -> tuple[Any, Any, Any]:
    """The network, pictures and its answers."""
    import torch

    side = SIDES.get(name, SIDE)
    torch.manual_seed(0)
    network, pictures = build(name, side), torch.rand(3, 3, side, side)
    with torch.inference_mode():
        return network, pictures, torch.stack([network(picture[None])[0] for picture in pictures]).numpy()


def package(traced: Any, pictures: Any, expected: Any, target: str, form: str) -> Document:
    """One package: how far its answers are, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = convert(traced, pictures.shape[-1], target, form)
            return compare(model, form, pictures.numpy(), expected, Path(folder))
        except (
            NotImplementedError
        ) as error:  # coremltools has no form for an operator of the network: there is no package
            return {"not_converted": str(error)[:200]}
        # Whatever else a converter or the evaluator raises is what this study is about.
        except Exception as error:  # noqa: BLE001
            return {"reason": f"{type(error).__name__}: {str(error)[:200]}"}


def half_of_torch(name: str) -> float:
    """How far torch's answers in half precision are from its own in float32, as ``difference_to_scale``."""
    import numpy as np
    import torch

    network, pictures, expected = ask(name)
    with torch.inference_mode():
        network.half()
        found = torch.stack([network(picture[None].half())[0] for picture in pictures]).float().numpy()
    return float(f"{np.abs(found - expected).max() / max(1.0, np.abs(expected).max()):.3g}")


def judge(row: Document, half: float) -> Document:
    """The row with its limit, and whether it is within."""
    if "difference_to_scale" not in row:
        return row | ({} if "not_converted" in row else {"met": False})
    limit = {"fp32": EXACT, **dict.fromkeys(HALF, max(LEAST, FACTOR * half))}.get(row["form"], ALIKE)
    beside = {"half_of_torch": half} if row["form"] in HALF else {}
    return row | beside | {"met": bool(row["difference_to_scale"] <= limit)}


def build(name: str, side: int) -> Any:
    """The network in eval mode, its statistics those of some noise, its first output alone."""
    import torch
    import torchvision

    more = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    module = getattr(torchvision.models, name)(weights=None, num_classes=8, **more)

    class First(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found = self.module(x)
            return found if isinstance(found, torch.Tensor) else found[0]

    network = First().train()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None  # the mean of all batches: else a deep network's values grow beyond float16
    with torch.no_grad():
        for _ in range(2):
            network(torch.rand(4, 3, side, side))
    return network.eval().requires_grad_(False)


def convert(traced: Any, side: int, target: str, form: str) -> Any:
    """A package as people's scripts make it."""
    import copy

    import coremltools as ct
    import torch

    shape = (1, 3, side, side)
    given = (
        ct.ImageType(name="x", shape=shape, scale=1 / 255)
        if form == "picture"
        else ct.TensorType(name="x", shape=shape)
    )
    precision = ct.precision.FLOAT32 if form == "fp32" else ct.precision.FLOAT16
    with torch.no_grad():
        model = ct.convert(
            copy.deepcopy(traced), convert_to="mlprogram", inputs=[given], compute_precision=precision,
            minimum_deployment_target=getattr(ct.target, target), skip_model_load=True,
        )  # fmt: skip
    return compress(model, form)


def compress(model: Any, form: str) -> Any:
    """With coremltools' own compression of weights."""
    from coremltools.optimize import coreml as co

    def done(function: Any, config: Any, before: Any, **more: Any) -> Any:
        return function(before, co.OptimizationConfig(global_config=config), **more)

    quantized, palette = co.OpLinearQuantizerConfig, co.OpPalettizerConfig(nbits=4, mode="uniform")
    pruned = co.OpMagnitudePrunerConfig(target_sparsity=0.5)
    if form == "sparse palette":
        return done(
            co.palettize_weights, palette, done(co.prune_weights, pruned, model), joint_compression=True
        )
    ways = {
        "int8": (co.linear_quantize_weights, lambda: quantized(mode="linear_symmetric")),
        "int4 blocks": (
            co.linear_quantize_weights,
            lambda: quantized(mode="linear", dtype="int4", granularity="per_block", block_size=16),
        ),
        "palette": (co.palettize_weights, lambda: palette),
        "grouped palette": (
            co.palettize_weights,
            lambda: co.OpPalettizerConfig(
                nbits=6, mode="uniform", granularity="per_grouped_channel", group_size=8
            ),
        ),
        "sparse": (co.prune_weights, lambda: pruned),
    }
    if form not in ways:
        return model
    function, config = ways[form]
    return done(function, config(), model)


def compare(model: Any, form: str, pictures: Any, expected: Any, folder: Path) -> Document:
    """The evaluated answers against torch's, or against those of the decompressed package."""
    import numpy as np

    fed = [np.rint(picture[None] * 255) if form == "picture" else picture[None] for picture in pictures]
    model.save(str(folder / "made.mlpackage"))
    found, operators = answers(folder / "made.mlpackage", fed)
    if form not in ("fp32", *HALF):
        from coremltools.optimize import coreml as co

        co.decompress_weights(model).save(str(folder / "whole.mlpackage"))
        expected, _ = answers(folder / "whole.mlpackage", fed)
    scale = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(found - expected).max()) / scale
    agreed = float((found.argmax(1) == expected.argmax(1)).mean())
    return {"difference_to_scale": float(f"{difference:.3g}"), "top1": agreed, "operators": sorted(operators)}


def answers(package: Path, fed: list[Any]) -> tuple[Any, set[str]]:
    """Rows of logits, and the operators of the program."""
    import numpy as np

    from fer_edge.runtime.containers.coreml import root_model
    from fer_edge.runtime.mil.evaluator import Evaluator
    from fer_edge.runtime.mil.program import read_program

    program = read_program(root_model(package))
    evaluator = Evaluator(program)
    evaluator.check()
    name = program.inputs[0][0]
    rows = [next(iter(evaluator.run({name: tensor}).values.values())).numpy()[0] for tensor in fed]
    return np.stack(rows), {operation.type for operation in program.operations}


def show(document: Document) -> Iterator[str]:
    """How many, and those that are not as they should be."""
    yield f"{document['evaluated']} of {document['packages']} packages evaluated, {len(document['operators'])} operators"
    for row in document["rows"]:
        if not row.get("met"):
            yield f"  {row}"


if __name__ == "__main__":
    study(
        run,
        option("--only", "", "networks, comma-separated"),
        option("--cache", Path(".coreml_packages"), "where finished packages lie"),
        show=show,
    )
