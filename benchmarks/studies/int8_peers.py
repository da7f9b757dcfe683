"""int8 of ``fer-export`` beside what the same quantizers make by their own examples, on faces that no calibration has seen.

    fer-train fetch mini-xception --out mini-xception.safetensors
    nice python benchmarks/studies/int8_peers.py --more mini-xception.safetensors --onnx2tf venv/bin/python

Peers, calibrated on the same drawn faces: ai-edge-quantizer's ``static_wi8_ai8`` behind ``litert_torch.convert``, onnx2tf's
``-oiqt`` (TensorFlow's quantizer, float ends) behind ``torch.onnx.export``, onnxruntime's ``quantize_static`` behind the same by its
defaults and with a scale a channel. Networks are trained for some minutes on
drawn faces, or come by ``--more``. Top-1 agreement with the original and the mean difference of probabilities are of held-out drawn
faces, in each file's own engine. onnx2tf takes TensorFlow and an environment of its own (``pip install onnx2tf``): without
``--onnx2tf`` it is not among the peers.
Goal: not worse than the best of them in any row: labels within the noise of McNemar's exact test (5 %), means within a twentieth; what
was refused, was refused for what these faces show as well.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mutation.children import in_child
from mutation.subjects import Subject, make_job, open_subject, prepare
from numpy.typing import NDArray
from runner import Asked, Document, option, store, study

if TYPE_CHECKING:
    from fer_edge.export.reference_model.model import ReferenceModel

TRAINED = (Subject("resnet18", "resnet18", 32), Subject("mobilenet_v2", "mobilenet_v2", 48))
SECONDS, SEED, WORSE, CHANCE = 3600.0, 5, 1.05, 0.05
SAMPLES = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""Pictures by which onnx2tf looks after its own layouts; where they do not lie in the current folder it downloads them."""
Answers = NDArray[np.float32]
Answer = Callable[[NDArray[np.float32]], Answers]


def run(asked: Asked) -> Iterator[Document]:
    """Each network in a process of its own; finished ones lie in the cache."""
    cache = asked.cache.resolve()
    more = [Subject(path.stem) for path in asked.more]
    for subject, file in zip((*TRAINED, *more), (None,) * len(TRAINED) + tuple(asked.more), strict=True):
        place = cache / subject.name / "peers.json"
        if asked.only in ("", subject.name) and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            found = in_child(
                partial(compare, subject, file, place.parent, asked.faces, asked.onnx2tf),
                SECONDS,
                place.with_name("log"),
            )
            store(place, found if isinstance(found, list) else [{"network": subject.name, **found}])
        print(subject.name, place.exists(), file=sys.stderr, flush=True)
    import json

    rows = [row for path in sorted(cache.glob("*/peers.json")) for row in json.loads(path.read_text())]
    yield {"faces": asked.faces, "rows": rows}


def compare(
    subject: Subject, file: Path | None, folder: Path, count: int, onnx2tf: Path | None
) -> list[Document]:
    """The rows of one network: TFLite and ONNX."""
    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.export.reference_model.model import ModelSpec, open_original
    from fer_edge.runtime.camera import to_tensor

    original = open_original(ModelSpec(checkpoint=file)) if file else open_subject(subject, folder)
    common = prepare(original, folder)
    contract = original.contract
    faces = draw_faces("test", count, contract, seed=SEED)
    held = np.concatenate([to_tensor(picture, contract) for picture in faces.scaled])
    seen = np.concatenate([to_tensor(picture, contract) for picture in np.load(common / "calibration.npy")])
    truth = probabilities_of(original, held)
    known = faces.labels >= 0
    accuracy = float((truth.argmax(1) == faces.labels)[known].mean()) if known.any() else None
    rows = []
    further = {"onnx2tf": partial(quantize_onnx2tf, interpreter=onnx2tf)} if onnx2tf else {}
    for form, peers in (PEERS | {"tflite": PEERS["tflite"] | further}).items():
        ours = make_ours(form, folder, original, faces.scaled)
        row: Document = {
            "network": subject.name,
            "format": form,
            "accuracy_of_the_original": accuracy,
            **ours.verdict,
        }
        answers = {
            "ours": ours.answers,
            **{name: make(original, seen, folder)(held) for name, make in peers.items()},
        }
        row["answers"] = {name: judge(truth, found) for name, found in answers.items()}
        rows.append({**row, **decide(truth, answers, delivered=ours.delivered)})
    return rows


@dataclass
class Ours:
    """Our file: its answers, and what the checks said."""

    answers: Answers
    verdict: Document
    delivered: bool


def make_ours(form: str, folder: Path, original: ReferenceModel, pictures: NDArray[np.uint8]) -> Ours:
    """As ``fer-export`` makes and judges it."""
    from fer_edge.export.formats.protocol import ModelAndContract
    from fer_edge.export.parity.answers import run as ask
    from fer_edge.export.parity.check import open_checked
    from fer_edge.export.worker.child import Worker
    from fer_edge.export.worker.unchanged import GuardedModel
    from fer_edge.runtime.contract import Contract

    worker = Worker(make_job(form, folder, [f"{form}-fp32", f"{form}-int8"]))
    worker._guarded = GuardedModel(ModelAndContract(original.module, original.contract))
    for index, task in enumerate(worker.job.tasks):
        result = worker._do(index, task)
        worker.job.put_result(index, result)
    contract = Contract.parse(str(result.contract))
    said = {name: None if found is None else (found.verdict, found.reason)
            for name, found in (("faithful", result.faithful), ("good", result.parity))}  # fmt: skip
    answers = ask(open_checked(Path(task.path), contract, task.what), contract, pictures)
    return Ours(answers, said, all(found is None or found[0] != "fail" for found in said.values()))


def probabilities_of(original: ReferenceModel, tensors: NDArray[np.float32]) -> Answers:
    """PyTorch's."""
    import torch

    from fer_edge.export.reference_model.inference import probabilities

    with torch.inference_mode():
        rows = [
            original.module(torch.from_numpy(part)).numpy()
            for part in np.array_split(tensors, max(1, len(tensors) // 32))
        ]
    return probabilities(np.concatenate(rows), original.contract)


def _with_softmax(original: ReferenceModel) -> Any:
    """What the peers convert: the module, and a softmax where it gives logits."""
    from torch import nn

    logits = original.contract.output.kind == "logits"
    return nn.Sequential(original.module, nn.Softmax(1)).eval() if logits else original.module.eval()


def quantize_tflite(original: ReferenceModel, seen: NDArray[np.float32], folder: Path) -> Answer:
    """By the example of ai-edge-quantizer's README."""
    import litert_torch
    import torch
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe

    plain, small = folder / "peer.tflite", folder / "peer-int8.tflite"
    litert_torch.convert(_with_softmax(original), (torch.from_numpy(seen[:1]),)).export(str(plain))
    tool = quantizer.Quantizer(str(plain))
    tool.load_quantization_recipe(recipe.static_wi8_ai8())
    samples = [{"args_0": row[None]} for row in seen]
    tool.quantize(tool.calibrate({"serving_default": samples})).export_model(str(small), overwrite=True)
    interpreter = Interpreter(str(small), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()

    def ask(row: NDArray[np.float32]) -> Answers:
        """Its ends are int8."""
        (scale, zero), (step, offset) = given["quantization"], answer["quantization"]
        stored = np.clip(np.round(row[None] / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], stored)
        interpreter.invoke()
        found = interpreter.get_tensor(answer["index"]).astype(np.float32)
        return np.asarray((found - offset) * step, np.float32)

    return lambda held: np.concatenate([ask(row) for row in held])


def quantize_onnx(
    original: ReferenceModel, seen: NDArray[np.float32], folder: Path, **options: Any
) -> Answer:
    """By the example of onnxruntime's documentation."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rows = iter(seen)

        def get_next(self) -> Any:
            row = next(self.rows, None)
            return None if row is None else {"image": row[None]}

    plain, ready, small = (folder / f"peer{end}.onnx" for end in ("", "-ready", "-int8"))
    write_onnx(original, seen, plain)
    quant_pre_process(str(plain), str(ready))
    quantize_static(str(ready), str(small), Reader(), **options)
    session = onnxruntime.InferenceSession(str(small), providers=["CPUExecutionProvider"])
    return lambda held: np.concatenate([session.run(None, {"image": row[None]})[0] for row in held])


def write_onnx(original: ReferenceModel, seen: NDArray[np.float32], path: Path) -> None:
    """The float file, by the example of PyTorch's documentation."""
    import torch

    example = (torch.from_numpy(seen[:1]),)
    torch.onnx.export(
        _with_softmax(original), example, path, input_names=["image"], dynamo=True, external_data=False
    )


def quantize_onnx2tf(
    original: ReferenceModel, seen: NDArray[np.float32], folder: Path, interpreter: Path
) -> Answer:
    """By the example of onnx2tf's README; its files have the channels last."""
    from ai_edge_litert.interpreter import Interpreter

    plain, images, out = folder / "onnx2tf.onnx", folder / "onnx2tf.npy", folder / "onnx2tf"
    write_onnx(original, seen, plain)
    np.save(images, seen.transpose(0, 2, 3, 1))
    ends = ("-iqd", "float32", "-oqd", "float32")
    # The images are normalized already: mean 0, deviation 1.
    mean, deviation = (f"[[[[{','.join([number] * seen.shape[1])}]]]]" for number in "01")
    words = ("-i", plain, "-o", out, "-oiqt", *ends, "-cind", "image", images, mean, deviation)
    np.save(folder / SAMPLES, np.random.default_rng(0).random((20, 128, 128, 3), np.float32))
    command = [str(interpreter), "-c", "import onnx2tf; onnx2tf.main()", *map(str, words)]
    subprocess.run(command, check=True, cwd=folder)
    model = Interpreter(str(out / f"{plain.stem}_integer_quant.tflite"), num_threads=1)
    model.allocate_tensors()
    (given,), (answer,) = model.get_input_details(), model.get_output_details()

    def ask(row: NDArray[np.float32]) -> Answers:
        model.set_tensor(given["index"], row[None].transpose(0, 2, 3, 1))
        model.invoke()
        return np.asarray(model.get_tensor(answer["index"]), np.float32)

    return lambda held: np.concatenate([ask(row) for row in held])


PEERS: dict[str, dict[str, Callable[[ReferenceModel, NDArray[np.float32], Path], Answer]]] = {
    "tflite": {"ai-edge-quantizer": quantize_tflite},
    "onnx": {
        "quantize_static": quantize_onnx,
        "quantize_static, per channel": partial(quantize_onnx, per_channel=True),
    },
}


def judge(truth: Answers, found: Answers) -> Document:
    """Agreement with the original, and the mean difference."""
    same = truth.argmax(1) == found.argmax(1)
    away = np.abs(found.astype(np.float64) - truth)
    return {"top1": round(float(same.mean()), 4), "mean_abs": float(f"{away.mean():.4g}")}


def decide(truth: Answers, answers: dict[str, Answers], *, delivered: bool) -> Document:
    """Whether ours is not worse than the best peer, and whether a refusal is borne out."""
    from fer_edge.stats.paired import mcnemar

    agrees = {name: truth.argmax(1) == found.argmax(1) for name, found in answers.items()}
    means = {name: judge(truth, found)["mean_abs"] for name, found in answers.items()}
    peers = [name for name in answers if name != "ours"]
    best = max(peers, key=lambda name: int(agrees[name].sum()))
    test = mcnemar(agrees[best], agrees["ours"])
    labels = agrees["ours"].sum() >= agrees[best].sum() or test.p_value > CHANCE
    near = means["ours"] <= WORSE * min(means[name] for name in peers)
    return {
        "best_peer": best,
        "p_value": round(test.p_value, 4),
        "delivered": delivered,
        "met": bool(labels and near),
    }


if __name__ == "__main__":
    study(
        run,
        option("--cache", Path(".int8_peers"), "where finished work lies"),
        option("--more", [], "checkpoints that name their architecture", type=Path, nargs="*"),
        option("--faces", 2000, "held-out faces"),
        option("--onnx2tf", None, "the interpreter of an environment that has onnx2tf", type=Path),
        option("--only", "", "only this network"),
    )  # fmt: skip
