"""What another interpreter runs: one artifact in one engine. ``python answering.py JOB.json``; it needs numpy and the engine.

It may be an old Python in an environment without fer-edge, so nothing of fer-edge is imported but what the engine
``fer-edge`` is for, and the file ``sandbox.py`` by its place: nothing is written outside the job's folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

QUANTIZED_FROM = 19
"""The first version of ONNX's operators whose quantized ones the reference implementation still has."""

ANDROID = "FER_EDGE_ANDROID_TFLITE"
"""Environment variable with the place of the program ``answer``: Android's own library, as ``android_demo/tflite-host`` builds it."""


def answer_onnx(job: Any, tensors: Any) -> Any:
    """By the reference implementation of ONNX's operators, in numpy."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load(job["artifact"])
    if max(each.version for each in model.opset_import if not each.domain) < QUANTIZED_FROM:
        model = importlib.import_module("onnx.version_converter").convert_version(model, QUANTIZED_FROM)
    session: Any = ReferenceEvaluator(model)
    return "onnx", [next(iter(session.run([job["output"]], {job["input"]: tensor}))) for tensor in tensors]


def answer_tflite_runtime(job: Any, tensors: Any) -> Any:
    """By the interpreter that TFLite's own wheels ended with."""
    module = importlib.import_module("tflite_runtime.interpreter")
    return "tflite-runtime", _tflite(module.Interpreter, job, tensors)


def answer_tensorflow(job: Any, tensors: Any) -> Any:
    """By the interpreter in TensorFlow."""
    module = importlib.import_module("tensorflow")
    return "tensorflow", _tflite(module.lite.Interpreter, job, tensors)


def _tflite(interpreter: Any, job: Any, tensors: Any) -> Any:
    opened = interpreter(model_path=job["artifact"], num_threads=1)
    opened.allocate_tensors()
    run = opened.get_signature_runner("serving_default")
    return [run(**{job["input"]: tensor})[job["output"]] for tensor in tensors]


def answer_android(job: Any, tensors: Any) -> Any:
    """By the library that Android apps pack, with XNNPACK as its Java interface takes it."""
    import numpy as np

    folder = Path(job["folder"])
    inputs, outputs = folder / "inputs", folder / "outputs"
    inputs.write_bytes(b"".join(np.ascontiguousarray(tensor).tobytes() for tensor in tensors))
    words = [os.environ[ANDROID], job["artifact"], "1", "xnnpack", str(inputs), str(outputs)]
    alone = _sandbox().die_with_parent
    done = subprocess.run(
        words, capture_output=True, text=True, errors="replace", check=False, preexec_fn=lambda: alone(watch_input=False)
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1])
    version, _, _, dtype, _ = done.stdout.split()
    answers = np.frombuffer(outputs.read_bytes(), dtype.lower())
    return f"android-tflite {version}", list(answers.reshape(len(tensors), -1))


def answer_fer_edge(job: Any, tensors: Any) -> Any:
    """By the engine that fer-edge takes first."""
    from fer_edge.runtime.contract import Contract
    from fer_edge.runtime.model import open_artifact

    model = open_artifact(Path(job["artifact"]), Contract.parse(job["contract"]), threads=1)
    return model.engine, [model.run_raw(tensor) for tensor in tensors]


ENGINES = {
    "onnx.reference": answer_onnx,
    "android-tflite": answer_android,
    "tflite-runtime": answer_tflite_runtime,
    "tensorflow": answer_tensorflow,
    "fer-edge": answer_fer_edge,
}


def main(place: str) -> None:
    """Do the job: answers into ``answers.npy``, library and version, or the error's first line, into ``said.json``."""
    job = json.loads(Path(place).read_text(encoding="utf-8"))
    folder = Path(place).parent
    _restrict(folder)
    import numpy as np

    tensors = np.load(folder / "tensors.npy", allow_pickle=False)
    try:
        library, answers = ENGINES[job["engine"]]({**job, "folder": str(folder)}, list(tensors))
        np.save(folder / "answers.npy", np.stack([np.asarray(each).reshape(-1) for each in answers]))
        said = {"library": _with_version(library)}
    except Exception as error:  # noqa: BLE001 - whatever a library raises is its opinion
        said = {"error": (str(error).strip().splitlines() or [type(error).__name__])[0][:300]}
    (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")


def _restrict(folder: Path) -> None:
    sandbox = _sandbox()
    sandbox.die_with_parent()
    sandbox.forbid_writing(outside=folder)


def _sandbox() -> Any:
    source = Path(__file__).parents[3] / "runtime" / "sandbox.py"
    spec = importlib.util.spec_from_file_location("sandbox", source)
    assert spec is not None
    assert spec.loader is not None
    sandbox: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sandbox)
    return sandbox


def _with_version(library: str) -> str:
    from importlib.metadata import version

    return library if " " in library else f"{library} {version(library)}"


if __name__ == "__main__":
    main(sys.argv[1])
